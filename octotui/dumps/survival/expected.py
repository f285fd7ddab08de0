"""What a capture that another octotui began has to show, by its entry in the journal."""

from __future__ import annotations

from octotui.dumps.backends.registry import default_backends
from octotui.dumps.estimating.estimates import most_bytes
from octotui.dumps.staged.journal import Entry
from octotui.dumps.verifying.verify import Expectation, Writer


def expectation(entry: Entry) -> Expectation:
    pids = frozenset({entry.target_pid, entry.namespace_pid or entry.target_pid})
    return Expectation(
        pids=pids, runtime="", writer=writer_of_entry(entry), most_bytes=most_bytes(entry.expected_bytes)
    )


def writer_of_entry(entry: Entry) -> Writer:
    """octotui itself, or the tool that its backend starts; one that stood in for another is of the same kind."""
    writers = {Writer.OCTOTUI.value: Writer.OCTOTUI, **{backend.name: backend.writer for backend in default_backends()}}
    return writers.get(str(entry.record.get("backend")), Writer.CREATEDUMP)
