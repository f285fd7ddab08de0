"""The long run: every fuzzer over many cases, with the figures. `make fuzz CASES=10000 SEED=1`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from parser_cases import CHECKS, check, inputs, nasty_inputs
from real_cores import make_cores
from secret_cases import check_secret
from secret_grammar import Case, cases
from session_cases import SessionFuzzer
from socket_cases import SocketFuzzer
from stream_cases import StreamFuzzer
from verifier_cases import CoreFuzzer, Figures, peak_bytes

PARTS = ("verifier", "socket", "sessions", "streams", "parsers", "redactor")
LONGEST_CPU_SECONDS = 2.0
"""CPU time that the verifier, a reader or the redactor may spend on one case."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the parts and prints their figures. Exits 1 when a case was too slow; a failed case raises, named before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--case", type=int, help="this case of the verifier, the socket client, the sessions or the streams only"
    )
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--cores", type=Path, help="keep the cores here, and use those that are here already")
    given_ = parser.parse_args(arguments)
    numbers = range(given_.cases) if given_.case is None else range(given_.case, given_.case + 1)
    is_slow = False
    print(f"seed {given_.seed}, {len(numbers)} cases of each part", flush=True)
    with tempfile.TemporaryDirectory(prefix="oct-") as scratch:
        for part in [given_.only] if given_.only else PARTS:
            figures, begun, peak = Figures(), time.monotonic(), peak_bytes()
            if part == "verifier":
                _verifier(given_.seed, numbers, figures, given_.cores or Path(scratch), Path(scratch))
            elif part == "socket":
                asyncio.run(_spoken(part, SocketFuzzer(Path(scratch)), given_.seed, numbers, figures))
            elif part == "sessions":
                asyncio.run(_spoken(part, SessionFuzzer(Path(scratch)), given_.seed, numbers, figures))
            elif part == "streams":
                _streams(given_.seed, numbers, figures)
            elif part == "parsers":
                _parsers(given_.seed, given_.cases, figures, Path(scratch))
            else:
                _redactor(given_.seed, given_.cases, figures)
            figures.growth_bytes = peak_bytes() - peak
            _print(part, figures, time.monotonic() - begun)
            is_slow |= part not in ("socket", "sessions") and figures.slowest_seconds > LONGEST_CPU_SECONDS
    return int(is_slow)


def _verifier(seed: int, numbers: range, figures: Figures, cores: Path, scratch: Path) -> None:
    """The cases are shared out among the cores: case N is of core N modulo their number."""
    cores.mkdir(exist_ok=True)
    found, missing = make_cores(cores)
    for name, reason in missing.items():
        print(f"verifier: no core of {name}: {reason}")
    fuzzers = [CoreFuzzer(name, path, scratch) for name, path in found.items()]
    for number in numbers:
        fuzzer = fuzzers[number % len(fuzzers)]
        with _naming(fuzzer, f"--only verifier --seed {seed} --case {number} --cores {cores}"):
            fuzzer.run(seed, number, figures)
    for fuzzer in fuzzers:
        fuzzer.close()


async def _spoken(part: str, fuzzer: SocketFuzzer | SessionFuzzer, seed: int, numbers: range, figures: Figures) -> None:
    for number in numbers:
        with _naming(fuzzer, f"--only {part} --seed {seed} --case {number}"):
            await fuzzer.run(seed, number, figures)


def _streams(seed: int, numbers: range, figures: Figures) -> None:
    fuzzer = StreamFuzzer()
    for number in numbers:
        with _naming(fuzzer, f"--only streams --seed {seed} --case {number}"):
            fuzzer.run(seed, number, figures)


@contextmanager
def _naming(fuzzer: CoreFuzzer | SocketFuzzer | SessionFuzzer | StreamFuzzer, replay: str) -> Iterator[None]:
    """Says which case failed and how to run it again, whatever was raised."""
    is_over = False
    try:
        yield
        is_over = True
    finally:
        if not is_over:
            print(f"FAILED: {fuzzer.current}\nagain: python tests/fuzz/long_run.py {replay}", file=sys.stderr)


def _parsers(number: int, count: int, figures: Figures, scratch: Path) -> None:
    for name, raw in nasty_inputs():
        _timed(figures, name, partial(check, name, raw, scratch))
    for name in CHECKS:
        _parser(name, number, max(1, count // len(CHECKS)), figures, scratch)


def _parser(name: str, number: int, count: int, figures: Figures, scratch: Path) -> None:
    @seed(number)
    @_settings(count)
    @given(inputs(name))
    def run(raw: bytes) -> None:
        _timed(figures, name, partial(check, name, raw, scratch))

    run()


def _redactor(number: int, count: int, figures: Figures) -> None:
    @seed(number)
    @_settings(count)
    @given(cases)
    def run(case: Case) -> None:
        _timed(figures, case.argv[0], partial(check_secret, case))

    run()


def _settings(count: int) -> settings:
    return settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck), print_blob=True,
    )  # fmt: skip


def _timed(figures: Figures, name: str, work: Callable[[], None]) -> None:
    begun = time.process_time()
    work()
    figures.count(name, time.process_time() - begun, is_refused=False)


def _print(part: str, figures: Figures, seconds: float) -> None:
    outcome = (
        f"{figures.refused} refused, {figures.accepted} accepted"
        if part in ("verifier", "socket", "sessions", "streams")
        else "0 failures"
    )
    slowest = f"slowest {figures.slowest_seconds:.3f} s ({figures.slowest})"
    grown = f"peak memory grew by {figures.growth_bytes / (1 << 20):.0f} MiB"
    print(f"{part}: {figures.cases} cases in {seconds:.0f} s, {outcome}, {slowest}, {grown}", flush=True)
    if part == "verifier":
        print("  " + ", ".join(f"{kind} {count}" for kind, count in sorted(figures.kinds.items())))


if __name__ == "__main__":
    sys.exit(main())
