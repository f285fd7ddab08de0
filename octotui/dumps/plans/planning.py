"""From a request to a plan: who is captured, in which order, by what, at what price, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from octotui.dotnet import runtime
from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.backends.base import Availability, Backend
from octotui.dumps.backends.registry import AUTO, chosen_backends
from octotui.dumps.estimating.history import History
from octotui.dumps.estimating.surroundings import Surroundings
from octotui.dumps.keeping.limits import Limits
from octotui.dumps.keeping.records import parsed_time
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, LeftOut, Remark, Severity, Step, Target
from octotui.dumps.plans.choices import passed_over
from octotui.dumps.plans.costs import Costs, preferred, refused_medium
from octotui.dumps.plans.destination import look_at_destination
from octotui.dumps.plans.preflight import SERVER, TENTACLE, refusal_of, remarks_of
from octotui.dumps.plans.together import in_order
from octotui.dumps.rights import Rights, read_rights
from octotui.dumps.staged.journal import Entry, Journal
from octotui.errors import ProcessGone
from octotui.processes.forest import Forest, children_first
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample
from octotui.units import seconds_text

UnderWay = Mapping[ProcessKey, str]
"""Processes that are being captured already, and by whom in words."""

_LAST = {TENTACLE: 1, SERVER: 2}


def plan(
    request: DumpRequest,
    sample: Sample,
    *,
    backends: Sequence[Backend],
    store: Store,
    history: History,
    inspect: Callable[[ProcessKey], RuntimeFacts] = runtime.inspect,
    rights: Rights | None = None,
    under_way: UnderWay | None = None,
    limits: Limits | None = None,
    surroundings: Surroundings | None = None,
) -> DumpPlan:
    """The plan for `request`. Reads `/proc` and the file system, changes nothing; blocks for milliseconds a process.

    Leaves come first, the Tentacle and then the Server last. Raises UsageError for a backend that does not exist.
    """
    rights = rights or read_rights()
    chosen = in_order(chosen_backends(request.backend, backends), request)
    others = tuple(backend for backend in backends if backend not in chosen)
    known = {key: _captured_by(entry) for key, entry in Journal(store.jobs).under_way().items()}
    costs = Costs(request, store, history, rights, surroundings)
    draft = _Draft(request, sample, chosen, others, costs, inspect, rights, {**known, **(under_way or {})})
    forest = Forest.of(sample.snapshot.processes.values())
    for key in _ordered(forest, request, sample):
        draft.consider(key)
    draft.drop_needless_refusals(forest)
    destination = request.destination.absolute() if request.destination else store.directory
    place = look_at_destination(destination, store, draft.steps, rights, limits)
    steps = tuple(step for step in draft.steps if step.target.key not in place.unplaced)
    unplaced = [LeftOut(s.target, place.unplaced[s.target.key]) for s in draft.steps if s.target.key in place.unplaced]
    notices = [_sensitive()] if steps else []
    return DumpPlan(
        request=request,
        steps=steps,
        left_out=(*draft.left_out, *unplaced),
        remarks=(*draft.remarks, *place.remarks, *notices),
        destination=destination,
        free_bytes=place.free_bytes,
    )


def target_of(process: ProcessInfo, meaning: Meaning) -> Target:
    """Whom a step captures, as the sample shows it."""
    return Target(
        key=process.key,
        name=process.name,
        command=process.command,
        user=process.user,
        uid=process.uid,
        role=meaning.role,
        label=meaning.label,
        task=meaning.task,
        instance=meaning.instance,
        version=meaning.version,
    )


def _ordered(forest: Forest, request: DumpRequest, sample: Sample) -> list[ProcessKey]:
    keys = children_first(forest, dict.fromkeys(request.keys))
    return sorted(keys, key=lambda key: _LAST.get(sample.meaning(key).role, 0))


@dataclass(slots=True)
class _Verdict:
    """A process that gets no step: why it is left out, and the refusal when it was wanted all the same."""

    reason: str
    code: str
    hint: str = ""


class _Draft:
    """A plan in the making."""

    def __init__(
        self,
        request: DumpRequest,
        sample: Sample,
        chosen: Sequence[Backend],
        others: Sequence[Backend],
        costs: Costs,
        inspect: Callable[[ProcessKey], RuntimeFacts],
        rights: Rights,
        under_way: UnderWay,
    ) -> None:
        self._request = request
        self._sample = sample
        self._chosen = chosen
        self._others = others
        self._costs = costs
        self._inspect = inspect
        self._rights = rights
        self._under_way = under_way
        self.steps: list[Step] = []
        self.left_out: list[LeftOut] = []
        self.remarks: list[Remark] = []

    def consider(self, key: ProcessKey) -> None:
        """Adds a step for `key`, or says why it gets none."""
        process = self._sample.process(key)
        if process is None:
            self._leave_out(
                Target(key, f"pid {key.pid}"), _Verdict("it has ended", "process-gone", "look at the tree again")
            )
            return
        meaning = self._sample.meaning(key)
        target = target_of(process, meaning)
        verdict = self._verdict(process, meaning)
        if verdict is not None:
            self._leave_out(target, verdict)
            return
        try:
            facts = self._inspect(key)
        except ProcessGone as error:
            self._leave_out(target, _Verdict("it has ended", error.code, "look at the tree again"))
            return
        if facts.kind is RuntimeKind.NONE:
            hint = f"its .NET descendants can be captured: octotui dump --tree {key.pid}"
            self._leave_out(target, _Verdict("it is not a .NET process", "not-dotnet", hint))
            return
        if facts.kind is RuntimeKind.UNKNOWN and meaning.dotnet is not True and key not in self._request.explicit:
            self.left_out.append(LeftOut(target, facts.unreadable or "it cannot be looked into"))
            return
        refusal = refusal_of(facts, target, self._rights)
        if refusal is not None:
            self.remarks.append(refusal)
            return
        self._add_step(target, facts)

    def _verdict(self, process: ProcessInfo, meaning: Meaning) -> _Verdict | None:
        key = process.key
        is_named = key in self._request.explicit
        if key not in self._sample.snapshot.processes or process.state in "ZX":
            return _Verdict("it has ended", "process-gone", "look at the tree again")
        if process.is_kernel:
            return _Verdict("it is a thread of the kernel", "not-dotnet", "choose a .NET process")
        if meaning.is_own and not is_named:
            return _Verdict("octotui itself runs in it", "own-family", "name its pid to capture it all the same")
        if key in self._under_way:
            hint = "wait until that capture is over, or cancel it"
            return _Verdict(f"it is being captured already: {self._under_way[key]}", "under-way", hint)
        return None

    def _leave_out(self, target: Target, verdict: _Verdict) -> None:
        self.left_out.append(LeftOut(target, verdict.reason))
        if target.key in self._request.explicit or verdict.code == "under-way":
            message = f"process {target.key.pid} ({target.name}) cannot be captured: {verdict.reason}"
            self.remarks.append(Remark(Severity.REFUSAL, verdict.code, message, verdict.hint, target.key))

    def _add_step(self, target: Target, facts: RuntimeFacts) -> None:
        # Neither has a runtime that createdump could ask what belongs into less than everything.
        is_full_only = facts.kind is RuntimeKind.SINGLE_FILE or facts.waits_at_start
        type = DumpType.FULL if is_full_only else self._request.type
        probes = [(backend, backend.probe(facts, type)) for backend in self._chosen]
        winner = preferred(probes, self._costs.why_not_by_target(facts, type))
        if winner is None:
            self.remarks.append(_no_backend(target, probes))
            return
        backend, found = winner.backend, winner.found
        type = found.type or type
        cost = self._costs.of(facts, type, backend.name)
        if cost.medium.is_refused:
            self.remarks.append(refused_medium(target, cost.medium))
            return
        step = Step(
            target=target,
            backend=backend.name,
            reason=found.reason if self._request.backend == AUTO else f"it was asked for; {found.reason}",
            type=type,
            estimate=cost.estimate,
            facts=facts,
            passed_over=tuple(passed_over(winner, probes, self._others, self._request)),
            medium=cost.medium.medium,
            medium_reason=cost.medium.reason,
            is_portable=backend.is_portable,
        )
        self.steps.append(step)
        self.remarks.extend(remarks_of(step, self._request.type, self._costs.surroundings))

    def drop_needless_refusals(self, forest: Forest) -> None:
        """A process that is not .NET was named for its tree when something below it gets a step: no refusal then."""
        above = {ancestor for step in self.steps for ancestor in forest.ancestors(step.target.key)}
        self.remarks = [r for r in self.remarks if not (r.code == "not-dotnet" and r.key in above)]


def _no_backend(target: Target, probes: Sequence[tuple[Backend, Availability]]) -> Remark:
    reasons = "; ".join(f"{backend.name}: {found.reason}" for backend, found in probes)
    hint = next((found.hint for _, found in probes if found.hint), f"octotui doctor {target.key.pid}")
    message = f"no backend can capture process {target.key.pid} ({target.name}): {reasons}"
    return Remark(Severity.REFUSAL, "no-backend", message, hint, target.key)


def _captured_by(entry: Entry) -> str:
    began = parsed_time(entry.record.get("captured_at"))
    seconds = (datetime.now(UTC) - began).total_seconds() if began else 0.0
    return f"octotui {entry.owner_pid} captures it" + (f" since {seconds_text(seconds)}" if seconds > 0 else "")


def _sensitive() -> Remark:
    return Remark(
        Severity.NOTICE,
        "sensitive",
        "a dump holds everything its process knows: variables, passwords, certificates; nothing is uploaded by octotui",
        "send it only where support asked for it, and remove it afterwards: octotui dumps remove NAME",
    )
