"""The cheap look at a process that has just execed: what decides whether it is the one that is waited for."""

from __future__ import annotations

import os
import signal

from octotui.octopus import commandline
from octotui.octopus.roles import RoleFinding, classify
from octotui.octopus.secrets import redact
from octotui.processes.entry import LONGEST_STAT, content
from octotui.processes.model import ProcessInfo, ProcessKey
from octotui.processes.statfile import LONGEST_COMMAND, StatFields, parse_command, parse_stat
from octotui.text import decoded, printable

MOST_REMEMBERED = 512
_DELETED = " (deleted)"
_WORDS_DECODED = 256
"""Words of a command line that the rules of roles look at; a longer one is a list of files."""

_findings: dict[tuple[bytes, bytes, str], RoleFinding] = {}


class Glance:
    """One process as it stood at one look, and the descriptor of its `/proc` directory.

    That descriptor is bound to the process: whoever takes over the pid never answers on it, and a signal sent through
    it goes to this process or to none. Close it after use.
    """

    __slots__ = ("_info", "command", "descriptor", "executable", "key", "stat")

    def __init__(self, descriptor: int, key: ProcessKey, stat: StatFields, command: bytes, executable: str) -> None:
        self.descriptor = descriptor
        self.key = key
        self.stat = stat
        self.command = command
        self.executable = executable
        self._info: ProcessInfo | None = None

    @classmethod
    def at(cls, pid: int) -> Glance | None:
        """The process that has `pid` now, None when there is none any more. A zombie has a name and little else."""
        try:
            descriptor = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        stat = parse_stat(content(descriptor, "stat", LONGEST_STAT))
        if stat is None:
            os.close(descriptor)
            return None
        command = content(descriptor, "cmdline", LONGEST_COMMAND)
        try:
            executable = os.readlink("exe", dir_fd=descriptor)
        except OSError:
            executable = ""
        return cls(descriptor, ProcessKey(pid, stat.started), stat, command, executable.removesuffix(_DELETED))

    @property
    def name(self) -> str:
        """The kernel's name of the process, printable."""
        return printable(decoded(self.stat.name))

    @property
    def is_over(self) -> bool:
        """Whether it had ended when it was looked at, and only its parent's asking is left."""
        return self.stat.state in "ZX"

    @property
    def is_stopped(self) -> bool:
        """Whether someone had stopped it, by signal or as a tracer."""
        return self.stat.state in "Tt"

    @property
    def finding(self) -> RoleFinding:
        """The role that it has by itself. The command line is not redacted for this, and goes nowhere from here."""
        mark = (self.stat.name, self.command, self.executable)
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
            self._info = self._described(parse_command(self.command, redact), os.fstat(self.descriptor).st_uid)
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

    def send(self, number: signal.Signals) -> None:
        """Sends this very process a signal. Raises ProcessLookupError when it ended, PermissionError."""
        signal.pidfd_send_signal(self.descriptor, number)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _described(self, argv: tuple[str, ...], uid: int = -1) -> ProcessInfo:
        stat = self.stat
        return ProcessInfo(
            self.key,
            stat.parent_pid,
            self.name,
            printable(self.executable),
            argv,
            uid=uid,
            state=stat.state,
            is_kernel=stat.is_kernel,
        )


def started_of(pid: int) -> int:
    """Start ticks of the process that has `pid`; -1 when there is none."""
    stat = stat_of(pid)
    return -1 if stat is None else stat.started


def stat_of(pid: int) -> StatFields | None:
    """What `/proc/PID/stat` says, None when there is no such process."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return parse_stat(os.read(descriptor, LONGEST_STAT))
    except OSError:
        return None
    finally:
        os.close(descriptor)
