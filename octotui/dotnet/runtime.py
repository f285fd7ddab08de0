"""Reads everything preflight needs to know of one process: its .NET runtime, socket, createdump, state and size."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from octotui.dotnet import kernel, maps
from octotui.dotnet.access import Identity, why_not_runnable
from octotui.dotnet.model import CreatedumpTool, RuntimeFacts, RuntimeKind
from octotui.dotnet.pathwalk import resolved
from octotui.dotnet.sockets import candidate_paths, find_socket, is_socket_of, read_environment, temp_directory
from octotui.dotnet.startup import waits_at_start
from octotui.dotnet.trust import first_untrusted
from octotui.errors import ProcessGone
from octotui.processes.model import ProcessKey
from octotui.text import decoded, printable

PROC = Path("/proc")
_SHARED_VERSION = re.compile(r"/Microsoft\.NETCore\.App/([0-9][0-9A-Za-z.+-]{0,60})/?$")
_PACKED_VERSION = re.compile(
    rb'"(?:runtimepack\.)?Microsoft\.NETCore\.App\.Runtime\.[\w.-]{1,40}/([0-9][0-9A-Za-z.+-]{0,60})"'
)
_LOADED_BESIDE = ("createdump", "libmscordaccore.so", maps.RUNTIME_LIBRARY)


def inspect(key: ProcessKey, *, proc: Path = PROC) -> RuntimeFacts:
    """The facts of exactly that process. Blocks for milliseconds; changes nothing in the target.

    What may not be read is left at its default and said in `unreadable`. Raises ProcessGone when the process ended,
    before or during the reading, or its pid belongs to another process.
    """
    state = kernel.check_identity(key, proc)
    reading = _Reading(key, proc)
    facts = reading.facts(state)
    kernel.check_identity(key, proc)
    return facts


def is_dotnet(pid: int, *, proc: Path = PROC) -> bool | None:
    """Whether `pid` has a .NET runtime in it, by its memory map or its diagnostics socket; None if neither can be read.

    A process that has ended gives False.
    """
    is_readable = True
    try:
        if maps.has_runtime(pid, proc):
            return True
    except (FileNotFoundError, ProcessLookupError):
        return False
    except OSError:
        is_readable = False
    try:
        _, started = kernel.read_stat(pid, proc)
        status = kernel.parse_status(kernel.read_bounded(proc / str(pid) / "status"))
    except (OSError, ProcessGone):
        return False
    if status.threads <= 1:
        # A runtime has several threads from its first instant on: most processes need no look for a socket.
        return False if is_readable else None
    paths = candidate_paths(
        ProcessKey(pid, started),
        namespace_pid=status.namespace_pid or pid,
        same_root=_shares_files(pid, proc),
        environment=read_environment(pid, proc),
        proc=proc,
    )
    if any(is_socket_of(path, status.uid) for path in paths):
        return True
    return False if is_readable else None


def gcore_bytes(key: ProcessKey, *, proc: Path = PROC) -> int:
    """Bytes that gdb's gcore would write of exactly that process; 0 when that cannot be read.

    Apart from `inspect`, since the kernel walks through all of its pages for it: milliseconds for each gigabyte.
    """
    try:
        kernel.check_identity(key, proc)
        with open(proc / str(key.pid) / "smaps", "rb") as lines:
            return maps.gcore_bytes(lines)
    except (OSError, ProcessGone, ValueError, IndexError):
        return 0


def _shares_files(pid: int, proc: Path) -> bool:
    """Whether a path means the same file to the process and to octotui; assumed when it may not be asked."""
    try:
        return kernel.same_namespace(pid, "mnt", proc) and kernel.same_root(pid, proc)
    except OSError:
        return True


@dataclass(slots=True)
class _Reading:
    """One pass over `/proc/PID`, and the first sentence on what it could not read."""

    key: ProcessKey
    proc: Path
    unreadable: str = ""

    @property
    def directory(self) -> Path:
        return self.proc / str(self.key.pid)

    def facts(self, state: str) -> RuntimeFacts:
        pid = self.key.pid
        status = kernel.parse_status(self._bytes("status"))
        mappings = tuple(maps.parse_maps(self._bytes("maps", maps.LARGEST_MAP)))
        same_mounts = _shares_files(pid, self.proc)
        environment = read_environment(pid, self.proc)
        cwd = self._inside(self._link("cwd") or "/")
        temporary = temp_directory(environment, cwd)
        socket, socket_problem = find_socket(
            self.key,
            uid=status.uid,
            namespace_pid=status.namespace_pid or pid,
            same_root=same_mounts,
            environment=environment,
            cwd=cwd,
            proc=self.proc,
        )
        facts = RuntimeFacts(
            key=self.key,
            kind=RuntimeKind.NONE,
            socket=socket,
            socket_problem=socket_problem,
            state=state,
            tracer_pid=status.tracer_pid,
            tracer_name=self._name_of(status.tracer_pid),
            uid=status.uid,
            gid=status.gid,
            groups=status.groups,
            namespace_pid=status.namespace_pid or pid,
            same_mounts=same_mounts,
            same_pids=self._same_pids(status),
            temp_directory=temporary if same_mounts else resolved(temporary, self.directory / "root"),
            threads=status.threads,
            private_bytes=maps.writable_bytes(mappings) or status.anonymous_bytes + status.swapped_bytes,
            resident_bytes=status.resident_bytes,
            mapped_bytes=maps.image_bytes(mappings),
            waits_at_start=waits_at_start(pid, environment, self.proc),
        )
        return self._with_runtime(facts, mappings, status)

    def _with_runtime(
        self, facts: RuntimeFacts, mappings: tuple[maps.Mapping, ...], status: kernel.Status
    ) -> RuntimeFacts:
        library = maps.runtime_library(mappings)
        if library is None:
            kind = RuntimeKind.SINGLE_FILE if facts.socket else RuntimeKind.NONE
            if not mappings and self.unreadable:
                kind = RuntimeKind.UNKNOWN
            return replace(facts, kind=kind, unreadable=self.unreadable)
        directory = self._inside(os.path.dirname(library.path))
        who = Identity(status.uid, status.gid, status.groups, status.overrides_modes)
        return replace(
            facts,
            kind=RuntimeKind.CORECLR,
            version=self._version(directory),
            runtime_directory=directory,
            createdump=self._createdump(directory, who, facts.same_mounts),
            unreadable=self.unreadable,
        )

    def _createdump(self, directory: str, who: Identity, same_mounts: bool) -> CreatedumpTool:
        path = os.path.join(directory, "createdump")
        root = Path("/") if same_mounts else self.directory / "root"
        problem = why_not_runnable(path, who, root=root)
        is_ours = same_mounts or self._is_same_file(path)
        if is_ours:
            beside = (os.path.join(directory, name) for name in _LOADED_BESIDE)
            untrusted = next((bad for bad in map(first_untrusted, beside) if bad), "")
        else:
            # Whoever made that mount namespace decides what lies at the path.
            untrusted = str(root)
        return CreatedumpTool(
            path=path,
            reachable=path if is_ours else f"{root}{path}",
            is_runnable=not problem,
            problem=problem,
            untrusted=untrusted,
        )

    def _is_same_file(self, path: str) -> bool:
        try:
            return Path(path).samefile(f"{self.directory}/root{path}")
        except (OSError, ValueError):
            return False

    def _version(self, directory: str) -> str:
        """From the name of a shared runtime's directory, or from what a self-contained program says of itself."""
        if match := _SHARED_VERSION.search(directory):
            return match[1]
        program = os.path.basename(self._link("exe").removesuffix(" (deleted)"))
        try:
            described = kernel.read_foreign(Path(f"{self.directory}/root{directory}/{program}.deps.json"))
        except (OSError, ValueError):
            return ""
        packed = _PACKED_VERSION.search(described)
        return packed[1].decode("ascii") if packed else ""

    def _same_pids(self, status: kernel.Status) -> bool:
        try:
            return kernel.same_namespace(self.key.pid, "pid", self.proc)
        except OSError:
            return status.namespace_pid in (0, self.key.pid)

    def _name_of(self, pid: int) -> str:
        if not pid:
            return ""
        try:
            return printable(decoded(kernel.read_bounded(self.proc / str(pid) / "comm", 64)).strip())
        except OSError:
            return ""

    def _inside(self, path: str) -> str:
        """`path` as the process sees it: of one that was put below another root, the kernel names the whole way."""
        root = self._link("root").rstrip("/")
        return path.removeprefix(root) or "/" if path == root or path.startswith(f"{root}/") else path

    def _link(self, name: str) -> str:
        try:
            return os.readlink(self.directory / name)
        except OSError:
            return ""

    def _bytes(self, name: str, limit: int = kernel.LARGEST) -> bytes:
        try:
            return kernel.read_bounded(self.directory / name, limit)
        except (FileNotFoundError, ProcessLookupError):
            return b""
        except OSError as error:
            if not self.unreadable:
                self.unreadable = self._denial(name, error)
            return b""

    def _denial(self, name: str, error: OSError) -> str:
        me = os.geteuid()
        if me == 0:
            return (
                f"{name} of process {self.key.pid} cannot be read even as root ({error.strerror}): "
                "CAP_SYS_PTRACE is missing or a security policy forbids it"
            )
        return (
            f"{name} of process {self.key.pid} cannot be read as uid {me} ({error.strerror}): "
            "run octotui as its user, or with sudo"
        )
