"""Subscribing to kernels of several ages: what counts as heard, what is said, and that each LISTEN is undone."""

from __future__ import annotations

import errno
import gc
import socket
import sys

import pytest
from event_kernels import NOISE, FakeKernel, install
from event_messages import UID, answer, end, execution, fork, message

from octotui.processes import event_refusal, events
from octotui.processes.event_refusal import explained
from octotui.processes.events import EventKind, EventsUnavailable, ProcessEvents


@pytest.mark.parametrize("noise", [(), NOISE], ids=["quiet", "busy"])
def test_a_kernel_that_knows_masks_gets_one(noise: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(noise=noise), monkeypatch)
    with ProcessEvents.open() as heard:
        assert (heard.is_masked, heard.is_filtered, kernel.listeners) == (True, True, 1)
    assert kernel.listeners == 0


@pytest.mark.parametrize("noise", [(), NOISE], ids=["quiet", "busy"])
def test_an_older_kernel_is_heard_without_a_mask_and_counts_one_listener(
    noise: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = install(FakeKernel(knows_masks=False, noise=noise), monkeypatch)
    with ProcessEvents.open() as heard:
        assert (heard.is_masked, heard.is_filtered, kernel.listeners) == (False, True, 1)
    assert kernel.listeners == 0


def test_a_kernel_that_forgets_its_listeners_over_a_filter_is_heard_without_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = install(FakeKernel(forgets=True), monkeypatch)
    with ProcessEvents.open() as heard:
        kernel.send(message(UID, 500, 500))
        kernel.send(execution(500))
        assert (heard.is_masked, heard.is_filtered, kernel.listeners) == (False, False, 1)
        assert [event.pid for event in heard.drain().events] == [500]
    assert kernel.listeners == 0


@pytest.mark.parametrize("knows_masks", [True, False])
def test_a_refusal_in_the_acknowledgement_is_told(knows_masks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_refusal, "is_in_container", lambda: False)
    kernel = install(FakeKernel(knows_masks=knows_masks, refusal=errno.EPERM), monkeypatch)
    with pytest.raises(EventsUnavailable) as caught:
        ProcessEvents.open()
    assert (caught.value.code, caught.value.exit_code) == ("events-need-root", 1)
    assert kernel.sockets[0].fileno() == -1


def test_events_and_the_answers_to_others_are_no_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(is_deaf=True), monkeypatch)
    bind = kernel.bound

    def bound_among_others(buffer_bytes: int, program: bytes) -> tuple[socket.socket, bool]:
        bound = bind(buffer_bytes, program)
        for datagram in NOISE:
            kernel.send(datagram)
        return bound

    monkeypatch.setattr(events, "bound", bound_among_others)
    with pytest.raises(EventsUnavailable):
        ProcessEvents.open()


def test_a_late_acknowledgement_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)
    monkeypatch.setattr(events, "ACKNOWLEDGEMENT_SECONDS", 30.0)
    monkeypatch.setattr(events, "is_in_container", lambda: False)
    waits: list[float] = []

    class Poll:
        """Stands for time passing: the answer comes while octotui waits."""

        def register(self, *_: object) -> None: ...

        def poll(self, milliseconds: float) -> None:
            waits.append(milliseconds)
            kernel.is_deaf = False
            kernel.sockets[0].send(first[0])

    first: list[bytes] = []
    send = kernel.take

    def remember(sender: object, number: int, operation: int, mask: int | None) -> None:
        if not first:
            first.append(events.request(operation, number, mask))
        send(kernel.sockets[0], number, operation, mask)

    monkeypatch.setattr(kernel, "take", remember)
    monkeypatch.setattr(events.select, "poll", Poll)
    kernel.is_deaf = True
    with ProcessEvents.open() as heard:
        assert heard.is_masked
    assert len(waits) == 1
    assert 0 < waits[0] <= 30_000


def test_a_container_is_asked_and_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    install(FakeKernel(is_deaf=True), monkeypatch)
    waits: list[float] = []
    monkeypatch.setattr(events, "ACKNOWLEDGEMENT_SECONDS", 30.0)
    for module in (events, event_refusal):
        monkeypatch.setattr(module, "is_in_container", lambda: True)
    monkeypatch.setattr(ProcessEvents, "_answer", lambda _, __, seconds: waits.append(seconds) or errno.ETIMEDOUT)
    with pytest.raises(EventsUnavailable) as caught:
        ProcessEvents.open()
    assert (caught.value.code, waits) == ("events-in-container", [0.05])


@pytest.mark.parametrize("way", ["close", "twice", "dropped", "raised"])
def test_each_way_out_takes_the_subscription_back_once(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)
    other = ProcessEvents.open()
    heard = ProcessEvents.open()
    assert kernel.listeners == 2
    if way in ("close", "twice"):
        for _ in range(1 if way == "close" else 2):
            heard.close()
    elif way == "dropped":
        del heard
        gc.collect()
    else:
        with pytest.raises(KeyError), heard:
            raise KeyError
    assert (kernel.listeners, kernel.sockets[1].fileno()) == (1, -1)
    other.close()


def test_an_end_in_the_middle_of_subscribing_takes_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProcessEvents, "_narrow", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ProcessEvents.open()
    assert (kernel.listeners, kernel.sockets[0].fileno()) == (0, -1)


def test_only_the_kernel_is_believed_and_only_whole_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)
    with ProcessEvents.open() as heard:
        (near,) = kernel.sockets
        near.port = 4242
        kernel.send(execution(500))
        assert heard.drain().events == ()
        near.port = 0
        near.far_end.send(execution(501) * 200)
        near.far_end.send(execution(502)[:60])
        near.far_end.send(b"")
        near.far_end.send(execution(503))
        assert [event.pid for event in heard.drain().events] == [503]


def test_a_limit_leaves_the_rest_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)
    with ProcessEvents.open() as heard:
        for datagram in (fork(500), execution(500), answer(3), end(500, 256)):
            kernel.sockets[0].far_end.send(datagram)
        first, second, third = heard.drain(2), heard.drain(2), heard.drain(2)
        assert [event.kind for event in first.events] == [EventKind.FORK, EventKind.EXEC]
        assert [event.exit_status for event in second.events] == [256]
        assert [found.has_more for found in (first, second, third)] == [True, True, False]
        assert (third.events, heard.event_count) == ((), 3)


def test_a_loss_is_told_until_the_reader_is_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = install(FakeKernel(), monkeypatch)
    with ProcessEvents.open() as heard:
        receive, overruns = heard._receive, [OSError(errno.ENOBUFS, "No buffer space available")]

        def overrun() -> memoryview:
            if overruns:
                raise overruns.pop()
            return receive()

        monkeypatch.setattr(heard, "_receive", overrun)
        for pid in (500, 501, 502):
            kernel.send(execution(pid))
        told = [heard.drain(2) for _ in range(4)]
        assert [found.was_lost for found in told] == [True, True, True, False]
        assert [found.has_more for found in told] == [True, True, False, False]
        assert sum(len(found.events) for found in told) == 3
        assert heard.lost_count == 1


def test_nothing_to_want_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="wanted"):
        ProcessEvents.open(want=())


def test_another_system_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(EventsUnavailable) as caught:
        ProcessEvents.open()
    assert (caught.value.code, caught.value.reason) == ("events-not-linux", "this is not Linux")


@pytest.mark.parametrize(
    ("number", "is_container", "code"),
    [
        (errno.EPERM, False, "events-need-root"),
        (errno.EPERM, True, "events-in-container"),
        (errno.ETIMEDOUT, False, "events-unanswered"),
        (errno.ETIMEDOUT, True, "events-in-container"),
        (errno.ECONNREFUSED, False, "events-in-network-namespace"),
        (errno.EAFNOSUPPORT, True, "events-blocked"),
        (errno.EACCES, False, "events-blocked"),
        (errno.EPROTONOSUPPORT, False, "events-not-in-kernel"),
        (errno.EMFILE, False, "events-failed"),
    ],
)
def test_each_refusal_has_a_code_a_reason_and_a_next_step(
    number: int, is_container: bool, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_refusal, "is_in_container", lambda: is_container)
    refusal = explained(number)
    assert refusal.code == code
    assert refusal.reason in refusal.message
    assert refusal.hint


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EPERM])
def test_a_socket_that_is_not_to_be_had_is_explained(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(EventsUnavailable):
        ProcessEvents.open()
