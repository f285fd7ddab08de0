"""The doctor's line about process events: on, with what was granted; or off, why, and what to do."""

from __future__ import annotations

import os
from typing import cast

import pytest

from octotui.cli.doctor.check import Check, Status
from octotui.cli.doctor.events import event_source
from octotui.processes.event_refusal import explained, not_linux
from octotui.processes.events import EventsUnavailable, ProcessEvents


class Granted:
    """A subscription with these properties, which says when it is closed."""

    def __init__(self, buffer_bytes: int, *, is_filtered: bool = True, is_masked: bool = True) -> None:
        self.buffer_bytes = buffer_bytes
        self.is_filtered = is_filtered
        self.is_masked = is_masked
        self.is_closed = False

    def __enter__(self) -> Granted:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True


def line(granted: Granted) -> Check:
    return event_source(lambda: cast(ProcessEvents, granted))


def refused(refusal: EventsUnavailable) -> Check:
    def subscribe() -> ProcessEvents:
        raise refusal

    return event_source(subscribe)


def test_events_that_are_on_name_buffer_filter_and_mask_and_are_unsubscribed() -> None:
    granted = Granted(32 << 20)
    check = line(granted)
    assert (check.status, check.fix, granted.is_closed) == (Status.OK, "", True)
    for words in ("on:", "34 MB", "threads left out by the kernel", "its mask"):
        assert words in check.detail


def test_an_older_kernel_and_a_filter_that_was_not_taken_are_said() -> None:
    check = line(Granted(32 << 20, is_filtered=False, is_masked=False))
    assert "threads left out by octotui" in check.detail
    assert "before Linux 6.6" in check.detail


def test_a_small_buffer_comes_with_the_command_that_makes_it_larger() -> None:
    check = line(Granted(425_984)).within("host")
    assert (check.status, check.is_command) == (Status.OK, True)
    assert "rmem_max" in check.fix


@pytest.mark.parametrize(
    ("refusal", "words"),
    [(explained(13), "sandbox"), (explained(93), "CONFIG_PROC_EVENTS"), (not_linux(), "not Linux")],
)
def test_events_that_are_off_name_the_reason_and_what_octotui_does_instead(
    refusal: EventsUnavailable, words: str
) -> None:
    check = refused(refusal)
    assert check.status is Status.WARNING
    assert words in f"{check.detail} {check.fix}"
    assert "polls instead" in check.detail
    assert check.fix


@pytest.mark.parametrize(("uid", "is_command"), [(1000, True), (0, False)])
def test_what_root_alone_may_hear_comes_with_the_command_for_all_but_root(
    uid: int, is_command: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    refusal = EventsUnavailable("this kernel tells root alone", hint="run octotui as root", code="events-need-root")
    assert refused(refusal).is_command is is_command


def test_the_real_kernel_answers_or_gives_a_reason_under_the_same_code() -> None:
    check = event_source()
    assert check.status in (Status.OK, Status.WARNING)
    assert check.as_json()["code"] == "process-events"
