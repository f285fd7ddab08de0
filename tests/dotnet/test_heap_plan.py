"""What a histogram of a heap will cost its process, before it is made."""

from __future__ import annotations

import pytest

from octotui.dotnet.heap.plan import BUFFER_MB, MOST_STREAM_BYTES, STREAM_PER_HEAP, plan
from octotui.processes.model import ProcessKey

KEY = ProcessKey(1, 2)
MB = 1 << 20


def test_a_heap_of_small_objects_stops_its_process_by_their_number() -> None:
    found = plan(KEY, 200_000_000, None)
    assert found.objects == 6_250_000
    assert found.stop_seconds == pytest.approx(0.9375)
    assert found.memory_bytes == BUFFER_MB * MB
    assert (found.refusal, found.headroom_bytes) == ("", None)


def test_a_small_heap_needs_little() -> None:
    found = plan(KEY, 10 * MB, None)
    assert found.memory_bytes == 16 * MB
    assert found.warnings == ()


def test_a_container_without_the_room_is_refused_with_the_next_step() -> None:
    found = plan(KEY, 100 * MB, 150 * MB)
    assert "its container has 150 MB left" in found.refusal
    assert found.hint == "octotui stacks 1 needs no memory of it"
    assert plan(KEY, 100 * MB, 200 * MB).refusal == ""


def test_a_full_container_is_refused_however_small_the_heap() -> None:
    assert plan(KEY, 0, 0).refusal


def test_what_will_be_missing_is_said_before() -> None:
    assert plan(KEY, round(BUFFER_MB * MB / STREAM_PER_HEAP) - MB, None).warnings == ()
    (words,) = plan(KEY, BUFFER_MB * MB, None).warnings
    assert "may not all be told" in words
    huge = plan(KEY, MOST_STREAM_BYTES, None)
    assert any("some objects may be missing" in words for words in huge.warnings)
    assert any("stand still for up to 5 s" in words for words in huge.warnings)
