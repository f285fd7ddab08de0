"""The words of createdump: which of its lines tell of a failure, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence

from octotui.errors import CaptureFailed

_PREFIX = "[createdump] "
_PROGRESS = (
    "Gathering state for process",
    "Crashing thread",
    "Writing minidump",
    "Writing full dump",
    "Writing triage",
    "Written ",
    "Target process is alive",
    "Dump successfully written",
    "Failure took",
)
_HINTS = (
    ("No space left on device", "disk-full", "free some space there, or choose another directory with --output DIR"),
    ("Unrecognized argument", "createdump-needs-parent", "use --backend ipc: this createdump only dumps its parent"),
    (
        "pid argument is no longer",
        "createdump-needs-parent",
        "use --backend ipc: this createdump only dumps its parent",
    ),
    ("ptrace(ATTACH", "traced", "something else traces the process, or the kernel forbids it: octotui doctor"),
    ("Could not create output file", "unwritable", "its user cannot write there: choose another --output DIR"),
    ("Could not open output", "unwritable", "its user cannot write there: choose another --output DIR"),
    ("Only full dumps", "full-only", "use --type full"),
    ("Permission denied", "access-denied", "the kernel denied the access: octotui doctor PID says which rule did"),
    (
        "Operation not permitted",
        "access-denied",
        "the kernel denied the access: octotui doctor PID says which rule did",
    ),
    ("may not have execute permissions", "not-executable", "make createdump beside its runtime executable: chmod +x"),
    ("InitializeDAC", "no-dac", "use --type full, which needs less help from the runtime's own library"),
    ("Invalid process id", "process-gone", "the process ended: look at the tree again"),
)


def failure_lines(said: Sequence[str]) -> list[str]:
    """The lines that are not progress, without createdump's prefix."""
    lines = [line.removeprefix(_PREFIX) for line in said]
    return [line for line in lines if line and not line.startswith(_PROGRESS)]


def failure(said: Sequence[str], otherwise: str, *, code: str = "") -> CaptureFailed:
    """The failure in the tool's words with our next step, or `otherwise` when it said nothing of use."""
    lines = failure_lines(said)
    text = "; ".join(lines)
    for words, slug, hint in _HINTS:
        if words in text:
            return CaptureFailed(text, hint=hint, code=slug)
    return CaptureFailed(text or otherwise, hint="try another --backend or --type, or octotui doctor PID", code=code)


def target_ended() -> CaptureFailed:
    """The failure of a capture whose target ended meanwhile, whatever the tool said of it."""
    return CaptureFailed(
        "the target ended during the dump", hint="its log, or the one who ended it, knows why", code="process-gone"
    )


def is_early_denial(said: Sequence[str]) -> bool:
    """True for the denial that createdump meets when it looks before its parent allowed it: a second try succeeds."""
    text = "; ".join(said)
    return "Permission denied (13)" in text and "Failure took 0ms" in text
