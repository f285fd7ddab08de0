"""What a thread waits for, told from the methods at the top of its stack: facts that their names state, no guesses."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from octotui.dotnet.stacks.model import Activity, Frame, FrameKind, ThreadLook

LOOKED_AT = 12
"""Frames from the innermost on among which the reason for a wait is looked for."""


class Cause(StrEnum):
    """Why a thread waits, in the words for one thread."""

    SLEEP = "sleeps"
    LOCK = "waits for a lock"
    PULSE = "waits for a pulse on a lock"
    CHILD = "waits for a child process"
    THREAD = "waits for a thread to end"
    TASK = "waits for a task"
    INPUT = "reads its input"
    NETWORK = "waits on the network"
    FILE = "reads or writes a file"
    WORK = "waits for work"
    EVENT = "waits for an event"
    BELOW = "waits in native code or for a lock"
    OTHER = ""


_FRAMEWORK = ("System.", "Microsoft.Win32.", "Microsoft.AspNetCore.", "Microsoft.Extensions.", "Interop.")

# In this order: a wait for a task ends in one for an event, that in one for a pulse, and it is the task that says why.
_SIGNS: tuple[tuple[str, Cause], ...] = (
    ("System.Threading.PortableThreadPool.GateThread", Cause.WORK),
    ("System.Threading.LowLevelLifoSemaphore.Wait", Cause.WORK),
    ("System.Collections.Concurrent.BlockingCollection", Cause.WORK),
    ("System.Diagnostics.Process.WaitForExit", Cause.CHILD),
    ("System.Threading.Thread.Sleep", Cause.SLEEP),
    ("System.Threading.Thread.Join", Cause.THREAD),
    ("System.Threading.Tasks.Task.InternalWait", Cause.TASK),
    ("System.Threading.Tasks.Task.SpinThenBlockingWait", Cause.TASK),
    ("System.Threading.Tasks.Task.Wait", Cause.TASK),
    ("System.Threading.Monitor.Enter", Cause.LOCK),
    ("System.Threading.Monitor.TryEnter", Cause.LOCK),
    ("System.Threading.Monitor.ReliableEnter", Cause.LOCK),
    ("System.Threading.Lock.", Cause.LOCK),
    ("System.Threading.SpinLock.", Cause.LOCK),
    ("System.Threading.ReaderWriterLock", Cause.LOCK),
    ("System.ConsolePal.Read", Cause.INPUT),
    ("System.IO.ConsoleStream.Read", Cause.INPUT),
    ("System.IO.StdInReader.", Cause.INPUT),
    ("System.Net.Sockets.", Cause.NETWORK),
    ("System.Net.NameResolution", Cause.NETWORK),
    ("System.IO.RandomAccess.", Cause.FILE),
    ("System.Threading.SemaphoreSlim.Wait", Cause.EVENT),
    ("System.Threading.ManualResetEventSlim.Wait", Cause.EVENT),
    ("System.Threading.WaitHandle.", Cause.EVENT),
    ("System.Threading.Monitor.Wait", Cause.PULSE),
)
_POOL = ("System.Threading.PortableThreadPool.WorkerThread.", "System.Threading.ThreadPoolWorkQueue.Dispatch")


def cause(frames: Iterable[Frame]) -> Cause:
    """Of the stack of a thread that waits, the innermost frame first.

    Told from the framework's frames above the first one of somebody else's code. When there are none, the thread waits
    in code that is not managed, which somebody else's code called: up to .NET 8 the wait for a `lock` looks so, too.
    """
    top = []
    for place, frame in enumerate(frames):
        if place >= LOOKED_AT or not _is_frameworks(frame):
            break
        top.append(frame.method)
    else:
        place = LOOKED_AT
    for sign, found in _SIGNS:
        if any(method.startswith(sign) for method in top):
            return found
    return Cause.BELOW if place == 0 else Cause.OTHER


def reason(thread: ThreadLook) -> Cause:
    """What a thread waits for; OTHER for one that runs or has ended."""
    return cause(thread.frames) if thread.activity is Activity.WAITING else Cause.OTHER


def is_pool_worker(thread: ThreadLook) -> bool:
    """Whether the thread belongs to the thread pool, by the frames that it began with."""
    return any(frame.method.startswith(_POOL) for frame in thread.frames)


def own_frame(frames: Iterable[Frame]) -> Frame | None:
    """The innermost frame that is not the framework's: where in its program a thread is."""
    return next((frame for frame in frames if not _is_frameworks(frame)), None)


def _is_frameworks(frame: Frame) -> bool:
    """Also what the runtime made, and code without a name: neither is anybody's own."""
    is_made = not frame.module and frame.kind in (FrameKind.METHOD, FrameKind.UNKNOWN)
    return is_made or not frame.method or frame.method.startswith(_FRAMEWORK)
