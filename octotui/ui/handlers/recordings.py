"""Recordings: the keys that drive a replay, and the word that a recording has ended by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octotui.processes.recordings.playback import Playback
    from octotui.ui.replay import Replay
    from octotui.ui.screens.processes import ProcessesScreen


class RecordingHandlers:
    """Handlers of the replay; their rule holds only while there is one."""

    def __init__(self, screen: ProcessesScreen) -> None:
        self._screen = screen
        self._was_told = False

    def by_id(self) -> Mapping[str, Callable[[], None]]:
        return {
            "replay-pause": self.pause,
            "replay-back": lambda: self._step(-1),
            "replay-on": lambda: self._step(1),
            "replay-slower": lambda: self._speed(-1),
            "replay-faster": lambda: self._speed(1),
            "replay-first": lambda: self._step(-self._playback.count),
            "replay-last": lambda: self._step(self._playback.count),
        }

    def tell(self) -> None:
        """Say once that the recording has ended, although octotui goes on."""
        recorder = self._screen.host.recording
        if recorder is not None and recorder.problem and not self._was_told:
            self._was_told = True
            self._screen.say(recorder.problem, is_error=True)

    def pause(self) -> None:
        playback = self._playback
        was_at_end = playback.is_at_end
        playback.toggle()
        if was_at_end and not playback.is_at_end:
            self._screen.say("Playing from the start")
        else:
            self._screen.say("Paused; P plays on, comma and full stop step" if playback.is_paused else "Playing")
        self._replay.changed()

    @property
    def _replay(self) -> Replay:
        replay = self._screen.host.replay
        assert replay is not None
        return replay

    @property
    def _playback(self) -> Playback:
        return self._replay.playback

    def _step(self, count: int) -> None:
        playback = self._playback
        playback.is_paused = True
        if playback.step(count):
            self._screen.say(f"Sample {playback.index + 1} of {playback.count}, paused")
        else:
            self._screen.say("This is the first sample" if count < 0 else "This is the last sample")
        self._replay.changed()

    def _speed(self, step: int) -> None:
        before = self._playback.speed
        self._playback.change_speed(step)
        speed = self._playback.speed
        limit = " already, there is no more" if speed == before else ""
        self._screen.say(f"{speed:g} times the recorded speed{limit}")
        self._replay.changed()
