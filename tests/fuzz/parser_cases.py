"""The readers of small foreign files before bytes that nobody wrote on purpose: a value or the documented error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import strategies as st
from mutations import mutate_bytes

from octotui import config
from octotui.dotnet import kernel, maps
from octotui.dumps.disk.files import read_json
from octotui.dumps.disk.filesystems import file_system_of
from octotui.dumps.estimating import history
from octotui.dumps.keeping.records import parsed_time, problem_of
from octotui.errors import UsageError
from octotui.octopus.secrets import redact
from octotui.processes import cgroups, statfile
from octotui.text import printable

Check = Callable[[bytes, Path], None]


def _stat(raw: bytes, directory: Path) -> None:
    found = statfile.parse_stat(raw)
    assert found is None or (found.rss_pages >= 0 and isinstance(found.started, int))


def _command(raw: bytes, directory: Path) -> None:
    assert all(printable(word) == word for word in statfile.parse_command(raw, redact))


def _status(raw: bytes, directory: Path) -> None:
    kernel.parse_status(raw)


def _environment(raw: bytes, directory: Path) -> None:
    assert all(b"=" not in name for name in kernel.parse_environment(raw))


def _maps(raw: bytes, directory: Path) -> None:
    found = list(maps.parse_maps(raw))
    maps.runtime_library(found)
    maps.writable_bytes(found)
    maps.image_bytes(found)


def _cgroups(raw: bytes, directory: Path) -> None:
    paths = cgroups.parse_cgroups(raw)
    cgroups.main_cgroup(paths)
    # OSError is what it says it raises where the group is not there, which a made-up one never is.
    try:
        cgroups.memory_room(paths, directory / "cgroup")
    except OSError:
        return


def _memory_limit(raw: bytes, directory: Path) -> None:
    group = directory / "limits"
    group.mkdir(exist_ok=True)
    (group / "memory.max").write_bytes(raw)
    (group / "memory.current").write_bytes(raw[::-1])
    cgroups.memory_room({"": "/"}, group)


def _mounts(raw: bytes, directory: Path) -> None:
    file = directory / "mountinfo"
    file.write_bytes(raw)
    assert isinstance(file_system_of(directory, file).kind, str)


def _json(raw: bytes, directory: Path) -> None:
    file = directory / "document.json"
    file.write_bytes(raw)
    found = read_json(file)
    assert found is None or isinstance(found, dict)


def _record(raw: bytes, directory: Path) -> None:
    file = directory / "dump.json"
    file.write_bytes(raw)
    found = read_json(file) or {}
    assert problem_of(found, 10).isprintable()
    parsed_time(found.get("captured_at"))


def _history(raw: bytes, directory: Path) -> None:
    file = directory / "history"
    file.write_bytes(raw)
    assert all(entry.bytes > 0 for entry in history.History(file).entries())


def _config(raw: bytes, directory: Path) -> None:
    file = directory / "octotui.toml"
    file.write_bytes(raw)
    try:
        settings = config.load([file], {})
    except UsageError as error:
        assert printable(error.message) == error.message
    else:
        assert config.SHORTEST_INTERVAL <= settings.interval_seconds <= config.LONGEST_INTERVAL


_JSON = json.dumps({"schema": 1, "pid": 7, "path": "/x/\udcff", "seconds": 1.5, "list": [1, {"a": None}]}).encode()
_RECORD = json.dumps({"schema": 1, "bytes": 10, "verified": True, "captured_at": "2026-08-21T10:00:00+00:00"}).encode()
_TIMES = (
    b'{"schema":1,"captured_at":"9999-12-31T23:59:59-23:59"}',
    b'{"schema":true}',
    b'{"schema":' + b"9" * 400 + b"}",
)
_HISTORY = json.dumps(
    {"backend": "ipc", "type": "heap", "bytes": 40 << 20, "seconds": 1.0, "pause_seconds": 0.5}
).encode()
_TOML = b'interval = 2.0\nshow = "octopus"\nfilter = "a"\nread-only = true\ntheme = "dark"\noutput = "/var/dumps"\n'
_NASTY_JSON = (
    b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"a":NaN,"b":-Infinity,"bytes":1e999}', b"\xef\xbb\xbf{}",
    b'{"a":' + b"9" * 5000 + b"}", b"x" * ((1 << 20) + 5), b'{"backend":1,"type":2,"bytes":1e400}', b'"\\ud800"', b"",
)  # fmt: skip
_NASTY_TOML = (
    b"a=" + b"[" * 50_000, b"interval = nan", b"interval = inf", b"interval = 1e999", b"\xff", b"a" * 2**21,
    b"interval = " + b"9" * 5000, b"interval = " + b"9" * 400,
    b"output = '\\u0000'", b"a." * 2000 + b"b=1", b"output = '" + b"x" * 5000 + b"'",
)  # fmt: skip
_CGROUP = b"0::/system.slice/t.service\n4:memory:/a\n1:name=systemd:/b\n"


def _own(name: str) -> bytes:
    """A file of this very process, read once: it changes while it is used as the ground of mutations."""
    return Path("/proc/self", name).read_bytes()[:3000]


CHECKS: dict[str, tuple[Check, bytes, tuple[bytes, ...]]] = {
    "stat": (_stat, _own("stat"), (b"1 (" + b")" * 2000,)),
    "cmdline": (_command, _own("cmdline"), (b"\0" * 65536, b"a\0" * 32768)),
    "status": (_status, _own("status"), (b"Uid:\t" + b"9" * 9000, b"CapEff:" + b"f" * 9000)),
    "environ": (_environment, b"A=1\0TMPDIR=/tmp\0B\0", (b"=" * 9000,)),
    "maps": (_maps, _own("maps"), (b"f" * 20_000 + b"-1 r 0 0 1 /x",)),
    "cgroup": (_cgroups, _CGROUP, (b"0::/\0", b"0::/" + b"a" * 9000)),
    "memory": (_memory_limit, b"1073741824\n", (b"9" * 9000, b"max", b"\xd9\xa3")),
    "mountinfo": (_mounts, _own("mountinfo"), (b" - " * 5000,)),
    "json": (_json, _JSON, _NASTY_JSON),
    "record": (_record, _RECORD, (*_TIMES, *_NASTY_JSON)),
    "history": (_history, _HISTORY, _NASTY_JSON),
    "config": (_config, _TOML, _NASTY_TOML),
}


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Bytes for the reader `name`: any at all, mutated real ones, and those known to hurt parsers."""
    _, real, nasty = CHECKS[name]
    mutated = st.randoms(use_true_random=False).map(lambda random: mutate_bytes(real, random))
    return st.one_of(st.binary(max_size=300), mutated, mutated, st.sampled_from(nasty))


def nasty_inputs() -> Iterator[tuple[str, bytes]]:
    for name, (_, _, nasty) in CHECKS.items():
        for raw in nasty:
            yield name, raw


def check(name: str, raw: bytes, directory: Path) -> None:
    """Raises what the reader `name` may not: anything."""
    assert os.path.isdir(directory)
    CHECKS[name][0](raw, directory)
