"""Whether a process of a sample is one that a rule waits for."""

from __future__ import annotations

from octotui.dumps.arming.rule import Whom
from octotui.octopus.rolenames import roles_named
from octotui.processes.filters import NO_FILTER, Facts, Filter, parse_filter
from octotui.processes.model import ProcessInfo, ProcessKey, Sample

MOST_STEPS_UP = 256


class Matcher:
    """Asked of every process of a sample. Raises FilterError for a bad filter."""

    def __init__(self, whom: Whom) -> None:
        self._whom = whom
        self._roles = roles_named(whom.role)
        self._filter: Filter = parse_filter(whom.filter) if whom.filter else NO_FILTER

    @property
    def has_figures(self) -> bool:
        """Whether its filter compares figures, so that a process can come to match at any time."""
        return self._filter.has_figures

    def matches(self, process: ProcessInfo, sample: Sample) -> bool:
        """Whether all that the rule says holds. octotui's own family matches only where it is named by key."""
        whom, key = self._whom, process.key
        if whom.key is not None:
            return key == whom.key
        meaning = sample.meaning(key)
        if meaning.is_own or process.is_kernel or process.state in ("Z", "X"):
            return False
        if whom.name and not _has_name(process, whom.name):
            return False
        if self._roles and meaning.role not in self._roles:
            return False
        facts = Facts(sample.cpu_percent.get(key), sample.snapshot.age_seconds(process))
        if not self._filter.matches(process, meaning, facts):
            return False
        return whom.under is None or is_under(process, whom.under, sample)


def is_under(process: ProcessInfo, ancestor: ProcessKey, sample: Sample) -> bool:
    """Whether `ancestor` is above `process` in the sample; the process itself is not."""
    snapshot, child = sample.snapshot, process
    for _ in range(MOST_STEPS_UP):
        above = snapshot.pids.get(child.parent_pid)
        # A parent that started after its child has the pid of one that is gone.
        if above is None or above.started > child.key.started:
            return False
        if above == ancestor:
            return True
        found = snapshot.processes.get(above)
        if found is None or found.pid == child.pid:
            return False
        child = found
    return False


def _has_name(process: ProcessInfo, wanted: str) -> bool:
    """By the kernel's name, which is cut at fifteen bytes, or the base name of the executable; in any case."""
    name, folded = wanted.lower(), process.name.lower()
    return folded in (name, name[:15]) or process.executable.rpartition("/")[2].lower() == name
