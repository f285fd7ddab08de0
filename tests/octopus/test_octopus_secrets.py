"""No secret survives: every spelling of an option, every attachment, every shape of a value, in argv and in text."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from octotui.octopus.secrets import MASK, is_allowed_environment, redact, redact_text

SECRET_OPTIONS = (
    "variablesPassword", "sensitiveVariablesPassword", "outputVariablesPassword", "customPropertiesPassword",
    "feedPassword", "feedUsername", "scriptParameters", "encryptionKey", "destPassword", "destUserName", "apiKey",
    "bearerToken", "password", "pfx-password", "pw", "from-base64", "proxyPassword", "connectionString", "masterKey",
    "licenseBase64", "token", "federated-token", "OctopusKey",
)  # fmt: skip
PROGRAMS = (
    "Calamari run-script",
    "Tentacle register-with --instance Tentacle",
    "kubectl config",
    "Octopus.Server admin",
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAsecretsecret\nq1w2e3r4\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"

word_secrets = st.text(
    alphabet=st.characters(
        min_codepoint=33, max_codepoint=0x2FF, exclude_characters="*\x7f", exclude_categories=("C", "Z")
    ),
    min_size=4,
    max_size=40,
)
spaced_secrets = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*"), min_size=4, max_size=40
).filter(lambda text: text.strip() == text)


def in_case(name: str, choice: int) -> str:
    return (name, name.lower(), name.upper(), name.swapcase())[choice]


@st.composite
def command_lines(draw: st.DrawFn, secrets: st.SearchStrategy[str]) -> tuple[list[str], str]:
    """A command line with one secret in it, and the secret."""
    secret = "Zq7" + draw(secrets)
    name = in_case(draw(st.sampled_from(SECRET_OPTIONS)), draw(st.integers(0, 3)))
    option = draw(st.sampled_from(("-", "--", "/"))) + name
    attachment = draw(st.sampled_from(("=", ":", " ")))
    words = [option, secret] if attachment == " " else [f"{option}{attachment}{secret}"]
    rest = draw(st.sampled_from(([], ["--noninteractive"], ["-variables", "Variables.secret"])))
    return [*draw(st.sampled_from(PROGRAMS)).split(), *words, *rest], secret


@given(command_lines(word_secrets | spaced_secrets))
@example((["Tentacle", "register-with", "--apiKey", "--Zq7x=y"], "--Zq7x=y"))
def test_an_options_secret_is_in_no_word_of_the_command_line(given_line: tuple[list[str], str]) -> None:
    argv, secret = given_line
    shown = redact(argv)
    assert len(shown) == len(argv)
    assert secret not in " ".join(shown)
    assert MASK in " ".join(shown)


@given(command_lines(word_secrets))
def test_a_secret_of_one_word_leaves_no_piece_in_a_rewritten_command_line_or_an_embedded_one(
    given_line: tuple[list[str], str],
) -> None:
    argv, secret = given_line
    rewritten = " ".join(argv)
    innocent = rewritten.replace(secret, " ")
    pieces = {piece for start in range(len(secret) - 6) if (piece := secret[start : start + 7]) not in innocent}
    for shown in (redact([rewritten])[0], " ".join(redact(["sh", "-c", rewritten])), redact_text(f"ran {rewritten}")):
        assert not any(piece in shown for piece in pieces), shown


@given(command_lines(word_secrets | spaced_secrets))
def test_a_log_line_that_quotes_a_command_shows_no_secret(given_line: tuple[list[str], str]) -> None:
    argv, secret = given_line
    assert secret not in redact_text(f"2026-08-21 started {shlex.join(argv)} in /tmp")
    assert secret not in redact_text(f"2026-08-21 started {' '.join(argv)} in /tmp")


@pytest.mark.parametrize(
    "argv",
    [
        ["docker", "login", "-u", "me", "-p", "hunter2"],
        ["sudo", "docker", "login", "--password=hunter2"],
        ["Tentacle", "import-certificate", "-b", "hunter2"],
        ["/usr/bin/Tentacle", "service", "--username", "x", "--password", "hunter2"],
        ["sshpass", "-phunter2", "ssh", "host"],
        ["curl", "-u", "me:hunter2", "https://example.org"],
        ["terraform", "plan", "-var=db_password=hunter2"],
        ["terraform", "plan", "-var", "innocent=hunter2"],
        ["helm", "upgrade", "--set", "a.b=hunter2"],
        ["docker", "run", "-e", "X=hunter2", "image"],
        ["bash", "-c", "export DB_PASSWORD=hunter2; run"],
        ["env", "ANTHROPIC_API_KEY=hunter2", "claude"],
        ["curl", "-H", "X-Octopus-ApiKey: hunter2"],
        ["curl", "-H", "Authorization: Bearer hunter2"],
        ["curl", "-H", "Authorization: Basic aHVudGVyMg== hunter2"],
        ["sqlcmd", "-S", "db", "-P", "hunter2"],
        ["x", "Server=.;User Id=sa;Password=two hunter2 words;Database=d"],
        ["x", 'Server=.;Pwd="a;hunter2";Database=d'],
        ["x", "DefaultEndpointsProtocol=https;AccountKey=hunter2==;EndpointSuffix=x"],
        ["x", "Endpoint=sb://x;SharedAccessKeyName=n;SharedAccessKey=hunter2="],
        ["git", "clone", "https://me:hunter2@example.org/x"],
        ["git", "clone", "https://me:p@hunter2@example.org/x"],
        ["azcopy", "https://x.blob.core.windows.net/c?sv=1&sig=hunter2&se=2"],
        ["pwsh", "-Command", "Connect -Password:'hunter2'"],
        ["pwsh", "-Command", "ConvertTo-SecureString 'hunter2' -AsPlainText"],
        ["pwsh", "-Command", "$env:API_TOKEN = 'hunter2'; go"],
        ["pwsh", "-EncodedCommand", "hunter2"],
        ["pwsh", "-Command", "x –OctopusKey hunter2"],
        ["node", "/x/bootstrapper.js", "Discover", "/p", "/tmp/t", "hunter2", "Octopuss", "A"],
        ["node", "--inspect-brk", "/x/bootstrapper.js", "Execute", "/p", "/tmp/t", "hunter2"],
        ["node /x/bootstrapper.js Execute /a b/p /tmp/t hunter2 Octopuss A"],
        ["dotnet", "/x/dotnet-script.dll", "-s", "u", "B.csx", "--", "p", "hunter2"],
        ["dotnet /x/dotnet-script.dll -s u B.csx -- p hunter2"],
        ["bash", "Bootstrap.1f3-4c2d-9e8b-0a1b2c3d4e5f.deploy.sh", "hunter2"],
        ["bash Bootstrap.1f3-4c2d-9e8b-0a1b2c3d4e5f.Script.sh hunter2"],
        ["python3", "-u", "/w/InstallDependencies.1f3-4c2d-9e8b-0a1b2c3d4e5f.py", "", "hunter2"],
        ["x", "--password=", "hunter2"],
        ["x", "--password", "=", "hunter2"],
        ["x", '{"password": "hunter2", "n": 1}'],
        ["x", "{\\\"apiKey\\\":\\\"hunter2\\\"}"],
        ["x", "['--token', 'hunter2']"],
        ["x", '["--token","hunter2"]'],
        ["x", "--password", "first\nhunter2"],
        ["echo", "-----BEGIN", "PRIVATE", "KEY-----", "hunter2"],
    ],
)  # fmt: skip
def test_known_spellings_are_masked(argv: list[str]) -> None:
    assert "hunter2" not in " ".join(redact(argv))
    assert "hunter2" not in redact_text(" ".join(argv)) or argv[-1].startswith(("first", "hunter2", "KEY"))


@pytest.mark.parametrize(
    "secret",
    [
        "API-ABCDEFGHIJKLMNOPQRSTUV",
        JWT,
        JWT.rpartition(".")[0],
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz012345",
        "0123456789ABCDEF" * 4,
        "0123456789ABCDEF" * 2,
        "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaQo=",
        "Zm9vYmFyYmF6cXV4MTIzNA==",
        PEM,
        PEM[:70],
        PEM[40:],
    ],
)
def test_a_value_with_the_shape_of_a_secret_is_masked_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"x {secret} y", f'"{secret}"', f"({secret})", f"a={secret}"):
        for shown in (redact_text(text), " ".join(redact(["tool", text])), redact([text])[0]):
            assert MASK in shown
            assert not any(line in shown for line in secret.splitlines() if len(line) > 12 and "-----" not in line)


@pytest.mark.parametrize("digits", [40, 64])
def test_a_thumbprint_is_shortened_and_still_tells_which_certificate_it_is(digits: int) -> None:
    thumbprint = ("ABCDEF0123456789" * 4)[:digits]
    shown = redact_text(f"configure --trust {thumbprint}")
    assert thumbprint not in shown
    assert "ABCDEF01…" in shown


@pytest.mark.parametrize(
    "argv",
    [
        ["/bin/bash", "/etc/octopus/Work/20260821060923-826567-31/Bootstrap.sh"],
        ["docker", "run", "-p", "80:80", "registry:5000/image@sha256", "sh"],
        ["Calamari", "run-script", "-variables", "Variables.secret", "-script", "a.ps1"],
        ["ssh", "-p", "2222", "host"],
        ["mkdir", "-p", "/run/secrets"],
        ["docker", "login", "--password-stdin", "host"],
        ["cat", "/etc/passwd", "/var/lib/token/x"],
        ["http://example.org:8080/a@b"],
    ],
)
def test_what_is_no_secret_stays(argv: list[str]) -> None:
    assert redact(argv) == tuple(argv)


@given(command_lines(word_secrets | spaced_secrets))
def test_masking_what_is_masked_changes_nothing(given_line: tuple[list[str], str]) -> None:
    once = redact(given_line[0])
    assert redact(once) == once


@given(st.lists(st.text(alphabet=st.characters(), max_size=200), max_size=12))
@example([])
@example(["\udcff\udc80", "--password", "\x1b]0;x\x07"])
@example(["", "", "-", "--", "/", "=", "--="])
def test_no_input_raises_and_every_word_is_printable(argv: list[str]) -> None:
    shown = redact(argv)
    assert len(shown) == len(argv)
    assert not any("\x1b" in word or "\n" in word or "\x00" in word for word in shown)
    redact_text(" ".join(argv))


@pytest.mark.parametrize(
    "piece",
    ["://:", "eyJ", "A", "dotnet-script ", "--password='", "-----BEGIN ", "-----END ", "Bootstrap.a.sh ", "a.", "\\",
     "password=\\\"'", "bearer ", "'", '"', "sig=", "a=b;password=", "bootstrapper.js Execute "],
)  # fmt: skip
def test_a_long_hostile_word_is_cut_and_read(piece: str) -> None:
    word = piece * (65_536 // len(piece))
    assert all(len(shown) <= 4096 for shown in redact(["x", word]))
    redact_text(word[:20_000])


def test_a_secret_cut_in_half_by_the_length_limit_is_not_shown() -> None:
    word = "x" * 300 + "-----BEGIN KEY-----" + "y" * 16_000 + "-----END KEY-----" + " API-ABCDEFGHIJKLMNOPQRSTUV"
    shown = redact(["tool", word[:16_380] + "API-ABCDEFGHIJKLMNOPQRSTUV"])[1]
    assert "API-" not in shown


def test_terminal_sequences_are_taken_out_of_text_before_it_is_searched() -> None:
    assert redact_text("\x1b[31m--password\x1b[0m hunter2") == "--password ***"


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("TentacleHome", True), ("TMPDIR", True), ("DOTNET_gcServer", True), ("DOTNET_DiagnosticPorts", True),
        ("TentacleProxyPassword", False), ("HTTP_PROXY", False), ("AWS_SECRET_ACCESS_KEY", False), ("PATH", False),
        ("DOTNET_SECRET_TOKEN", False), ("DOTNET_a b", False), ("", False),
    ],
)  # fmt: skip
def test_only_listed_environment_variables_may_be_shown(name: str, is_allowed: bool) -> None:
    assert is_allowed_environment(name) is is_allowed
