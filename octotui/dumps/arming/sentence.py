"""A rule as one sentence: "the next Calamari below Tentacle 812: captured when its runtime is ready, once"."""

from __future__ import annotations

from octotui.dumps.arming.rule import Rule, Take, When
from octotui.octopus.rolenames import label_of
from octotui.processes.filters import parse_filter
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable
from octotui.units import bytes_text, seconds_text

_LONGEST = 60
_DONE = {Take.DUMP: "captured", Take.STACKS: "asked for its stacks", Take.BOTH: "asked for its stacks and captured"}


def sentence(rule: Rule, sample: Sample | None = None) -> str:
    """The rule in words; `sample` names the processes that it names by key. Raises FilterError for a bad filter."""
    return f"{_whom(rule, sample)}: {_hold(rule)}{_when(rule)}, {_how_often(rule)}"


def named(key: ProcessKey, sample: Sample | None) -> str:
    """`Tentacle 812`, or `process 812` where the sample does not know it."""
    process = sample.process(key) if sample is not None else None
    if process is None or sample is None:
        return f"process {key.pid}"
    return f"{sample.meaning(key).label or printable(process.name, _LONGEST)} {key.pid}"


def _whom(rule: Rule, sample: Sample | None) -> str:
    whom = rule.whom
    if whom.key is not None:
        return named(whom.key, sample)
    kind = label_of(whom.role) if whom.role else "process"
    counts_running = rule.when.has_trigger or rule.when.after_seconds > 0
    words = f"a {kind}, running or new" if counts_running else f"the next {kind}"
    if whom.name:
        words += f' named "{printable(whom.name, _LONGEST)}"'
    if whom.filter:
        words += f" {parse_filter(whom.filter).explanation}"
    if whom.under is not None:
        words += f" below {named(whom.under, sample)}"
    return words


def _hold(rule: Rule) -> str:
    if not rule.hold:
        return ""
    at_once = not (rule.when.has_trigger or rule.when.after_seconds > 0)
    when = "the moment it is caught" if at_once else "the moment its condition is met"
    let_go = "" if rule.take.has_dump else "let go and "
    return f"held {when}, for {seconds_text(rule.hold_seconds)} at most, then {let_go}"


def _when(rule: Rule) -> str:
    conditions = conditions_words(rule.when)
    if rule.when.at_exit:
        traced = f", traced once {conditions}" if conditions else ""
        return f"captured at its end, {'whatever its status' if rule.any_status else 'if it fails'}{traced}"
    return f"{_DONE[rule.take]} when {conditions or 'its runtime is ready'}"


def conditions_words(when: When) -> str:
    """What has to hold, in words; "" when only the runtime has to be ready."""
    parts = []
    if when.after_seconds > 0:
        parts.append(f"it is {seconds_text(when.after_seconds)} old")
    if when.cpu_percent is not None:
        lasting = f" for {seconds_text(when.cpu_seconds)}" if when.cpu_seconds > 0 else ""
        parts.append(f"it takes {when.cpu_percent:g} % of a core{lasting}")
    if when.rss_bytes is not None:
        parts.append(f"its memory is {bytes_text(when.rss_bytes)}")
    if when.threads is not None:
        parts.append(f"it has {when.threads} threads")
    if when.quiet_seconds is not None:
        parts.append(f"it has done nothing for {seconds_text(when.quiet_seconds)}")
    return " and ".join(parts)


def _how_often(rule: Rule) -> str:
    times = {1: "once", 2: "twice"}.get(rule.count, f"{rule.count} times")
    if rule.every_seconds is not None and rule.count > 1:
        times += f", every {seconds_text(rule.every_seconds)}"
    if rule.timeout_seconds is not None:
        times += f", within {seconds_text(rule.timeout_seconds)}"
    return times
