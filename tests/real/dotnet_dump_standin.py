#!PYTHON
"""Stands in for dotnet-dump, which no package registry in reach carries: collects as that tool is documented to.

It takes the newest socket in its TMPDIR with the pid in its name, whoever made it, sends the real request over the
real socket of a real runtime, and speaks and exits as the tool does.
"""

import json
import os
import socket
import struct
import sys
from pathlib import Path

TYPES = {"Mini": (1, "dump"), "Heap": (2, "dump with heap"), "Triage": (3, "triage dump"), "Full": (4, "full")}


def main() -> int:
    options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=False))
    kind, words = TYPES[options["--type"]]
    names = [str(path) for path in Path(os.environ["TMPDIR"]).glob(f"dotnet-diagnostic-{options['-p']}-*-socket")]
    status = Path("/proc/self/status").read_text()
    facts = {"uid": os.getuid(), "names": names, "status": status, "variables": sorted(os.environ)}
    Path("REPORT").write_text(json.dumps(facts))
    if not names:
        print(f"[ERROR] Process {options['-p']} not running compatible .NET runtime.")
        return 255
    print(f"Writing {words} to {options['-o']}", flush=True)
    path = (options["-o"] + "\0").encode("utf-16-le")
    payload = struct.pack("<I", len(path) // 2) + path + struct.pack("<II", kind, 0)
    request = b"DOTNET_IPC_V1\0" + struct.pack("<HBBH", 20 + len(payload), 1, 3, 0) + payload
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(max(names, key=lambda name: os.lstat(name).st_mtime))
    connection.sendall(request)
    reply = connection.recv(65536)
    if reply[16:18] != b"\xff\x00":
        print("[ERROR] " + reply[28:].decode("utf-16-le", "replace").strip("\0"))
        return 255
    print("Complete")
    return 0


if __name__ == "__main__":
    sys.exit(main())
