"""Why the kernel tells this process of no events, and what can be done about it."""

from __future__ import annotations

import errno
import os

from octotui.errors import AccessDenied

_INITIAL_NAMESPACES = {"user": 0xEFFFFFFD, "pid": 0xEFFFFFFC}
"""The inodes that the kernel gives to the namespaces of the host itself."""


class EventsUnavailable(AccessDenied):
    """The kernel does not tell this process of events; octotui polls instead.

    `reason` says why in a few words. `code` says it for scripts: events-not-linux, events-need-root,
    events-in-container, events-in-network-namespace, events-blocked, events-not-in-kernel, events-unanswered,
    events-failed.
    """

    def __init__(self, reason: str, *, hint: str, code: str) -> None:
        super().__init__(f"the kernel does not tell octotui of process events: {reason}", hint=hint, code=code)
        self.reason = reason


def not_linux() -> EventsUnavailable:
    """What is said on other systems."""
    return EventsUnavailable(
        "this is not Linux", hint="octotui finds processes by polling here", code="events-not-linux"
    )


def explained(number: int) -> EventsUnavailable:
    """What an errno of socket, bind, send or acknowledgement means; ETIMEDOUT stands for no acknowledgement."""
    on_host = "run octotui on the host itself"
    if number in (errno.EAFNOSUPPORT, errno.EACCES):
        return EventsUnavailable(
            "a sandbox or security module forbids netlink sockets",
            hint="allow AF_NETLINK to octotui, as in RestrictAddressFamilies= of its unit",
            code="events-blocked",
        )
    if number == errno.EPROTONOSUPPORT:
        return EventsUnavailable(
            "this kernel is built without the process connector",
            hint="use a kernel with CONFIG_PROC_EVENTS=y",
            code="events-not-in-kernel",
        )
    if is_in_container():
        return EventsUnavailable("this is a container", hint=on_host, code="events-in-container")
    if number == errno.ECONNREFUSED:
        return EventsUnavailable(
            "this is a network namespace of its own", hint=on_host, code="events-in-network-namespace"
        )
    if number == errno.EPERM:
        return EventsUnavailable(
            "this kernel tells root alone",
            hint="run octotui as root with CAP_NET_ADMIN, or on Linux 6.6 or newer",
            code="events-need-root",
        )
    if number == errno.ETIMEDOUT:
        return EventsUnavailable("it did not acknowledge the request", hint=on_host, code="events-unanswered")
    return EventsUnavailable(os.strerror(number), hint=on_host, code="events-failed")


def is_in_container() -> bool:
    """Whether user or pid namespace are not those of the host, as far as `/proc` tells."""
    try:
        return any(os.stat(f"/proc/self/ns/{name}").st_ino != host for name, host in _INITIAL_NAMESPACES.items())
    except OSError:
        return False
