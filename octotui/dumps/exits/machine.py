"""What differs between processors in a trace and in a core file. One is known: the one that was tried."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Register sets in bytes and system calls by number.

    `call_register`, `stack_register` and `code_register` are the places of 64-bit registers in the general set: the
    number of the system call that was entered last, the stack pointer, the program counter.
    """

    elf_machine: int
    general_bytes: int
    float_bytes: int
    extended_set: int
    call_register: int
    stack_register: int
    code_register: int
    exit_thread: int
    exit_process: int
    execs: frozenset[int]
    restarted: frozenset[int]
    """System calls that go on by themselves after a stop, so that the program does not notice it."""


X86_64 = Machine(
    elf_machine=62,
    general_bytes=216,
    float_bytes=512,
    extended_set=0x202,
    call_register=15,
    stack_register=19,
    code_register=16,
    exit_thread=60,
    exit_process=231,
    execs=frozenset({59, 322}),
    # read, write, poll, select, nanosleep, wait4, futex, clock_nanosleep, waitid, pselect, ppoll
    restarted=frozenset({0, 1, 7, 23, 35, 61, 202, 230, 247, 270, 271}),
)


def this_machine() -> Machine | None:
    """The processor of this host, None where nothing can be traced to its end."""
    return X86_64 if platform.machine() == "x86_64" else None
