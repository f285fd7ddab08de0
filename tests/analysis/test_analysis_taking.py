"""What is asked of a tree of processes, in which order, and what becomes of those that cannot be asked."""

from __future__ import annotations

from analysis_world import CALAMARI, HOST, SCRIPT, SLEEP, TENTACLE, TREE, Answers, look, sample, thread, usual

from octotui.analysis.model import Analysis
from octotui.analysis.taking import take
from octotui.errors import DiagnosticsError, ProcessGone, Refused


async def taken(answers: Answers, *, samples: int = 1, with_counters: bool = False) -> Analysis:
    return await take(
        answers, sample(), TREE, host=HOST, samples=samples, every_seconds=0.0, with_counters=with_counters
    )


async def test_of_a_tree_the_dotnet_processes_are_asked_and_the_others_stand_in_it() -> None:
    answers = usual()
    analysis = await taken(answers)
    assert sorted(answers.asked) == [TENTACLE, CALAMARI]
    assert [(one.key, one.depth, len(one.looks)) for one in analysis.processes] == [
        (TENTACLE, 0, 1), (CALAMARI, 1, 1), (SCRIPT, 2, 0),
    ]  # fmt: skip
    assert [one.failure for one in analysis.processes] == [None, None, None]


async def test_a_process_that_cannot_be_asked_does_not_stop_the_others() -> None:
    answers = usual()
    answers.looks[TENTACLE] = [Refused("process 812 is stopped and cannot answer", hint="kill -CONT 812")]
    tentacle, calamari, _ = (await taken(answers)).processes
    assert tentacle.failure is not None
    assert tentacle.failure.hint == "kill -CONT 812"
    assert (tentacle.looks, len(calamari.looks)) == ((), 1)


async def test_one_that_ends_between_two_looks_keeps_the_first_and_is_not_asked_again() -> None:
    answers = usual()
    first = answers.looks[TENTACLE][0]
    answers.looks[TENTACLE] = [first, ProcessGone("process 812 has ended")]
    tentacle, calamari, _ = (await taken(answers, samples=3)).processes
    assert answers.asked.count(TENTACLE) == 2
    assert (len(tentacle.looks), len(calamari.looks)) == (1, 3)
    assert isinstance(tentacle.failure, ProcessGone)


async def test_one_that_turns_out_to_be_no_dotnet_process_is_no_failure() -> None:
    answers = usual()
    answers.looks[TENTACLE] = [Refused("it is none", code="not-dotnet")]
    tentacle = (await taken(answers)).processes[0]
    assert (tentacle.is_dotnet, tentacle.failure) == (False, None)


async def test_a_process_that_has_left_the_sample_is_left_out() -> None:
    analysis = await take(usual(), sample(), (*TREE, SCRIPT._replace(pid=5)), host=HOST)
    assert len(analysis.processes) == 3


async def test_a_runtime_that_tells_no_counters_does_not_spoil_its_stacks() -> None:
    answers = usual()
    answers.reading = None
    assert (await taken(answers, with_counters=True)).processes[1].counters is None
    answers = usual()
    with_counters = (await taken(answers, with_counters=True)).processes[1].counters
    assert with_counters is answers.reading
    assert answers.closed == 2


async def test_progress_is_told_look_by_look() -> None:
    steps: list[str] = []
    await take(usual(), sample(), TREE, host=HOST, samples=2, every_seconds=0.0, on_step=steps.append)
    assert steps == ["look 1 of 2", "look 2 of 2"]


async def test_a_thread_name_that_holds_a_secret_is_masked() -> None:
    named = look(CALAMARI, thread(14220, "password=hunter2-of-web", SLEEP))
    analysis = await take(Answers({CALAMARI: [named]}), sample(), (CALAMARI,), host=HOST)
    assert "hunter2" not in str(analysis)
    assert analysis.processes[0].looks[0].threads[0].name.startswith("password=")


async def test_an_error_without_a_kind_is_kept_with_its_code() -> None:
    error = DiagnosticsError("no stacks within 10 s", code="stacks-no-answer")
    analysis = await take(Answers({CALAMARI: [error]}), sample(), (CALAMARI,), host=HOST)
    assert analysis.processes[0].failure is error
