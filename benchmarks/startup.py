"""How long until a person sees something: from the start of the program to its first useful frame, beside its peers.

Each program runs on a pty of 80x24. octotui counts as up when its first snapshot is drawn; htop and btop, where they
are installed, when the first row of a process of root is; a command when it has ended.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time

LIMIT_SECONDS = 15.0
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b.")


def seconds_until(command: list[str], marker: re.Pattern[bytes] | None) -> tuple[float, float]:
    """Seconds until `marker` stands on the screen (None: until the end) and CPU seconds of the program by then."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True, close_fds=True
    )
    os.close(child)
    seen = b""
    try:
        while time.perf_counter() - started < LIMIT_SECONDS:
            if select.select([parent], [], [], 0.05)[0]:
                try:
                    seen += os.read(parent, 65536)
                except OSError:
                    break
            elif process.poll() is not None:
                break
            if marker is not None and marker.search(ESCAPES.sub(b"", seen)):
                return time.perf_counter() - started, cpu_seconds(process.pid)
        if marker is not None:
            raise SystemExit(f"{command[0]} showed no first frame within {LIMIT_SECONDS:.0f} s")
        process.wait()
        return time.perf_counter() - started, 0.0
    finally:
        os.close(parent)
        end(process)


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", "rb") as stream:
        fields = stream.read().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=7)
    reps = parser.parse_args().reps
    octotui = [sys.executable, "-m", "octotui"]
    programs: list[tuple[str, list[str], re.Pattern[bytes] | None]] = [
        ("octotui", [*octotui, "--all"], re.compile(rb"\d+ of \d+")),
        ("octotui --version", [*octotui, "--version"], None),
        ("octotui tree", [*octotui, "tree"], None),
        ("python -c pass", [sys.executable, "-c", "pass"], None),
    ]
    for peer in ("htop", "btop"):
        if shutil.which(peer):
            programs.append((peer, [peer], re.compile(rb"\d+ root")))
    print("| program | first frame or end, s (median) | fastest | slowest | CPU by then, s |")
    print("|---|---|---|---|---|")
    for name, command, marker in programs:
        seconds_until(command, marker)
        runs = [seconds_until(command, marker) for _ in range(reps)]
        times = [seconds for seconds, _ in runs]
        cpu = statistics.median(used for _, used in runs)
        shown = f"{cpu:.2f}" if cpu else "—"
        print(f"| {name} | {statistics.median(times):.3f} | {min(times):.3f} | {max(times):.3f} | {shown} |")
    print(f"\n{reps} runs each after one to warm the caches; goal: first frame of octotui under 0.8 s")


if __name__ == "__main__":
    main()
