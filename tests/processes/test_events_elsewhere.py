"""Users without rights and namespaces of their own: heard, or refused for the right reason, on the real kernel."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from event_children import python, subscription

from octotui.processes.events import ProcessEvents

ASK = """
import os
from octotui.processes.events import EventsUnavailable, ProcessEvents
try:
    with ProcessEvents.open() as events:
        pid = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(pid, 0)
        heard = events.drain(100000).events
        print("heard", sum(event.pid == pid for event in heard))
except EventsUnavailable as refusal:
    print(refusal.code)
"""


def asked(prefix: Sequence[str]) -> str:
    """What octotui says that was started in this way; skips the test where it cannot be."""
    if shutil.which(prefix[0]) is None or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip(f"{prefix[0]} is not to be had here")
    done = subprocess.run(python(ASK, prefix=prefix), capture_output=True, text=True)
    if "Permission denied" in done.stderr:
        pytest.skip("this checkout is closed to other users")
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_user_without_rights_hears_all_or_is_told_that_root_would() -> None:
    subscription().close()
    said = asked(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all"])
    # Linux 6.6 and later tell everybody, earlier ones root alone.
    assert said in ("heard 3", "events-need-root")


@pytest.mark.parametrize(
    ("namespaces", "code"),
    [
        (["--fork", "--pid", "--mount-proc"], "events-in-container"),
        (["--user", "--map-root-user"], "events-in-container"),
        (["--fork", "--pid", "--user", "--map-root-user", "--net", "--mount-proc"], "events-in-container"),
        (["--net"], "events-in-network-namespace"),
    ],
    ids=["pid", "user", "all", "net"],
)
def test_namespaces_of_its_own_are_named_as_the_reason(namespaces: list[str], code: str) -> None:
    subscription().close()
    assert asked(["unshare", *namespaces]) == code


def test_what_others_are_told_in_the_same_network_is_no_answer_to_a_container() -> None:
    prefix = ["unshare", "--fork", "--pid", "--mount-proc"]
    asked(prefix)
    with subscription() as loud:
        assert loud.fileno() >= 0
        container = subprocess.Popen(python(ASK, prefix=prefix), stdout=subprocess.PIPE, text=True)
        # Each of these makes acknowledgements and events that reach every listener of this network.
        while container.poll() is None:
            ProcessEvents.open().close()
            subprocess.run(["true"], check=True)
        out, _ = container.communicate()
    assert out.strip() == "events-in-container"
