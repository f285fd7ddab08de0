"""The table of methods: who lies at an address, also when an address has been used again."""

from __future__ import annotations

import os

import pytest
from stacks_fakes import MODULE, event, method_event, module_event, table_of, text

from octotui.dotnet.stacks import methods
from octotui.dotnet.stacks.methods import MethodTable
from octotui.dotnet.stacks.model import Frame, FrameKind


def test_an_address_inside_a_method_is_the_method_and_its_end_is_not() -> None:
    table = table_of(module_event("/opt/Calamari/Calamari.Shared.dll"), method_event(0x1000, 0x20, "P", "Run"))
    assert table.find(0x1000) == table.find(0x101F) == Frame("Calamari.Shared", "P.Run")
    assert table.find(0x1020) is None
    assert table.find(0xFFF) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/share/dotnet/System.Private.CoreLib.dll", "System.Private.CoreLib"),
        ("C:\\Octopus\\Calamari.exe", "Calamari"),
        ("System.Console.ni.dll", "System.Console"),
        ("Octopus.Tentacle", "Octopus.Tentacle"),
        ("", ""),
        ("/x/evil\x1b.dll", "evil␛"),
    ],
)
def test_a_module_is_called_by_its_assembly(path: str, name: str) -> None:
    table = table_of(module_event(path), method_event(0x1000, 0x20, "P", "Run"))
    found = table.find(0x1000)
    assert found is not None
    assert found.module == name


def test_dynamic_code_is_named_without_the_module_that_happens_to_hold_it() -> None:
    table = table_of(module_event("/x/Made.dll"), method_event(0x1000, 8, "dynamicClass", "lambda_method", flags=1))
    assert table.find(0x1000) == Frame("", "lambda_method", FrameKind.DYNAMIC)


def test_the_signature_tells_an_iterator_from_an_async_method() -> None:
    table = table_of(
        method_event(0x1000, 8, "P+<Steps>d__1", "MoveNext", signature="instance bool  ()"),
        method_event(0x2000, 8, "P+<RunAsync>d__2", "MoveNext", signature="instance void  ()"),
    )
    assert [table.find(address) for address in (0x1000, 0x2000)] == [
        Frame("", "P.Steps", FrameKind.ITERATOR),
        Frame("", "P.RunAsync", FrameKind.ASYNC),
    ]


def test_a_whole_rundown_replaces_what_was_there_before() -> None:
    table = table_of(method_event(0x1000, 0x100, "Old", "Gone"), method_event(0x3000, 0x10, "Old", "GoneToo"))
    assert table.find(0x3000) is not None
    table.take(method_event(0x1080, 0x10, "New", "Run"))
    table.settle()
    assert table.find(0x1084) == Frame("", "New.Run")
    assert [table.find(address) for address in (0x1000, 0x3000)] == [None, None]


@pytest.mark.parametrize("start", [0xFF0, 0x1000, 0x1080, 0x10F0])
def test_after_lost_events_newer_code_wins_where_it_lies_and_older_code_stays_elsewhere(start: int) -> None:
    table = table_of(method_event(0x1000, 0x100, "Old", "Overlapped"), method_event(0x3000, 0x10, "Old", "Kept"))
    table.take(method_event(start, 0x20, "New", "Run"))
    table.settle(is_whole=False)
    assert table.find(start + 4) == Frame("", "New.Run")
    assert table.find(0x1048) is None
    assert table.find(0x3000) == Frame("", "Old.Kept")


def test_of_two_methods_at_one_address_the_one_told_last_is_found() -> None:
    table = table_of(method_event(0x1000, 8, "Old", "Run"), method_event(0x1000, 0x40, "New", "Run"))
    assert table.find(0x1020) == Frame("", "New.Run")
    assert len(table) == 1


def test_a_rundown_that_broke_off_is_not_taken() -> None:
    table = table_of(method_event(0x1000, 8, "P", "Run"))
    table.take(method_event(0x1000, 8, "Half", "Told"))
    table.drop()
    table.settle()
    assert table.find(0x1000) == Frame("", "P.Run")


def test_an_address_that_a_rundown_does_not_name_is_not_worth_another_rundown() -> None:
    table = table_of(method_event(0x1000, 8, "P", "Run"))
    assert table.needs_rundown(0x5000)
    assert not table.needs_rundown(0x1000)
    table.give_up(0x5000)
    assert not table.needs_rundown(0x5000)
    table.take(method_event(0x2000, 8, "P", "Other"))
    table.settle()
    assert table.needs_rundown(0x5000)


def test_another_program_in_the_same_process_begins_with_an_empty_table() -> None:
    table = table_of(method_event(0x1000, 8, "P", "Run"))
    table.forget("another cookie")
    assert (len(table), table.cookie, table.find(0x1000)) == (0, "another cookie", None)


def test_what_is_kept_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "MOST_METHODS", 3)
    table = table_of(*(method_event(0x1000 * number, 8, "P", "Run") for number in range(1, 6)))
    assert len(table) == 3
    assert table.is_cut
    table.take(method_event(0x9000, 8, "P", "Run"))
    table.settle(is_whole=False)
    assert len(table) == 3


def test_payloads_that_are_cut_short_name_nothing_and_break_nothing() -> None:
    whole = method_event(0x1000, 0x20, "P", "Run").payload
    for length in range(len(whole)):
        table = table_of(event(144, whole[:length]))
        found = table.find(0x1000)
        assert found is None or found.method == "P.Run"
    for length in range(40):
        table_of(event(154, module_event("/x/Calamari.dll").payload[:length]))


def test_random_payloads_break_nothing() -> None:
    table = MethodTable()
    for _ in range(200):
        table.take(event(144, os.urandom(80)))
    starts = [0x1000, 0x2000]
    table.take(
        event(144, method_event(0x1000, 8, "P", "Run").payload[:36] + b"\x00\xd8" * 3000 + b"\0\0" + text("x") * 2)
    )
    table.take(event(154, MODULE.to_bytes(8, "little") + b"\xff" * 200 + b"\0\0"))
    table.settle()
    assert all(found is None or len(found.method) <= 300 for found in map(table.find, starts))
