"""Secrets that only their place among the words of a command gives away: `vault login X`, `htpasswd -b FILE USER X`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from octotui.octopus.secret_names import is_secret_name
from octotui.octopus.secret_tools import ENDS, MOST_ARGUMENTS, arguments, tool_secrets
from octotui.octopus.secret_tools import HINTS as TOOL_HINTS
from octotui.octopus.secret_values import MASK

HINTS = (
    "vault", "htpasswd", "net use", "net.exe use", "net user", "net.exe user", "ssh-keygen", " set ", *TOOL_HINTS,
)  # fmt: skip
"""Lower-case text without any of them holds no such secret."""

_TOKEN = re.compile(r"\S++")
_AROUND = "\"'`()[],;$"
_DRIVE = re.compile(r"\*|[A-Za-z]:|[\\/]{2}.*", re.DOTALL)


def secret_words(words: Sequence[str]) -> frozenset[int]:
    """The indexes of the words that are secret by where they stand in the command."""
    bare = [word.strip(_AROUND) for word in words]
    covered: set[int] = set()
    for index, word in enumerate(bare):
        name = word.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
        rule = _RULES.get(name)
        if rule is not None:
            covered.update(rule(bare, index))
        covered.update(tool_secrets(name, bare, index))
    for index in sorted(covered):
        covered.update(_rest_of_quoted(words, index))
    return frozenset(covered)


def _rest_of_quoted(words: Sequence[str], index: int) -> range:
    """The words of running text that stand in the quotes which the word at `index` opens and does not close."""
    quote = next((c for c in words[index] if c in "\"'"), "")
    if not quote or words[index].count(quote) % 2 == 0:
        return range(0)
    for end in range(index + 1, min(index + MOST_ARGUMENTS, len(words))):
        if quote in words[end]:
            return range(index + 1, end + 1)
    return range(0)


def mask_words(text: str) -> str:
    """Running text with such words masked, line by line."""
    return "\n".join(_masked_line(line) for line in text.split("\n"))


def _masked_line(line: str) -> str:
    tokens = list(_TOKEN.finditer(line))
    covered = secret_words([token[0] for token in tokens])
    if not covered:
        return line
    parts: list[str] = []
    position = 0
    for index in sorted(covered):
        parts += (line[position : tokens[index].start()], MASK)
        position = tokens[index].end()
    return "".join([*parts, line[position:]])


def _htpasswd(words: Sequence[str], index: int) -> Iterator[int]:
    options = "".join(
        word for word in words[index + 1 : index + MOST_ARGUMENTS] if re.fullmatch(r"-[A-Za-z0-9]+", word)
    )
    if "b" in options:
        # With -n the result goes to stdout and no file is named.
        yield from arguments(words, index + 1)[1 if "n" in options else 2 :]


def _net(words: Sequence[str], index: int) -> Iterator[int]:
    verb = words[index + 1].lower() if index + 1 < len(words) else ""
    if verb == "user":
        yield from arguments(words, index + 2, ("/",))[1:]
    if verb == "use":
        yield from (i for i in arguments(words, index + 2, ("/u", "/p", "/s", "/d")) if not _DRIVE.fullmatch(words[i]))


def _ssh_keygen(words: Sequence[str], index: int) -> Iterator[int]:
    for place in range(index + 1, min(index + MOST_ARGUMENTS, len(words))):
        if words[place] in ("-N", "-P"):
            yield from range(place + 1, min(place + 2, len(words)))
            # A passphrase in quotes has several words in running text.
            yield from _until_option(words, place + 2)
        elif words[place].startswith(("-N", "-P")):
            yield place


def _set(words: Sequence[str], index: int) -> Iterator[int]:
    """`aws configure set NAME X`, `npm config set NAME X`."""
    if index + 2 < len(words) and words[index - 1].lower() in ("configure", "config"):
        name = words[index + 1]
        if "=" not in name and is_secret_name(name.rpartition("/")[2].lstrip(":_")):
            yield index + 2


def _until_option(words: Sequence[str], start: int) -> Iterator[int]:
    for index in range(start, min(start + MOST_ARGUMENTS, len(words))):
        if words[index].startswith("-") or words[index] in ENDS:
            return
        yield index


_RULES: dict[str, Callable[[Sequence[str], int], Iterator[int]]] = {
    "htpasswd": _htpasswd,
    "net": _net,
    "ssh-keygen": _ssh_keygen,
    "set": _set,
}
