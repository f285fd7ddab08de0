"""A disk with a known write rate for as long as a benchmark runs: a loop device of its own. Needs root.

The device's bytes per second are limited by the blkio controller (cgroup v1, root group: that is where the kernel's
write-back belongs), its page cache by its own `bdi` limits. Both concern this one device; nothing global is changed.
Where that controller is not there, the file system is mounted `sync` instead, so that every write waits for the disk.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

BLKIO = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device")
BDI = Path("/sys/class/bdi")
CACHE_BYTES = 16 << 20
PROBE_BYTES = 192 << 20
BLOCK = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class Disk:
    """`words` say what it is and how it is limited; `bytes_per_second` was measured."""

    path: Path
    words: str
    bytes_per_second: float


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def settle(path: Path) -> None:
    """Waits until everything that was written to this file system is on its disk."""
    subprocess.run(["sync", "-f", str(path)], check=True)


def write_rate(path: Path) -> float:
    """Bytes a second that a plain writer gets, its last byte on the disk included."""
    settle(path)
    probe = path / "probe"
    began = time.monotonic()
    with probe.open("wb") as stream:
        for _ in range(PROBE_BYTES // len(BLOCK)):
            stream.write(BLOCK)
        stream.flush()
        os.fsync(stream.fileno())
    seconds = time.monotonic() - began
    probe.unlink()
    return PROBE_BYTES / seconds


@contextmanager
def throttled_disk(size_bytes: int, bytes_per_second: int, parent: Path = Path("/var/tmp")) -> Iterator[Disk]:
    """A new ext4 of `size_bytes` that takes `bytes_per_second`; unmounted, detached and removed at the end."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix="octotui-disk-")))
        image, mount = home / "image", home / "mount"
        mount.mkdir()
        with image.open("wb") as stream:
            stream.truncate(size_bytes)
        device = _attached(image)
        stack.callback(run, "losetup", "-d", device)
        run("mkfs.ext4", "-q", "-E", "nodiscard", device)
        words = _limited(stack, device, bytes_per_second)
        options = "rw" if words else "sync"
        run("mount", "-o", options, device, str(mount))
        stack.callback(run, "umount", str(mount))
        rate = write_rate(mount)
        yield Disk(mount, f"loop device, ext4, {words or 'mounted sync'}", rate)


def _attached(image: Path) -> str:
    try:
        return run("losetup", "--direct-io=on", "-f", "--show", str(image))
    except subprocess.CalledProcessError:
        return run("losetup", "-f", "--show", str(image))


def _limited(stack: ExitStack, device: str, bytes_per_second: int) -> str:
    """Sets the limits, to be lifted by `stack`; in words, "" where this host has no such thing."""
    number = os.stat(device).st_rdev
    name = f"{os.major(number)}:{os.minor(number)}"
    bdi = BDI / name
    if not BLKIO.exists() or not (bdi / "strict_limit").exists() or not (bdi / "max_bytes").exists():
        return ""
    # Put back as devices begin: without a limit of their own, with a share of all there is.
    stack.callback((bdi / "max_ratio").write_text, "100")
    stack.callback((bdi / "strict_limit").write_text, "0")
    (bdi / "strict_limit").write_text("1")
    (bdi / "max_bytes").write_text(str(CACHE_BYTES))
    stack.callback(BLKIO.write_text, f"{name} 0")
    BLKIO.write_text(f"{name} {bytes_per_second}")
    return (
        f"{bytes_per_second / 1e6:.0f} MB/s by blkio.throttle, {CACHE_BYTES >> 20} MB of page cache by bdi strict_limit"
    )
