"""A sentry whose tracers only say what they were told, and do what a test asks for by the directory of their dump."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any, NoReturn

from octotui.dumps.sentry.__main__ import main
from octotui.dumps.sentry.tracer import Serve


def serve(link: socket.socket) -> NoReturn:
    link.setblocking(True)

    def tell(news: str, **fields: Any) -> None:
        link.send(json.dumps({"news": news, **fields}).encode())

    order = json.loads(link.recv(65536) or b"{}")
    if not order:
        os._exit(0)
    tell("tracing", threads=1, us=10, order=order)
    kind = os.path.basename(os.path.dirname(order["path"]))
    if kind == "dies":
        os._exit(1)
    if kind == "hangs":
        tell("exiting", status=3)
        time.sleep(600)
    if kind == "lies":
        link.send(b'{"news":')
        tell("armed", id=7)
        tell("passed", status=0, why="status", pid=1, id=99)
        os._exit(0)
    said = link.recv(65536)
    tell("passed" if said else "gone", status=0, why="cancelled")
    os._exit(0)


def load() -> Serve:
    return serve


sys.exit(main(load))
