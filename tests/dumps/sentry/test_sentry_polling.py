"""Without events: looking again and again, as root or as nobody, finds what lives long enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from catch_trials import catch_rate
from sentry_world import Children, key_of, listening, ours, program, state_of, until

NOBODY = 65534
AS_NOBODY = """
import os, sys
from octotui.dumps.sentry.__main__ import main
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(main())
"""


async def test_what_lives_for_several_looks_is_caught(home: Path) -> None:
    rate = await catch_rate(200, 20, events=False, gap_ms=30, directory=home)
    assert (rate.spawned, rate.caught) == (20, 20)


async def test_a_shell_that_becomes_calamari_is_caught_once_by_looking(made: Children, home: Path) -> None:
    async with listening(events=False) as ears:
        assert ears.sentry.ready["polling_ms"] == 20
        await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True)
        pid = made.start("sh", "-c", f"sleep 0.2; exec {program(home)} run").pid
        caught = await ears.until("caught", pid=pid)
        assert (caught["name"], caught["held"]) == ("Calamari", True)
        ears.sentry.send({"do": "release", **key_of(pid)._asdict()})
        await ears.until("released", pid=pid)
        os.kill(pid, 9)
        await ears.until("ended", pid=pid)
        later = made.start(program(home), "run").pid
        await ears.until("caught", pid=later)
        assert len(ears.of("caught", pid=pid)) == 1


async def test_what_ran_before_the_rule_is_not_new_to_who_looks(made: Children, home: Path) -> None:
    before = made.start(program(home), "run").pid
    async with listening(events=False) as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()})
        after = made.start(program(home), "run").pid
        await ears.until("caught", pid=after)
        assert ears.of("caught", pid=before) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's sentry is started by root")
@pytest.mark.parametrize("hears", [True, False], ids=["events", "polling"])
async def test_nobody_catches_all_holds_its_own_and_is_told_why_not_others(
    made: Children, open_home: Path, hears: bool
) -> None:
    home = open_home
    async with listening(command=("-I", "-c", AS_NOBODY), events=hears) as ears:
        await ears.arm(whom={"role": "calamari", "under": ours()}, hold=True, count=9)
        others = made.start(program(home), "run").pid
        refused = await ears.until("refused", pid=others)
        assert refused["code"] == "hold-denied"
        assert "root" in refused["hint"]
        assert ears.of("caught", pid=others)[0]["held"] is False
        own = made.start(program(home), "run", user=NOBODY, group=NOBODY, extra_groups=[]).pid
        await ears.until("held", pid=own)
        await until(lambda: state_of(own) == "T", "it stands still")
