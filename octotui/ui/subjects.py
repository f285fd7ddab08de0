"""Whom a rule could wait for, seen from the process under the cursor: the answers that the form offers."""

from __future__ import annotations

from octotui.dumps.arming.matching import MOST_STEPS_UP
from octotui.dumps.arming.rule import Whom
from octotui.octopus.rolenames import SERVICES, label_of
from octotui.octopus.vocabulary import Role
from octotui.processes.model import ProcessInfo, ProcessKey, Sample
from octotui.text import printable
from octotui.ui.drafts import Choosable
from octotui.ui.lines.jobs import target_name

_LONGEST = 40

_BY_FILTER = Choosable("any process that the filter finds", Whom(), is_service=True)


def is_service(sample: Sample, key: ProcessKey) -> bool:
    """Whether it is a Tentacle or a Server, which everybody feels when it stands still."""
    return sample.meaning(key).role in SERVICES


def shown_name(sample: Sample, key: ProcessKey) -> str:
    """`Calamari 14220`: by its badge where it is one of Octopus, else by its own name."""
    process = sample.process(key)
    return target_name(process.name if process else "process", key.pid)


def choosable(sample: Sample, key: ProcessKey | None) -> tuple[Choosable, ...]:
    """The answers for the process `key`, the most useful first; the last one is the process itself, while it runs.

    Without a process they are what can be waited for on any host.
    """
    process = sample.process(key) if key is not None else None
    if key is None or process is None:
        return (*_pair("the next Calamari", Whom(role=Role.CALAMARI), None, sample), _BY_FILTER)
    anchor = _anchor(sample, key)
    answers: list[Choosable] = []
    for role in _roles(sample, key):
        answers += _pair(f"the next {label_of(role)}", Whom(role=role), anchor, sample, is_service=role in SERVICES)
    if not answers:
        answers += _pair(_named(process), Whom(name=process.name), anchor, sample)
    if anchor is not None:
        answers.append(Choosable(f"any process below {shown_name(sample, anchor)}", Whom(under=anchor)))
    answers.append(_BY_FILTER)
    if key in sample.snapshot.processes:
        words = f"this process itself: {shown_name(sample, key)}"
        answers.append(Choosable(words, Whom(key=key), is_service(sample, key)))
    return tuple(answers)


def _roles(sample: Sample, key: ProcessKey) -> tuple[str, ...]:
    """The roles that are worth waiting for: what has no runtime, or runs all the time, stands for its Calamari."""
    meaning = sample.meaning(key)
    if meaning.role in ("", Role.NONE):
        return ()
    if meaning.role in SERVICES:
        return (Role.CALAMARI,)
    own = Role.CALAMARI if meaning.role == Role.CALAMARI_LEGACY else meaning.role
    return (own,) if meaning.dotnet or own == Role.CALAMARI else (Role.CALAMARI, own)


def _anchor(sample: Sample, key: ProcessKey) -> ProcessKey | None:
    """The Tentacle or Server that the process belongs to: itself, or the nearest above it that runs.

    Those in between may have ended, as the process itself: a Calamari that was too short is watched for from its ghost.
    """
    ghosts = {ghost.pid: ghost for ghost in sample.ghosts}
    one: ProcessKey | None = key
    for _ in range(MOST_STEPS_UP):
        process = sample.process(one) if one is not None else None
        if one is None or process is None:
            return None
        if is_service(sample, one) and one in sample.snapshot.processes:
            return one
        above = sample.snapshot.pids.get(process.parent_pid) or ghosts.get(process.parent_pid)
        # A parent that started after its child has the pid of one that is gone.
        one = above if above is not None and above.started <= one.started else None
    return None


def _pair(
    words: str, whom: Whom, anchor: ProcessKey | None, sample: Sample, *, is_service: bool = False
) -> list[Choosable]:
    """Below the anchor, where there is one, and on the whole host."""
    everywhere = Choosable(f"{words} on this host", whom, is_service)
    if anchor is None:
        return [everywhere]
    below = Whom(whom.role, whom.filter, whom.name, under=anchor)
    return [Choosable(f"{words} below {shown_name(sample, anchor)}", below, is_service), everywhere]


def _named(process: ProcessInfo) -> str:
    return f'the next "{printable(process.name, _LONGEST)}"'
