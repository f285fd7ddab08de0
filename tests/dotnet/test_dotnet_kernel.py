"""Files of a stranger never hold a reader up, and a stranger's bytes stay what they are."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from octotui.dotnet.kernel import read_foreign
from octotui.dotnet.runtime import inspect
from octotui.octopus.workfiles import read_head
from octotui.processes.model import ProcessKey

LEASE = """
import fcntl, os, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
held = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="leases are of Linux")
def test_a_lease_on_a_file_is_an_error_at_once_and_no_wait(tmp_path: Path) -> None:
    leased = tmp_path / "leased"
    leased.write_bytes(b"words")
    holder = subprocess.Popen([sys.executable, "-c", LEASE, str(leased)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            read_foreign(leased)
        assert read_head(leased, 100) == b""
    finally:
        holder.kill()
        holder.communicate()
    assert read_foreign(leased) == b"words"


def test_a_temp_directory_that_is_not_utf8_stays_the_same_path() -> None:
    holder = subprocess.Popen(["sleep", "600"], env={b"TMPDIR": b"/tmp/\xff\x1b"})
    try:
        # The new environment is there once exec is over, which Popen waits for.
        started = int(Path(f"/proc/{holder.pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
        facts = inspect(ProcessKey(holder.pid, started))
    finally:
        holder.kill()
        holder.wait()
    assert os.fsencode(facts.temp_directory) == b"/tmp/\xff\x1b"
