"""One conversation with a process at a time, with turns that are taken, waited for, given up and passed on."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from octotui.dotnet.conversations import CAPTURE, COUNTERS, HEAP, STACKS, Conversations
from octotui.processes.model import ProcessKey

KEY, OTHER = ProcessKey(10, 100), ProcessKey(11, 100)


async def talk(conversations: Conversations, what: str, log: list[str], key: ProcessKey = KEY) -> None:
    async with conversations.turn(key, what, log.append):
        log.append(f"{what} begins")
        await asyncio.sleep(0)
        log.append(f"{what} ends")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_stacks_asked_during_a_capture_wait_and_say_for_what() -> None:
    conversations, log = Conversations(), []
    async with conversations.turn(KEY, CAPTURE):
        assert conversations.busy_with(KEY) == CAPTURE
        asking = asyncio.ensure_future(talk(conversations, STACKS, log))
        await settle()
        assert log == ["waits for a capture of process 10 to end"]
    assert conversations.busy_with(KEY) == STACKS, "it is passed on at once, so that nobody comes in between"
    await asking
    assert log[1:] == ["stacks begins", "stacks ends"]
    assert conversations.busy_with(KEY) == ""


async def test_first_come_first_served_and_each_is_told_of_the_one_before() -> None:
    conversations, first, second = Conversations(), [], []
    async with conversations.turn(KEY, HEAP):
        tasks = [asyncio.ensure_future(talk(conversations, CAPTURE, first))]
        await settle()
        tasks.append(asyncio.ensure_future(talk(conversations, STACKS, second)))
        await settle()
    await asyncio.gather(*tasks)
    assert first == ["waits for a heap histogram of process 10 to end", "a capture begins", "a capture ends"]
    assert second[:2] == [
        "waits for a heap histogram of process 10 to end",
        "waits for a capture of process 10 to end",
    ]


async def test_other_processes_are_not_waited_for() -> None:
    conversations, log = Conversations(), []
    async with conversations.turn(KEY, CAPTURE):
        await talk(conversations, STACKS, log, OTHER)
    assert log == ["stacks begins", "stacks ends"]


async def test_a_pid_that_is_used_again_is_another_process() -> None:
    conversations, log = Conversations(), []
    async with conversations.turn(KEY, CAPTURE):
        await talk(conversations, STACKS, log, ProcessKey(KEY.pid, KEY.started + 1))
    assert log == ["stacks begins", "stacks ends"]


async def test_a_long_conversation_hears_that_somebody_waits_and_that_nobody_does_any_more() -> None:
    conversations = Conversations()
    async with conversations.turn(KEY, COUNTERS) as turn:
        assert not turn.wanted.is_set()
        asking = asyncio.ensure_future(talk(conversations, STACKS, []))
        await settle()
        assert turn.wanted.is_set()
        asking.cancel()
        await asyncio.wait({asking})
        assert not turn.wanted.is_set()


async def test_one_who_comes_to_a_line_of_others_hears_it_at_once() -> None:
    conversations = Conversations()
    heard = asyncio.Event()

    async def long_one() -> None:
        async with conversations.turn(KEY, COUNTERS) as turn:
            await turn.wanted.wait()
            heard.set()

    async with conversations.turn(KEY, CAPTURE):
        tasks = [asyncio.ensure_future(long_one())]
        await settle()
        tasks.append(asyncio.ensure_future(talk(conversations, STACKS, [])))
        await settle()
    await asyncio.gather(*tasks)
    assert heard.is_set()


async def test_cancelled_while_waiting_leaves_the_others_in_their_order() -> None:
    conversations, log = Conversations(), []
    async with conversations.turn(KEY, CAPTURE):
        tasks = [asyncio.ensure_future(talk(conversations, what, log)) for what in (HEAP, STACKS)]
        await settle()
        tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [line for line in log if "begins" in line] == ["stacks begins"]
    assert conversations.busy_with(KEY) == ""


async def test_cancelled_in_the_moment_its_turn_comes_passes_it_on() -> None:
    conversations, log = Conversations(), []
    async with conversations.turn(KEY, CAPTURE):
        tasks = [asyncio.ensure_future(talk(conversations, what, log)) for what in (HEAP, STACKS)]
        await settle()
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [line for line in log if "begins" in line] == ["stacks begins"]
    assert conversations.busy_with(KEY) == ""


async def test_the_only_one_who_waits_is_cancelled_just_before_the_end() -> None:
    conversations = Conversations()
    async with conversations.turn(KEY, CAPTURE):
        asking = asyncio.ensure_future(talk(conversations, STACKS, []))
        await settle()
        asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert conversations.busy_with(KEY) == ""
    await talk(conversations, STACKS, [])


async def test_an_error_in_the_block_gives_the_turn_back() -> None:
    conversations = Conversations()
    with contextlib.suppress(RuntimeError):
        async with conversations.turn(KEY, CAPTURE):
            raise RuntimeError
    assert conversations.busy_with(KEY) == ""


async def test_many_with_many_processes_all_come_to_their_end() -> None:
    """Two captures of two processes at one moment, counters and stacks of both: nobody waits for ever."""
    conversations = Conversations()
    begun = asyncio.Barrier(2)

    async def capture(key: ProcessKey) -> None:
        async with conversations.turn(key, CAPTURE):
            await begun.wait()

    async def counters(key: ProcessKey) -> None:
        for _ in range(3):
            async with conversations.turn(key, COUNTERS) as turn:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await turn.wanted.wait()

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(talker(key) for key in (KEY, OTHER) for talker in (counters, capture)),
            talk(conversations, STACKS, [], OTHER),
            talk(conversations, HEAP, [], KEY),
        )
    assert (conversations.busy_with(KEY), conversations.busy_with(OTHER)) == ("", "")
