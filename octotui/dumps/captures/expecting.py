"""What the verification expects of a step's dump, from what was known of its target while it was captured."""

from __future__ import annotations

import platform

from octotui.dotnet.model import RuntimeFacts, RuntimeKind
from octotui.dumps.estimating.estimates import estimated_bytes, most_bytes
from octotui.dumps.model import Step
from octotui.dumps.verifying.verify import RUNTIME_LIBRARY, Expectation
from octotui.dumps.verifying.writers import Writer

MACHINES = {"x86_64": "x86-64", "aarch64": "aarch64"}


def expectation(step: Step, facts: RuntimeFacts, threads: frozenset[int], writer: Writer) -> Expectation:
    """`threads` are those that lived from before the capture to its end."""
    return Expectation(
        pids=frozenset({facts.key.pid, facts.namespace_pid or facts.key.pid}),
        threads=threads,
        runtime=RUNTIME_LIBRARY if facts.kind is RuntimeKind.CORECLR else "",
        writer=writer,
        machine=MACHINES.get(platform.machine(), ""),
        most_bytes=most_bytes(max(step.estimate.bytes, estimated_bytes(facts, step.type))),
    )
