"""createdump's words, made into a failure that a person can act on."""

from __future__ import annotations

import pytest

from octotui.dumps.backends.words import failure, failure_lines, is_early_denial


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[createdump] Error writing data to dump file: No space left on device (28)", "disk-full"),
        ("[createdump] Problem suspending threads: ptrace(ATTACH, 5) FAILED Operation not permitted (1)", "traced"),
        ("[createdump] Could not create output file '/x': Permission denied (13)", "unwritable"),
        ("Could not open output /x: Permission denied", "unwritable"),
        ("Unrecognized argument '5'", "createdump-needs-parent"),
        ("The pid argument is no longer supported", "createdump-needs-parent"),
        ("Only full dumps are supported by single file apps. Change the dump type to full", "full-only"),
        ("open(/proc/5/mem) FAILED Permission denied (13)", "access-denied"),
        ("Invalid process id: open(...) FAILED No such file or directory (2)", "process-gone"),
        ("Problem launching createdump (may not have execute permissions): execve(P) FAILED", "not-executable"),
        ("InitializeDAC: dlopen(P) FAILED", "no-dac"),
    ],
)
def test_known_words_have_a_next_step(said: str, code: str) -> None:
    failed = failure([said], "otherwise")
    assert failed.code == code
    assert failed.hint
    assert failed.message in said


def test_progress_lines_are_not_the_failure() -> None:
    said = ["[createdump] Gathering state for process 5 x", "[createdump] Written 5 bytes", "[createdump] Bad luck"]
    assert failure_lines(said) == ["Bad luck"]
    assert failure(said[:2], "it ended without a word", code="exit").message == "it ended without a word"


def test_denial_before_the_parent_allowed_it_is_told_from_others() -> None:
    assert is_early_denial(["open(/proc/5/mem) FAILED Permission denied (13)", "[createdump] Failure took 0ms"])
    assert not is_early_denial(["open(/proc/5/mem) FAILED Permission denied (13)", "[createdump] Failure took 83ms"])
