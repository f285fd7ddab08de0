"""Ends octotui at random moments of a capture and counts what is not as promised: `python benchmarks/kill.py [KILLS]
[SEED]`.

Real .NET targets run across all kills. Four of five ends are SIGKILL, the others SIGTERM and SIGHUP in turns. Half of
the moments are drawn over the whole length of a capture; the others wait for a phase (staging opened, first byte,
whole, moved, recorded, digested) and fall within milliseconds of it, as those phases are too short to be met by
chance. After each, `octotui dumps` is started as a person would, until nothing is left to settle; after one of three
the first of them is killed too. What is there then is compared with what other eyes saw before. Exits with 1 when a
figure is not 0.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "real"))

from dotnet_targets import DotnetTarget
from survival import PHASES, Findings, Scene

BACKENDS = ("ipc", "createdump")
BALLAST_MB = (50, 90, 150)
AIMED = PHASES[1:-1]
NEAR_SECONDS = 0.02
OTHER_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
RECOVERIES_KILLED = 0.33
"""The share of ends after which the first recovery is killed as well."""

EARLIEST = 0.2
"""The share of a capture's length that is Python's own start, in which nothing has begun."""


def length_of_capture(target: DotnetTarget, backend: str, home: Path) -> float:
    """Seconds of a whole `octotui dump`, start and end included."""
    scene = Scene(home / "length", target)
    scene.start_dump(backend)
    scene.process.wait()
    seconds = time.monotonic() - scene.began
    if not any(record.get("sha256") for _, record in scene.records()):
        raise SystemExit(f"{backend}: a capture that nobody disturbs does not finish")
    shutil.rmtree(home / "length")
    return seconds


def wait_for_moment(scene: Scene, moment: str | float, chance: random.Random) -> None:
    """Until `moment`: seconds since the start, or the name of a phase and some milliseconds more."""
    if isinstance(moment, str):
        scene.wait_for(moment)
        time.sleep(chance.uniform(0, NEAR_SECONDS) * chance.random())
    else:
        time.sleep(max(0.0, scene.began + moment - time.monotonic()))


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chance = random.Random(seed)
    fell: Counter[tuple[str, str]] = Counter()
    ends: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    recoveries = 0
    with tempfile.TemporaryDirectory(prefix="octotui-kill-", dir="/var/tmp") as place, ExitStack() as stack:
        home = Path(place)
        targets = [stack.enter_context(DotnetTarget.start(ballast_mb=size)) for size in BALLAST_MB]
        lengths = {(t, b): length_of_capture(targets[t], b, home) for t in range(len(targets)) for b in BACKENDS}
        for number in range(kills):
            backend, chosen = BACKENDS[number % 2], chance.randrange(len(targets))
            sign = OTHER_SIGNALS[number // 5 % 2] if number % 5 == 4 else signal.SIGKILL
            length = lengths[chosen, backend]
            moment = chance.choice(AIMED) if number // 2 % 2 else chance.uniform(EARLIEST, 1.02) * length
            scene = Scene(home / f"state-{number}", targets[chosen])
            scene.start_dump(backend)
            wait_for_moment(scene, moment, chance)
            phase = scene.end(sign)
            was_begun = bool(scene.entries())
            if chance.random() < RECOVERIES_KILLED:
                scene.kill_recovery(chance.uniform(0.1, 0.5))
                recoveries += 1
            found = scene.judge(was_begun)
            fell[backend, phase] += 1
            signals[sign.name] += 1
            ends[next((str(record.get("outcome")) for _, record in scene.records()), "nothing begun or cancelled")] += 1
            for part in fields(Findings):
                totals[part.name] += bool(getattr(found, part.name))
            for sentence in found.all:
                print(f"kill {number} (seed {seed}, {backend}, {sign.name}, {phase}): {sentence}", flush=True)
            shutil.rmtree(scene.state, ignore_errors=True)
    print(f"{kills} ends of octotui over targets of {', '.join(map(str, BALLAST_MB))} MB, seed {seed}")
    print(
        "signals: "
        + ", ".join(f"{name} {count}" for name, count in sorted(signals.items()))
        + f"; recoveries killed {recoveries}"
    )
    print(f"{'phase of the end':<20}" + "".join(f"{backend:>12}" for backend in BACKENDS))
    for phase in PHASES:
        print(f"{phase:<20}" + "".join(f"{fell[backend, phase]:>12}" for backend in BACKENDS))
    print("became of them: " + ", ".join(f"{name} {count}" for name, count in sorted(ends.items())))
    for part in fields(Findings):
        print(f"{part.name.replace('_', ' '):<20}{totals[part.name]:>12}   goal 0")
    if totals.total():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
