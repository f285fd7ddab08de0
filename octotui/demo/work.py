"""The files of a stand-in deployment: where Tentacle keeps them, named and worded as it does."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octotui.demo.program import Behaviour

CALAMARI_VERSION = "2026.4.55"
LONG_TASK = 826567
SHORT_TASK = 826570
_SCRIPT_NAME = "Bootstrap.4f2-8b1c-4d7e-9a3f0c5d2e7b.Script.sh"
_SHORT_END = "3000 return 1"
"""Too quick for a person to dump, and a failure: what watch rules are for."""


_BOOTSTRAP = """\
#!/bin/bash
# Starts Calamari in a session of its own and waits for it. A background job loses its stdin unless it is told not to,
# and the end of stdin is what ends every process here.
cd {work}
{settings} setsid {calamari} {arguments} <&0 &
calamari=$!
trap 'kill -TERM "$calamari"' TERM
wait "$calamari"
"""

_SCRIPT = """\
# Stands for the script of a deployment step that hangs: waits until its stdin ends.
echo "Waiting for the database migration to finish"
cat > /dev/null
"""


@dataclass(frozen=True, slots=True)
class TreeLayout:
    """Paths below a demo's `home`; `stamp` is when its scripts were sent (UTC, yyyyMMddHHmmss)."""

    home: Path
    stamp: str

    @classmethod
    def now(cls, home: Path) -> TreeLayout:
        return cls(home, time.strftime("%Y%m%d%H%M%S", time.gmtime()))

    @property
    def calamari_directory(self) -> Path:
        return self.home / "Tools" / "Calamari.linux-x64" / CALAMARI_VERSION

    @property
    def calamari_ready(self) -> Path:
        """A file that is there once the long Calamari has filled its heap."""
        return self.home / "calamari.ready"

    @property
    def long_bootstrap(self) -> Path:
        return self._work(LONG_TASK, 1) / "Bootstrap.sh"

    @property
    def short_bootstrap(self) -> Path:
        return self._work(SHORT_TASK, 2) / "Bootstrap.sh"

    def _work(self, task: int, sequence: int) -> Path:
        return self.home / "Work" / f"{self.stamp}-{task}-{sequence}"


def write_layout(
    layout: TreeLayout, calamari: Sequence[str], *, script_key: str, password: str, ballast_mb: int
) -> None:
    """Writes both work directories: one whose Calamari runs a script until the end, one whose Calamari soon fails."""
    script = f"exec bash {_SCRIPT_NAME} {script_key}"
    running = Behaviour(ballast_mb=ballast_mb, threads=6, busy=4, child=script, lock=True)
    finding = Behaviour(ballast_mb=16, end=_SHORT_END)
    work = layout.long_bootstrap.parent
    variables = f"-variables={work / 'Variables.secret'}"
    _write_work(
        layout.long_bootstrap,
        running.environment(ready=str(layout.calamari_ready)),
        [*calamari, "run-script", variables, f"-variablesPassword={password}", "-scriptIsolationLevel=FullIsolation"],
        LONG_TASK,
    )
    (work / _SCRIPT_NAME).write_text(_SCRIPT, encoding="utf-8")
    _write_work(
        layout.short_bootstrap,
        finding.environment(),
        [*calamari, "find-package", "-packageId=Web.Blue", "-packageVersion=27.3.5", f"-variablesPassword={password}"],
        SHORT_TASK,
    )


def _write_work(bootstrap: Path, settings: dict[str, str], command: Sequence[str], task: int) -> None:
    work = bootstrap.parent
    work.mkdir(parents=True)
    bootstrap.write_text(
        _BOOTSTRAP.format(
            work=shlex.quote(str(work)),
            settings=" ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items()),
            calamari=shlex.quote(command[0]),
            arguments=shlex.join(command[1:]),
        ),
        encoding="utf-8",
    )
    (work / "Variables.secret").write_bytes(os.urandom(256))
    said = ["stdout", f"Acquiring isolation mutex RunningScript with FullIsolation in ServerTasks-{task}", _iso_now()]
    (work / "Output.log").write_text(json.dumps(said) + "\n", encoding="utf-8")


def _iso_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
