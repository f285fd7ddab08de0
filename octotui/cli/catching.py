"""One rule from arming to report on the command line: samples, news, the line that says what is happening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from octotui.cli import catch_text, output, plan_text
from octotui.cli.interruption import confirmed, signals_as_event
from octotui.cli.waiting import WaitingLine
from octotui.dumps.model import Remark, Severity
from octotui.dumps.targets.waiting import in_thread
from octotui.processes.filters import parse_filter

if TYPE_CHECKING:
    from octotui.dumps.arming.rule import Rule
    from octotui.dumps.arming.state import News, RuleState
    from octotui.dumps.catching.watch import Watch
    from octotui.host import Host
    from octotui.processes.model import Sample

REFUSED = 3
SAMPLE_SECONDS = 1.0
LEAST_SECONDS = 0.2
"""Between two samples where one process after the other is caught."""

IDLE_SECONDS = 10.0
"""Between two samples where nothing depends on them: the sentry tells of what starts."""


async def run(host: Host, rule: Rule, sample: Sample, *, ask: bool, as_json: bool) -> int:
    """Arms `rule`, waits until it is over, reports; returns the exit status. Whatever happens, everything is let go."""
    from octotui.dumps.catching.watch import Watch

    watch = Watch(host.dumps, take_analysis=host.take_analysis)
    try:
        await host.dumps.recover()
        remarks = await watch.preflight(rule, sample)
        if not as_json:
            _print_rule(rule, sample, remarks)
        is_refused = any(remark.severity is Severity.REFUSAL for remark in remarks)
        if ask and not is_refused and not confirmed("Wait for it?"):
            output.line("Nothing was armed.")
            return catch_text.INTERRUPTED
        interrupted = asyncio.Event()
        with signals_as_event(interrupted):
            news = watch.subscribe()
            state = await watch.arm(rule, sample)
            line = WaitingLine(is_silent=as_json)
            if not as_json and watch.reach:
                output.line(f"Note: {watch.reach}")
            narrator = asyncio.create_task(line.tell(news))
            await _until_over(host, watch, state.id, rule, line, interrupted)
            if not interrupted.is_set():
                await _settled(watch, interrupted)
            # What stands still is let go first, then captures are given up, then the sentry ends.
            await watch.disarm(state.id)
            await host.dumps.aclose()
            await watch.aclose()
            await narrator
            line.clear()
        state = next(found for found in watch.rules if found.id == state.id)
        return _report(watch, state, remarks, interrupted=interrupted.is_set(), as_json=as_json)
    finally:
        await watch.aclose()
        await host.dumps.aclose()


def _print_rule(rule: Rule, sample: Sample, remarks: tuple[Remark, ...]) -> None:
    from octotui.dumps.arming.sentence import sentence

    output.line(f"Rule: {sentence(rule, sample)}.")
    for text in catch_text.remark_lines(remarks):
        output.line(text)


async def _until_over(
    host: Host, watch: Watch, rule_id: int, rule: Rule, line: WaitingLine, interrupted: asyncio.Event
) -> None:
    """Takes samples until the rule is over or somebody interrupts; dumps may still be in the making then."""
    caught = asyncio.Event()
    nudger = asyncio.create_task(_nudge(watch.subscribe(), caught))
    try:
        await _sample(host, watch, rule_id, rule, line, interrupted, caught)
    finally:
        nudger.cancel()
        await asyncio.gather(nudger, return_exceptions=True)


async def _nudge(news: AsyncIterator[News], caught: asyncio.Event) -> None:
    async for found in news:
        if found.key is not None:
            caught.set()


async def _sample(
    host: Host,
    watch: Watch,
    rule_id: int,
    rule: Rule,
    line: WaitingLine,
    interrupted: asyncio.Event,
    caught: asyncio.Event,
) -> None:
    reads_all = bool(rule.whom.filter) and parse_filter(rule.whom.filter).has_figures
    clock = asyncio.get_running_loop().time
    seen, sampled = 0, clock()
    while not interrupted.is_set():
        state = _state(watch, rule_id)
        line.show(state, host.dumps.jobs)
        if state.ending is not None:
            return
        await _first_of(SAMPLE_SECONDS, interrupted, caught)
        state = _state(watch, rule_id)
        # What was just caught is looked at in its family: its task and its instance are known by that.
        is_new, seen = state.seen > seen, state.seen
        is_due = clock() - sampled >= (SAMPLE_SECONDS if watch.wants_samples else IDLE_SECONDS)
        if is_due or is_new:
            sampled = clock()
            watch.see(await in_thread(host.read_sample, (), None if reads_all else watch.watched))
        if caught.is_set():
            caught.clear()
            await _first_of(LEAST_SECONDS, interrupted)


async def _first_of(seconds: float, *events: asyncio.Event) -> None:
    """Returns when one of the events is set, or after so long."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def _settled(watch: Watch, interrupted: asyncio.Event) -> None:
    """Waits for the dumps in the making, unless somebody interrupts."""
    tasks = [asyncio.create_task(watch.settle()), asyncio.create_task(interrupted.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _state(watch: Watch, rule_id: int) -> RuleState:
    return next(state for state in watch.rules if state.id == rule_id)


def _report(watch: Watch, state: RuleState, remarks: tuple[Remark, ...], *, interrupted: bool, as_json: bool) -> int:
    results, analyses = watch.results, watch.analyses
    status = catch_text.exit_status(state, results, analyses, interrupted=interrupted)
    if as_json:
        rule = catch_text.rule_document(state, watch.reach, remarks)
        looks = {"analyses": [one.as_json() for one in analyses]} if state.rule.take.has_stacks else {}
        output.write_json({"results": [result.as_json() for result in results], **looks, "rule": rule})
        return status
    for text in (
        *catch_text.analysis_lines(analyses),
        *plan_text.result_lines(results),
        *catch_text.closing_lines(state, interrupted=interrupted),
    ):
        output.line(text)
    return status
