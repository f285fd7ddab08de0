"""What every backend offers: says whether it can capture a process, and captures it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from octotui.dotnet.model import RuntimeFacts
from octotui.dumps.model import DumpType
from octotui.dumps.targets.target import HeldTarget
from octotui.dumps.verifying.writers import Writer
from octotui.octopus.secrets import redact_text
from octotui.text import printable

MOST_LINES = 40
LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a backend can capture a process. `reason` says why (not), `hint` what would make it possible.

    `type` is the only type that it can write of this process, None when that is the one it was asked for.
    `is_installed` is False when its tool is not on this host: worth a word only to who asks for it by name.
    """

    ok: bool
    reason: str
    hint: str = ""
    type: DumpType | None = None
    is_installed: bool = True


@dataclass(slots=True)
class Capture:
    """One capture as it is handed to a backend.

    `path` is the file to write, as the writer sees it: in a private directory, not there yet. `said` collects the
    tool's own words, made safe to show and to keep.
    """

    facts: RuntimeFacts
    type: DumpType
    target: HeldTarget
    path: str
    deadline_seconds: float
    was_stopped: bool = False
    said: list[str] = field(default_factory=list)

    @property
    def template(self) -> str:
        """`path` as createdump wants it: a lone `%` would start a placeholder."""
        return self.path.replace("%", "%%")

    def note(self, text: str) -> None:
        """Keeps what a tool said: redacted, printable, at most `MOST_LINES` lines."""
        for line in text.splitlines():
            clean = printable(redact_text(line.strip()), LONGEST_LINE)
            if clean and len(self.said) < MOST_LINES:
                self.said.append(clean)


class Backend(Protocol):
    """A way to capture. Backends do not print, log or notify."""

    @property
    def writer(self) -> Writer:
        """Which tool writes the file: the verification expects its habits."""

    @property
    def is_portable(self) -> bool:
        """Whether the dump can be read on another host."""

    @property
    def is_on_request(self) -> bool:
        """True when it is used only where a request names it: "auto" passes it over."""

    @property
    def needs(self) -> str:
        """What has to be there for it, in words."""

    @property
    def does(self) -> str:
        """What it can do that others cannot, in words."""

    @property
    def name(self) -> str:
        """The name in requests, plans and JSON."""

    @property
    def title(self) -> str:
        """The name for people."""

    def probe(self, facts: RuntimeFacts, type: DumpType) -> Availability:
        """Whether it can capture such a process; touches nothing."""

    async def run(self, capture: Capture) -> None:
        """Has `capture.path` written. Returning is no proof of a whole file.

        Raises CaptureFailed with the tool's words. When it is cancelled it ends the tool first, so that the target
        runs again, and then raises CancelledError.
        """
