"""Secrets that only their place gives away, glued behind a letter, or named by an option of one tool."""

from __future__ import annotations

import pytest

from octotui.octopus.secrets import redact, redact_text

SECRET = "Gr8Horse77"


@pytest.mark.parametrize(
    "argv",
    [
        ["docker", "login", "-u", "me", f"-p{SECRET}", "host"],
        ["Tentacle", "register-with", f"-p{SECRET}"],
        ["/opt/octopus/tentacle/Tentacle", "import-certificate", f"-b{SECRET}"],
        ["mysql", f"-p{SECRET}Password1"],
        ["mysql", f"-ptoken{SECRET}", "db"],
        ["mysql", f"-p#{SECRET}"],
        ["mysql", f"-p'two {SECRET}'"],
        ["7z", "x", f"-pSecret{SECRET}"],
        ["7z", "a", f"-pSecret=token={SECRET}", "f"],
        ["mongo", f"-p{SECRET}"],
        ["Tentacle", "x", "-pfx-password", SECRET],
        ["Tentacle", "x", "-privateKey", SECRET],
        ["openssl", "rsa", "-passin", f"pass:{SECRET}", "-passout", f"pass:{SECRET}"],
        ["openssl", "enc", "-pass", f"pass:{SECRET}"],
        ["vault", "login", SECRET],
        ["/usr/bin/vault", "login", "-no-print", SECRET],
        ["vault", "login", "-method=github", f"token={SECRET}"],
        ["keytool", "-list", "-storepass", SECRET, "-keypass", SECRET],
        ["ssh-keygen", "-t", "rsa", "-N", SECRET, "-f", "id"],
        ["ssh-keygen", f"-N{SECRET}"],
        ["ansible", "all", "-e", f"ansible_become_pass={SECRET}"],
        ["ansible-playbook", "x.yml", "--extra-vars", f"a=1 db_pass={SECRET}"],
        ["aws", "configure", "set", "aws_secret_access_key", SECRET],
        ["npm", "config", "set", "//registry.org/:_authToken", SECRET],
        ["htpasswd", "-b", "file", "user", SECRET],
        ["htpasswd", "-nbB", "user", SECRET],
        ["net", "use", "X:", "\\\\host\\share", "/user:u", SECRET],
        ["net.exe", "use", "\\\\host\\share", SECRET, "/user:u"],
        ["net", "user", "bob", SECRET, "/add"],
        ["sshpass", f"-p{SECRET}", "ssh", "host"],
        ["sshpass", "-p", SECRET, "ssh", "host"],
        ["curl", "-u", f"me:{SECRET}", "https://example.org"],
        ["curl", f"-ume:{SECRET}", "https://example.org"],
        ["curl", "-sSu", f"me:{SECRET}", "https://example.org"],
        ["env", f"PGPASSWORD={SECRET}", "psql"],
        ["env", f"SSHPASS={SECRET}", "sshpass", "-e", "ssh", "host"],
        ["env", f"DB_PASS={SECRET}", "run"],
    ],
)
def test_a_secret_of_a_known_tool_is_masked_in_argv_and_in_every_kind_of_text(argv: list[str]) -> None:
    line = " ".join(argv)
    shown = redact(argv)
    assert SECRET not in " ".join(shown)
    assert redact(shown) == shown
    assert SECRET not in redact([line])[0]
    assert SECRET not in " ".join(redact(["sh", "-c", line]))
    assert SECRET not in redact_text(f"started {line}\nand went on")
    assert redact_text(redact_text(line)) == redact_text(line)


@pytest.mark.parametrize(
    "argv",
    [
        ["docker", "run", "-p8080:80", "image"],
        ["ssh", "-p2222", "host"],
        ["Tentacle", "configure", "-port", "10933"],
        ["Tentacle", "configure", "-publicHostName=build7"],
        ["tar", "-b20", "-cf", "x"],
        ["python3", "-b", "x.py"],
        ["net", "use"],
        ["vault", "status"],
        ["ssh-keygen", "-t", "rsa"],
        ["htpasswd", "-c", "file", "user"],
        ["git", "config", "set", "user.name", "me"],
        ["tool", "bypass=1", "compass=2"],
    ],
)
def test_ordinary_ports_blocks_and_names_stay(argv: list[str]) -> None:
    assert redact(argv) == tuple(argv)


@pytest.mark.parametrize("piece", ["vault login ", "net use x ", "ssh-keygen -N a ", "htpasswd -b a b c ", "-p' "])
def test_a_long_hostile_line_of_such_commands_is_read(piece: str) -> None:
    redact_text(piece * (20_000 // len(piece)))
