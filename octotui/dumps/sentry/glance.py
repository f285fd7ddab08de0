"""The cheap look at a process that has just execed: what decides whether it is the one that is waited for."""

from __future__ import annotations

import os

from octotui.octopus import commandline
from octotui.octopus.roles import RoleFinding, classify
from octotui.octopus.secrets import redact
from octotui.processes.entry import LONGEST_STAT
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.statfile import LONGEST_COMMAND, StatFields, parse_command, parse_stat
from octotui.text import decoded, printable

MOST_REMEMBERED = 512
_DELETED = " (deleted)"
_PARENT_AT, _FLAGS_AT, _STARTED_AT = 1, 6, 19
"""Fields of `stat` behind the name."""

_KERNEL_THREAD = 0x00200000
_PIECE = 4096
_HOW = os.O_RDONLY | os.O_CLOEXEC
_WORDS_DECODED = 256
"""Words of a command line that the rules of roles look at; a longer one is a list of files."""

_findings: dict[tuple[bytes, bytes, str], RoleFinding] = {}


class Glance:
    """One process as it stood at one look, and a pidfd. Close it after use.

    The pidfd is opened before the rest is read, so a signal sent through it goes to the process that was read or, if
    that gave its pid away meanwhile, to none.
    """

    __slots__ = ("_info", "command", "descriptor", "executable", "is_kernel", "key", "parent_pid", "raw_name", "state")

    def __init__(
        self, descriptor: int, key: ProcessKey, raw_name: bytes, state: bytes, parent_pid: int, is_kernel: bool,
        command: bytes, executable: str,
    ) -> None:  # fmt: skip
        """Use `at`."""
        self.descriptor = descriptor
        self.key = key
        self.raw_name = raw_name
        self.state = state
        self.parent_pid = parent_pid
        self.is_kernel = is_kernel
        self.command = command
        self.executable = executable
        self._info: ProcessInfo | None = None

    @classmethod
    def at(cls, pid: int) -> Glance | None:
        """The process that has `pid` now, None when there is none any more. A zombie has a name and little else.

        Each call counts here: what is caught runs on until it is through.
        """
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        raw = _read(f"/proc/{pid}/stat", LONGEST_STAT)
        end = raw.rfind(b")")
        fields = raw[end + 2 :].split(None, _STARTED_AT + 1)
        if end < 0 or len(fields) <= _STARTED_AT:
            os.close(descriptor)
            return None
        command = _read(f"/proc/{pid}/cmdline", LONGEST_COMMAND)
        try:
            executable = os.readlink(f"/proc/{pid}/exe").removesuffix(_DELETED)
        except OSError:
            executable = ""
        return cls(
            descriptor, ProcessKey(pid, int(fields[_STARTED_AT])), raw[raw.find(b"(") + 1 : end], fields[0],
            int(fields[_PARENT_AT]), bool(int(fields[_FLAGS_AT]) & _KERNEL_THREAD), command, executable,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The kernel's name of the process, printable."""
        return printable(decoded(self.raw_name))

    @property
    def is_over(self) -> bool:
        """Whether it had ended when it was looked at, and only its parent's asking is left."""
        return self.state in (b"Z", b"X")

    @property
    def is_stopped(self) -> bool:
        """Whether someone had stopped it, by signal or as a tracer."""
        return self.state in (b"T", b"t")

    @property
    def finding(self) -> RoleFinding:
        """The role that it has by itself. The command line is not redacted for this, and goes nowhere from here."""
        mark = (self.raw_name, self.command, self.executable)
        found = _findings.get(mark)
        if found is None:
            if len(_findings) >= MOST_REMEMBERED:
                _findings.clear()
            found = _findings[mark] = classify(self._described(self.words))
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """The first words of its command line, printable and with its secrets: for matching alone."""
        if not self.command:
            return ()
        words = self.command.rstrip(b"\0").split(b"\0", _WORDS_DECODED)[:_WORDS_DECODED]
        return tuple([printable(decoded(word)) for word in words])

    @property
    def info(self) -> ProcessInfo:
        """The process as the view would show it: redacted, with its user, without figures."""
        if self._info is None:
            self._info = self._described(parse_command(self.command, redact), _owner(self.key.pid))
        return self._info

    @property
    def programs(self) -> frozenset[str]:
        """What a person may call it, lower case: its name, its executable, its first word, what its host runs."""
        words = commandline.words(self.words, self.executable)
        called = {self.name, commandline.basename(self.executable)}
        if words:
            called.add(commandline.basename(words[0]))
            hosted = commandline.first_file(words, (".dll", ".exe"))
            script = hosted if hosted > 0 else commandline.script_of(words)
            if script > 0 and len(words) > script:
                called.add(commandline.basename(words[script]))
        lowered = {one.lower() for one in called if one}
        return frozenset(lowered | {one[:-4] for one in lowered if one.endswith((".dll", ".exe"))})

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _described(self, argv: tuple[str, ...], uid: int = -1) -> ProcessInfo:
        return ProcessInfo(
            self.key,
            self.parent_pid,
            self.name,
            printable(self.executable),
            argv,
            uid=uid,
            state=self.state.decode(),
            is_kernel=self.is_kernel,
        )


def started_of(pid: int) -> int:
    """Start ticks of the process that has `pid`; -1 when there is none."""
    stat = stat_of(pid)
    return -1 if stat is None else stat.started


def stat_of(pid: int) -> StatFields | None:
    """What `/proc/PID/stat` says, None when there is no such process."""
    return parse_stat(_read(f"/proc/{pid}/stat", LONGEST_STAT))


def _read(path: str, longest: int) -> bytes:
    """At most `longest` bytes of a file; nothing if it cannot be read."""
    try:
        descriptor = os.open(path, _HOW)
    except OSError:
        return b""
    try:
        raw = piece = os.read(descriptor, _PIECE)
        while len(piece) == _PIECE and len(raw) < longest:
            piece = os.read(descriptor, _PIECE)
            raw += piece
        return raw
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1
