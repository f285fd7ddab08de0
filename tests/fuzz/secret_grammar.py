"""A grammar of command lines and texts that hold one secret, in every spelling that people and tools use."""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

NAMES = (
    "variablesPassword", "sensitiveVariablesPassword", "outputVariablesPassword", "customPropertiesPassword",
    "feedPassword", "scriptParameters", "encryptionKey", "destPassword", "apiKey", "bearerToken", "password",
    "pfx-password", "from-base64", "proxyPassword", "connectionString", "masterKey", "licenseBase64", "token",
    "federated-token", "OctopusKey", "client_secret", "aws_secret_access_key", "access-key", "passphrase",
)  # fmt: skip
VARIABLES = (
    "DB_PASSWORD", "ARM_CLIENT_SECRET", "OCTOPUS_API_KEY", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "MYSQL_PWD",
    "GITHUB_TOKEN", "TentacleProxyPassword", "MASTER_KEY", "SSHPASS",
)  # fmt: skip
CONNECTION_KEYS = ("Password", "Pwd", "AccountKey", "SharedAccessKey", "SharedAccessSignature")
HEADERS = ("X-Octopus-ApiKey: {}", "Authorization: Bearer {}", "Authorization: Basic {}", "X-Auth-Token: {}")
TOOLS = (
    "openssl enc -aes-256-cbc -k {} -in f", "openssl enc -K {}", "openssl passwd -6 {}", "openssl dgst -hmac {} f",
    "openssl rsa -passin pass:{}", "ldapsearch -x -D cn=a -w {}", "ldapmodify -w{} -f f", "ldappasswd -s {} -w {}",
    "vault kv put secret/x key={}", "vault kv put -mount=secret x colour={}", "vault kv patch secret/x a=b c={}",
    "vault write auth/x role={}", "vault login {}", "vault login -method=github token={}", "vault operator unseal {}",
    "redis-cli -h h -a {} ping", "smbclient //h/s {}", "smbclient -U me%{} //h/s", "psexec -u me -p {} cmd",
    "nuget push x.nupkg -k {}", "dotnet nuget push x.nupkg -k {}", "curl -U me:{} https://h", "curl -b s={} https://h",
    "curl -u me:{} https://h", "curl --proxy-user me:{} https://h", "sqlplus me/{}@db", "isql dsn me {}",
    "mount -t cifs -o username=a,password={} //h/s /m", "mount -o user=a,pass={} //h/s /m", "ipmitool -P {} power",
    "snmpwalk -v3 -A {} -X {} h", "snmpwalk -v2c -c {} h", "useradd -p {} me", "pulumi config set --secret k {}",
    "gh secret set X --body {}", "gh secret set X -b {}", "npm config set _auth {}", "twine upload -p {} f",
    "rabbitmqctl add_user me {}", "rabbitmqctl change_password me {}", "signtool sign /f x.pfx /p {}",
    "certutil -p {} -importpfx x.pfx", "schtasks /create /ru me /rp {}", "sc create x password= {}", "rar a -hp{} f",
    "lftp -u me,{} h", "http -a me:{} h", "consul kv put a/b {}", "doctl auth init -t {}", "cf login -u me -p {}",
    "cf auth me {}", "oc login -u me -p {}", "rclone obscure {}", "docker login -u me -p {} h", "sshpass -p {} ssh h",
    "sshpass -p{} ssh h", "mysql -p{} db", "7z x -p{} f", "htpasswd -b file me {}", "net user bob {} /add",
    "net use X: \\\\h\\s {}", "ssh-keygen -t rsa -N {} -f id", "keytool -list -storepass {}", "az login -u me -p {}",
    "aws configure set aws_secret_access_key {}", "sqlcmd -S db -U sa -P {}", "helm upgrade r c --set a.b={}",
    "terraform apply -var db={}", "docker run -e A={} i", "kubectl create secret generic x --from-literal=k={}",
    "bash Bootstrap.1f3-4c2d-9e8b-0a1b2c3d4e5f.Script.sh {}", "Tentacle import-certificate -b {}",
)  # fmt: skip
_ORDINARY = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_SYMBOLS = "!#$%+,.-_~@^=éßЖ漢"
MARK = "Zq7"
"""Every secret begins with it and no line of the grammar holds it otherwise: it may not be seen."""


class Case(NamedTuple):
    """Words of a command line, the same as running text, and the secret, of which no long piece may be seen."""

    argv: tuple[str, ...]
    text: str
    secret: str


def leaked(case: Case, shown: str) -> bool:
    """Whether `shown` has the secret's beginning, or seven characters of it that the line lacks otherwise."""
    innocent = case.text.replace(case.secret, " ")
    secret = case.secret
    pieces = (secret[i : i + 7] for i in range(min(len(secret), 400) - 6))
    return any(piece in shown and piece not in innocent for piece in (secret[:5], *pieces))


plain = st.text(alphabet=_ORDINARY, min_size=6, max_size=24)
odd = st.text(alphabet=_ORDINARY + _SYMBOLS, min_size=6, max_size=40)
base64ish = st.binary(min_size=12, max_size=60).map(lambda raw: b64encode(raw).decode())
long_one = st.text(alphabet=_ORDINARY, min_size=500, max_size=3000)
secrets = st.one_of(plain, odd, base64ish, long_one).map(lambda text: MARK + text)


def _in_case(name: str, choice: int) -> str:
    return (name, name.lower(), name.upper(), name.swapcase())[choice]


def _quoted(secret: str, style: int) -> str:
    return (secret, f'"{secret}"', f"'{secret}'")[style]


@st.composite
def options(draw: st.DrawFn) -> Case:
    """`--key value`, `--key=value`, `/key:value`, in any case, quoted or not."""
    secret = draw(secrets)
    name = draw(st.sampled_from(("-", "--", "/", "–"))) + _in_case(
        draw(st.sampled_from(NAMES)), draw(st.integers(0, 3))
    )
    attachment = draw(st.sampled_from(("=", ":", " ")))
    value = _quoted(secret, draw(st.integers(0, 2)))
    program = draw(st.sampled_from((("Calamari", "run-script"), ("tool",), ("kubectl", "config"), ("sudo", "x"))))
    words = (name, secret) if attachment == " " else (f"{name}{attachment}{value}",)
    rest = draw(st.sampled_from(((), ("--noninteractive",), ("-variables", "Variables.secret"))))
    return Case((*program, *words, *rest), " ".join((*program, f"{name}{attachment}{value}", *rest)), secret)


@st.composite
def tools(draw: st.DrawFn) -> Case:
    """The ways of single tools, by themselves, by path, and behind another command."""
    # A glued or positional password is one word of a shell: quotes and the shell's own signs are the shell's matter.
    secret = MARK + draw(plain | odd.map(lambda text: text.strip("=,@%-").replace(",", ".")))
    line = draw(st.sampled_from(TOOLS))
    before = draw(st.sampled_from(("", "sudo ", "/usr/bin/", "nice -n 5 ", "timeout 5 /usr/local/bin/")))
    text = before + line.replace("{}", secret)
    return Case(tuple(text.split()), text, secret)


@st.composite
def quoted_tools(draw: st.DrawFn) -> Case:
    """The same in running text with the value in quotes."""
    secret = MARK + draw(plain)
    line = draw(st.sampled_from([tool for tool in TOOLS if " {}" in tool]))
    quotes = draw(st.sampled_from(("'", '"')))
    return Case(("sh", "-c", line.replace("{}", f"{quotes}{secret}{quotes}")), line.replace("{}", secret), secret)


@st.composite
def embedded(draw: st.DrawFn) -> Case:
    """Assignments, connection strings, URLs, headers, JSON, PowerShell: a secret within one word or a text."""
    secret = draw(secrets)
    name = _in_case(draw(st.sampled_from(NAMES)), draw(st.integers(0, 3)))
    variable = draw(st.sampled_from(VARIABLES))
    key = draw(st.sampled_from(CONNECTION_KEYS))
    words = draw(
        st.sampled_from(
            (
                ("env", f"{variable}={secret}", "run"),
                ("sh", "-c", f"export {variable}={shlex.quote(secret)}; run"),
                ("sh", "-c", f"{variable}='{secret}' run"),
                ("x", f"Server=.;User Id=sa;{key}={secret};Database=d"),
                ("x", f'Server=.;{key}="{secret}";Database=d'),
                ("x", f"Server=.;{key.upper()} = {secret}"),
                ("git", "clone", f"https://me:{quote(secret)}@example.org/x"),
                ("x", f"postgresql://me:{quote(secret)}@h:5432/d"),
                ("x", f"https://h/c?sv=1&sig={quote(secret, safe='')}&se=2"),
                ("x", f"https://h/c?access_token={quote(secret, safe='')}"),
                ("curl", "-H", draw(st.sampled_from(HEADERS)).format(secret)),
                ("x", json.dumps({name: secret, "n": 1}, ensure_ascii=False)),
                ("x", json.dumps({"a": {name: secret}}, indent=1, ensure_ascii=False)),
                ("x", json.dumps(json.dumps({name: secret}, ensure_ascii=False), ensure_ascii=False)),
                ("x", f"{{{name}: '{secret}'}}"),
                ("x", f"<{name}>{secret}</{name}>"),
                ("x", f'<add key="{name}" value="{secret}" />'),
                ("pwsh", "-Command", f"$env:{variable} = '{secret}'; go"),
                ("pwsh", "-Command", f"Connect -Password:'{secret}'"),
                ("pwsh", "-Command", f"ConvertTo-SecureString '{secret}' -AsPlainText -Force"),
                ("pwsh", "-Command", f"@{{ {name.replace('-', '_')} = '{secret}' }}"),
                ("x", f"['--{name}', '{secret}']"),
            )
        )
    )
    return Case(words, " ".join(words), quote(secret) if quote(secret) in words[-1] else secret)


cases = st.one_of(options(), tools(), quoted_tools(), embedded())
