"""The text that support reads and the document that tools read."""

from __future__ import annotations

import json

from analysis_world import CALAMARI, HOST, TENTACLE, TREE, sample, usual

from octotui.analysis.document import as_document
from octotui.analysis.model import Analysis
from octotui.analysis.taking import take
from octotui.analysis.text import as_text
from octotui.errors import Refused


async def analysis(samples: int = 2) -> Analysis:
    return await take(usual(), sample(), TREE, host=HOST, samples=samples, every_seconds=0.0, with_counters=True)


async def test_the_text_says_first_what_it_is_then_the_tree_then_what_stands_out() -> None:
    text = as_text(await analysis())
    heads = [
        "octotui 1.2.3 analysis of ",
        "It holds names of threads and methods",
        "Host: web-07 · Debian 12 · Linux 6.1",
        "Octopus task: ServerTasks-826567",
        "  Tentacle 812 · tentacle-service · web-blue · octopus: 48M, 7 threads",
        "    Calamari 14220 · calamari · ServerTasks-826567 · octopus",
        "      pwsh 14233 · user-script",
        "Findings",
        "== Tentacle 812",
        "== Calamari 14220",
    ]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert "waits for a child process" in text
    assert "stood still in both looks" in text
    assert "Calamari!Calamari.Program.Run" in text
    assert "GC heap                158 MB" in text
    assert text.endswith("\n")


async def test_no_argument_of_a_command_line_gets_in() -> None:
    made = await analysis()
    assert "--argument-of-a-person" not in as_text(made) + json.dumps(as_document(made))


async def test_the_document_has_the_frames_and_what_moved() -> None:
    document = as_document(await analysis())
    assert list(document) == ["taken_at", "seconds", "holds", "host", "processes"]
    tentacle, calamari, script = document["processes"]
    assert (tentacle["pid"], calamari["depth"], script["dotnet"]) == (TENTACLE.pid, 1, False)
    first, second = calamari["looks"]
    assert first["taken_at"].endswith("Z")
    assert first["stops"] == {
        "count": 5, "median_seconds": 0.00002, "longest_seconds": 0.0001, "total_seconds": 0.0003,
    }  # fmt: skip
    thread = second["threads"][0]
    assert (thread["id"], thread["name"], thread["activity"]) == (CALAMARI.pid, "Calamari", "waiting")
    assert thread["frames"][-1] == {"module": "Calamari", "method": "Calamari.Program.Main", "kind": "method"}
    assert {one["course"] for one in calamari["courses"]} == {"stood still"}
    assert calamari["counters"]["values"]["gc-heap-size"] == 158.0
    assert (script["looks"], script["counters"], script["error"]) == ([], None, None)
    json.dumps(document)


async def test_a_process_that_could_not_be_asked_is_there_with_the_reason_and_the_next_step() -> None:
    answers = usual()
    answers.looks[TENTACLE] = [
        Refused("process 812 is stopped and cannot answer", hint="kill -CONT 812", code="stopped")
    ]
    made = await take(answers, sample(), TREE, host=HOST)
    text = as_text(made)
    assert "No stacks: process 812 is stopped and cannot answer\n  next step: kill -CONT 812" in text
    error = as_document(made)["processes"][0]["error"]
    assert error == {"code": "stopped", "message": "process 812 is stopped and cannot answer", "hint": "kill -CONT 812"}
