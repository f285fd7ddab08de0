"""Stacks that rules order: taken by a port, written down, and told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.tally import Outcome
from octotui.dumps.catching.capturing import GONE, NO_ROOM, Settled, lives
from octotui.dumps.catching.faces import Faces
from octotui.dumps.catching.port import TakeAnalysis
from octotui.dumps.model import Target
from octotui.dumps.results import AnalysisResult, Failure, JobState
from octotui.errors import OctotuiError, Refused, is_disk_full
from octotui.processes.model import ProcessKey
from octotui.text import printable


class Looking:
    """`keep` gets each result that is worth to be kept. Without `take` no rule that wants stacks can be armed."""

    def __init__(self, take: TakeAnalysis | None, faces: Faces, keep: Callable[[AnalysisResult], None]) -> None:
        self._take = take
        self._faces = faces
        self._keep = keep

    @property
    def is_possible(self) -> bool:
        return self._take is not None

    async def look(self, rule: Rule, key: ProcessKey, on_step: Callable[[str], None]) -> Settled:
        """Takes the stacks of one process. However that goes, the rule is told in a sentence."""
        sample = self._faces.sample_with(key)
        if sample is None or self._take is None:
            return Settled(Outcome.GONE, "it ended before its stacks could be taken")
        target, began = self._faces.target(key), time.monotonic()
        try:
            files = await self._take(sample, key, rule.destination, on_step)
        except asyncio.CancelledError:
            self._keep(_failed(target, JobState.CANCELLED, began, Failure("cancelled", "octotui ended")))
            raise
        except OctotuiError as error:
            return self._refused(target, rule, began, error)
        except OSError as error:
            words = f"its stacks could not be written ({(error.strerror or 'unknown error').lower()})"
            hint = "choose another --output DIR"
            self._keep(_failed(target, JobState.FAILED, began, Failure("write", words, hint)))
            return Settled(Outcome.LEFT if is_disk_full(error) else Outcome.FAILED, words, hint)
        except Exception as error:  # noqa: BLE001 what one process brings about ends its look, not the rule
            words = (
                f"octotui made a mistake when it took its stacks ({type(error).__name__}: {printable(str(error), 200)})"
            )
            self._keep(_failed(target, JobState.FAILED, began, Failure("internal", words)))
            return Settled(Outcome.FAILED, words)
        # A sample that came meanwhile shows its family, by which its task is known.
        target, seconds = self._faces.target(key), time.monotonic() - began
        self._keep(AnalysisResult(target, JobState.FINISHED, files.text, files.document, seconds))
        return Settled(Outcome.CAPTURED, f"stacks of {target.label or target.name} ({key.pid}) are in {files.text}")

    def _refused(self, target: Target, rule: Rule, began: float, error: OctotuiError) -> Settled:
        key = target.key
        if error.code in GONE or not lives(key):
            return Settled(Outcome.GONE, "it ended before its stacks could be taken")
        if error.code == "not-dotnet" and rule.whom.key is None:
            return Settled(Outcome.PASSED, "it is not a .NET process")
        outcome = JobState.REFUSED if isinstance(error, Refused) else JobState.FAILED
        self._keep(_failed(target, outcome, began, Failure(error.code, error.message, error.hint)))
        return Settled(Outcome.LEFT if error.code in NO_ROOM else Outcome.FAILED, error.message, error.hint)


def _failed(target: Target, outcome: JobState, began: float, failure: Failure) -> AnalysisResult:
    return AnalysisResult(target, outcome, seconds=time.monotonic() - began, failure=failure)
