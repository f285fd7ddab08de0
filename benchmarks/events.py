"""Process events on this machine in one run: how late, at what price, and what a stalled reader loses.

Usage: python benchmarks/events.py [--execs N] [--seconds S] [--rate N]

First the time from an exec (the kernel's stamp) to the drained event of a reader that sleeps in poll(). Then the CPU
time (user and system) of that reader under a storm of RATE forks or threads a second, with and without the filter of
the socket and the mask of the kernel. Then the share of forks that a reader never hears of that stalls for a quarter
or half of a second, for three sizes of its buffer. pyroute2 stands beside it where it can be imported. Needs gcc.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from octotui.processes import event_socket
from octotui.processes.event_wire import IGNORE, request
from octotui.processes.events import EventKind, ProcessEvents

STORM = r"""
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void *nothing(void *unused) { return unused; }
int main(int count, char **words) {
  int is_threads = !strcmp(words[1], "threads"), times = atoi(words[2]), rate = atoi(words[3]);
  double begun = now();
  for (int i = 0; i < times; i++) {
    if (is_threads) { pthread_t t; if (!pthread_create(&t, 0, nothing, 0)) pthread_join(t, 0); }
    else { pid_t pid = fork(); if (!pid) _exit(0); waitpid(pid, 0, 0); }
    double left = rate ? begun + (i + 1.0) / rate - now() : 0;
    if (left > 0) usleep(left * 1e6);
  }
  return 0;
}
"""
SPAWNS = """
import os, sys, time
for _ in range(int(sys.argv[1])):
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    time.sleep(0.002)
"""
FLAT_OUT = 0
OWN_DEFAULT = 212_992 // 2
"""Asked for, it is granted as the default of most hosts: the kernel doubles it."""


class Heard(NamedTuple):
    forks: int
    execs: list[int]
    """Nanoseconds from the stamp of each exec to when it was drained."""
    overruns: int
    cpu_seconds: float
    elapsed: float


def main() -> int:
    parser = argparse.ArgumentParser(description="latency, price and loss of process events")
    parser.add_argument("--execs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rate", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        storm = compiled(Path(scratch))
        latency(options.execs)
        price(storm, options.rate, options.seconds)
        loss(storm, options.rate, options.seconds)
    return 0


def compiled(directory: Path) -> Path:
    program = directory / "storm"
    try:
        subprocess.run(["gcc", "-O1", "-pthread", "-xc", "-", "-o", program], input=STORM, text=True, check=True)
    except FileNotFoundError:
        raise SystemExit("gcc is needed for the storm") from None
    return program


def latency(execs: int) -> None:
    spawner = [sys.executable, "-IS", "-c", SPAWNS, str(execs)]
    print(f"exec to drained, {execs} execs, µs\n")
    print("| reader | heard | median | p90 | p99 | max |\n|---|---|---|---|---|---|")
    with ProcessEvents.open() as events:
        show_latency("octotui", read_until_done(events, spawner))
    peer = pyroute2_latencies(spawner)
    if peer is None:
        print("| pyroute2 | not installed | | | | |")
    else:
        show_latency("pyroute2", peer)


def show_latency(name: str, heard: Heard) -> None:
    late = sorted(nanoseconds / 1000 for nanoseconds in heard.execs)
    figures = (statistics.median(late), late[len(late) * 9 // 10], late[len(late) * 99 // 100], late[-1])
    print(f"| {name} | {len(late)} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |", flush=True)


def price(storm: Path, rate: int, seconds: float) -> None:
    times = int(rate * seconds)
    print(f"\nCPU of a reader that polls, storm of {rate}/s for {seconds:.0f} s\n")
    print("| storm | filter | mask | CPU % of a core | µs per storm member | forks heard |\n|---|---|---|---|---|---|")
    for kind in ("processes", "threads"):
        for is_filtered, is_masked in ((True, True), (True, False), (False, True), (False, False)):
            with narrowed(is_filtered, is_masked), ProcessEvents.open() as events:
                heard = read_until_done(events, [str(storm), kind, str(times), str(rate)])
            share = 100 * heard.cpu_seconds / heard.elapsed
            words = (kind, "yes" if is_filtered else "no", "yes" if is_masked else "no", f"{share:.1f}")
            each = 1e6 * heard.cpu_seconds / times
            print(f"| {' | '.join(words)} | {each:.1f} | {heard.forks} of {times} |", flush=True)


@contextmanager
def narrowed(is_filtered: bool, is_masked: bool) -> Iterator[None]:
    """Subscriptions made in here have the filter, the mask, both or neither."""
    with ExitStack() as stack:
        if not is_filtered:
            stack.enter_context(mock.patch.object(event_socket, "_attach", lambda *_: False))
        if not is_masked:
            stack.enter_context(mock.patch.object(ProcessEvents, "_narrow", lambda *_: True))
        yield


def loss(storm: Path, rate: int, seconds: float) -> None:
    print("\nforks never heard of by a reader that stalls every 100 ms, % (overruns)\n")
    print("| storm | stall ms | 0.2 MB | 4 MB | 16 MB |\n|---|---|---|---|---|")
    for name, pace in ((f"{rate}/s", rate), ("flat out", FLAT_OUT)):
        times = int(rate * seconds)
        for stall in (0.25, 0.5):
            cells = []
            for size in (OWN_DEFAULT, 4 << 20, 16 << 20):
                with ProcessEvents.open(buffer_bytes=size) as events:
                    heard = read_until_done(events, [str(storm), "processes", str(times), str(pace)], stall)
                cells.append(f"{100 * (1 - heard.forks / times):.0f} ({heard.overruns})")
            print(f"| {name} | {stall * 1000:.0f} | {' | '.join(cells)} |", flush=True)


def read_until_done(events: ProcessEvents, command: list[str], stall: float = 0.0) -> Heard:
    """What a reader hears of the children of `command` while it runs, and what that costs this process."""
    forks, execs, overruns = 0, list[int](), 0
    ready = select.poll()
    ready.register(events, select.POLLIN)
    child = subprocess.Popen(command)
    mine, begun, before = set[int](), time.monotonic(), cpu_seconds()
    stalled, looked, is_done = begun, 0, False
    while True:
        ready.poll(100)
        heard = events.drain()
        now = time.monotonic_ns()
        overruns += heard.was_lost
        for event in heard.events:
            if event.kind is EventKind.FORK and event.parent_pid == child.pid:
                forks += 1
                mine.add(event.pid)
            elif event.kind is EventKind.EXEC and event.pid in mine:
                execs.append(now - event.monotonic_ns)
        if is_done and not heard.has_more:
            break
        if now - looked > 100_000_000:
            # What was forked before the child ended is in the buffer by then: one more drain finds it.
            looked, is_done = now, child.poll() is not None
        if stall and time.monotonic() - stalled > 0.1:
            time.sleep(stall)
            stalled = time.monotonic()
    return Heard(forks, execs, overruns, cpu_seconds() - before, time.monotonic() - begun)


def pyroute2_latencies(command: list[str]) -> Heard | None:
    try:
        from pyroute2.netlink.connector.cn_proc import ProcEventSocket
    except ImportError:
        return None
    with ProcEventSocket() as events:
        events.bind()
        events.control(listen=True)
        heard = through_pyroute2(events.get, command)
        # Its own way out waits for an answer that the kernel sends to nobody who stopped listening.
        os.write(events.fileno(), request(IGNORE, 0))
    return heard


def through_pyroute2(get: Callable[[], Iterable[object]], command: list[str]) -> Heard:
    """It reads ahead, so that its descriptor cannot be polled: each call waits by itself."""
    execs: list[int] = []
    child = subprocess.Popen(command)
    mine, before, begun = set[int](), cpu_seconds(), time.monotonic()
    while child.returncode is None:
        messages = list(get())
        now = time.monotonic_ns()
        for message in messages:
            fields = dict(message)  # type: ignore[call-overload]
            if fields.get("what") == EventKind.FORK and fields.get("parent_tgid") == child.pid:
                mine.add(fields["child_tgid"])
            elif fields.get("what") == EventKind.EXEC and fields.get("process_tgid") in mine:
                execs.append(now - fields["timestamp_ns"])
            elif fields.get("what") == EventKind.EXIT and fields.get("process_pid") == child.pid:
                child.wait()
    return Heard(len(mine), execs, 0, cpu_seconds() - before, time.monotonic() - begun)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    if os.name != "posix":
        raise SystemExit("Linux alone has process events")
    sys.exit(main())
