"""Orders from octotui: whatever the bytes are, the answer is an order or a sentence."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentry_world import Children, Listening, key_of, ours, program, state_of, until

from octotui.dumps.sentry.link import Closed, Link
from octotui.dumps.sentry.orders import Arm, HoldOrder, Unusable, parse_order

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])
"""How long the making of examples takes on a busy host says nothing of the sentry."""

FIELDS = [
    "id", "whom", "hold", "hold_seconds", "count", "at_exit", "trace", "pid", "started", "seconds", "when", "by",
]  # fmt: skip


def parsed(**fields: Any) -> object:
    return parse_order(json.dumps(fields).encode())


def test_an_order_that_is_whole_keeps_what_it_says_and_has_defaults_for_the_rest() -> None:
    order = parsed(do="arm", id=3, whom={"role": "calamari", "under": [7, 9]}, hold=True)
    assert isinstance(order, Arm)
    assert (order.id, order.role, order.under, order.hold_seconds, order.count) == (3, "calamari", (7, 9), 60.0, 1)
    hold = parsed(do="hold", pid=1, started=2, seconds=1e9, when="ready")
    assert isinstance(hold, HoldOrder)
    assert (hold.seconds, hold.by, hold.when_ready) == (3600.0, "you", True)


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "arm", "id": 1},
        {"do": "arm", "id": True, "whom": {}},
        {"do": "arm", "id": 1, "whom": {"under": [1]}},
        {"do": "arm", "id": 1, "whom": {"name": "a\0b"}},
        {"do": "arm", "id": 1, "whom": {"name": "a"}, "at_exit": True},
        {"do": "arm", "id": 1, "whom": {"name": "a"}, "at_exit": True, "trace": {"directory": "relative"}},
        {"do": "hold", "pid": 0, "started": 1, "seconds": 1},
        {"do": "hold", "pid": 1, "started": 1, "seconds": float("nan")},
        {"do": "hold", "pid": 1, "started": 1, "seconds": -1},
        {"do": "hold", "pid": 1, "started": 1, "seconds": 1, "when": "never"},
        {"do": "release", "pid": 1},
        {"do": "trace", "id": 1, "pid": 1, "started": 1},
        {"do": ["arm"]},
        {},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_a_sentence(fields: dict[str, Any]) -> None:
    with pytest.raises(Unusable) as caught:
        parsed(**fields)
    assert caught.value.message.startswith(("an order", "a rule"))


@PATIENT
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(["do", *FIELDS]), JSON).map(lambda f: json.dumps(f).encode())
)
def test_no_bytes_break_the_reading(packet: bytes) -> None:
    try:
        parse_order(packet)
    except Unusable as refusal:
        json.dumps(refusal.about)


@PATIENT
@given(
    st.sampled_from(["arm", "disarm", "hold", "release", "trace", "cancel"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
)
def test_no_field_breaks_an_order(do: str, fields: dict[str, Any]) -> None:
    try:
        parse_order(json.dumps({**fields, "do": do}).encode())
    except Unusable as refusal:
        json.dumps(refusal.about)


async def test_nonsense_on_the_link_leaves_the_sentry_and_its_holds_as_they_are(
    ears: Listening, made: Children, home: Path
) -> None:
    await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
    pid = made.start(program(home), "run").pid
    await ears.until("held", pid=pid)
    link: socket.socket = ears.sentry._link
    for packet in (b"{", b"\xff" * 9, b"[" * 60_000, b'{"do":"arm","id":1}', b"x" * 200_000, b"null"):
        link.send(packet)
    await ears.until("refused", count=6)
    for whom in ({"role": "nobody"}, {"role": "none"}, {"filter": "|"}, {}):
        ears.sentry.send({"do": "arm", "id": 2, "whom": whom})
    await ears.until("refused", count=4, id=2)
    ears.sentry.send({"do": "cancel", **key_of(pid)._asdict()})
    assert (await ears.until("refused", pid=pid))["code"] == "not-traced"
    assert all(news["message"] for news in ears.of("refused"))
    await until(lambda: state_of(pid) == "T", "it stands still")
    await ears.stop()
    await until(lambda: state_of(pid) != "T", "it runs again")


async def test_a_filter_on_figures_is_refused_with_a_hold_and_told_as_open_without(
    ears: Listening, made: Children, home: Path
) -> None:
    whom = {"filter": "run cpu>5", "under": ours()}
    ears.sentry.send({"do": "arm", "id": 1, "whom": whom, "hold": True})
    refused = await ears.until("refused", id=1)
    assert refused["code"] == "filter-too-early"
    assert "cpu>5" in refused["message"]
    await ears.arm(2, whom=whom)
    caught = await ears.until("caught", pid=made.start(program(home), "run").pid)
    assert caught["open"] is True
    made.start(program(home), "live", "0").wait()
    await ears.arm(3, whom={"name": "none"})
    assert len(ears.of("caught")) == 1


def test_the_sentrys_program_started_by_hand_says_what_it_is_for() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "octotui.dumps.sentry"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "octotui starts this program by itself: octotui catch --help\n"


def test_a_sentry_whose_news_nobody_reads_any_more_ends_instead_of_leaving_some_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("octotui.dumps.sentry.link.MOST_WAITING", 10)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, closing(Link(theirs)) as link:
        while link.tell("caught", name="x" * 10_000):
            pass
        for _ in range(9):
            assert not link.tell("ended")
        with pytest.raises(Closed):
            link.tell("ended")
