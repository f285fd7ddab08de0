"""Foreign bytes at every reader: sockets of hostile runtimes, files of hostile processes, settings and records."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parser_cases import CHECKS, check, inputs, nasty_inputs
from session_cases import SessionFuzzer
from socket_cases import REPLIES, SocketFuzzer, spoken
from stream_cases import StreamFuzzer
from verifier_cases import Figures

from octotui.dotnet import wire

SEED = 20


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory with a short path: a socket's may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="oct-"))
    yield path
    shutil.rmtree(path)


async def test_hostile_runtime_gets_an_error_in_words_and_no_more_time_than_it_was_given(short_directory: Path) -> None:
    fuzzer, figures = SocketFuzzer(short_directory), Figures()
    for case in range(200):
        await fuzzer.run(SEED, case, figures)
    assert figures.refused > 60
    assert figures.accepted > 10


async def test_hostile_session_ends_in_words_and_in_time(short_directory: Path) -> None:
    fuzzer, figures = SessionFuzzer(short_directory), Figures()
    for case in range(150):
        await fuzzer.run(SEED, case, figures)
    assert figures.refused > 50
    assert figures.accepted > 20
    assert {name.partition(" ")[0] for name in figures.kinds} >= {"endless", "silent", "refuses", "mutated"}


def test_hostile_stream_is_refused_or_gives_harmless_names() -> None:
    fuzzer, figures = StreamFuzzer(), Figures()
    for case in range(150):
        fuzzer.run(SEED, case, figures)
    assert figures.refused > 30
    assert figures.accepted > 30


def test_recorded_replies_are_of_the_protocol() -> None:
    for reply in REPLIES.values():
        assert wire.reply_header(reply[: wire.HEADER.size])[0] == len(reply) - wire.HEADER.size


def test_hostile_runtime_says_the_same_for_the_same_seed() -> None:
    assert spoken(Random("1:2")) == spoken(Random("1:2"))


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_reader_of_a_foreign_file_gives_a_value_or_its_documented_error(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    check(name, data.draw(inputs(name)), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(("name", "raw"), list(nasty_inputs()), ids=lambda value: str(value[:12]))
def test_file_that_hurts_parsers_is_read(name: str, raw: bytes, tmp_path: Path) -> None:
    check(name, raw, tmp_path)
