"""Captures with a createdump that is started directly: for a stopped or stuck target."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

from octotui.dotnet.access import Identity
from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.backends import advice, sandbox
from octotui.dumps.backends.base import Availability, Capture
from octotui.dumps.backends.hosttools import HostTool, host_tools
from octotui.dumps.backends.launching import ENVIRONMENT, confirmed, run_tool, start
from octotui.dumps.backends.toolhelp import Whom, knows_single_file, whom
from octotui.dumps.commands import as_root
from octotui.dumps.model import DumpType
from octotui.dumps.rights import Rights
from octotui.dumps.verifying.writers import Writer
from octotui.errors import CaptureFailed
from octotui.text import printable

OPTIONS = {DumpType.MINI: "-n", DumpType.HEAP: "-h", DumpType.TRIAGE: "-t", DumpType.FULL: "-u"}
WITHOUT_LIBRARIES = ("-u", "--singlefile")
"""Everything readable is written, so createdump asks no library of the target what to write: it loads none."""


class _Way(NamedTuple):
    """Which createdump would be started, and how; or why none."""

    tool: str
    options: tuple[str, ...]
    available: Availability


class CreatedumpBackend:
    """Runs with the rights of the target's user and no more.

    octotui run as root starts no createdump that another user could have changed: then one of the host does it, in
    full and without a library of the target, or nobody does. Even with the rights of its user the program of a target
    must not be lifted out of what confines the target. For the same reason a createdump of root itself, which opens
    the library beside the runtime that the target's memory names, is held in mounts where only root's files can run.
    """

    name = "createdump"
    title = "createdump, started directly"
    writer = Writer.CREATEDUMP
    is_portable = True
    is_on_request = False
    needs = "a createdump beside the process's runtime, the same files as octotui, and the right to trace it"
    does = "captures a process that is stopped or whose runtime does not answer"

    def __init__(
        self,
        rights: Rights,
        stand_ins: Callable[[], Sequence[HostTool]] = host_tools,
        why_no_sandbox: Callable[[], str] = sandbox.why_not,
    ) -> None:
        self._rights = rights
        self._stand_ins = stand_ins
        self._why_no_sandbox = why_no_sandbox

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        return self._way(facts, type).available

    async def run(self, capture: Capture) -> None:
        def begin(log: int) -> subprocess.Popen[bytes]:
            way = self._way(confirmed(capture, self.probe), capture.type)
            if not way.available.ok:
                raise CaptureFailed(way.available.reason, hint=way.available.hint, code="changed")
            command = [way.tool, *way.options, "-f", capture.template, str(capture.facts.key.pid)]
            if not self._is_anothers(capture.facts) or self._why_no_sandbox():
                return start(command, capture, self._rights, log)
            directory = os.path.dirname(os.path.realpath(way.tool))
            return start(command, capture, self._rights, log, _inside(directory), programs=(directory,))

        await run_tool(self.name, capture, begin)

    def _way(self, facts: RuntimeFacts, type: DumpType) -> _Way:
        """Its order is the order of the reasons: what a person could not change stands first."""
        obstacle = self._obstacle(facts)
        flaw = self._flaw_of_own(facts)
        stand_in = None
        if flaw is not None and (obstacle is None or flaw.is_final):
            stand_in = self._stand_in(facts)
            if stand_in is None:
                return _Way("", (), Availability(False, flaw.reason, flaw.hint))
        if obstacle is not None:
            return _Way("", (), obstacle)
        if flaw is None and self._is_anothers(facts) and (why := self._why_no_sandbox()):
            return self._way_without_sandbox(facts, type, why)
        if flaw is None:
            assert facts.createdump is not None
            whose = "as root, from files that only root can change" if facts.uid == 0 else f"as uid {facts.uid}"
            found = Availability(True, f"the createdump of its own runtime can be started {whose}")
            return _Way(facts.createdump.reachable, (OPTIONS[type],), found)
        assert stand_in is not None
        reason = f"{flaw.reason}; {stand_in.path} can write all of it without opening a library of its own"
        found = Availability(True, reason, type=_unless_full(type))
        return _Way(stand_in.path, WITHOUT_LIBRARIES, found)

    def _way_without_sandbox(self, facts: RuntimeFacts, type: DumpType, why: str) -> _Way:
        """The library that the target's memory names could be anybody's: a way that opens none, or no way."""
        assert facts.createdump is not None
        reason = f"createdump could not be kept from loading what the process names ({why})"
        own = facts.createdump.reachable
        stand_in = None if knows_single_file(own) else self._stand_in(facts)
        tool = stand_in.path if stand_in else own
        if not stand_in and not knows_single_file(own):
            return _Way("", (), Availability(False, reason, advice.by_its_runtime(facts)))
        reason = f"{reason}; {tool} can write all of it without opening a library of its own"
        return _Way(tool, WITHOUT_LIBRARIES, Availability(True, reason, type=_unless_full(type)))

    def _is_anothers(self, facts: RuntimeFacts) -> bool:
        """Whether root acts for another user here. What a process of root names, root could start as well."""
        return self._rights.is_root and facts.uid != 0

    def _obstacle(self, facts: RuntimeFacts) -> Availability | None:
        if not facts.same_mounts:
            return Availability(False, "it sees other files than octotui (container, chroot or private mounts)")
        if not self._rights.may_act_for(facts.uid):
            return Availability(False, f"it runs as uid {facts.uid}", as_root("dump", str(facts.key.pid)))
        denial, hint = self._rights.why_not_trace(facts.uid, is_child_of_target=False)
        return Availability(False, denial, hint) if denial else None

    def _flaw_of_own(self, facts: RuntimeFacts) -> _Flaw | None:
        tool = facts.createdump
        if tool is None:
            return _Flaw("there is no createdump beside its runtime", is_final=True)
        version = printable(facts.version, 40)
        if not facts.same_mounts:
            return None
        dumped = whom(tool.reachable, facts.version)
        if dumped is Whom.ITS_PARENT:
            named = f"the createdump of .NET {version}" if version else "its createdump"
            return _Flaw(f"{named} only dumps the process that starts it", is_final=True)
        if not tool.is_runnable:
            return _Flaw(f"its createdump cannot be run ({tool.problem})", advice.run_bits(tool))
        if dumped is Whom.UNKNOWN:
            return _Flaw("its createdump does not say whom it would dump", is_final=True)
        if self._rights.is_root and tool.untrusted:
            where = printable(tool.untrusted)
            return _Flaw(
                f"someone other than root can change {where}, and root starts nothing that others can change",
                advice.trust(facts, tool.untrusted),
            )
        return None

    def _stand_in(self, facts: RuntimeFacts) -> HostTool | None:
        who = Identity(facts.uid, facts.gid, facts.groups, overrides_modes=facts.uid == 0)
        return next((tool for tool in self._stand_ins() if not tool.why_not_for(who)), None)


def _unless_full(type: DumpType) -> DumpType | None:
    return None if type is DumpType.FULL else DumpType.FULL


def _inside(directory: str) -> dict[str, str]:
    """The environment in the sandbox: with no `/proc/self` to ask, the loader cannot find a library beside its tool."""
    has_list_of_one = not set(directory) & set(":;$")
    return {**ENVIRONMENT, "LD_LIBRARY_PATH": directory} if has_list_of_one else dict(ENVIRONMENT)


class _Flaw(NamedTuple):
    """Why the createdump of the target's own runtime is not started; `is_final` when nobody could mend it."""

    reason: str
    hint: str = ""
    is_final: bool = False
