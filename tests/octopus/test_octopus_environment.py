"""Which values of an environment are shown, and what is left of them."""

from __future__ import annotations

import pytest

from octotui.octopus.environment import shown_value


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("TentacleHome", "/home/tentacle", "/home/tentacle"),
        ("TentacleNetFrameworkDescription", ".NET 8.0.4", ".NET 8.0.4"),
        ("OCTOPUS_RUNNING_IN_CONTAINER", "Y", "Y"),
        ("TMPDIR", "/tmp/--password=hunter2", "/tmp/--password=***"),
        ("TentacleApplications", "API-ABCDEFGHIJKLMNOPQRSTUV", "***"),
        ("DOTNET_gcServer", "1", "1"),
        ("DOTNET_GCHeapHardLimit", "0x10000000", "0x10000000"),
        ("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "true", "true"),
        ("DOTNET_ANYTHING", "hunter2", None),
        ("DOTNET_ANYTHING", "", None),
        ("DOTNET_ANYTHING", "1\n", None),
        ("DOTNET_SECRET_TOKEN", "1", None),
        ("TentacleProxyPassword", "1", None),
        ("PATH", "/bin", None),
    ],
)
def test_values_are_shown_for_listed_names_and_for_switches_only(name: str, value: str, shown: str | None) -> None:
    assert shown_value(name, value) == shown
