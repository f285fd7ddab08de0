"""Real processes whose names and arguments attack whoever shows them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

NAMES: tuple[bytes, ...] = (
    b"[kworker/0:0]",
    b"x [/b] y",
    b"[@click=app.quit]press[/]",
    b"[link=http://x]y[/link]",
    b"\x1b]0;pwned\x07",
    b"\x1b]52;c;cHduZWQ=\x07",
    b"\x1b[2J\x1b[H\x1b[31m",
    b"\x1bP+q544e\x1b\\\x1b_G\x1b\\",
    b"\x1b[?1049l\x1bc",
    b"\x9b31m\x9d0;pwned\x9c",
    "\u009b31m\u009d0;pwned\u009c".encode(),
    "a\u202egnp.exe\u2066\u200b\u200d\ufeff".encode(),
    b"line\nbreak\ttab\rreturn\x08\x7f",
    b"\xe9\xff\xfe invalid",
    b"\xed\xa0\x80\xed\xb3\xa9 surrogates",
    "数据库服务器进程数据库服务器进程".encode(),
    "👩‍👩‍👧‍👦❤️ family".encode(),
    ("e" + "\u0301" * 300).encode(),
    b"A" * 4096,
    b"",
    b" " * 300,
    b"{0} %s %(x)s \\[b] $primary",
)
TEXTS = tuple(name.decode("utf-8", "surrogateescape") for name in NAMES)


@contextlib.contextmanager
def hostile_processes(directory: Path) -> Iterator[list[int]]:
    """One sleeping process for each name, which has it as its file name, first argument and last; their pids."""
    found: list[subprocess.Popen[bytes]] = []
    try:
        for number, name in enumerate(NAMES):
            home = directory / str(number)
            home.mkdir()
            file = os.path.join(os.fsencode(home), name.replace(b"/", b"|")[:200].strip() or b"blank")
            shutil.copyfile("/bin/sleep", file)
            Path(os.fsdecode(file)).chmod(0o700)
            arguments = [b"/opt/Calamari" + name if number % 2 else name, b"300", b"0." + b"0" * number]
            environment = {b"OCTOPUS": name.replace(b"\0", b"")}
            found.append(
                subprocess.Popen(arguments, executable=file, env=environment, cwd=home, stdout=subprocess.DEVNULL)
            )
        yield [process.pid for process in found]
    finally:
        for process in found:
            process.kill()
            process.wait()
