"""One capture from plan to result on the command line, with its interruption by signals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from octotui.cli import output, plan_text, progress
from octotui.cli.interruption import confirmed, signals_as_event
from octotui.dumps.model import DumpPlan, DumpRequest, Severity
from octotui.dumps.results import DumpResult, Job

if TYPE_CHECKING:
    from octotui.dumps.service import DumpService
    from octotui.host import Host
    from octotui.processes.model import Sample

REFUSED = 3
INTERRUPTED = 130


async def run(host: Host, request: DumpRequest, sample: Sample, *, dry_run: bool, ask: bool, as_json: bool) -> int:
    """Plans, asks, captures and reports; returns the exit status. Whatever happens, no target stays paused."""
    service = host.dumps
    try:
        if not dry_run:
            await service.recover()
        plan = await service.plan(request, sample)
        if not as_json:
            _print(plan_text.plan_lines(plan))
        if dry_run:
            if as_json:
                output.write_json(plan_text.plan_document(plan))
            return REFUSED if plan.is_refused else 0
        if plan.is_refused:
            return _report_refusal(plan, sample, as_json)
        if ask and not confirmed("Capture now?"):
            output.line("Nothing was captured.")
            return INTERRUPTED
        return await _captured(service, plan, sample, as_json)
    finally:
        await service.aclose()


def _report_refusal(plan: DumpPlan, sample: Sample, as_json: bool) -> int:
    if as_json:
        general = next((remark for remark in plan.of(Severity.REFUSAL) if remark.key is None), None)
        results = plan_text.refused_results(plan, sample)
        document: dict[str, object] = {"results": [result.as_json() for result in results]}
        if general is not None:
            document["error"] = {"code": general.code, "message": general.message, "hint": general.hint}
        output.write_json(document)
    else:
        output.line("Refused: nothing was captured and no process was touched.")
    return REFUSED


async def _captured(service: DumpService, plan: DumpPlan, sample: Sample, as_json: bool) -> int:
    interrupted = asyncio.Event()
    with signals_as_event(interrupted):
        changes = service.subscribe()
        jobs = service.submit(plan)
        narrator = asyncio.create_task(progress.narrate(changes, len(jobs), quiet=as_json))
        stopper = asyncio.create_task(_cancel_on(interrupted, service, jobs))
        results = await service.wait(jobs)
        stopper.cancel()
        await service.aclose()
        await asyncio.gather(narrator, stopper, return_exceptions=True)
    return _report(plan_text.refused_results(plan, sample) + results, interrupted.is_set(), as_json)


async def _cancel_on(interrupted: asyncio.Event, service: DumpService, jobs: tuple[Job, ...]) -> None:
    await interrupted.wait()
    for job in jobs:
        service.cancel(job.id)


def _report(results: tuple[DumpResult, ...], interrupted: bool, as_json: bool) -> int:
    status = plan_text.exit_status(results, interrupted=interrupted)
    if as_json:
        output.write_json({"results": [result.as_json() for result in results]})
    else:
        _print(plan_text.result_lines(results))
    return status


def _print(lines: list[str]) -> None:
    for text in lines:
        output.line(text)
