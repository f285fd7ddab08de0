"""What a stand-in program does, and how one is put into place so that it runs under a name of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from octotui.demo.runtimes import DotnetRuntime
from octotui.errors import OctotuiError

PROGRAMS = Path(__file__).parent / "programs"
_SETTING = "OCTOTUI_STANDIN_"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the stand-in does (Standin.cs).

    `ballast_mb` of random bytes in the managed heap; `heartbeat` keeps the file of gaps; `marker` is reversed into a
    string of the heap; `seconds` of life, 0 for as long as its starter lives; `threads` more that wait; `busy` percent
    of one core; `lock`: a thread `holder` keeps a lock for which a thread `waiter` waits; `child` a bash command that
    it starts, awaits and ends with; `tasks` are pairs (every seconds, command), 0 for once at the start. `end` is how
    it ends by itself: `3000 return 1`, `50 throw`.
    """

    ballast_mb: int = 0
    heartbeat: bool = False
    marker: str = ""
    seconds: int = 0
    threads: int = 0
    busy: int = 0
    child: str = ""
    tasks: tuple[tuple[int, str], ...] = ()
    ends_with_stdin: bool = True
    end: str = ""
    lock: bool = False

    def environment(self, *, ready: str = "", heartbeat_file: str = "") -> dict[str, str]:
        values = {
            "BALLAST_MB": str(self.ballast_mb or ""),
            "HEARTBEAT": heartbeat_file if self.heartbeat else "",
            "MARKER": self.marker,
            "SECONDS": str(self.seconds or ""),
            "THREADS": str(self.threads or ""),
            "BUSY": str(self.busy or ""),
            "CHILD": self.child,
            "TASKS": "\n".join(f"{every} {command}" for every, command in self.tasks),
            "STDIN": "1" if self.ends_with_stdin else "",
            "READY": ready,
            "END": self.end,
            "LOCK": "1" if self.lock else "",
        }
        return {_SETTING + name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Program:
    """How a stand-in is started: `command` before its arguments, and what its environment must hold."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def install_program(directory: Path, name: str, runtime: DotnetRuntime) -> Program:
    """Puts a stand-in called `name` into `directory`.

    With gcc its executable really has that name; without, it is `dotnet NAME.dll`. Raises OctotuiError when gcc
    is there and fails.
    """
    directory.mkdir(parents=True, exist_ok=True)
    library = directory / f"{name}.dll"
    shutil.copyfile(PROGRAMS / "Standin.dll", library)
    shutil.copyfile(PROGRAMS / "Standin.runtimeconfig.json", directory / f"{name}.runtimeconfig.json")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return Program((str(runtime.dotnet), str(library)), runtime.environment())
    executable = directory / name
    built = subprocess.run(
        [compiler, "-O1", "-o", str(executable), str(PROGRAMS / "launcher.c"), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        raise OctotuiError(f"{compiler} could not build the launcher: {built.stderr.strip()[:300]}", code="no-launcher")
    own = {"OCTOTUI_HOSTFXR": str(runtime.hostfxr), "OCTOTUI_DOTNET_ROOT": str(runtime.root)}
    return Program((str(executable),), {**runtime.environment(), **own})


def plain_program(runtime: DotnetRuntime) -> Program:
    """The stand-in as `dotnet Standin.dll`, where it lies."""
    return Program((str(runtime.dotnet), str(PROGRAMS / "Standin.dll")), runtime.environment())
