"""Command lines taken apart: program name, words, verb and options, in the shapes of Linux and of Windows.

Pure text work that gives the same answer on every operating system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUOTES = "\"'"
_WORD = re.compile(r"(?:\"[^\"]*+\"?|'[^']*+'|[^\s\"'])(?:\"[^\"]*+\"?|'[^']*+'|[^\s\"']|')*+|'\S*+")
_OPTIONS_WITH_VALUE = frozenset({"-o", "+o", "-O", "+O", "-W", "-X", "--rcfile", "--init-file"})
_DELETED = " (deleted)"
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def basename(path: str) -> str:
    """The last part of a path with `/`, `\\` or both, without quotes and without the kernel's ` (deleted)`."""
    path = path.strip(_QUOTES).removesuffix(_DELETED)
    return path[max(path.rfind("/"), path.rfind("\\")) + 1 :].strip(_QUOTES)


def words(argv: Sequence[str], executable: str = "") -> tuple[str, ...]:
    """The words of a command line; one that was rewritten to a single string is split as Windows would split it.

    A single word that is the executable itself stays whole, whatever spaces its path has.
    """
    if len(argv) != 1 or not argv[0] or argv[0] == executable:
        return tuple(argv)
    only = argv[0].strip()
    if not any(c.isspace() for c in only):
        return (only,)
    return tuple(unquoted(match[0]) for match in _WORD.finditer(only))


def unquoted(word: str) -> str:
    """`word` without the double quotes around it or around its value (`--n="v"`)."""
    if len(word) > 1 and word[0] in _QUOTES and word[0] == word[-1]:
        return word[1:-1]
    return word.replace('"', "")


def program(executable: str, argv_words: Sequence[str], name: str) -> str:
    """The base name of what runs: the executable, else the first word, else the kernel's name of the process."""
    if executable:
        return basename(executable)
    if argv_words:
        return basename(argv_words[0])
    return name


def verb(argv_words: Sequence[str]) -> str:
    """The command word after the program: the first word, unless that is an option."""
    if len(argv_words) < 2:
        return ""
    first = argv_words[1]
    return "" if first.startswith(("-", "/")) or not first.strip() else first


def option(argv_words: Sequence[str], name: str) -> str:
    """The value of an option in any of `--n v`, `--n=v`, `-n:v`, `/n:v`, in any case; empty when it is not there."""
    wanted = name.lower()
    for index, word in enumerate(argv_words):
        if word[:1] not in ("-", "/"):
            continue
        bare = word[1:].removeprefix("-") if word[0] == "-" else word[1:]
        if not bare.lower().startswith(wanted):
            continue
        rest = bare[len(wanted) :]
        if rest[:1] in ("=", ":"):
            return unquoted(rest[1:].strip())
        if not rest and index + 1 < len(argv_words):
            return unquoted(argv_words[index + 1].strip())
    return ""


def first_file(argv_words: Sequence[str], suffixes: tuple[str, ...]) -> int:
    """The index of the first word after the program whose name ends in one of `suffixes` (lower case); -1 if none."""
    for index in range(1, len(argv_words)):
        if not argv_words[index].startswith("-") and basename(argv_words[index]).lower().endswith(suffixes):
            return index
    return -1


def script_of(argv_words: Sequence[str]) -> int:
    """The index of the script that an interpreter was given: the first word that is no option; -1 if there is none.

    `-c` and `-m` take the next word as code, so there is no script file then.
    """
    index = 1
    while index < len(argv_words):
        word = argv_words[index]
        if word[:1] not in ("-", "+") or len(word) < 2:
            return index
        if not word.startswith("--") and word.endswith(("c", "m")):
            return -1
        index += 2 if word in _OPTIONS_WITH_VALUE else 1
    return -1


def wrapped_program(argv_words: Sequence[str]) -> int:
    """The index of the program that a wrapper (`setsid`, `sudo`, `env` …) starts; -1 if there is none.

    Options, `NAME=value` assignments and numbers are passed over.
    """
    for index in range(1, len(argv_words)):
        word = argv_words[index]
        if word and not word.startswith("-") and not word[0].isdigit() and not _ASSIGNMENT.match(word):
            return index
    return -1
