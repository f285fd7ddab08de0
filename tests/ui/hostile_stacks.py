"""The screen on a host whose processes attack by what their runtimes say: run by tests on a real terminal."""

from __future__ import annotations

import sys

from hostile_processes import TEXTS
from test_ui_hostile import HOSTILE, hostile_sample
from ui_fakes import FakeHost, process, sample
from ui_stacks import FakeAnalyses, histogram, look, thread

from octotui.config import Settings
from octotui.dotnet.heap.model import TypeUse
from octotui.dotnet.stacks.model import Activity, Frame, Look, OtherThread
from octotui.errors import OctotuiError
from octotui.processes.model import ProcessKey, Sample
from octotui.text import printable

MOST = 300


def hostile_texts() -> list[str]:
    """Bounded, as what reads a runtime's stream hands them on; but raw, as it never would."""
    return [text[:MOST] for text in (*HOSTILE, *TEXTS)]


def hostile_look(key: ProcessKey, text: str) -> Look:
    """`text` in every place of a look that a target has a say in."""
    frames = (Frame(text, text), Frame("", text), Frame(text, ""), *(Frame(text, f"{text}{n}") for n in range(8)))
    threads = [
        thread(7, text, frames, activity=Activity.MANAGED, state=text[:1]),
        thread(8, text, frames[2:]),
        thread(9, text, ()),
    ]
    return look(key, threads, remarks=(text,), others=(OtherThread(0, 3, text, text[:1]),))


def hostile_host(text: str) -> FakeHost:
    """A host whose one process says `text` wherever it can."""
    found: Sample = hostile_sample(text)
    key = next(iter(found.snapshot.processes))
    host = FakeHost(found, settings=Settings(interval_seconds=60.0, scope="everything"))
    host.observer.looks = [hostile_look(key, text)]
    host.observer.waits = host.observer.hint = text
    host.observer.histogram = histogram(key, (TypeUse(text, 1, 2), TypeUse(text * 2, 3, 4)))
    return host


def main() -> int:
    """Run the program on all hostile texts, one process for each."""
    from octotui.ui.app import OctotuiApp, _run

    infos, looks = [], {}
    for number, text in enumerate(hostile_texts()):
        name = printable(text) or "x"
        infos.append(process(20_000 + number, 1, [name, name], name=name))
        looks[infos[-1].key] = hostile_look(infos[-1].key, text)
    host = FakeHost(sample(infos, meanings={}), settings=Settings(interval_seconds=60.0, scope="everything"))

    async def answer(key: ProcessKey, **_: object) -> Look:
        return looks[key]

    host.observer.look = answer  # type: ignore[method-assign,assignment]
    app = OctotuiApp(host)  # type: ignore[arg-type]
    analyses = FakeAnalyses()
    analyses.error = OctotuiError(printable(TEXTS[4]), hint=printable(TEXTS[6]))
    app.processes.analyses = analyses
    import asyncio

    return asyncio.run(_run(app))


if __name__ == "__main__":
    sys.exit(main())
