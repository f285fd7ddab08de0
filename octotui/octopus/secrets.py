"""Masks what must not be seen: the secrets of a command line, of running text, and of an environment.

A script key on a command line decrypts every variable of a deployment, so the redactor masks on doubt. It takes any
input without raising.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from octotui.octopus.secret_names import Context, is_secret_key
from octotui.octopus.secret_text import mask_assignment, mask_text, may_hold_secret
from octotui.octopus.secret_values import MASK
from octotui.octopus.secret_words import secret_words
from octotui.text import printable

__all__ = ["ENVIRONMENT_ALLOWED", "MASK", "is_allowed_environment", "redact", "redact_text"]

ENVIRONMENT_ALLOWED = frozenset(
    {
        "TentacleHome", "TentacleApplications", "TentacleInstanceName", "TentacleVersion",
        "TentacleNetFrameworkDescription", "TentacleExecutablePath", "OctopusCalamariWorkingDirectory",
        "OCTOPUS_RUNNING_IN_CONTAINER", "TMPDIR",
    }
)  # fmt: skip
"""Environment variables whose values may be shown; besides them the flags of the runtime (`DOTNET_*`)."""

_LONGEST_WORD = 16_384
_MOST_WORDS = 2_000
_TAIL = 256
_OPTION = re.compile(
    r"(?P<prefix>[-–—―]{1,2}|/|)[\"']?(?P<name>[A-Za-z_][\w.\-]*+)[\"']?(?P<attach>[=:])(?P<value>.*)", re.DOTALL
)
_BARE = re.compile(r"(?:[-–—―]{1,2}|/)[\"']?(?P<name>[A-Za-z_][\w.\-]*+)[\"']?[=:]?")
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "ksh", "zsh", "busybox"})
_BOOTSTRAP = re.compile(r"Bootstrap(\.[^/\\]+)?\.(?:sh|py|csx|fsx|ps1)|InstallDependencies\.[^/\\]+", re.IGNORECASE)
_DOTNET_SCRIPT = re.compile(r"dotnet-script(?:\.dll|\.exe|\.cmd)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])|\x9b[0-9;?]*[@-~]")
_PRIVATE_FLAG = re.compile(r"[A-Za-z0-9_]{1,80}")


class _Next(Enum):
    """What the word after an option is."""

    PLAIN = auto()
    SECRET = auto()
    ASSIGNMENT = auto()


def redact(argv: Sequence[str]) -> tuple[str, ...]:
    """The words of a command line, secrets masked with `***` and every character printable.

    One word comes back for each word given, up to 2,000. A command line that was rewritten to one word, and a word
    that holds a whole command (`sh -c "…"`), are searched as text.
    """
    words = [word[:_LONGEST_WORD] for word in argv[:_MOST_WORDS]]
    if len(words) == 1:
        return (printable(_clipped(mask_text(words[0]), words[0])),)
    joined = " ".join(words)
    if not may_hold_secret(joined):
        return tuple(printable(_clipped(word, word)) for word in words)
    context = Context.of(joined)
    covered = _positional_secrets(words) | secret_words(words)
    redacted: list[str] = []
    expected = _Next.PLAIN
    for index, word in enumerate(words):
        if index in covered or (expected is _Next.SECRET and word not in ("=", ":")):
            shown = MASK if word else word
        elif expected is _Next.ASSIGNMENT and "=" in word:
            shown = mask_assignment(word)
        else:
            shown = _clipped(_masked_word(word, context), word)
        redacted.append(printable(shown))
        expected = expected if word in ("=", ":") else _what_follows(word, context)
    return tuple(redacted)


def redact_text(text: str) -> str:
    """Running text (a log line, the output of a tool) with its secrets masked and terminal sequences taken out.

    Line ends and other control characters stay: pass the result through `octotui.text.printable` before showing it.
    """
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE.sub("", text)
    return mask_text(text)


def is_allowed_environment(name: str) -> bool:
    """Whether the value of an environment variable may be shown."""
    if name in ENVIRONMENT_ALLOWED:
        return True
    return name.startswith("DOTNET_") and _PRIVATE_FLAG.fullmatch(name) is not None and not is_secret_key(name)


def _masked_word(word: str, context: Context) -> str:
    if word[:1] == "-" and context.is_glued_option(word[1:]):
        return word[:2] + MASK
    option = _OPTION.fullmatch(word)
    if option is not None and option["value"]:
        head = word[: option.start("value")]
        name = option["name"]
        is_secret = context.is_secret_option(name) if option["prefix"] else is_secret_key(name)
        if is_secret:
            return head + MASK
        if option["prefix"] and context.is_assignment_option(name) and "=" in option["value"]:
            return head + mask_assignment(option["value"])
    return mask_text(word, context)


def _what_follows(word: str, context: Context) -> _Next:
    bare = _BARE.fullmatch(word)
    if bare is None:
        return _Next.SECRET if word[-7:].lower().strip(":'\"") in ("bearer", "bearer:") else _Next.PLAIN
    name = bare["name"]
    if context.is_secret_option(name):
        return _Next.SECRET
    return _Next.ASSIGNMENT if context.is_assignment_option(name) else _Next.PLAIN


def _positional_secrets(words: Sequence[str]) -> frozenset[int]:
    """The words that are secret by where they stand: script keys and parameters, passwords of step packages, PEM."""
    covered: set[int] = set()
    program = _last_part(words[0]).lower().removesuffix(".exe") if words else ""
    pem_begin: int | None = None
    for index, word in enumerate(words):
        name = _last_part(word) if len(word) < _LONGEST_WORD else ""
        script = _BOOTSTRAP.fullmatch(name)
        if (
            script is not None
            and index
            and (script[1] or not name.lower().startswith("bootstrap.") or program in _SHELLS)
        ):
            covered.update(range(index + 1, len(words)))
        if name.lower() == "bootstrapper.js":
            covered.update(_step_package_secrets(words, index))
        if _DOTNET_SCRIPT.fullmatch(name) and "--" in words[index:]:
            covered.update(range(words.index("--", index) + 1, len(words)))
        if pem_begin is None and "-----BEGIN" in word:
            pem_begin = index
        if pem_begin is not None and ("-----END" in word or index == len(words) - 1):
            covered.update(range(pem_begin + 1, index + 1))
            pem_begin = None
    return frozenset(covered)


def _step_package_secrets(words: Sequence[str], script: int) -> range:
    """`bootstrapper.js VERB PACKAGE FILE PASSWORD Octopuss NAME…`: the password, and all up to the marker."""
    start = script + 4
    end = next((i for i in range(start, len(words)) if words[i] == "Octopuss" and i > start), start + 1)
    return range(start, min(end, len(words)))


def _last_part(word: str) -> str:
    return word.replace("\\", "/").rpartition("/")[2].strip("\"'")


def _clipped(masked: str, word: str) -> str:
    """A word cut before it was searched may end in the half of a secret that no pattern knows."""
    return masked[:-_TAIL] + "…" if len(word) == _LONGEST_WORD else masked
