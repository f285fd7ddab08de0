"""The .NET runtimes of the tests where only root can change them, wherever the checkout lies and whoever owns it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from octotui.demo import program, runtimes
from octotui.dotnet.trust import first_untrusted, first_untrusted_below
from octotui.errors import OctotuiError


def is_roots_own(directory: Path) -> bool:
    return not (first_untrusted(str(directory)) or first_untrusted_below(str(directory)))


class _Elsewhere:
    """A distribution whose files are a copy."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def locate_file(self, path: str) -> Path:
        return self._root / path


@contextmanager
def roots_own_runtimes() -> Iterator[None]:
    """Has `find_runtime` give copies in a directory of root where a runtime as it was installed is not root's own.

    octotui run as root starts no createdump that others can change. A checkout with the umask 002, or of another
    user, has only such ones, and every direct capture would be refused.
    """
    with (
        tempfile.TemporaryDirectory(prefix="octotui-net-", dir="/var/tmp") as made,
        pytest.MonkeyPatch.context() as swap,
    ):
        home = Path(made)
        home.chmod(0o755)
        copies: dict[str, _Elsewhere] = {}
        for series, (package, inside, _) in runtimes._PACKAGES.items():
            try:
                root = runtimes.find_runtime(series).root
            except OctotuiError:
                continue
            if not is_roots_own(root):
                copy = home / package / inside
                shutil.copytree(root, copy)
                _close(home / package)
                assert is_roots_own(copy), "/var/tmp is no place where root's files are safe"
                copies[package] = _Elsewhere(home / package)

        def found(package: str) -> Distribution | _Elsewhere:
            return copies.get(package) or distribution(package)

        if not is_roots_own(program.PROGRAMS):
            shutil.copytree(program.PROGRAMS, home / "programs")
            _close(home / "programs")
            swap.setattr(program, "PROGRAMS", home / "programs")
        if copies:
            swap.setattr(runtimes, "distribution", found)
        yield


def _close(directory: Path) -> None:
    """Takes from everybody but root the right to write."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            os.chown(path, 0, 0)
            path.chmod(path.stat().st_mode & ~0o022)
