"""No secret of the grammar survives in any spelling, and words that are none stay."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from secret_cases import check_secret
from secret_grammar import TOOLS, Case, cases, leaked

from octotui.octopus.secrets import redact, redact_text

SECRET = "Zq7Gr8Horse77"


@settings(max_examples=400, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_no_secret_of_the_grammar_survives_in_words_in_lines_or_in_text(case: Case) -> None:
    check_secret(case)


@pytest.mark.parametrize("line", TOOLS)
def test_tool_that_takes_a_secret_shows_it_nowhere_and_masking_twice_changes_nothing(line: str) -> None:
    text = line.replace("{}", SECRET)
    check_secret(Case(tuple(text.split()), text, SECRET))
    once = redact(text.split())
    assert redact(once) == once
    assert redact_text(redact_text(text)) == redact_text(text)


def test_leak_of_a_piece_is_told_from_the_rest_of_the_line() -> None:
    case = Case(("x", SECRET), f"x {SECRET}", SECRET)
    assert leaked(case, f"x {SECRET[3:11]}")
    assert not leaked(case, "x ***")


@pytest.mark.parametrize(
    "line",
    [
        "openssl x509 -in cert.pem -keyform PEM -noout", "openssl s_client -connect h:443",
        "openssl genrsa -out k 2048",
        "ldapsearch -x -h host -b dc=example", "vault status", "vault kv get secret/x", "vault kv list secret/",
        "redis-cli -h host ping", "smbclient -L host", "curl -b cookies.txt https://h", "curl -sS https://h",
        "mount -t ext4 -o ro,noatime /dev/sda1 /mnt", "sqlplus /nolog", "sqlplus @script.sql", "dotnet build -k",
        "nuget restore -p x.sln", "gh pr create -b text", "oc get pods -p x", "cf push -p app.jar", "useradd -m me",
        "rabbitmqctl list_users", "consul kv get a", "rclone copy a b", "http GET h", "twine check f", "sc query x",
        "schtasks /query /fo list", "certutil -hashfile x", "pulumi config set region eu", "snmpwalk -v3 -u me h",
        "<token> is required", "<name>octotui</name>", '<add key="Theme" value="dark" />', "rar l archive.rar",
        "npm config set registry https://r", "doctl compute droplet list", "lftp h", "echo a:b | tee f",
    ],
)  # fmt: skip
def test_innocent_words_of_the_same_tools_stay(line: str) -> None:
    assert " ".join(redact(line.split())) == line
    assert redact_text(line) == line


@pytest.mark.parametrize("piece", ["openssl -k a ", "vault kv put a ", "<a ", "<a>b", 'key="a" value="', "chpasswd | "])
def test_long_hostile_line_of_such_tools_is_read(piece: str) -> None:
    redact_text(piece * (60_000 // len(piece)))
