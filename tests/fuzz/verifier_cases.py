"""Mutated cores given to the verifier: it refuses in a sentence or calls a core whole that may be called so."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from mutations import CoreMap, Mutation, mutate_core

from octotui.dumps.verifying.verify import verify
from octotui.errors import NotADump
from octotui.text import printable


class Survived(AssertionError):
    """Code under test did what no input may make it do. The words name the case."""


@dataclass(slots=True)
class Figures:
    """What a run of cases came to. `slowest_seconds` is CPU time of one case; `growth_bytes` of the peak memory."""

    cases: int = 0
    refused: int = 0
    accepted: int = 0
    slowest_seconds: float = 0.0
    slowest: str = ""
    growth_bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, seconds: float, *, is_refused: bool) -> None:
        self.cases += 1
        self.refused += is_refused
        self.accepted += not is_refused
        self.kinds[f"{name.partition('-')[0]} {'refused' if is_refused else 'accepted'}"] += 1
        if seconds > self.slowest_seconds:
            self.slowest_seconds, self.slowest = seconds, name


def peak_bytes() -> int:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class CoreFuzzer:
    """Mutates one core in a file of its own, case by case; each case depends on the seed and its number alone."""

    def __init__(self, tool: str, core: Path, directory: Path) -> None:
        self.tool = tool
        self.current = ""
        self._core = core.read_bytes()
        self._places = CoreMap.of(self._core)
        self.path = directory / f"{tool}.mutated"
        self.path.write_bytes(b"")
        self._file = os.open(self.path, os.O_RDWR)
        self._write(0)

    def close(self) -> None:
        os.close(self._file)
        self.path.unlink()

    def mutation(self, seed: int, case: int) -> Mutation:
        return mutate_core(self._core, self._places, Random(f"{seed}:{self.tool}:{case}"))

    def run(self, seed: int, case: int, figures: Figures) -> None:
        """Raises Survived when the verifier calls whole what is not, or what it raises besides refusals.

        `current` names the case in words until it is over.
        """
        mutation = self.mutation(seed, case)
        self.apply(mutation)
        told = self.current = f"{mutation.name} of {self.tool}, seed {seed}, case {case}"
        begun = time.process_time()
        try:
            facts = verify(self.path)
        except NotADump as refusal:
            assert printable(str(refusal)) == str(refusal) != "", told
            figures.count(mutation.name, time.process_time() - begun, is_refused=True)
        else:
            figures.count(mutation.name, time.process_time() - begun, is_refused=False)
            is_fatal = mutation.must_fail or (
                mutation.must_fail_for_createdump and facts.writer.name == "CREATEDUMP" == self.tool[:10].upper()
            )
            if is_fatal:
                raise Survived(f"{told}: it was called whole: {mutation}")
        self.restore(mutation)
        self.current = ""

    def apply(self, mutation: Mutation) -> None:
        """Makes the mutated core stand at `path`."""
        for offset, raw in mutation.patches:
            os.pwrite(self._file, raw, offset)
        if mutation.hole_from is not None:
            os.ftruncate(self._file, mutation.hole_from)
            os.ftruncate(self._file, len(self._core))
        if mutation.length is not None:
            os.ftruncate(self._file, mutation.length)

    def restore(self, mutation: Mutation) -> None:
        """Makes the sound core stand at `path` again."""
        kept = min(mutation.hole_from or len(self._core), len(self._core))
        if mutation.length is not None:
            kept = min(kept, mutation.length)
        os.ftruncate(self._file, kept)
        self._write(kept)
        for offset, raw in mutation.patches:
            whole = self._core[offset : offset + len(raw)]
            os.pwrite(self._file, whole, offset)
        os.ftruncate(self._file, len(self._core))

    def _write(self, start: int) -> None:
        os.pwrite(self._file, self._core[start:], start)
