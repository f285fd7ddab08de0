"""Which values of an environment may be shown: those that say what Octopus runs, and the switches of the runtime."""

from __future__ import annotations

import re

from octotui.octopus.secrets import ENVIRONMENT_ALLOWED, is_allowed_environment, redact

_FLAG = re.compile(r"(?i)true|false|yes|no|on|off|0x[0-9a-f]{1,16}|[0-9a-f]{1,8}|[0-9]{1,20}")


def shown_value(name: str, value: str) -> str | None:
    """What may be shown of a variable's value, redacted; None for nothing.

    Of the `DOTNET_*` variables only switches are shown (`1`, `true`, `0x10000000`): their names are a pattern, so what
    stands in one that is no switch is not known.
    """
    if not is_allowed_environment(name):
        return None
    if name not in ENVIRONMENT_ALLOWED and _FLAG.fullmatch(value) is None:
        return None
    return " ".join(redact((value,)))
