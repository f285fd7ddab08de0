"""One armed rule: what it caught, what shall happen to each, and when it is over. Pure: time is handed in."""

from __future__ import annotations

from octotui.dumps.arming.capturesteps import due
from octotui.dumps.arming.conditions import Conditions
from octotui.dumps.arming.decisions import Decision, Disarm, Release, Say, Trace
from octotui.dumps.arming.holdsteps import look_is_over, looked_at
from octotui.dumps.arming.rule import Rule
from octotui.dumps.arming.state import Ending, News, RuleState, Stage
from octotui.dumps.arming.tally import STAGE_OF, Outcome, Tally
from octotui.dumps.arming.track import ASKED, HoldPhase, Track
from octotui.dumps.arming.words import early_end, ending_words, summary
from octotui.dumps.model import Severity
from octotui.octopus.rolenames import PROGRAMS
from octotui.processes.model import ProcessKey

MOST_FAILURES = 5
"""So many in a row, and the next will not do better."""

PATIENCE_SECONDS = 10.0
"""In which the news of a tracer arrive after its process ended."""


class ArmedRule:
    """Every method takes the time in monotonic seconds and returns what shall be done."""

    def __init__(self, id: int, rule: Rule, sentence: str, now: float, *, has_figures: bool = False) -> None:
        """`has_figures`: its filter compares figures, which only samples can tell."""
        self.id = id
        self.rule = rule
        self.tracks: dict[ProcessKey, Track] = {}
        self.tally = Tally()
        self.ending: Ending | None = None
        self._has_figures = has_figures
        self._sentence = sentence
        self._armed_at = now
        self.series: ProcessKey | None = None
        self._closes_when_idle = False

    @property
    def traces_at_start(self) -> bool:
        """Whether a process is to be traced the moment it is caught, without a condition before that."""
        return self.rule.when.at_exit and not self.waits_for_condition

    @property
    def waits_for_condition(self) -> bool:
        """Whether running processes count too, since what it waits for can come about at any time."""
        return self.rule.when.has_trigger or self.rule.when.after_seconds > 0 or self._has_figures

    @property
    def taken(self) -> int:
        """What the rule's count counts so far: dumps, or looks where no dump is wanted."""
        return self.tally.dumps if self.rule.take.has_dump else self.tally.looks

    @property
    def state(self) -> RuleState:
        return self.tally.state(self.id, self.rule, self._armed_at, self._sentence, self.ending, self.tracks.values())

    def catch(
        self, key: ProcessKey, name: str, role: str, now: float, *, born: float, is_ready: bool, is_held: bool = False
    ) -> list[Decision]:
        """A process that the rule waits for is there. Repeats say nothing new."""
        if self.ending is not None or key in self.tally:
            return [Release(self.id, key)] if is_held and key not in self.tracks else []
        track = self.tracks.get(key)
        if track is not None:
            # A shell that became the program keeps its key.
            track.name, track.role = name or track.name, role or track.role
            return []
        self.tally.seen += 1
        track = Track(self.id, key, name, role, Conditions(self.rule.when, born), Stage.STARTING, now)
        track.is_ready = is_ready
        track.is_expected = role in PROGRAMS or bool(self.rule.whom.name or self.rule.whom.key)
        self.tracks[key] = track
        found: list[Decision] = [self.say(f"Caught {name} {key.pid}", key)]
        if is_held:
            return found + looked_at(self, track, now, is_early=not is_ready)
        return found + self.advance(track, now)

    def advance(self, track: Track, now: float) -> list[Decision]:
        """What is due for one process now."""
        if self.ending is not None or not track.is_open or track.is_at_work or track.has_ended:
            return []
        if track.stage is Stage.TRACED or track.hold in ASKED:
            return []
        if track.hold is HoldPhase.LOOK:
            if now < track.look_until:
                return []
            found = look_is_over(self, track, now)
            return found if found else self.advance(track, now)
        if self.traces_at_start:
            # The sentry hands a new process to a tracer by itself; one that runs already has to be named to it.
            return [Trace(self.id, track.key)] if self._is_asked_for_once(track, now) else []
        if not track.is_ready:
            track.move(Stage.STARTING, now, "its runtime is not ready yet")
            return []
        if not track.was_due and not track.conditions.are_met(now):
            track.move(Stage.WAITING, now, track.conditions.missing(now))
            return []
        track.was_due = True
        if self.rule.when.at_exit:
            return [Trace(self.id, track.key)] if self._is_asked_for_once(track, now) else []
        return due(self, track, now)

    def _is_asked_for_once(self, track: Track, now: float) -> bool:
        if track.was_asked_for:
            return False
        track.was_asked_for = True
        track.move(Stage.STARTING, now, "a tracer takes hold of it")
        return self.rule.whom.key is not None or self.waits_for_condition

    def ready(self, key: ProcessKey, now: float) -> list[Decision]:
        """Its runtime is ready."""
        track = self.tracks.get(key)
        if track is None or track.is_ready:
            return []
        track.is_ready = True
        return self.advance(track, now)

    def settled(
        self, key: ProcessKey, outcome: Outcome, now: float, note: str = "", exit_status: int | None = None
    ) -> list[Decision]:
        """What this rule ordered of a process, or its tracer made, is over: its dump, or its stacks if that is all."""
        track = self.tracks.get(key)
        if track is None:
            return []
        found: list[Decision] = [Release(self.id, key)] if track.has_to_be_released else []
        track.hold = HoldPhase.DONE if track.hold is not HoldPhase.NONE else HoldPhase.NONE
        track.exit_status = track.exit_status if exit_status is None else exit_status
        if outcome is Outcome.CAPTURED:
            track.taken += 1
            track.was_looked_at = False
            self.tally.dumps += self.rule.take.has_dump
            is_series = self.rule.every_seconds is not None and self.taken < self.rule.count
            if is_series and not track.has_ended and self.ending is None:
                track.move(Stage.WAITING, now, f"{track.taken} of {self.rule.count} {self._made}")
                said = self.say(f"{track.name} {key.pid}: {track.note}", key)
                return [*found, said, *self.advance(track, now)]
        is_look = outcome is Outcome.CAPTURED and not self.rule.take.has_dump
        stage = Stage.LOOKED if is_look else STAGE_OF[outcome]
        return [*found, *self.close(track, stage, note, now=now), *self.go_on(now)]

    @property
    def _made(self) -> str:
        return "dumps are made" if self.rule.take.has_dump else "looks are taken"

    def ended(self, key: ProcessKey, now: float, exit_status: int | None = None) -> list[Decision]:
        """It has ended. A capture or a tracer at work on it tells by itself what came of that."""
        track = self.tracks.get(key)
        if track is None or track.has_ended:
            return []
        track.has_ended = True
        track.exit_status = track.exit_status if exit_status is None else exit_status
        if track.is_at_work or self._is_traced(track):
            track.next_at = now + PATIENCE_SECONDS
            return []
        return [*self.close(track, *early_end(track, self.rule.take), now=now), *self.go_on(now)]

    def close(self, track: Track, stage: Stage, note: str = "", *, now: float) -> list[Decision]:
        """Counts a process out, says so, and ends the rule where that was the last."""
        track.move(stage, now, note)
        del self.tracks[track.key]
        self.tally.close(track)
        is_harmless = stage in (Stage.CAPTURED, Stage.LOOKED, Stage.PASSED) or (
            stage is Stage.LEFT and self.ending is not None
        )
        severity = Severity.NOTICE if is_harmless else Severity.WARNING
        words = f"{track.name} {track.key.pid}: {stage.value}" + (f", {note}" if note else "")
        return [self.say(words, track.key, severity), *self._perhaps_over(track, now)]

    def _perhaps_over(self, track: Track, now: float) -> list[Decision]:
        if self.ending is not None:
            return []
        if self.taken >= self.rule.count:
            return self.end(Ending.COUNT, now)
        if self.tally.failures_in_a_row >= MOST_FAILURES:
            return self.end(Ending.ERROR, now)
        if self.rule.whom.key == track.key or self.series == track.key:
            return self.end(Ending.ERROR if track.stage is Stage.FAILED else Ending.GONE, now)
        return self.end(Ending.GONE, now) if self._closes_when_idle and not self.tracks else []

    def go_on(self, now: float) -> list[Decision]:
        """What is due for any of its processes, and by the clock."""
        timeout = self.rule.timeout_seconds
        if self.ending is None and timeout is not None and now >= self._armed_at + timeout:
            return self.end(Ending.TIME, now)
        found: list[Decision] = []
        for track in [t for t in self.tracks.values() if t.has_ended and not t.is_at_work and now >= t.next_at]:
            found += self.close(track, *early_end(track, self.rule.take), now=now) if track.key in self.tracks else []
        for track in list(self.tracks.values()):
            found += self.advance(track, now)
        return found

    def ancestor_gone(self, now: float) -> list[Decision]:
        """The process below which it waits has ended: nothing new can come."""
        self._closes_when_idle = True
        return [] if self.tracks or self.ending is not None else self.end(Ending.GONE, now)

    def end(self, ending: Ending, now: float) -> list[Decision]:
        """The rule is over: what stands still is let go, traces end; what is being taken is finished."""
        if self.ending is not None:
            return []
        self.ending = ending
        found: list[Decision] = [Disarm(self.id)]
        why = ending_words(ending, self.rule)
        for track in list(self.tracks.values()):
            if track.is_at_work:
                continue
            found += [Release(self.id, track.key)] if track.has_to_be_released else []
            missing = f" ({track.note})" if track.stage is Stage.WAITING and track.note else ""
            found += self.close(track, Stage.LEFT, why + missing, now=now)
        severity = Severity.WARNING if ending is Ending.ERROR else Severity.NOTICE
        return [*found, self.say(f"Rule {self.id} is over ({why}): {summary(self.state)}", None, severity)]

    def _is_traced(self, track: Track) -> bool:
        return self.rule.when.at_exit and (self.traces_at_start or track.was_due)

    def next_look(self, now: float) -> float | None:
        """When the clock may bring something, in monotonic seconds: after `now`, if `go_on` was asked at that time."""
        if self.ending is not None and not self.tracks:
            return None
        times: list[float] = []
        if self.ending is None and self.rule.timeout_seconds is not None:
            times.append(self._armed_at + self.rule.timeout_seconds)
        times += [moment for track in self.tracks.values() if (moment := self._moment(track)) is not None]
        # What is past waits for something else than the clock: for room, say.
        return min((at for at in times if at > now), default=None)

    def _moment(self, track: Track) -> float | None:
        if track.has_ended and not track.is_at_work:
            return track.next_at
        if track.hold is HoldPhase.LOOK:
            return track.look_until
        if track.stage is Stage.WAITING and track.is_ready:
            return track.next_at if track.taken else track.conditions.age_at if not track.was_due else None
        return None

    def say(
        self, text: str, key: ProcessKey | None = None, severity: Severity = Severity.NOTICE, hint: str = ""
    ) -> Say:
        """Something to tell people about this rule."""
        return Say(News(severity, text, hint, self.id, key))
