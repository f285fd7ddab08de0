"""Messages of the process connector: what is understood, what is skipped, and a filter that judges the same way."""

from __future__ import annotations

import array
import socket
import struct
from collections.abc import Sequence

import pytest
from event_messages import COMM, UID, answer, end, execution, fork, message
from hypothesis import given
from hypothesis import strategies as st

from octotui.processes.event_wire import (
    IGNORE,
    LISTEN,
    EventKind,
    ProcessEvent,
    acknowledgement,
    decode,
    mask_of,
    request,
    socket_filter,
)

ALL = mask_of(EventKind)
NUMBER = 0xFFFFFFFF
words = st.integers(0, 0xFFFFFFFF)
few = st.integers(0, 3)


def test_each_kind_of_event_gives_its_own_facts() -> None:
    assert decode(fork(500, parent=40), ALL) == [ProcessEvent(EventKind.FORK, 500, 40, 0, 7)]
    assert decode(execution(500), ALL) == [ProcessEvent(EventKind.EXEC, 500, 0, 0, 7)]
    assert decode(message(2, 500, 500, 9), ALL) == decode(execution(500), ALL)
    assert decode(end(500, 0x8B), ALL) == [ProcessEvent(EventKind.EXIT, 500, 0, 0x8B, 7)]


def test_threads_and_kinds_nobody_asked_for_are_left_out() -> None:
    for unwanted in (fork(500, thread=501), end(500, thread=501), message(UID, 500, 500), message(COMM, 500, 500)):
        assert decode(unwanted, 0xFFFFFFFF) == []
    assert decode(fork(500), mask_of([EventKind.EXEC])) == []


def test_several_messages_in_one_datagram_are_told_in_order() -> None:
    datagram = fork(500) + answer(3) + message(1, 1, 1, 9, 9, connector=(2, 1)) + execution(500) + end(500)
    assert [event.kind for event in decode(datagram, ALL)] == [EventKind.FORK, EventKind.EXEC, EventKind.EXIT]
    assert acknowledgement(datagram, 3) == 0


def test_only_the_answer_to_our_own_request_counts() -> None:
    assert acknowledgement(answer(8, 1), 8) == 1
    assert acknowledgement(answer(NUMBER), NUMBER) == 0
    assert acknowledgement(answer(8), 9) is None
    assert acknowledgement(message(2, 0, acknowledged=9), 8) is None


@pytest.mark.parametrize("size", [0, 1, 35, 67, 100, 0xFFFFFFFF])
def test_a_length_that_lies_ends_the_datagram(size: int) -> None:
    assert decode(message(2, 5, 5, size=size), ALL) == []
    assert decode(execution(4) + message(2, 5, 5, size=size) + bytes(20), ALL) == [
        ProcessEvent(EventKind.EXEC, 4, 0, 0, 7)
    ]


@pytest.mark.parametrize("kept", [0, 1, 15, 16, 36, 52, 67])
def test_half_a_message_is_no_message(kept: int) -> None:
    assert decode(execution(500)[:kept], ALL) == []
    assert acknowledgement(answer(3)[:kept], 3) is None


@given(st.binary(max_size=300), st.integers(0, 4), words, words)
def test_no_bytes_make_the_decoder_raise(noise: bytes, whole: int, mask: int, number: int) -> None:
    datagram = execution(500) * whole + noise
    found = decode(memoryview(datagram), mask)
    assert len(found) <= len(datagram) // 68
    assert all(event.kind & mask for event in found)
    error = acknowledgement(datagram, number)
    assert error is None or 0 <= error <= 0xFFFFFFFF


@given(st.lists(st.sampled_from([fork(500), end(500, 9), answer(4)]), min_size=1, max_size=4), st.data())
def test_no_broken_message_makes_the_decoder_raise(messages: Sequence[bytes], data: st.DataObject) -> None:
    datagram = bytearray(b"".join(messages))
    for _ in range(data.draw(st.integers(0, 8))):
        datagram[data.draw(st.integers(0, len(datagram) - 1))] = data.draw(st.integers(0, 255))
    assert len(decode(datagram, ALL)) <= len(messages)


def test_requests_have_the_form_that_each_kernel_takes() -> None:
    plain, masked = request(LISTEN, 9), request(IGNORE, 9, ALL)
    assert (len(plain), struct.unpack_from("=I", plain)[0], struct.unpack_from("=IH2xI", plain, 28)) == (
        40,
        40,
        (9, 4, 1),
    )
    assert (len(masked), struct.unpack_from("=IH2xII", masked, 28)) == (44, (9, 8, 2, ALL))


def passes(program: bytes, datagrams: Sequence[bytes]) -> list[bytes]:
    """What a socket with this filter lets through: the kernel's own judgement, on a socket that needs no rights."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        instructions = array.array("B", program)
        address, size = instructions.buffer_info()
        receiver.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", size // 8, address))
        receiver.setblocking(False)
        passed = []
        for datagram in datagrams:
            sender.send(datagram)
            try:
                passed.append(receiver.recv(8192))
            except BlockingIOError:
                continue
        return passed


WANTS = [tuple(EventKind), (EventKind.EXEC,), (EventKind.EXIT, EventKind.FORK)]


@pytest.mark.parametrize("kinds", WANTS, ids=str)
@given(
    st.lists(
        st.builds(
            message,
            st.sampled_from([*EventKind, UID, COMM]),
            few,
            few,
            few,
            few,
            acknowledged=words,
        ),
        max_size=20,
    )
)
def test_the_filter_in_the_kernel_and_the_decoder_judge_alike(
    kinds: tuple[EventKind, ...], datagrams: list[bytes]
) -> None:
    wanted = [datagram for datagram in datagrams if decode(datagram, mask_of(kinds))]
    assert passes(socket_filter(kinds, NUMBER), datagrams) == wanted


@pytest.mark.parametrize("number", [0, 8, NUMBER])
def test_the_filter_takes_our_own_answers_and_nothing_that_is_too_short(number: int) -> None:
    offered = [answer(number), answer(number, 1), answer(7), execution(5)[:20], b"", execution(5)]
    assert passes(socket_filter([EventKind.EXEC], number), offered) == [offered[0], offered[1], offered[5]]
