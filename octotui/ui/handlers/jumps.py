"""Typing a pid on the table: digits are collected for a moment, then the cursor goes there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.timer import Timer

from octotui.processes.kinship import Kinship
from octotui.processes.model import ProcessKey
from octotui.processes.view import ancestors_in
from octotui.ui.actions import BY_ID
from octotui.ui.lines.jobs import target_name
from octotui.ui.lines.status import SCOPE_NAMES

if TYPE_CHECKING:
    from octotui.ui.screens.processes import ProcessesScreen

SILENCE_SECONDS = 1.0
"""A pid is whole when no digit came for so long."""

LONE_SECONDS = 0.5
"""A digit that is a key of its own acts when no other digit came for so long; 0 makes it act at once."""

_LONGEST = 10


class PidEntry:
    """Collects digits. Enter goes there now, Escape drops them, every other key ends the entry and then acts."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self._digits: str | None = None
        self._is_pid = False
        self._timer: Timer | None = None

    def begin(self) -> None:
        """A colon: what follows is a pid, whatever its length."""
        self._digits, self._is_pid = "", True
        self._wait()

    def take(self, key: str, character: str | None) -> bool:
        """A key that was pressed on the table; whether it belongs to the entry."""
        is_digit = character is not None and character.isascii() and character.isdigit()
        if self._digits is None:
            if not is_digit:
                return False
            self._digits, self._is_pid = "", False
        elif key == "escape":
            self._end()
            self._screen.say("")
            return True
        elif key == "enter":
            self._is_pid = True
            self._act()
            return True
        if is_digit:
            self._digits = (self._digits + (character or ""))[:_LONGEST]
        elif key == "backspace":
            self._digits, self._is_pid = self._digits[:-1], True
        else:
            self._act()
            return False
        self._wait()
        return True

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        own = self._own_action()
        if own and LONE_SECONDS <= 0:
            self._act()
            return
        if own:
            self._screen.say(f"{self._digits}: {BY_ID[own].label}, in a moment; more digits go to a pid")
        else:
            self._screen.say(f"pid {self._digits}…  Enter goes there, Esc drops it")
        self._timer = self._screen.set_timer(LONE_SECONDS if own else SILENCE_SECONDS, self._act)

    def _own_action(self) -> str:
        """The action that a lone digit is the key of, "" without one."""
        if self._is_pid or not self._digits or len(self._digits) > 1:
            return ""
        bound = self._screen.active_bindings.get(self._digits)
        return bound.binding.id if bound and bound.binding.id in BY_ID else ""

    def _act(self) -> None:
        own, digits = self._own_action(), self._digits
        self._end()
        if self._screen.app.screen is not self._screen:
            return
        if own:
            self._screen.action_act(own)
        elif digits:
            self._screen.say(self._go(int(digits)))
        else:
            self._screen.say("")

    def _end(self) -> None:
        self._digits = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _go(self, pid: int) -> str:
        """The cursor on the process that has `pid`, folds above it opened; what came of it, as a sentence."""
        model = self._screen.model
        sample = model.sample
        key = Kinship(sample, show_kernel=True).holder(pid) if sample is not None else None
        if sample is None or key is None:
            later = model.latest is not None and pid in model.latest.snapshot.pids
            goes_on = f"{self._screen.keymap.how('freeze')} lets it go on"
            return f"Process {pid} came after the view was frozen; {goes_on}" if later else f"No process {pid}"
        if model.rows.index_of(key) is None:
            before = model.state
            above = ancestors_in(sample, key, show_kernel=before.show_kernel)
            if not before.folded.isdisjoint(above):
                self._screen.change(replace(before, folded=before.folded.difference(above)))
            if model.rows.index_of(key) is None:
                if model.state is not before:
                    self._screen.change(before)
                return f"{self._name(key)} is not shown: {self._why_hidden(key)}"
        self._screen.table.move_to_key(key)
        return f"The cursor is on {self._name(key)}"

    def _name(self, key: ProcessKey) -> str:
        process = self._screen.model.sample.process(key) if self._screen.model.sample else None
        return target_name(process.name if process else "", key.pid)

    def _why_hidden(self, key: ProcessKey) -> str:
        state, sample = self._screen.model.state, self._screen.model.sample
        how = self._screen.keymap.how
        more = how("cycle-scope")
        process = sample.process(key) if sample else None
        if process is not None and process.is_kernel and not state.show_kernel:
            return f"it is a kernel thread; {how('toggle-kernel')} shows them, {more} goes to everything"
        if state.subtree is not None:
            return f"it is not below {state.subtree}, which alone was asked for at the start"
        if not state.filter.is_empty:
            return f"the filter or the scope leaves it out; {how('clear')} clears the filter, {more} shows more"
        return f"it is not among {SCOPE_NAMES[state.scope]}; {more} shows more"
