"""Who a caught process is: what it runs now, whatever the last sample saw it as."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from octotui.dumps.catching.faces import Faces
from octotui.octopus.secrets import redact
from octotui.processes.model import ProcessKey
from octotui.processes.sampler import Sampler
from octotui.processes.source import open_source


def test_a_calamari_that_was_a_bootstrap_when_the_sample_was_taken_is_called_calamari(tmp_path: Path) -> None:
    calamari = tmp_path / "Calamari"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", calamari)
    script = f"read -r _; exec {calamari} 60"
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE) as process:
        try:
            source = open_source(redact)
            sample = Sampler(lambda snapshot: {}).advance(source.read())
            key = next(key for key in sample.snapshot.processes if key.pid == process.pid)
            faces = Faces()
            faces.see(sample)
            assert faces.meet(key)[0].name == "bash"
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            _until_it_is("Calamari", key)
            known, meaning = faces.meet(key)
            assert (known.name, meaning.label, faces.target(key).label) == ("Calamari", "Calamari", "Calamari")
            source.close()
        finally:
            process.kill()


def _until_it_is(name: str, key: ProcessKey) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{key.pid}/comm").read_text().strip() != name:
        assert time.monotonic() < deadline
        time.sleep(0.005)
