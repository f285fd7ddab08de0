#!/bin/sh
# Rebuilds Standin.dll from Standin.cs (Debian: apt-get install mono-mcs).
set -eu
cd "$(dirname "$0")"
mcs -nologo -warnaserror -optimize+ -debug- -deterministic -out:Standin.dll Standin.cs
chmod 644 Standin.dll
