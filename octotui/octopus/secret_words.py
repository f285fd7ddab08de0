"""Secrets that only their place among the words of a command gives away: `vault login X`, `htpasswd -b FILE USER X`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from octotui.octopus.secret_names import is_secret_key
from octotui.octopus.secret_values import MASK

HINTS = ("vault", "htpasswd", "net use", "net.exe use", "net user", "net.exe user", "ssh-keygen", " set ")
"""Lower-case text without any of them holds no such secret."""

_TOKEN = re.compile(r"\S++")
_AROUND = "\"'`()[],;$"
_ENDS = frozenset({";", "|", "||", "&", "&&", ">", ">>", "<", "2>", "2>&1"})
_MOST_ARGUMENTS = 50
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
    return frozenset(covered)


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


def _arguments(words: Sequence[str], start: int, prefixes: tuple[str, ...] = ("-",)) -> list[int]:
    """The indexes of the words from `start` to the end of the command that are no options."""
    found = []
    for index in range(start, min(start + _MOST_ARGUMENTS, len(words))):
        if words[index] in _ENDS:
            break
        if words[index] and not words[index].startswith(prefixes):
            found.append(index)
    return found


def _vault(words: Sequence[str], index: int) -> Iterator[int]:
    if words[index + 1 : index + 2] == ["login"]:
        yield from _arguments(words, index + 2)


def _htpasswd(words: Sequence[str], index: int) -> Iterator[int]:
    options = "".join(
        word for word in words[index + 1 : index + _MOST_ARGUMENTS] if re.fullmatch(r"-[A-Za-z0-9]+", word)
    )
    if "b" in options:
        # With -n the result goes to stdout and no file is named.
        yield from _arguments(words, index + 1)[1 if "n" in options else 2 :]


def _net(words: Sequence[str], index: int) -> Iterator[int]:
    verb = words[index + 1].lower() if index + 1 < len(words) else ""
    if verb == "user":
        yield from _arguments(words, index + 2, ("/",))[1:]
    if verb == "use":
        yield from (i for i in _arguments(words, index + 2, ("/u", "/p", "/s", "/d")) if not _DRIVE.fullmatch(words[i]))


def _ssh_keygen(words: Sequence[str], index: int) -> Iterator[int]:
    for place in range(index + 1, min(index + _MOST_ARGUMENTS, len(words))):
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
        if "=" not in name and is_secret_key(name.rpartition("/")[2].lstrip(":_")):
            yield index + 2


def _until_option(words: Sequence[str], start: int) -> Iterator[int]:
    for index in range(start, min(start + _MOST_ARGUMENTS, len(words))):
        if words[index].startswith("-") or words[index] in _ENDS:
            return
        yield index


_RULES: dict[str, Callable[[Sequence[str], int], Iterator[int]]] = {
    "vault": _vault,
    "htpasswd": _htpasswd,
    "net": _net,
    "ssh-keygen": _ssh_keygen,
    "set": _set,
}
