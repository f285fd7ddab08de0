"""An analysis as a text for people: what a support engineer reads first stands first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from octotui.analysis.document import HOLDS, iso
from octotui.analysis.model import Analysis, HostFacts, ProcessAnalysis
from octotui.dotnet.counters.catalogue import CATALOGUE, Unit, scaled
from octotui.dotnet.counters.model import CounterReading
from octotui.dotnet.stacks.hints import hints
from octotui.dotnet.stacks.text import as_text as stacks_text
from octotui.units import bytes_text, percent_text, short_age, short_bytes


def as_text(analysis: Analysis) -> str:
    """The whole analysis; ends with a newline."""
    version = analysis.host.octotui_version
    lines = [
        f"octotui {version} analysis of {iso(analysis.taken_at)}, taken in {analysis.seconds:.1f} s",
        f"It holds {HOLDS}.",
        "",
        _host_line(analysis.host),
        *tasks(analysis.processes),
        "",
        *tree_lines(analysis.processes),
    ]
    if found := list(findings(analysis.processes)):
        lines += ["", "Findings", *(f"  ! {words}" for words in found)]
    for process in analysis.processes:
        if process.is_dotnet:
            lines += ["", "", *process_lines(process)]
    return "\n".join(lines) + "\n"


def process_lines(process: ProcessAnalysis, *, is_whole: bool = False) -> list[str]:
    """One process: its name, then its stacks or why there are none, then its counters."""
    lines = [f"== {title(process)} =="]
    if process.looks:
        lines += stacks_text(process.looks, is_whole=is_whole)
    if process.failure is not None:
        lines.append(f"No{' further' if process.looks else ''} stacks: {process.failure.message}")
        if process.failure.hint:
            lines.append(f"  next step: {process.failure.hint}")
    if process.counters is not None:
        lines += ["", *counter_lines(process.counters)]
    return lines


def title(process: ProcessAnalysis) -> str:
    """`Calamari 14220 · calamari · ServerTasks-826567 · user`."""
    parts = (f"{process.name} {process.key.pid}", process.role, process.task, process.instance, process.user)
    return " · ".join(part for part in parts if part)


def tasks(processes: Iterable[ProcessAnalysis]) -> list[str]:
    """A line with the Octopus tasks that the processes work on; none for none."""
    found = dict.fromkeys(process.task for process in processes if process.task)
    return [f"Octopus task: {', '.join(found)}"] if found else []


def tree_lines(processes: Sequence[ProcessAnalysis]) -> list[str]:
    """A line for each process, indented by its depth."""
    lines = ["Processes"]
    for one in processes:
        cpu = "" if one.cpu_percent is None else f", {percent_text(one.cpu_percent)} % CPU"
        kind = "" if one.is_dotnet else ", not .NET"
        figures = f"{short_bytes(one.rss_bytes)}, {one.threads} threads, {short_age(one.age_seconds)} old{cpu}{kind}"
        lines.append(f"  {'  ' * min(one.depth, 20)}{title(one)}: {figures}")
    return lines


def findings(processes: Iterable[ProcessAnalysis]) -> Iterable[str]:
    """What stands out, with the process that it is about."""
    for process in processes:
        for words in hints(process.looks):
            yield f"{process.name} {process.key.pid}: {words}"
        if process.failure is not None:
            yield f"{process.name} {process.key.pid}: {process.failure.message}"


def counter_lines(reading: CounterReading) -> list[str]:
    """The counters that are worth showing, one a line."""
    lines = [f"Counters over {reading.interval_seconds:.1f} s"]
    for counter in CATALOGUE:
        value = scaled(counter, reading.values, reading.interval_seconds)
        if value is not None:
            lines.append(f"  {counter.label:<22} {value_text(value, counter.unit)}")
    return lines


def value_text(value: float, unit: Unit) -> str:
    """`158 MB`, `1.2 MB/s`, `3.5 %`, `12`."""
    match unit:
        case Unit.BYTES:
            return bytes_text(round(value))
        case Unit.BYTES_PER_SECOND:
            return f"{bytes_text(round(value))}/s"
        case Unit.PERCENT:
            return f"{value:.1f} %"
        case Unit.PER_SECOND:
            return f"{value:.1f}/s"
    return f"{value:.0f}"


def _host_line(host: HostFacts) -> str:
    load = " ".join(f"{figure:.2f}" for figure in host.load)
    parts = (
        host.name, host.system, host.kernel, host.architecture, f"{host.processors} processors",
        bytes_text(host.memory_bytes), f"load {load}", f"as {host.user}",
    )  # fmt: skip
    return "Host: " + " · ".join(part for part in parts if part)
