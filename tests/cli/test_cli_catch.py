"""`octotui catch` without a process to catch: what does not go together, what is said, which status it ends with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_runner import Completed

from octotui.cli import catch_text, waiting
from octotui.dumps.arming.rule import Rule, Take, When, Whom
from octotui.dumps.arming.state import Caught, Ending, RuleState, Stage
from octotui.dumps.model import DumpType, Estimate, Target
from octotui.dumps.results import AnalysisResult, DumpResult, Failure, JobState
from octotui.processes.model import ProcessKey

KEY = ProcessKey(14220, 7)

SENSELESS = [
    ([], "say what to wait for", "--role calamari"),
    (["--role", "calamarri"], "there is no role", "calamari"),
    (["--role", "calamari", "--for", "5"], "--for", "--cpu"),
    (["--role", "calamari", "--any-status"], "--any-status", "--at-exit"),
    (["--role", "calamari", "--at-exit", "--every", "5", "--count", "2", "--yes"], "--every", "leave out --every"),
    (["--role", "calamari", "--at-exit", "--hold", "--yes"], "held", "--at-exit"),
    (["--role", "calamari", "--every", "5"], "--every", "--count"),
    (["--role", "calamari", "--hold-seconds", "5"], "--hold-seconds", "--hold"),
    (["--role", "calamari", "--hold", "--hold-seconds", "7200", "--yes"], "seconds from 0 to 3480", "30"),
    (["--role", "calamari", "--yes-hold-service"], "--yes-hold-service", "--hold"),
    (["--role", "calamari", "--at-exit", "--type", "mini", "--yes"], "all of its memory", "--type"),
    (["--role", "calamari", "--at-exit", "--backend", "ipc", "--yes"], "octotui itself", "--backend"),
    (["--role", "calamari", "--hold", "--backend", "ipc", "--yes"], "ipc", "--backend"),
    (["--filter", "mem>5g", "--hold", "--yes"], "compares figures", "--rss"),
    (["--filter", '"open'], "makes no sense", ""),
    (["--role", "calamari", "--count", "0"], "1 to 1000", "--count"),
    (["--role", "calamari", "--rss", "much"], "--rss", "20GB"),
    (["--role", "calamari", "--cpu", "nan"], "--cpu", "80"),
    (["--role", "calamari", "--timeout", "inf"], "--timeout", "30"),
    (["--role", "calamari", "--quiet", "0"], "--quiet", "30"),
    (["812", "--role", "calamari"], "a PID says whom already", "--role"),
    (["812", "--count", "3"], "a time between them", "--every"),
    (["812", "--at-exit", "--count", "3", "--yes"], "ends once", "--count"),
    (["--role", "calamari", "--stacks", "--at-exit", "--yes"], "at its end", "leave out --at-exit"),
    (["--role", "calamari", "--stacks", "--dump", "--at-exit", "--yes"], "at its end", "leave out --at-exit"),
    (["--role", "calamari", "--stacks", "--dump", "--hold", "--yes"], "cannot be asked for its stacks", "--hold with"),
    (["--role", "calamari", "--stacks", "--backend", "ipc"], "without a backend", "leave out --backend"),
    (["--role", "calamari", "--stacks", "--type", "heap"], "--type", "add --dump"),
    (["812", "--stacks", "--count", "3"], "several looks", "--every"),
    (["--role", "calamari", "--stacks", "--count", "0"], "looks", "--count"),
    (["--role", "calamari", "--hold"], "nobody can be asked", "--yes"),
    (["--role", "calamari", "--hold", "--json"], "nobody can be asked", "--yes"),
]


@pytest.mark.parametrize(("arguments", "message", "hint"), SENSELESS, ids=lambda value: ascii(value))
def test_what_does_not_go_together_is_refused_with_the_next_step(
    arguments: list[str], message: str, hint: str, cli: Callable[..., Completed]
) -> None:
    done = cli("catch", *arguments)
    assert done.status == 2
    said = done.stderr.split("next step:")
    assert message in said[0]
    assert hint in said[-1]


def test_read_only_catches_nothing(cli: Callable[..., Completed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTOTUI_READ_ONLY", "1")
    done = cli("catch", "--role", "calamari")
    assert done.status == 3
    assert "read-only" in done.stderr


def test_a_pid_that_nobody_has_is_told(cli: Callable[..., Completed]) -> None:
    assert cli("catch", "4194303").status == 4
    assert cli("catch", "--role", "calamari", "--under", "4194303").status == 4


def test_the_help_has_examples_for_the_cases_of_support(cli: Callable[..., Completed]) -> None:
    written = cli("catch", "--help").stdout
    for example in (
        "octotui catch --role calamari --at-exit\n",
        "octotui catch --role calamari --quiet 60 --count 3 --every 10",
        "octotui catch 812 --rss 2GB",
        "--at-exit --timeout 600 --yes --json",
    ):
        assert example in written


def state_of(**changes: Any) -> RuleState:
    rule = changes.pop("rule", Rule(Whom(role="calamari"), When(), count=2))
    return RuleState(1, rule, 0.0, "the next Calamari", **changes)


def result(outcome: JobState) -> DumpResult:
    return DumpResult(Target(KEY, "Calamari"), outcome, "ipc", DumpType.HEAP, Estimate(1, 1.0))


@pytest.mark.parametrize(
    ("changes", "outcomes", "status"),
    [
        ({"dumps": 2, "captured": 2, "failed": 1, "ending": Ending.COUNT}, [JobState.FAILED], 0),
        ({"ending": Ending.TIME}, [], 4),
        ({"dumps": 1, "captured": 1, "ending": Ending.TIME}, [JobState.FINISHED], 4),
        ({"passed": 3, "ending": Ending.TIME}, [], 4),
        ({"ended_early": 1, "ending": Ending.TIME}, [], 1),
        ({"failed": 1, "ending": Ending.TIME}, [JobState.FAILED], 1),
        ({"left": 1, "ending": Ending.TIME}, [JobState.REFUSED], 3),
        ({"failed": 5, "ending": Ending.ERROR}, [JobState.REFUSED], 3),
        ({"ending": Ending.ERROR}, [], 1),
        ({"passed": 1, "ending": Ending.GONE}, [], 4),
    ],
)
def test_the_exit_status_says_whether_all_that_was_asked_for_is_there(
    changes: dict[str, Any], outcomes: list[JobState], status: int
) -> None:
    results = [result(outcome) for outcome in outcomes]
    assert catch_text.exit_status(state_of(**changes), results) == status
    assert catch_text.exit_status(state_of(**changes), results, interrupted=True) == 130


def test_the_line_of_the_wait_shows_the_counts_and_the_one_at_work() -> None:
    assert waiting.words(state_of()) == "waiting: nothing seen yet"
    older = Caught(1, KEY, "Calamari", "calamari", Stage.CAPTURING, 0.0)
    later = Caught(1, ProcessKey(9, 9), "Calamari", "calamari", Stage.WAITING, 0.0, "memory 1.2 GB of 2.0 GB")
    assert waiting.words(state_of(seen=1, caught=(later,))) == "1 seen; Calamari 9: waiting, memory 1.2 GB of 2.0 GB"
    assert waiting.words(state_of(seen=2, caught=(older, later))) == "2 seen; Calamari 14220: capturing (and 1 more)"


def test_the_document_of_a_rule_has_every_count() -> None:
    caught = Caught(1, KEY, "Calamari", "calamari", Stage.PASSED, 0.0, "it ended", exit_status=3 << 8)
    document = catch_text.rule_document(state_of(seen=1, passed=1, caught=(caught,)), "short ones can be missed", ())
    assert set(document) == {
        "id", "sentence", "ending", "can_miss", "seen", "captured", "dumps", "passed", "ended_early", "failed",
        "left", "lost_events", "unseen", "processes", "warnings",
    }  # fmt: skip
    assert (document["ending"], document["can_miss"]) == ("interrupted", "short ones can be missed")
    (process,) = document["processes"]
    assert (process["wait_status"], process["ended_with"]) == (768, "exit code 3")


STACKS = Rule(Whom(role="calamari"), take=Take.STACKS)
BOTH = Rule(Whom(role="calamari"), take=Take.BOTH)


def analysis(outcome: JobState) -> AnalysisResult:
    target = Target(KEY, "Calamari", label="Calamari", role="calamari", task="ServerTasks-1")
    if outcome is JobState.FINISHED:
        return AnalysisResult(target, outcome, Path("/a/b.txt"), Path("/a/b.json"), 0.1234)
    failure = Failure("diagnostics-silent", "it does not answer", "octotui dump 14220")
    return AnalysisResult(target, outcome, seconds=10.0, failure=failure)


@pytest.mark.parametrize(
    ("rule", "changes", "outcome", "status"),
    [
        (STACKS, {"looks": 1, "looked": 1, "ending": Ending.COUNT}, JobState.FINISHED, 0),
        (STACKS, {"failed": 1, "ending": Ending.TIME}, JobState.FAILED, 1),
        (STACKS, {"failed": 1, "ending": Ending.TIME}, JobState.REFUSED, 3),
        (BOTH, {"looks": 1, "dumps": 1, "captured": 1, "ending": Ending.COUNT}, JobState.FINISHED, 0),
        (BOTH, {"dumps": 1, "captured": 1, "ending": Ending.COUNT}, JobState.FAILED, 1),
        (BOTH, {"looks": 1, "ended_early": 1, "ending": Ending.TIME}, JobState.FINISHED, 1),
    ],
)
def test_the_exit_status_counts_the_stacks_that_were_asked_for(
    rule: Rule, changes: dict[str, Any], outcome: JobState, status: int
) -> None:
    assert catch_text.exit_status(state_of(rule=rule, **changes), [], [analysis(outcome)]) == status


def test_looks_are_told_with_their_files_or_the_next_step() -> None:
    lines = list(catch_text.analysis_lines([analysis(JobState.FINISHED), analysis(JobState.FAILED)]))
    assert lines == [
        "Calamari 14220: stacks in 0.12 s",
        "  /a/b.txt",
        "  /a/b.json",
        "Calamari 14220: stacks failed: it does not answer",
        "  next step: octotui dump 14220",
    ]


def test_the_document_of_a_look_has_both_paths_or_the_error() -> None:
    assert analysis(JobState.FINISHED).as_json() == {
        "pid": 14220, "started": 7, "name": "Calamari", "role": "calamari", "task": "ServerTasks-1",
        "outcome": "finished", "paths": {"text": "/a/b.txt", "document": "/a/b.json"}, "seconds": 0.123, "error": None,
    }  # fmt: skip
    failed = analysis(JobState.FAILED).as_json()
    assert failed["paths"] == {"text": None, "document": None}
    assert failed["error"]["code"] == "diagnostics-silent"


def test_a_rule_for_stacks_tells_of_looks_and_a_rule_for_dumps_does_not() -> None:
    told = catch_text.rule_document(state_of(rule=STACKS, looks=3, looked=1), "", ())
    assert (told["take"], told["looks"], told["looked"]) == ("stacks", 3, 1)
    assert "looks" not in catch_text.rule_document(state_of(), "", ())
    assert waiting.words(state_of(rule=STACKS, seen=1, looked=1)) == "waiting: 1 seen, 1 looked at"
