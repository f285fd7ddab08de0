"""The ptrace system call, for one thread that owns every call.

A tracee is seized, which does not stop it. PTRACE_O_EXITKILL is not among the options: a process outlives its tracer.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal

TRACE_CLONE = 1 << 3
TRACE_EXEC = 1 << 4
TRACE_EXIT = 1 << 6

EVENT_CLONE = 3
EVENT_EXEC = 4
EVENT_EXIT = 6
EVENT_STOP = 128

GENERAL_SET = 1
FLOAT_SET = 2

WAIT_ALL = 0x40000000
"""__WALL: threads too, whoever made them."""

STOP_SIGNALS = frozenset({signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})

_CONT, _DETACH, _SETOPTIONS, _GETEVENTMSG, _GETSIGINFO = 7, 17, 0x4200, 0x4201, 0x4202
_GETREGSET, _SEIZE, _INTERRUPT, _LISTEN = 0x4204, 0x4206, 0x4207, 0x4208
_SIGINFO_BYTES = 128
_LARGEST_SET = 1 << 14
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_ptrace = _libc.ptrace
_ptrace.restype = ctypes.c_long
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


_registers = ctypes.create_string_buffer(_LARGEST_SET)
_message = ctypes.c_ulong()
_info = ctypes.create_string_buffer(_SIGINFO_BYTES)


def _call(request: int, thread: int, address: int = 0, data: int = 0) -> None:
    if _ptrace(request, thread, address, data) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def seize(thread: int, options: int) -> None:
    """Traces a thread without stopping it. Raises PermissionError for a traced or dead one, ProcessLookupError."""
    _call(_SEIZE, thread, 0, options)


def resume(thread: int, number: int = 0) -> None:
    """Lets a stopped thread go on with signal `number`, 0 for none. One that was killed meanwhile is no error.

    It may have been killed and stand at its end already, which it passes then: the kernel cannot be asked to resume it
    from one certain stop only.
    """
    _unless_gone(_CONT, thread, number)


def keep_stopped(thread: int) -> None:
    """Leaves a thread in the stop of its process (SIGSTOP) until SIGCONT, as if nobody traced it."""
    try:
        _unless_gone(_LISTEN, thread)
    except OSError as error:
        # It was killed since and stands at its end, of which the next wait tells.
        if error.errno != errno.EIO:
            raise


def let_go(thread: int) -> None:
    """Ends the trace of a stopped thread."""
    _unless_gone(_DETACH, thread)


def interrupt(thread: int) -> None:
    """Asks a running thread to stop: EVENT_STOP follows."""
    _unless_gone(_INTERRUPT, thread)


def set_options(thread: int, options: int) -> None:
    """Changes what a stopped thread stops for."""
    _unless_gone(_SETOPTIONS, thread, options)


def event_message(thread: int) -> int:
    """What came with the event at which a thread stopped: the exit code, the new thread, the former thread id."""
    _call(_GETEVENTMSG, thread, 0, ctypes.addressof(_message))
    return _message.value


def signal_info(thread: int) -> bytes:
    """The siginfo of the signal at which a thread stopped, as the kernel lays it out."""
    _call(_GETSIGINFO, thread, 0, ctypes.addressof(_info))
    return _info.raw


def register_set(thread: int, kind: int) -> bytes:
    """One register set of a stopped thread, as a core file holds it."""
    vector = _Vector(ctypes.addressof(_registers), _LARGEST_SET)
    _call(_GETREGSET, thread, kind, ctypes.addressof(vector))
    return _registers.raw[: vector.length]


def die_with_parent(parent: int) -> None:
    """The calling process is killed as soon as `parent`, which forked it, has ended."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def wake_with_parent() -> None:
    """The calling process gets SIGCONT when the one that forked it has ended: if somebody stopped it, it runs again."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)


def _unless_gone(request: int, thread: int, data: int = 0) -> None:
    try:
        _call(request, thread, 0, data)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
