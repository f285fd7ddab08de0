"""Which option, variable and header names carry a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEYWORDS = re.compile(
    r"password|passwd|passphrase|pwd|secret|token|bearer|credential|authorization|apikey|accesskey|accountkey|sharedkey"
    r"|sharedaccess|privatekey|encryptionkey|encryptkey|masterkey|octopuskey|signingkey|sessionkey|storagekey|licensebase64"
    r"|licencebase64|certificatebase64|frombase64|connectionstring|scriptparameters|encodedcommand|destusername"
    r"|feedusername|proxyusername|cookie"
)
_EXACT = frozenset(
    {"pw", "pass", "passin", "passout", "auth", "enc", "licence", "license", "sig", "tentaclecertificate", "key"}
)
_PASS = re.compile(r"(?:[_.\-]|(?i:store|key|ssh)|(?<=[a-z0-9])(?=P))(?i:pass)$")
_HARMLESS_ENDINGS = ("file", "path", "stdin", "hint", "policy", "expiry", "ttl", "length", "prompt")
_CONNECTION_KEYS = frozenset({"password", "pwd", "accountkey", "sharedaccesskey", "sharedaccesssignature", "secret"})
_ASSIGNMENTS = frozenset(
    {
        "var", "extravars", "backendconfig", "set", "setstring", "setjson", "setliteral", "fromliteral", "buildarg",
        "env", "property",
    }
)  # fmt: skip
_GLUED = ("sshpass", "mysql", "sqlcmd", "7z", "bcp")
_LOGIN = (*_GLUED, "tentacle", "octopus.server", "mssql", "mongo", "zip", "smbclient", "xfreerdp", "msdeploy")
_NDESK = ("tentacle", "octopus.server")
_GLUED_WHERE_SIGNED_IN = ("mongo", "zip")
_LONG_NAMES = frozenset(
    {
        "bearertoken", "pass", "passin", "passout", "passphrase", "passphrasefile", "passwd", "password",
        "passwordfile", "passwordstdin", "pfxpassword", "policy", "port", "proxyenable", "proxyhost", "proxypassword",
        "proxyport", "proxyusername", "publichostname", "pw", "pwd",
    }
)  # fmt: skip
_REGISTRY_TOOLS = (
    "docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras", "helm", "az", "gcloud", "argocd", "octopus",
)  # fmt: skip
_CURL = ("curl", "wget", "http", "nuget")
_CONTAINER = ("docker", "podman", "nerdctl", "kubectl", "buildah", "ansible")

_LONGEST_CONTEXT = 8192
_BUNDLE_WITH_USER = re.compile(r"[A-Za-z]{1,5}u")
_LONG = re.compile(r"[A-Za-z][\w.\-]*+(?=[=:\s\"']|$)")


@dataclass(frozen=True, slots=True)
class Context:
    """What one-letter options mean in a command line; they carry secrets for some programs only.

    `glued` has the letters that may have their secret right behind them (`-pX`).
    """

    is_login: bool = False
    is_curl: bool = False
    is_container: bool = False
    glued: str = ""

    @classmethod
    def of(cls, command: str) -> Context:
        """The context of a whole command line or of one line of text."""
        lowered = command[:_LONGEST_CONTEXT].lower()
        signs_in = any(word in lowered for word in ("login", "credential", " sp "))
        signs_in = signs_in and _any(_REGISTRY_TOOLS, lowered)
        return cls(
            is_login=signs_in or _any(_LOGIN, lowered),
            glued="".join(
                letters
                for letters, applies in (
                    ("pP", _any(_GLUED, lowered) or _any(_GLUED_WHERE_SIGNED_IN, lowered)),
                    ("pPbB", _any(_NDESK, lowered)),
                    ("p", signs_in),
                    ("u", "curl" in lowered),
                )
                if applies
            ),
            is_curl=_any(_CURL, lowered),
            is_container=_any(_CONTAINER, lowered),
        )

    def is_secret_option(self, name: str) -> bool:
        """Whether an option (a name with a prefix) takes a secret as its value."""
        short = name.lower()
        if self.is_login and short in ("p", "b", "pw"):
            return True
        if self.is_curl and short in ("u", "user", "oauth2-bearer"):
            return True
        if "u" in self.glued and _BUNDLE_WITH_USER.fullmatch(name):
            return True
        return is_secret_name(name)

    def is_glued_option(self, word: str) -> bool:
        """Whether `word`, without its single dash, is a one-letter option and the secret right behind it."""
        if len(word) < 2 or word[0] not in self.glued or word[1] in "=:" or word[1].isspace():
            return False
        name = _LONG.match(word)
        return name is None or _folded(name[0]) not in _LONG_NAMES

    def is_assignment_option(self, name: str) -> bool:
        """Whether an option takes `key=value`, of which the value may be a secret (`-var`, `docker run -e`)."""
        if name.lower() == "e":
            return self.is_container
        return _folded(name) in _ASSIGNMENTS


_HINTS = (
    "pass", "pw", "secret", "token", "bearer", "credential", "auth", "key", "base64", "connection", "parameters",
    "username", "user-name", "user_name", "cookie", "sig", "licen", "enc", "shared",
    "-var", "-set", "-backend", "-from", "-build", "-env", "-prop", "–", "—", "―",
    "login", "net use", "net.exe use", "net user", "net.exe user", *_LOGIN, *_CURL, *_CONTAINER,
)  # fmt: skip


def may_hold_name(lowered: str) -> bool:
    """Whether lower-case text can hold the name of a secret; a cheap test that is True too often."""
    return _any(_HINTS, lowered)


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def is_secret_name(name: str) -> bool:
    """Whether an option name says that its value is a secret, in any case and with any of `-`, `_` and `.` in it."""
    return _folded(name) in _EXACT or is_secret_key(name)


def is_secret_key(name: str) -> bool:
    """The same for a name without an option prefix (`DB_PASSWORD=`, `"apiKey":`), where short words mean nothing."""
    return _is_secret(name[-200:])


def is_connection_key(name: str) -> bool:
    """Whether a name is a key of a connection string, whose values end at `;` and may hold spaces."""
    return _folded(name) in _CONNECTION_KEYS


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


def _is_secret(name: str) -> bool:
    if name.lower().endswith(".secret"):
        return False
    folded = _folded(name)
    if folded.endswith(_HARMLESS_ENDINGS):
        return False
    return _KEYWORDS.search(folded) is not None or _PASS.search(name) is not None
