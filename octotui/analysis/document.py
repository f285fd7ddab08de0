"""An analysis as a JSON document for tools. Field names end in their unit, times are ISO 8601 UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from octotui.analysis.model import Analysis, HostFacts, ProcessAnalysis
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.stacks.comparing import compare
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.model import Look, OtherThread, ThreadLook
from octotui.errors import OctotuiError

HOLDS = "names of threads and methods, sizes and times; no arguments, no environment, no values"


def as_document(analysis: Analysis) -> dict[str, Any]:
    """The document without its `schema`, which whoever prints it puts first."""
    return {
        "taken_at": iso(analysis.taken_at),
        "seconds": round(analysis.seconds, 3),
        "holds": HOLDS,
        "host": _host(analysis.host),
        "processes": [_process(process) for process in analysis.processes],
    }


def iso(seconds: float) -> str:
    """Seconds since the epoch as 2026-11-26T02:10:00.123Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _host(host: HostFacts) -> dict[str, Any]:
    return {
        "name": host.name,
        "system": host.system,
        "kernel": host.kernel,
        "architecture": host.architecture,
        "processors": host.processors,
        "memory_bytes": host.memory_bytes,
        "load": [round(figure, 2) for figure in host.load],
        "octotui_version": host.octotui_version,
        "user": host.user,
    }


def _process(process: ProcessAnalysis) -> dict[str, Any]:
    return {
        "pid": process.key.pid,
        "started": process.key.started,
        "depth": process.depth,
        "name": process.name,
        "role": process.role,
        "task": process.task,
        "instance": process.instance,
        "version": process.version,
        "user": process.user,
        "state": process.state,
        "age_seconds": round(process.age_seconds, 1),
        "threads": process.threads,
        "cpu_percent": None if process.cpu_percent is None else round(process.cpu_percent, 1),
        "rss_bytes": process.rss_bytes,
        "dotnet": process.is_dotnet,
        "looks": [look_document(look) for look in process.looks],
        "courses": _courses(process.looks),
        "hints": list(hints(process.looks)),
        "counters": None if process.counters is None else counters_document(process.counters),
        "error": None if process.failure is None else _error(process.failure),
    }


def _error(failure: OctotuiError) -> dict[str, str]:
    return {"code": failure.code, "message": failure.message, "hint": failure.hint}


def look_document(look: Look) -> dict[str, Any]:
    """One look; frames are the innermost first."""
    return {
        "taken_at": iso(look.taken_at),
        "seconds": round(look.seconds, 4),
        "runtime": {"version": look.runtime.version, "arch": look.runtime.arch, "rid": look.runtime.rid},
        "stops": {
            "count": look.stops.count,
            "median_seconds": round(look.stops.median_seconds, 7),
            "longest_seconds": round(look.stops.longest_seconds, 7),
            "total_seconds": round(look.stops.total_seconds, 7),
        },
        "lost_events": look.lost_events,
        "unnamed_frames": look.unnamed_frames,
        "remarks": list(look.remarks),
        "threads": [_thread(thread) for thread in look.threads],
        "other_threads": [_other(thread) for thread in look.others],
    }


def counters_document(reading: CounterReading) -> dict[str, Any]:
    """A reading, with the runtime's own names and units."""
    values: Mapping[str, float] = reading.values
    return {
        "taken_at": iso(reading.taken_at),
        "interval_seconds": round(reading.interval_seconds, 3),
        "values": {name: round(value, 3) for name, value in sorted(values.items())},
    }


def _thread(thread: ThreadLook) -> dict[str, Any]:
    return {
        "id": thread.id or None,
        "own_id": thread.own_id,
        "name": thread.name,
        "state": thread.state,
        "activity": thread.activity.value,
        "samples": thread.samples,
        "managed_samples": thread.managed_samples,
        "stacks_seen": thread.stacks_seen,
        "cpu_seconds": None if thread.cpu_seconds is None else round(thread.cpu_seconds, 2),
        "is_cut": thread.is_cut,
        "frames": [{"module": one.module, "method": one.method, "kind": one.kind.value} for one in thread.frames],
    }


def _other(thread: OtherThread) -> dict[str, Any]:
    return {"id": thread.id, "own_id": thread.own_id, "name": thread.name, "state": thread.state}


def _courses(looks: Sequence[Look]) -> list[dict[str, Any]]:
    return [
        {
            "thread_id": one.thread.id or None,
            "own_id": own_id,
            "course": one.course.value,
            "cpu_seconds": None if one.cpu_seconds is None else round(one.cpu_seconds, 2),
            "words": one.words,
        }
        for own_id, one in compare(looks).items()
    ]
