"""Cores of the real tools, broken in every way: the verifier calls no broken one whole and never stumbles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import CoreMap, Mutation
from real_cores import make_cores
from verifier_cases import CoreFuzzer, Figures

from octotui.dumps.verifying.verify import verify
from octotui.errors import NotADump

SEED = 20
TOOLS = ("createdump-8.0", "createdump-3.1", "gcore", "kernel")


@pytest.fixture(scope="session")
def cores(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], dict[str, str]]:
    """A small core of each tool, and why there is none of the others."""
    return make_cores(tmp_path_factory.mktemp("cores"))


@pytest.fixture(params=TOOLS)
def core(request: pytest.FixtureRequest, cores: tuple[dict[str, Path], dict[str, str]]) -> Path:
    """A sound core of one tool after the other."""
    found, missing = cores
    if request.param in missing:
        pytest.skip(missing[request.param])
    return found[request.param]


@pytest.fixture
def fuzzer(core: Path, tmp_path: Path) -> CoreFuzzer:
    """Mutates that core in a file of its own."""
    return CoreFuzzer(core.name, core, tmp_path)


def test_sound_core_is_whole_and_names_its_tool(core: Path) -> None:
    facts = verify(core)
    assert core.name.startswith((facts.writer.value, facts.writer.value.removeprefix("gdb ")))
    assert facts.size_bytes == core.stat().st_size


def test_core_cut_at_any_boundary_of_its_headers_notes_and_regions_is_refused(fuzzer: CoreFuzzer, core: Path) -> None:
    places = CoreMap.of(core.read_bytes())
    ends = sorted({end for boundary in places.boundaries for end in (boundary - 1, boundary) if end >= 0})
    for end in reversed(ends[:: max(1, len(ends) // 300)]):
        fuzzer.apply(Mutation("cut", length=end))
        with pytest.raises(NotADump):
            verify(fuzzer.path)
    fuzzer.close()


def test_mutated_core_is_refused_in_a_sentence_or_may_be_called_whole(fuzzer: CoreFuzzer) -> None:
    figures = Figures()
    for case in range(150):
        fuzzer.run(SEED, case, figures)
    fuzzer.close()
    assert figures.refused > 50
    assert figures.accepted > 5


def test_case_can_be_run_again_by_its_seed_and_number(fuzzer: CoreFuzzer) -> None:
    assert [fuzzer.mutation(1, case) for case in range(9)] == [fuzzer.mutation(1, case) for case in range(9)]
    assert fuzzer.mutation(1, 3) != fuzzer.mutation(2, 3)
    fuzzer.close()


def test_restored_core_is_the_sound_one_again(fuzzer: CoreFuzzer, core: Path) -> None:
    for case in range(20):
        mutation = fuzzer.mutation(SEED, case)
        fuzzer.apply(mutation)
        fuzzer.restore(mutation)
    assert fuzzer.path.read_bytes() == core.read_bytes()
    fuzzer.close()


def test_broken_core_given_to_the_command_line_ends_in_one_sentence_and_exit_1(tmp_path: Path) -> None:
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed")
    found, _ = make_cores(tmp_path, only=("gcore",))
    fuzzer = CoreFuzzer("gcore", found["gcore"], tmp_path)
    fatal = [mutation for case in range(60) if (mutation := fuzzer.mutation(SEED, case)).must_fail]
    for mutation in fatal[:4]:
        fuzzer.apply(mutation)
        done = subprocess.run(
            [sys.executable, "-m", "octotui", "verify", fuzzer.path], capture_output=True, text=True, check=False
        )
        fuzzer.restore(mutation)
        assert done.returncode == 1, mutation
        assert "is not a whole dump" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 2
    fuzzer.close()
