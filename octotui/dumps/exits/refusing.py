"""Why a process cannot be traced: asked before anything is touched, and again when the kernel says no."""

from __future__ import annotations

import os

from octotui.dumps.exits.machine import Machine
from octotui.dumps.exits.taskfiles import is_kernel_thread, is_over, slurp, start_ticks, stat_of, status_of, threads_of
from octotui.errors import OctotuiError, ProcessGone, Refused
from octotui.text import decoded, printable

_CRASH_DUMP = frozenset({b"DOTNET_DbgEnableMiniDump=1", b"COMPlus_DbgEnableMiniDump=1"})
_ELF64 = 2
_ELF_HEAD = 20


def check(pid: int, started: int, machine: Machine | None) -> Machine:
    """The machine, when this process may be traced. Raises Refused or ProcessGone with a sentence."""
    if machine is None:
        raise Refused(
            f"processes are traced to their end on x86-64 only, and this is {os.uname().machine}",
            hint="capture it while it runs: octotui dump",
            code="machine",
        )
    fields = stat_of(f"/proc/{pid}")
    if start_ticks(pid) != started:
        raise gone(pid)
    if fields[0] in (b"Z", b"X") and not _has_living_thread(pid):
        raise ProcessGone(f"process {pid} has ended already", hint="its log knows why", code="zombie")
    if is_kernel_thread(fields):
        raise Refused(f"process {pid} is a thread of the kernel", hint="choose a program", code="kernel-thread")
    if pid in (os.getpid(), os.getppid()):
        raise Refused("octotui cannot trace what it traces with", hint="choose another process", code="own")
    _check_tracer(pid)
    _check_class(pid, machine)
    return machine


def has_crash_dump(pid: int) -> bool:
    """Whether its runtime was told to write a dump when it crashes: it cannot while octotui traces it."""
    variables = slurp(f"/proc/{pid}/environ").split(b"\0")
    return any(variable in _CRASH_DUMP for variable in variables)


def gone(pid: int) -> ProcessGone:
    return ProcessGone(f"process {pid} ended before it could be traced", hint="catch it with a rule instead")


def denied(pid: int, started: int) -> OctotuiError:
    """Why the kernel refused a trace of a process that had looked well."""
    if start_ticks(pid) != started:
        return gone(pid)
    try:
        _check_tracer(pid)
    except Refused as error:
        return error
    if (stat_of(f"/proc/{pid}") or [b"Z"])[0] in (b"Z", b"X"):
        return gone(pid)
    if os.geteuid() != 0:
        return Refused(
            f"process {pid} may not be traced: it is another user's, or the kernel allows it to root only",
            hint="run octotui with sudo",
            code="denied",
        )
    return Refused(
        f"the kernel does not let process {pid} be traced",
        hint="root in a container needs the capability SYS_PTRACE",
        code="denied",
    )


def _check_tracer(pid: int) -> None:
    tracer = status_of(f"/proc/{pid}").get("TracerPid", "0")
    if tracer in ("0", str(os.getpid())):
        return
    name = printable(decoded(slurp(f"/proc/{tracer}/comm").strip()), 40) or "unknown"
    raise Refused(
        f"process {pid} is traced already, by {name} (process {tracer})",
        hint=f"a process has one tracer: end {name} first",
        code="traced",
    )


def _check_class(pid: int, machine: Machine) -> None:
    try:
        with open(f"/proc/{pid}/exe", "rb", buffering=0) as stream:
            head = stream.read(_ELF_HEAD)
    except OSError:
        return
    if head[:4] == b"\x7fELF" and (head[4], int.from_bytes(head[18:20], "little")) != (_ELF64, machine.elf_machine):
        raise Refused(f"process {pid} is no x86-64 program", hint="use gcore", code="not-64-bit")


def _has_living_thread(pid: int) -> bool:
    return any(not is_over(pid, thread) for thread in threads_of(pid))
