"""Small cores of the real tools to be mutated: createdump of both runtimes, gdb's gcore, the kernel."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from octotui.demo.runtimes import find_runtime
from octotui.demo.standin import StandIn

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def make_cores(directory: Path, only: Collection[str] = ()) -> tuple[dict[str, Path], dict[str, str]]:
    """The cores in `directory` by the name of their tool, made where absent, and why others could not be made.

    `only` these, or all.
    """
    found: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for name, (make, problem) in _MAKERS.items():
        if only and name not in only:
            continue
        path = directory / name
        reason = "" if path.exists() else problem()
        if reason:
            missing[name] = reason
            continue
        if not path.exists():
            make(path)
        found[name] = path
    return found, missing


def _createdump(runtime: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with StandIn.start(runtime=runtime, heartbeat=False) as target:
            tool = find_runtime(runtime).createdump
            subprocess.run([tool, "--normal", "--name", path, str(target.pid)], check=True, capture_output=True)

    return make


def _gcore(path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            command = ["gdb", "--batch", "-nx", "-p", str(sleeper.pid), "-ex", f"generate-core-file {path}"]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        finally:
            sleeper.kill()


def _kernel(path: Path) -> None:
    home = path.with_suffix(".home")
    home.mkdir()
    code = (
        "import os, resource, signal; resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30)); "
        "os.kill(os.getpid(), signal.SIGABRT)"
    )
    ended = subprocess.run([sys.executable, "-S", "-c", code], cwd=home, check=False)
    assert ended.returncode == -signal.SIGABRT
    (core,) = home.iterdir()
    core.rename(path)
    home.rmdir()


def _no_kernel_core() -> str:
    pattern = CORE_PATTERN.read_text().strip()
    if pattern.startswith(("|", "/", "@")) or "/" in pattern:
        return f"the kernel hands cores to {pattern!r} here"
    if resource.getrlimit(resource.RLIMIT_CORE)[1] not in (resource.RLIM_INFINITY, 1 << 30):
        return "the limit on cores cannot be raised here"
    return ""


def _no_gdb() -> str:
    return "" if shutil.which("gdb") else "gdb is not installed"


def _no_dotnet() -> str:
    return "" if os.uname().machine == "x86_64" else "the pip packages carry .NET runtimes for x86_64 only"


_MAKERS: dict[str, tuple[Callable[[Path], None], Callable[[], str]]] = {
    "createdump-8.0": (_createdump("8.0"), _no_dotnet),
    "createdump-3.1": (_createdump("3.1"), _no_dotnet),
    "gcore": (_gcore, _no_gdb),
    "kernel": (_kernel, _no_kernel_core),
}
