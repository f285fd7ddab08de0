"""Whom a rule means, made ready once so that asking it of a process that has just execed takes microseconds."""

from __future__ import annotations

import pwd
import re
from dataclasses import replace

from octotui.dumps.sentry.glance import Glance
from octotui.dumps.sentry.kinfolk import finding_in_family, is_under
from octotui.dumps.sentry.orders import Arm, Unusable
from octotui.octopus.rolenames import roles_named
from octotui.octopus.roles import LABELS, Role, RoleFinding
from octotui.octopus.tasks import first_work_directory, task_of_command, task_of_ticket
from octotui.processes.filters import Filter, FilterError, parse_filter
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey
from octotui.processes.terms import Comparison, Word

SERVICES = frozenset({Role.TENTACLE, Role.SERVER})
"""What is never held unless the person said so: while it stands still its whole host is deaf."""

_OF_FAMILY = frozenset({Role.TOOL, Role.USER_COMMAND, Role.EXEC_CONTAINER, Role.SSH_SESSION, Role.BOOTSTRAP})
_LATER = frozenset({Role.SSH_SESSION})
_HOST = re.compile(r"dotnet|mono.*|(?:ba|da|a|k|z)?sh|python.*|pypy.*|pwsh|node|java|setsid|nohup|sudo|env")
"""Programs that are what they were told to run: their name alone says nothing."""


class Matcher:
    """The condition of one rule. `own` is octotui with those above it, who are never meant.

    `is_open`: its filter compares figures that no process has at its exec; whoever captures asks it again later.
    Raises Unusable for a role or filter that makes no sense, or that the moment of the exec cannot answer.
    """

    def __init__(self, order: Arm, own: frozenset[ProcessKey]) -> None:
        about = {"id": order.id}
        if not (order.role or order.filter or order.name or order.under or order.key):
            raise Unusable(
                "a rule needs to say whom it waits for", code="no-whom", hint="--role calamari, for one", about=about
            )
        self._roles = _roles(order.role, about)
        self._name = order.name.lower()
        self._under = order.under
        self._key = order.key
        self._own = own
        wanted = _filter(order.filter, about)
        self.is_open = wanted.has_figures
        if self.is_open and (order.hold or order.at_exit):
            raise Unusable(
                f"the filter {order.filter!r} compares figures that no process has at its start, where it would be"
                " held or traced",
                code="filter-too-early",
                hint="leave cpu, mem, age and threads out of the filter, or --hold and --at-exit",
                about=about,
            )
        self._filter = _without_figures(wanted)
        words = [term for group in self._filter.groups for term in group if isinstance(term, Word)]
        self._needs_family = any(word.field in ("role", "task") for word in words)
        self._needs_user = any(word.field == "user" for word in words)

    def matches(self, glance: Glance) -> bool:
        """Whether the process is meant, as far as it can be told at its exec. Total."""
        if self._key is not None:
            return glance.key == self._key
        if self._name and glance.name.lower() != self._name and self._name not in glance.programs:
            return False
        if self._roles and not self._has_role(glance):
            return False
        if not self._filter.is_empty and not self._passes(glance):
            return False
        if self._under is not None and not is_under(glance.key, glance.parent_pid, self._under):
            return False
        return not self._is_own(glance)

    def could_have_meant(self, glance: Glance) -> bool:
        """Whether a zombie whose command line is gone, and that `matches` took for none, may still have been one."""
        if self._key is not None or glance.command:
            return False
        is_by_words_alone = not (self._roles or self._name)
        return is_by_words_alone or _HOST.fullmatch(glance.name.lower()) is not None

    def _has_role(self, glance: Glance) -> bool:
        finding = glance.finding
        if finding.is_settled or not self._roles & _OF_FAMILY:
            return finding.role in self._roles
        return finding_in_family(glance).role in self._roles

    def _passes(self, glance: Glance) -> bool:
        info = glance.info
        if self._needs_user:
            info = replace(info, user=_user(info.uid))
        finding = finding_in_family(glance) if self._needs_family else glance.finding
        is_sure = self._needs_family or finding.is_settled
        return self._filter.matches(info, _meaning(info, finding if is_sure else RoleFinding(Role.NONE)))

    def _is_own(self, glance: Glance) -> bool:
        """octotui, those above it, and tools that capture: to hold those would be to hold up octotui itself."""
        finding = glance.finding
        return glance.key in self._own or (finding.role is Role.NONE and finding.is_settled)


def _roles(slug: str, about: dict[str, int]) -> frozenset[Role]:
    if not slug:
        return frozenset()
    roles = frozenset(Role(found) for found in roles_named(slug))
    if not roles and slug != Role.NONE:
        raise Unusable(
            f"there is no role {slug!r}", code="role", hint=f"one of {', '.join(sorted(Role))}", about=about
        ) from None
    if roles <= _LATER:
        raise Unusable(
            f"the role {slug!r} is known by what a process starts later, not at its own start",
            code="role-too-early",
            hint="name it by --filter or --name",
            about=about,
        )
    return roles


def _filter(text: str, about: dict[str, int]) -> Filter:
    try:
        return parse_filter(text)
    except FilterError as error:
        raise Unusable(error.message, code="filter", hint=error.hint, about=about) from error


def _without_figures(wanted: Filter) -> Filter:
    """What of a filter can be asked at an exec: the groups in which nothing is compared."""
    groups = tuple(group for group in wanted.groups if not any(isinstance(term, Comparison) for term in group))
    return Filter(wanted.text, groups)


def _meaning(info: ProcessInfo, finding: RoleFinding) -> Meaning:
    task = task_of_command(info.argv)
    if not task and (work := first_work_directory(info.argv)) is not None:
        task = task_of_ticket(work.ticket)
    if finding.role is Role.NONE:
        return Meaning(task=task)
    return Meaning(role=finding.role.value, label=LABELS[finding.role], task=task, command=finding.command)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)
