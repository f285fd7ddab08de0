"""The options and words by which single tools take a secret: `ldapsearch -w X`, `vault kv put PATH key=X`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

ENDS = frozenset({";", "|", "||", "&", "&&", ">", ">>", "<", "2>", "2>&1"})
MOST_ARGUMENTS = 50


class _Options(NamedTuple):
    """Options whose value is a secret. `glued` may have it right behind them; `after` must stand before them if any."""

    names: tuple[str, ...]
    glued: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


_LDAP = _Options(("-w", "-y"), ("-w",))
_SNMP = _Options(("-A", "-X", "-c"), ("-A", "-X"))
_WINDOWS = frozenset({"psexec", "psexec64", "schtasks", "signtool", "certutil", "sc", "nuget", "cmdkey"})
_TOOLS: dict[str, _Options] = {
    "openssl": _Options(("-k", "-K", "-hmac", "-macopt", "-pass", "-passin", "-passout", "-password")),
    **dict.fromkeys(("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapcompare", "ldapwhoami"), _LDAP),
    "ldappasswd": _Options(("-w", "-s", "-a"), ("-w", "-s", "-a")),
    **dict.fromkeys(("snmpwalk", "snmpget", "snmpset", "snmpbulkwalk"), _SNMP),
    "redis-cli": _Options(("-a",)),
    "ipmitool": _Options(("-P",), ("-P",)),
    "useradd": _Options(("-p",)),
    "usermod": _Options(("-p",)),
    "twine": _Options(("-p",)),
    "rar": _Options((), ("-hp", "-p")),
    "unrar": _Options((), ("-p",)),
    "lftp": _Options(("-u",)),
    "http": _Options(("-a",)),
    "https": _Options(("-a",)),
    "doctl": _Options(("-t",)),
    "cf": _Options(("-p",), after=("login",)),
    "oc": _Options(("-p",), after=("login",)),
    "gh": _Options(("-b", "--body"), ("-b",), after=("secret",)),
    "dotnet": _Options(("-k",), after=("push",)),
    "nuget": _Options(("-k",), after=("push",)),
    "psexec": _Options(("-p", "/p")),
    "psexec64": _Options(("-p", "/p")),
    "schtasks": _Options(("/p", "/rp")),
    "signtool": _Options(("/p", "-p")),
    "certutil": _Options(("-p",)),
    "sc": _Options(("password=",)),
    "curl": _Options(("-U", "--proxy-user"), ("-U",)),
}

HINTS = (
    *(name for name in _TOOLS if len(name) > 5), "rar ", "lftp", "curl", "doctl", "http -", "https -", "cf ", "gh ",
    "oc ", "sc ", "sc.exe", "twine", "nuget", "chpasswd", "consul", "rabbitmqctl", "rclone", "smbclient", "sqlplus",
    "isql", "pulumi", "mount", "cf.exe",
)  # fmt: skip
"""Lower-case text without any of them holds no such secret."""


def tool_secrets(name: str, words: Sequence[str], index: int) -> Iterator[int]:
    """The indexes of the words behind the tool `name` (lower case, at `index`) that are secret."""
    options = _TOOLS.get(name)
    if options is not None:
        yield from _values(options, words, index, is_folded=name in _WINDOWS)
    rule = _RULES.get(name)
    if rule is not None:
        yield from rule(words, index)


def arguments(words: Sequence[str], start: int, prefixes: tuple[str, ...] = ("-",)) -> list[int]:
    """The indexes of the words from `start` to the end of the command that are no options."""
    return [place for place in _command(words, start) if words[place] and not words[place].startswith(prefixes)]


def _command(words: Sequence[str], start: int) -> Iterator[int]:
    for place in range(start, min(start + MOST_ARGUMENTS, len(words))):
        if words[place] in ENDS:
            return
        yield place


def _values(options: _Options, words: Sequence[str], index: int, *, is_folded: bool) -> Iterator[int]:
    is_armed = not options.after
    for place in _command(words, index + 1):
        word = words[place].lower() if is_folded else words[place]
        is_armed = is_armed or word in options.after
        if not is_armed:
            continue
        if word in options.names:
            yield from range(place + 1, min(place + 2, len(words)))
        elif any(word.startswith((f"{name}=", f"{name}:")) for name in options.names) or (
            word.startswith(options.glued or ("\0",)) and word not in options.glued and not word.startswith("--")
        ):
            yield place


def _sub_command(words: Sequence[str], index: int, most: int = 3) -> list[str]:
    return [word.lower() for word in words[index + 1 : index + 1 + most]]


def _vault(words: Sequence[str], index: int) -> Iterator[int]:
    """A token after `login`, a key after `unseal`, and everything that is put: all of it is why there is a vault."""
    sub = _sub_command(words, index)
    if sub[:1] in (["login"], ["unseal"]):
        yield from arguments(words, index + 2)
    elif sub[:2] == ["operator", "unseal"]:
        yield from arguments(words, index + 3)
    elif sub[:1] == ["write"]:
        yield from arguments(words, index + 2)[1:]
    elif sub[:1] == ["kv"] and sub[1:2] in (["put"], ["patch"]):
        yield from arguments(words, index + 3)[1:]


def _consul(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:2] == ["kv", "put"]:
        yield from arguments(words, index + 3)[1:]


def _rabbitmqctl(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:1] in (["add_user"], ["change_password"], ["authenticate_user"]):
        yield from arguments(words, index + 2)[1:]


def _rclone(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:1] == ["obscure"]:
        yield from arguments(words, index + 2)


def _cf(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:1] == ["auth"]:
        yield from arguments(words, index + 2)[1:]


def _openssl(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:1] == ["passwd"]:
        yield from arguments(words, index + 2)


def _smbclient(words: Sequence[str], index: int) -> Iterator[int]:
    """`smbclient //HOST/SHARE X`, `-U user%X`."""
    for place in _command(words, index + 1):
        is_share = words[place].startswith(("//", "\\\\"))
        following = words[place + 1] if place + 1 < len(words) else "-"
        if is_share and not following.startswith("-"):
            yield place + 1
        if words[place].startswith("-U") and "%" in words[place]:
            yield place
        if words[place] in ("-U", "--user") and "%" in following:
            yield place + 1


def _sqlplus(words: Sequence[str], index: int) -> Iterator[int]:
    yield from (i for i in arguments(words, index + 1, ("-", "/", "@"))[:1] if "/" in words[i])


def _isql(words: Sequence[str], index: int) -> Iterator[int]:
    yield from arguments(words, index + 1)[2:3]


def _pulumi(words: Sequence[str], index: int) -> Iterator[int]:
    if _sub_command(words, index)[:2] == ["config", "set"] and "--secret" in words[index : index + MOST_ARGUMENTS]:
        yield from arguments(words, index + 3)[1:]


def _mount(words: Sequence[str], index: int) -> Iterator[int]:
    yield from (i for i in _command(words, index + 1) if "pass=" in words[i].lower())


def _chpasswd(words: Sequence[str], index: int) -> Iterator[int]:
    """`echo user:X | chpasswd`, and the words behind it."""
    spoken = [i for i in range(max(0, index - 8), index) if words[i] in ("echo", "printf", "-e", "-n")]
    start = spoken[-1] if spoken and "|" in words[spoken[-1] : index] else index
    yield from (i for i in range(start + 1, min(index + MOST_ARGUMENTS, len(words))) if ":" in words[i])


def _curl(words: Sequence[str], index: int) -> Iterator[int]:
    """A cookie given as such; without `=` it is the name of a file."""
    for place in _command(words, index + 1):
        if words[place] in ("-b", "--cookie") and "=" in (words[place + 1] if place + 1 < len(words) else ""):
            yield place + 1
        if words[place].startswith("-b") and "=" in words[place]:
            yield place


_RULES: dict[str, Callable[[Sequence[str], int], Iterator[int]]] = {
    "vault": _vault, "consul": _consul, "rabbitmqctl": _rabbitmqctl, "rclone": _rclone, "cf": _cf,
    "openssl": _openssl, "smbclient": _smbclient, "sqlplus": _sqlplus, "isql": _isql, "pulumi": _pulumi,
    "mount": _mount, "mount.cifs": _mount, "chpasswd": _chpasswd, "curl": _curl,
}  # fmt: skip
