"""The bytes of process events: told from everything else, and never trusted."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.processes.eventwire import EventKind, ProcessEvent, acknowledgement, decode, filter_program, request

FORK, EXEC, EXIT = EventKind.FORK, EventKind.EXEC, EventKind.EXIT


def message(what: int, *words: int, answered: int = 0, stamp: int = 7, length: int | None = None) -> bytes:
    """One message of the kernel: a header, a connector header, an event."""
    event = struct.pack("=IIQ", what, 1, stamp) + b"".join(struct.pack("=I", word) for word in words)
    event = event.ljust(40, b"\0")
    body = struct.pack("=IIIIHH", 1, 1, 99, answered, len(event), 0) + event
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, 3, 0, 0, 0) + body


def decoded(raw: bytes) -> list[ProcessEvent]:
    events: list[ProcessEvent] = []
    decode(raw, len(raw), events)
    return events


def kept_by_the_filter(raw: bytes) -> bool:
    """What the kernel would do with `raw`: the program, run by hand."""
    program = [struct.unpack_from("=HBBI", filter_program(), at) for at in range(0, len(filter_program()), 8)]
    at, loaded, index = 0, 0, 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x20:
            loaded = int.from_bytes(raw[operand : operand + 4], "big")
        elif code == 0x07:
            index = loaded
        elif code == 0x06:
            return operand != 0
        else:
            at += if_true if loaded == (operand if code == 0x15 else index) else if_false


CASES = [
    (message(FORK, 812, 812, 14220, 14220), ProcessEvent(FORK, 14220, 812, 0, 7)),
    (message(FORK, 812, 812, 14221, 14220), None),
    (message(EXEC, 14220, 14220), ProcessEvent(EXEC, 14220, 0, 0, 7)),
    (message(EXEC, 14221, 14220), ProcessEvent(EXEC, 14220, 0, 0, 7)),
    (message(EXIT, 14220, 14220, 768, 17), ProcessEvent(EXIT, 14220, 0, 768, 7)),
    (message(EXIT, 14221, 14220, 768, 17), None),
]


@pytest.mark.parametrize(("raw", "expected"), CASES)
def test_events_of_processes_are_told_from_those_of_threads(raw: bytes, expected: ProcessEvent | None) -> None:
    assert decoded(raw) == ([] if expected is None else [expected])
    assert kept_by_the_filter(raw) is (expected is not None)


@pytest.mark.parametrize("what", [0x4, 0x40, 0x80, 0x100, 0x200, 0x40000000])
def test_kinds_that_nobody_asked_for_are_passed_over(what: int) -> None:
    raw = message(what, 14220, 14220)
    assert decoded(raw) == [] and not kept_by_the_filter(raw)


def test_the_answer_to_our_request_is_told_from_the_answer_to_anothers() -> None:
    number = 0xFFFFFFFF
    assert acknowledgement(message(0, 0, answered=0), number) == 0
    assert acknowledgement(message(0, 1, answered=6), 5) == 1
    assert acknowledgement(message(0, 0, answered=6), 4) is None
    assert acknowledgement(message(FORK, 1, 1, 2, 2, answered=6), 5) is None
    assert acknowledgement(message(0, 0, answered=6)[:53], 5) is None
    assert kept_by_the_filter(message(0, 0, answered=6))


def test_several_messages_in_one_piece_are_all_read() -> None:
    raw = message(EXEC, 80, 80) + message(FORK, 1, 1, 2, 3) + message(EXIT, 81, 81, 0)
    assert [(event.kind, event.pid) for event in decoded(raw)] == [(EXEC, 80), (EXIT, 81)]


@pytest.mark.parametrize("length", [0, 15, 51, 60, 77, 1 << 31])
def test_a_length_that_lies_ends_the_reading_or_costs_one_message(length: int) -> None:
    raw = message(EXIT, 80, 80, 0, length=length)
    assert decoded(raw) in ([], [ProcessEvent(EXIT, 80, 0, 0, 7)])
    assert decoded(raw + bytes(200)) in ([], [ProcessEvent(EXIT, 80, 0, 0, 7)])


def test_a_request_names_its_size_and_its_mask() -> None:
    plain, masked = request(1, number=5), request(1, mask=FORK | EXIT)
    assert struct.unpack_from("=I", plain)[0] == len(plain) == 40
    assert struct.unpack("=II", masked[36:]) == (1, 0x80000001)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoder(raw: bytes) -> None:
    for event in decoded(raw):
        assert 0 <= event.pid < 1 << 31
    acknowledgement(raw, 1)


@given(st.sampled_from([raw for raw, _ in CASES]), st.integers(0, 75), st.integers(0, 255), st.integers(1, 76))
def test_no_damage_to_a_true_message_breaks_the_decoder(raw: bytes, at: int, byte: int, kept: int) -> None:
    damaged = bytearray(raw)
    damaged[at] = byte
    decoded(bytes(damaged[:kept]))
    decoded(bytes(damaged) + raw)
