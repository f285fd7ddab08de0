"""What the kernel holds against the capture of one process: each rule that can refuse it, with what lifts it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator

from octotui.cli.doctor.check import Check, failure, ok, warning
from octotui.cli.doctor.roots import Roots, text
from octotui.dotnet.model import RuntimeFacts
from octotui.dotnet.trust import first_untrusted
from octotui.dumps import commands
from octotui.dumps.plans.preflight import CAPTURING_TOOLS, is_closed
from octotui.dumps.rights import Rights
from octotui.text import printable

_SIMPLE_PATH = re.compile(r"/[\w./+-]{1,400}", re.ASCII)
ALL_IDS = ("0", "0", "4294967295")
STATES = {
    "T": ("it is stopped, and so cannot answer its socket: createdump is started directly", "kill -CONT {pid}"),
    "t": ("a tracer holds it", ""),
    "Z": ("it has ended: there is nothing left to dump", ""),
    "X": ("it has ended: there is nothing left to dump", ""),
}

Rule = Callable[[RuntimeFacts, Rights, Roots], Check]


def obstacles(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Iterator[Check]:
    """A line for each rule, in the order in which they refuse. Reads `/proc` and `/sys` below the roots."""
    for rule in RULES:
        yield rule(facts, rights, roots)


def owner(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """Only its own user and root may capture a process."""
    if not rights.may_act_for(facts.uid):
        words = f"uid {facts.uid}, octotui runs as uid {rights.uid}: only its own user and root may capture it"
        return failure("owner", words, commands.as_root("dump", str(facts.key.pid)), code="other-user")
    return ok("owner", f"uid {facts.uid}, which octotui may act for", code="other-user")


def state(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """A stopped process cannot answer, one in uninterruptible sleep cannot even be stopped."""
    pid = facts.key.pid
    if facts.state == "D":
        channel = printable(text(roots.proc / str(pid) / "wchan"), 60)
        where = f" ({channel})" if channel not in ("", "0") else ""
        words = f"it waits in the kernel for a disk or a network{where}, and a capture would wait as long"
        return warning("state", words, "mend what it waits for, or wait; then capture it", code="state")
    words, fix = STATES.get(facts.state, ("", ""))
    if not words:
        return ok("state", "running or sleeping", code="state")
    if facts.state in "ZX":
        return failure("state", words, "capture the next one while it runs: octotui tree shows it", code="state")
    sudo = "" if rights.uid == facts.uid else "sudo "
    return warning("state", words, f"{sudo}{fix.format(pid=pid)}" if fix else "", code="state")


def tracer(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """A process has one tracer at a time."""
    pid = facts.tracer_pid
    if not pid:
        return ok("tracer", "none", code="traced")
    words = f"{facts.tracer_name or 'a process'} (pid {pid}) traces it, and only one can"
    if facts.tracer_name.startswith(CAPTURING_TOOLS):
        return failure(
            "tracer", words, f"that is another capture: wait until it is over, see ps -fp {pid}", code="traced"
        )
    sudo = "" if roots.effective_uid(pid) == rights.uid else "sudo "
    return failure("tracer", words, f"{sudo}kill {pid}", code="traced")


def dumpable(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """`/proc/PID/maps` is root's where a process may not be dumped: setuid, unreadable program, or its own wish."""
    try:
        closed = is_closed(facts, roots.proc)
    except OSError:
        return warning("dumpable", "cannot be told", "look at the processes again: octotui tree", code="not-dumpable")
    if not closed:
        return ok("dumpable", "its memory is not closed to its own user", code="not-dumpable")
    program = roots.link(facts.key.pid, "exe").removesuffix(" (deleted)")
    cause = "it is setuid, its program is not readable for its user, or it set PR_SET_DUMPABLE 0"
    otherwise = "start it from a program that is not setuid, that its user may read, and that leaves PR_SET_DUMPABLE"
    fix = otherwise
    if _is_unreadable_only(program):
        cause = "its program is not readable for its user"
        fix = commands.safe_path(program, lambda quoted: f"sudo chmod a+r {quoted}", otherwise)
    words = f"no: {cause}; createdump, as its user, may not read it. Restart it after the fix"
    return failure("dumpable", words, fix, code="not-dumpable")


def yama(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """Yama's table, for the two ways in: the runtime's own child, and createdump from outside."""
    if rights.ptrace_scope <= 0:
        return ok("Yama", "no limit of its own", code="yama")
    by_socket, hint = rights.why_not_trace(facts.uid, is_child_of_target=True)
    direct, direct_hint = rights.why_not_trace(facts.uid, is_child_of_target=False)
    if not direct:
        return ok("Yama", f"scope {rights.ptrace_scope} does not bind a process of root", code="yama")
    if by_socket:
        return failure("Yama", by_socket, hint, code="yama")
    words = f"scope {rights.ptrace_scope}: its socket works, createdump from outside does not"
    if facts.socket is None or facts.state in "Tt":
        return failure("Yama", f"{words}, and there is no socket that answers", direct_hint, code="yama")
    return ok("Yama", words, code="yama")


def selinux(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """The boolean `deny_ptrace` keeps even root from tracing, as long as SELinux enforces."""
    return selinux_of(roots)


def apparmor(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """Two processes under different enforced profiles trace each other only where both profiles have the rule."""
    theirs, ours = roots.profile(facts.key.pid), roots.profile()
    bound = [profile for profile in (theirs, ours) if profile.endswith("(enforce)")]
    if not bound or theirs == ours:
        return ok("AppArmor", printable(theirs, 80) or "no profile", code="apparmor")
    name = bound[0].removesuffix("(enforce)").strip()
    words = (
        f"{printable(bound[0], 80)} binds {'it' if bound[0] == theirs else 'octotui'}: a rule for ptrace may be missing"
    )
    fix = f"add to the profile {printable(name, 80)}: ptrace (trace, tracedby),"
    if _SIMPLE_PATH.fullmatch(name):
        fix = f"sudo aa-complain {name}"
    elif "docker" in name or "containers-default" in name:
        fix = "start the container with --security-opt apparmor=unconfined"
    return warning("AppArmor", words, fix, code="apparmor")


def user_namespace(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """A capability counts in the user namespace where it is held, and in those below it."""
    theirs, ours = roots.link(facts.key.pid, "ns/user"), roots.link("self", "ns/user")
    if not theirs or not ours or theirs == ours:
        return ok("user namespace", "octotui's own" if theirs else "cannot be told", code="user-namespace")
    is_initial = tuple(text(roots.proc / "self/uid_map").split()) == ALL_IDS
    if is_initial and roots.may_trace_others():
        return ok("user namespace", "another, below octotui's: its capabilities count there", code="user-namespace")
    words = "another than octotui's, where its capabilities do not count"
    # From a namespace beside or below nothing leads into that one; from the host's root does.
    fix = commands.as_root("dump", str(facts.key.pid)) if is_initial else "run octotui on the host, as root"
    return failure("user namespace", words, fix, code="user-namespace")


def capability(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """Root without CAP_SYS_PTRACE, as in a container, reads only what has no capability that it lacks itself."""
    if not rights.is_root or roots.may_trace_others():
        return ok("capability", "CAP_SYS_PTRACE is held or not needed", code="capability")
    try:
        missing = int(roots.status(facts.key.pid).get("CapPrm", "0"), 16) & ~int(roots.status()["CapEff"], 16)
    except (ValueError, KeyError):
        missing = 1
    if facts.uid == 0 and not missing:
        return ok("capability", "no CAP_SYS_PTRACE, and none needed for this one", code="capability")
    words = "root without CAP_SYS_PTRACE may not look into it, as in a container"
    return failure("capability", words, in_container(roots, "dump", str(facts.key.pid)), code="capability")


def seccomp(facts: RuntimeFacts, rights: Rights, roots: Roots) -> Check:
    """createdump lives under the filter of whoever starts it: its runtime's, or octotui's."""
    mode = roots.status(facts.key.pid).get("Seccomp", "0")
    if mode == "1":
        return failure(
            "seccomp",
            "strict mode: it can do nothing but read and write",
            "start it outside its sandbox",
            code="seccomp",
        )
    if mode == "2" and is_old_kernel(roots):
        return failure(
            "seccomp", "its filter is of a kernel before 4.8, where Docker's forbids ptrace", OLD_DOCKER, code="seccomp"
        )
    words = "a filter is on; Docker's own allows ptrace, others may not" if mode == "2" else "no filter"
    return ok("seccomp", words, code="seccomp")


RULES: tuple[Rule, ...] = (owner, state, tracer, dumpable, yama, selinux, apparmor, user_namespace, capability, seccomp)

OLD_DOCKER = "start the container with --cap-add=SYS_PTRACE"


def selinux_of(roots: Roots) -> Check:
    """What SELinux says of tracing, for any process."""
    directory = roots.system / "fs/selinux"
    enforces = text(directory / "enforce")
    if not enforces:
        return ok("SELinux", "not on this host", code="selinux")
    if enforces == "1" and text(directory / "booleans/deny_ptrace").startswith("1"):
        fix = "sudo setsebool deny_ptrace off"
        return failure("SELinux", "deny_ptrace is on: nobody may trace", fix, code="selinux")
    words = f"{'enforcing' if enforces == '1' else 'permissive'}, ptrace is allowed"
    return ok("SELinux", words, code="selinux")


def in_container(roots: Roots, *arguments: str) -> str:
    """The line for the host's shell that runs octotui here with every capability: a running container keeps its own."""
    name = text(roots.proc / "sys/kernel/hostname")
    if re.fullmatch(r"[0-9a-f]{12}", name):
        return f"docker exec --privileged {name} {commands.octotui(*arguments)}"
    return "start the container with --cap-add=SYS_PTRACE (Kubernetes: securityContext.capabilities.add: [SYS_PTRACE])"


def is_old_kernel(roots: Roots) -> bool:
    """Before 4.8 a seccomp filter saw ptrace only after the tracer could change the call, so Docker forbade it."""
    found = re.match(r"(\d+)\.(\d+)", text(roots.proc / "sys/kernel/osrelease"))
    return found is not None and (int(found[1]), int(found[2])) < (4, 8)


def _is_unreadable_only(program: str) -> bool:
    """Whether the program's missing r bit is the cause: a plain file that only root can exchange for another."""
    try:
        mode = os.lstat(program).st_mode
    except (OSError, ValueError):
        return False
    is_plain = stat.S_ISREG(mode) and not mode & (stat.S_ISUID | stat.S_ISGID)
    return is_plain and not mode & stat.S_IROTH and not first_untrusted(program)
