"""The redactor before the grammar of secrets: nothing of a secret survives, in words, in a rewritten line, in text."""

from __future__ import annotations

from secret_grammar import Case, leaked

from octotui.octopus.secrets import redact, redact_text


def check_secret(case: Case) -> None:
    """Raises AssertionError with what is shown when a piece of the secret survives."""
    # What stands around the line has no letters: a secret that was made of them would seem to survive.
    views = {
        "argv": " ".join(redact(case.argv)),
        "rewritten": redact([case.text])[0],
        "embedded": " ".join(redact(["sh", "-c", case.text])),
        "log": redact_text(f"2026-08-21 10:00:01 > {case.text}\n>"),
    }
    for view, shown in views.items():
        assert not leaked(case, shown), f"{view}: {shown[:300]!r} of {case.argv!r}"[:1500]
