"""Planning: the order, the choice of a backend, what is left out, refused and warned about, without a real target."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dump_doubles import ScriptedBackend, facts_of, info, sample_of

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.backends.base import Availability
from octotui.dumps.backends.createdump import CreatedumpBackend
from octotui.dumps.backends.ipc import IpcBackend
from octotui.dumps.backends.toolhelp import Whom
from octotui.dumps.commands import as_root, as_user
from octotui.dumps.disk.filesystems import file_system_of
from octotui.dumps.estimating.estimates import needed_bytes
from octotui.dumps.estimating.history import Entry, History, device_name
from octotui.dumps.keeping.store import Store
from octotui.dumps.model import DumpPlan, DumpRequest, DumpType, Severity
from octotui.dumps.plans.planning import plan
from octotui.dumps.plans.together import NOT_NEEDED
from octotui.dumps.rights import Rights
from octotui.errors import ProcessGone, UsageError
from octotui.processes.model import Meaning, ProcessInfo, ProcessKey, Sample

SERVER, TENTACLE, BASH, CALAMARI, PWSH = (ProcessKey(pid, pid) for pid in (100, 110, 120, 130, 140))
MEANINGS = {
    SERVER: Meaning(role="server", label="Server", dotnet=True),
    TENTACLE: Meaning(role="tentacle-service", label="Tentacle", dotnet=True),
    BASH: Meaning(role="task-bootstrap", label="bootstrap", dotnet=False),
}
TREE = sample_of(
    info(SERVER, 1, "Octopus.Server"),
    info(TENTACLE, 100, "Tentacle"),
    info(BASH, 110, "bash"),
    info(CALAMARI, 120, "Calamari"),
    info(PWSH, 130, "pwsh"),
    meanings=MEANINGS,
)
ME = Rights(os.geteuid(), os.getegid())


class Planner:
    """Plans over made-up facts: .NET unless a test says otherwise."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory / "dumps")
        self.backends: tuple[ScriptedBackend, ...] = (ScriptedBackend("ipc"), ScriptedBackend("createdump"))
        self.facts: dict[ProcessKey, RuntimeFacts | ProcessGone] = {BASH: facts_of(BASH, kind=RuntimeKind.NONE)}
        self.history = History()
        self.rights = ME
        self.under_way: dict[ProcessKey, str] = {}

    def inspect(self, key: ProcessKey) -> RuntimeFacts:
        found = self.facts.get(key, facts_of(key))
        if isinstance(found, ProcessGone):
            raise found
        return found

    def __call__(self, *keys: ProcessKey, sample: Sample = TREE, named: bool = False, **options: Any) -> DumpPlan:
        request = replace(DumpRequest(keys, frozenset(keys) if named else frozenset()), **options)
        return plan(
            request,
            sample,
            backends=self.backends,
            store=self.store,
            history=self.history,
            inspect=self.inspect,
            rights=self.rights,
            under_way=self.under_way,
        )


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)


def refusals(made: DumpPlan) -> list[str]:
    return [remark.code for remark in made.of(Severity.REFUSAL)]


def codes(made: DumpPlan, severity: Severity) -> set[str]:
    return {remark.code for remark in made.of(severity)}


def pids(made: DumpPlan) -> list[int]:
    return [step.target.key.pid for step in made.steps]


def test_leaves_come_first_and_the_services_last(planner: Planner) -> None:
    made = planner(SERVER, TENTACLE, BASH, CALAMARI, PWSH)
    assert pids(made) == [140, 130, 110, 100]
    assert not made.is_refused
    assert made.captures_a_server


def test_tentacle_comes_after_its_elders_too(planner: Planner) -> None:
    deep = ProcessKey(150, 150)
    sample = sample_of(info(TENTACLE, 1), info(deep, 110), meanings=MEANINGS)
    assert pids(planner(TENTACLE, deep, sample=sample)) == [150, 110]


def test_process_that_is_not_dotnet_is_left_out_with_the_reason(planner: Planner) -> None:
    made = planner(BASH, CALAMARI)
    assert [(out.target.key, out.reason) for out in made.left_out] == [(BASH, "it is not a .NET process")]
    assert refusals(made) == []


def test_named_process_that_is_not_dotnet_is_refused_unless_its_tree_has_some(planner: Planner) -> None:
    alone = planner(BASH, named=True)
    assert refusals(alone) == ["not-dotnet"]
    assert alone.is_refused
    assert "octotui dump --tree 120" in alone.of(Severity.REFUSAL)[0].hint
    with_tree = planner(BASH, CALAMARI, named=True)
    assert refusals(with_tree) == []
    assert pids(with_tree) == [130]


def test_first_backend_that_can_is_chosen_and_the_others_are_explained(planner: Planner) -> None:
    made = planner(CALAMARI)
    assert made.steps[0].backend == "ipc"
    assert [(p.backend, p.reason) for p in made.steps[0].passed_over] == [("createdump", NOT_NEEDED)]
    planner.backends[0].available = Availability(False, "its socket is gone")
    made = planner(CALAMARI)
    assert made.steps[0].backend == "createdump"
    assert [(p.backend, p.reason) for p in made.steps[0].passed_over] == [("ipc", "its socket is gone")]


def test_no_backend_is_a_refusal_with_every_reason_and_a_fix(planner: Planner) -> None:
    planner.backends[0].available = Availability(False, "its socket is gone")
    planner.backends[1].available = Availability(False, "not executable", "sudo chmod a+x createdump")
    made = planner(CALAMARI, named=True)
    (refusal,) = made.of(Severity.REFUSAL)
    assert "ipc: its socket is gone; createdump: not executable" in refusal.message
    assert refusal.hint == "sudo chmod a+x createdump"
    assert made.is_refused


def test_named_backend_is_used_or_refused_never_replaced(planner: Planner) -> None:
    assert planner(CALAMARI, backend="createdump").steps[0].backend == "createdump"
    planner.backends[1].available = Availability(False, "no")
    assert planner(CALAMARI, backend="createdump").is_refused
    with pytest.raises(UsageError) as wrong:
        planner(CALAMARI, backend="gcore")
    assert "auto, ipc, createdump" in wrong.value.hint


def test_single_file_program_gets_a_full_dump_and_the_reason(planner: Planner) -> None:
    planner.facts[CALAMARI] = facts_of(CALAMARI, kind=RuntimeKind.SINGLE_FILE, createdump=None)
    made = planner(CALAMARI, type=DumpType.HEAP)
    assert made.steps[0].type is DumpType.FULL
    assert "full-only" in codes(made, Severity.NOTICE)


def test_octotuis_own_family_is_captured_only_when_named(planner: Planner) -> None:
    sample = sample_of(info(CALAMARI), meanings={CALAMARI: Meaning(role="calamari", is_own=True, dotnet=True)})
    made = planner(CALAMARI, sample=sample)
    assert made.steps == ()
    assert made.left_out[0].reason == "octotui itself runs in it"
    assert pids(planner(CALAMARI, sample=sample, named=True)) == [130]


@pytest.mark.parametrize("named", [True, False])
def test_process_that_ended_is_left_out_or_refused_when_named(planner: Planner, named: bool) -> None:
    gone, zombie, ended = (ProcessKey(pid, pid) for pid in (900, 901, 902))
    planner.facts[ended] = ProcessGone("process 902 has ended")
    sample = sample_of(info(zombie, state="Z"), info(ended), info(CALAMARI))
    made = planner(gone, zombie, ended, CALAMARI, sample=sample, named=named)
    assert pids(made) == [130]
    assert {out.target.key for out in made.left_out} == {gone, zombie, ended}
    assert refusals(made) == (["process-gone"] * 3 if named else [])


def test_process_that_is_being_captured_is_refused(planner: Planner) -> None:
    planner.under_way = {CALAMARI: "job 3 of this octotui captures it since 4.0 s"}
    made = planner(CALAMARI)
    assert refusals(made) == ["under-way"]
    assert "job 3 of this octotui" in made.of(Severity.REFUSAL)[0].message


def test_other_users_process_needs_sudo_and_says_so(planner: Planner) -> None:
    planner.rights = Rights(1000, 1000)
    planner.facts[CALAMARI] = facts_of(CALAMARI, uid=998)
    (refusal,) = planner(CALAMARI).of(Severity.REFUSAL)
    assert refusal.code == "other-user"
    assert refusal.hint == as_root("dump", "130")


def test_tracer_is_named(planner: Planner) -> None:
    planner.facts[CALAMARI] = facts_of(CALAMARI, state="t", tracer_pid=77, tracer_name="gdb")
    (refusal,) = planner(CALAMARI).of(Severity.REFUSAL)
    assert refusal.code == "traced"
    assert "gdb (pid 77)" in refusal.message


def test_unreadable_process_is_refused_when_it_is_known_for_dotnet(planner: Planner) -> None:
    planner.facts[CALAMARI] = facts_of(CALAMARI, kind=RuntimeKind.UNKNOWN, unreadable="maps cannot be read")
    assert refusals(planner(CALAMARI)) == ["unreadable"]
    sample = sample_of(info(CALAMARI), meanings={CALAMARI: Meaning(role="user-command")})
    made = planner(CALAMARI, sample=sample)
    assert (refusals(made), made.left_out[0].reason) == ([], "maps cannot be read")


def test_too_little_space_is_refused_before_anything_starts(planner: Planner) -> None:
    huge = file_system_of(planner.store.directory).total_bytes * 2
    planner.facts[CALAMARI] = facts_of(CALAMARI, private_bytes=huge)
    made = planner(CALAMARI)
    assert "no-space" in refusals(made)
    assert made.is_refused
    assert needed_bytes(huge) > huge


def test_planning_writes_nothing(planner: Planner, tmp_path: Path) -> None:
    planner(CALAMARI, destination=tmp_path / "new" / "place")
    assert list(tmp_path.iterdir()) == []


def test_bad_destination_is_refused_with_the_way_out(planner: Planner, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    refused = (
        ("link", "symbolic link"),
        ("file", "not a directory"),
        ("shared", "others can replace"),
        ("a" * 300, "too long"),
    )
    for place, words in refused:
        made = planner(CALAMARI, destination=tmp_path / place)
        (refusal,) = made.of(Severity.REFUSAL)
        assert words in refusal.message
        assert refusal.hint
        assert made.is_refused


def test_destination_open_to_others_is_a_warning(planner: Planner, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    made = planner(CALAMARI, destination=tmp_path / "open")
    assert codes(made, Severity.WARNING) == {"open-directory"}


def test_sensitive_data_is_always_pointed_out(planner: Planner) -> None:
    assert "sensitive" in codes(planner(CALAMARI), Severity.NOTICE)
    assert "sensitive" not in codes(planner(BASH), Severity.NOTICE)


def test_server_and_slow_tentacle_are_warned_about(planner: Planner) -> None:
    device = device_name(os.stat(planner.store.state).st_dev)
    planner.history.add(Entry("ipc", "heap", 40_000_000, 500.0, 400.0, device=device, runtime="8"))
    made = planner(SERVER, TENTACLE)
    assert codes(made, Severity.WARNING) == {"server", "long-pause"}


def test_stopped_target_stays_stopped_and_says_so(planner: Planner) -> None:
    planner.facts[CALAMARI] = facts_of(CALAMARI, state="T")
    assert "stopped" in codes(planner(CALAMARI), Severity.NOTICE)


def test_estimates_follow_type_and_history(planner: Planner) -> None:
    def estimate(**options: Any) -> tuple[int, float]:
        found = planner(CALAMARI, **options).steps[0].estimate
        return found.bytes, found.pause_seconds

    assert estimate(type=DumpType.HEAP)[0] == 56_000_000
    assert estimate(type=DumpType.FULL)[0] == 70_000_000
    assert estimate(type=DumpType.MINI)[0] == 6_000_000
    before = estimate()[1]
    planner.history.add(Entry("ipc", "heap", 400_000_000, 4.0, 4.15))
    assert estimate()[1] > before


Probe = Callable[[RuntimeFacts, DumpType], Availability]


@pytest.fixture(autouse=True)
def createdump_that_says_whom_it_dumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts here name a createdump that is not there: only its version tells whom it dumps."""
    says = lambda _path, version: Whom.ITS_PARENT if version.startswith("11") else Whom.THE_PID  # noqa: E731
    monkeypatch.setattr("octotui.dumps.backends.createdump.whom", says)


def pair(rights: Rights) -> tuple[IpcBackend, CreatedumpBackend]:
    """The two that every host has, without a createdump of the host that could stand in."""
    return IpcBackend(rights), CreatedumpBackend(rights, stand_ins=tuple)


@pytest.mark.parametrize(
    ("changes", "type", "ipc", "direct"),
    [
        ({}, DumpType.HEAP, "", ""),
        ({"socket": None, "socket_problem": "switched off"}, DumpType.HEAP, "switched off", ""),
        ({"state": "T"}, DumpType.HEAP, "stopped", ""),
        ({"createdump": None}, DumpType.HEAP, "cost the process its socket", "no createdump"),
        ({"same_mounts": False}, DumpType.HEAP, "", "other files"),
        ({"version": "11.0.0"}, DumpType.HEAP, "", "only dumps the process that starts it"),
        ({"kind": RuntimeKind.SINGLE_FILE, "createdump": None}, DumpType.HEAP, "in full", "no createdump"),
        ({"kind": RuntimeKind.SINGLE_FILE, "createdump": None}, DumpType.FULL, "", "no createdump"),
    ],
)
def test_real_backends_say_why_they_cannot(changes: dict[str, object], type: DumpType, ipc: str, direct: str) -> None:
    facts = facts_of(CALAMARI, **changes)
    for backend, words in zip(pair(ME), (ipc, direct), strict=True):
        found = backend.probe(facts, type)
        assert found.ok is (words == "")
        assert words in found.reason


def test_createdump_that_cannot_be_run_keeps_octotui_off_the_socket() -> None:
    facts = facts_of(CALAMARI)
    assert facts.createdump is not None
    broken = replace(facts.createdump, is_runnable=False, problem="mode 0644")
    for backend in pair(ME):
        found = backend.probe(replace(facts, createdump=broken), DumpType.HEAP)
        assert not found.ok
        assert "mode 0644" in found.reason
        assert found.hint == "have the runtime of that version installed whole, with its createdump"


def test_root_never_starts_a_createdump_that_others_can_change() -> None:
    root = Rights(0, 0)
    facts = facts_of(CALAMARI, uid=0)
    assert facts.createdump is not None
    planted = replace(facts.createdump, untrusted="/tmp/evil")
    found = pair(root)[1].probe(replace(facts, createdump=planted), DumpType.FULL)
    assert not found.ok
    assert "/tmp/evil" in found.reason
    theirs = replace(facts, uid=998, createdump=planted)
    for_user = pair(root)[1].probe(theirs, DumpType.FULL)
    assert not for_user.ok, "even with its rights, it would run outside of what confines that user's process"
    stuck = pair(root)[1].probe(replace(theirs, state="T"), DumpType.FULL)
    assert stuck.hint == as_user(998, "dump", str(CALAMARI.pid))
    assert pair(Rights(998, 998))[1].probe(theirs, DumpType.FULL).ok, "a user runs what is its own"


@pytest.mark.parametrize(
    ("scope", "octotui", "target", "ipc", "direct"),
    [
        (0, 1000, 1000, True, True),
        (1, 1000, 1000, True, False),
        (1, 0, 0, True, True),
        (1, 0, 1000, True, False),
        (2, 1000, 1000, False, False),
        (2, 0, 0, True, True),
        (3, 0, 0, False, False),
    ],
)
def test_yama_scopes_are_kept(scope: int, octotui: int, target: int, ipc: bool, direct: bool) -> None:
    backends = pair(Rights(octotui, octotui, scope))
    facts = facts_of(CALAMARI, uid=target)
    assert facts.socket is not None
    facts = replace(facts, socket=replace(facts.socket, uid=target))
    found = [backend.probe(facts, DumpType.HEAP) for backend in backends]
    assert [one.ok for one in found] == [ipc, direct]
    assert all(one.hint and f"ptrace_scope = {scope}" in one.reason for one in found if not one.ok)


def test_kernel_threads_are_never_looked_into(planner: Planner) -> None:
    kernel = ProcessKey(2, 2)
    planner.facts[kernel] = ProcessGone("must not be asked")
    sample = sample_of(ProcessInfo(kernel, 0, "kthreadd", is_kernel=True))
    assert planner(kernel, sample=sample).left_out[0].reason == "it is a thread of the kernel"
