"""The classifier's vectors: one row per process signature seen on Octopus hosts, on Linux and on Windows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from octopus_world import (
    CALAMARI,
    CALAMARI_PATH,
    GUID,
    KEY_BASE64,
    KEY_HEX,
    KEY_HEX_OLD,
    SYSTEMD,
    TICKET,
    TICKET_V2,
    TREE,
    StandInFiles,
    meanings,
    process,
)

from octotui.octopus.roles import Role, classify
from octotui.octopus.secrets import redact_text
from octotui.processes.model import ProcessInfo

WORK = f"/etc/octopus/Work/{TICKET}"
TASK = "ServerTasks-826567"
LOG_V2 = b'["stdout","Acquiring isolation mutex RunningScript with FullIsolation in ServerTasks-77","2026-08-21"]'
AZURE = "/etc/octopus/Tools/Calamari.AzureAppService.linux-x64/27.3.5/Calamari.AzureAppService"
EC2 = "/home/ec2-user/.octopus/ec2-3-25-60-213-ap-southeast-2-compute-amazonaws-com"
POWERSHELL = "C:\\Windows\\system32\\WindowsPowershell\\v1.0\\PowerShell.exe"
DOTNET_SCRIPT = "/etc/octopus/Tools/Calamari.linux-x64/2026.4.55/dotnet-script/dotnet-script.dll"


@dataclass(frozen=True)
class Vector:
    """A process, where it hangs (0: below init, alone), and what must be known of it."""

    argv: tuple[str, ...]
    role: str
    below: int = 0
    executable: str = ""
    cwd: str = ""
    cgroup: str = ""
    dotnet: bool | None = None
    task: str = ""
    instance: str = ""
    version: str = ""
    command: str = ""
    is_orphan: bool = False
    secrets: tuple[str, ...] = field(default=())


def v(*argv: str, **facts: object) -> Vector:
    return Vector(argv, **facts)  # type: ignore[arg-type]


BELOW_CALAMARI = {"below": CALAMARI.pid, "task": TASK, "instance": "Tentacle"}
BELOW_TENTACLE = {"below": 100, "instance": "Tentacle"}
BELOW_BOOTSTRAP = {"below": 110, "task": TASK, "instance": "Tentacle"}

VECTORS: dict[str, Vector] = {
    "1": v("/opt/octopus/tentacle/Tentacle", "run", "--instance=Tentacle", "--noninteractive",
           role="tentacle-service", dotnet=True, instance="Tentacle", command="run"),
    "2": v("/usr/bin/Tentacle", "run", "--instance=web-blue", "--noninteractive", role="tentacle-service", dotnet=True,
           executable="/opt/octopus/tentacle/Tentacle", instance="web-blue", command="run"),
    "3": v("/opt/octopus/tentacle/Tentacle", "run", "--config=/etc/octopus/a b/tentacle.config", "--noninteractive",
           role="tentacle-service", dotnet=True, instance="a b", command="run"),
    "4": v("tentacle", "agent", "--instance", "Tentacle", "--noninteractive",
           role="tentacle-service", dotnet=True, instance="Tentacle", command="agent"),
    "5": v('"C:\\Program Files\\Octopus Deploy\\Tentacle\\Tentacle.exe" run --instance="Tentacle"',
           role="tentacle-service", dotnet=None, instance="Tentacle", command="run"),
    "6": v('dotnet "D:\\Oct\\Tentacle.dll" run --instance="Tentacle 2"',
           role="tentacle-service", dotnet=True, instance="Tentacle 2", command="run"),
    "7": v("/usr/bin/Tentacle", "register-with", "--instance", "Tentacle", "--server", "https://o", "--apiKey",
           "API-ABCDEFGHIJKLMNOPQRSTUV", role="tentacle-cli", dotnet=True, instance="Tentacle", command="register-with",
           secrets=("API-ABCDEFGHIJKLMNOPQRSTUV",)),
    "8": v("tentacle", "livez", "--instance", "Tentacle", "--max-age=60",
           role="tentacle-cli", dotnet=True, instance="Tentacle", command="livez"),
    "9": v("Tentacle.exe", "checkservices", "--instances", "*", role="tentacle-cli", dotnet=True,
           command="checkservices"),
    "10": v("Octopus.Manager.Tentacle.exe", role="other-octopus", dotnet=True),
    "11": v("/bin/bash", f"/etc/octopus/Tentacle/Work/{TICKET}/Bootstrap.sh",
            role="task-bootstrap", dotnet=False, task=TASK, **BELOW_TENTACLE),
    "12": v("/bin/bash", f"/etc/octopus/Work/{TICKET_V2}/Bootstrap.sh",
            role="task-bootstrap", dotnet=False, task="ServerTasks-77", **BELOW_TENTACLE),
    "13": v(POWERSHELL, "-NonInteractive", "-NoProfile", "-NoLogo", "-ExecutionPolicy", "Unrestricted", "-Command",
            f"$ErrorActionPreference = 'Stop'; . {{. 'C:\\Octopus\\Work\\{TICKET}\\Bootstrap.ps1' ; if ((test-path "
            "variable:global:lastexitcode)) { exit $LastExitCode }}",
            role="task-bootstrap", dotnet=None, task=TASK, **BELOW_TENTACLE),
    "14": v(CALAMARI_PATH, "run-script", "-variables", "Variables.secret", "-variablesPassword=Hunter2==",
            role="calamari", dotnet=True, version="2026.4.55", command="run-script", secrets=("Hunter2==",),
            **BELOW_BOOTSTRAP),
    "15": v(f"{EC2}/Tools/Calamari.linux-x64/27.3.5-hotfix0001/Calamari", "run-script",
            role="calamari", below=95, dotnet=True, version="27.3.5-hotfix0001", command="run-script"),
    "16": v("/home/u/.octopus/OctopusServer/Tools/Calamari.linux-x64/27.1.0/Calamari", "find-and-register-package",
            "-packageId", "x", "-taskId", TASK, "-variablesPassword", "s3cret", role="calamari", below=95, dotnet=True,
            task=TASK, version="27.1.0", command="find-and-register-package", secrets=("s3cret",)),
    "17": v('C:\\Octopus\\Tools\\Calamari.win-x64\\27.3.5\\Calamari.exe deploy-package --variables:"V.secret" '
            "/variablesPassword:s3cr3t", role="calamari", dotnet=True, version="27.3.5", command="deploy-package",
            secrets=("s3cr3t",), **BELOW_BOOTSTRAP),
    "18": v(AZURE, "deploy-azure-app-service", "-variablespassword=xyzzy", role="calamari", dotnet=True,
            version="27.3.5", command="deploy-azure-app-service", secrets=("xyzzy",), **BELOW_BOOTSTRAP),
    "19": v("/octopus/Tools/Calamari.Terraform.linux-x64/27.3.5/Calamari.Terraform", "apply-terraform", "-var",
            role="calamari", dotnet=True, version="27.3.5", command="apply-terraform", **BELOW_BOOTSTRAP),
    "20": v("setsid", CALAMARI_PATH, "run-script", "-variablesPassword", "Hunter2==", executable="/usr/bin/setsid",
            role="wrapper", dotnet=False, version="2026.4.55", command="run-script", secrets=("Hunter2==",),
            **BELOW_BOOTSTRAP),
    "21": v("mono", "/home/u/.octopus/X/Tools/Calamari/3.7/Calamari.exe", "run-script", "-variablesPassword:qwerty",
            executable="/usr/bin/mono-sgen", role="calamari-legacy", dotnet=False, version="3.7", command="run-script",
            secrets=("qwerty",), **BELOW_BOOTSTRAP),
    "22": v("dotnet", "/opt/x/Calamari.dll", "run-script", "-variables", "f", executable="/usr/share/dotnet/dotnet",
            role="calamari", dotnet=True, command="run-script", **BELOW_BOOTSTRAP),
    "23": v("/calamari/Calamari/Calamari", "run-script", role="calamari", dotnet=True, command="run-script",
            **BELOW_BOOTSTRAP),
    "24": v("bash", f"Bootstrap.{GUID}.Script.sh", KEY_HEX, executable="/usr/bin/bash",
            role="user-script", dotnet=False, secrets=(KEY_HEX,), **BELOW_CALAMARI),
    "25": v("pwsh", "-NoLogo", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-Command",
            f"Set-PSDebug -Trace 0;Try {{. {{. '{WORK}/Bootstrap.Script.ps1' -OctopusKey '{KEY_BASE64}'; if "
            "((test-path variable:global:lastexitcode)) { exit $LastExitCode }};} catch { throw }",
            role="user-script", dotnet=True, secrets=(KEY_BASE64,), **BELOW_CALAMARI),
    "26": v(POWERSHELL, "-Version", "5.1", "-NoProfile", "-NoLogo", "-Command",
            f"Try {{. {{. 'C:\\Octopus\\Work\\{TICKET}\\Bootstrap.Script.ps1' -OctopusKey '{KEY_BASE64}';}};}}",
            role="user-script", dotnet=None, secrets=(KEY_BASE64,), **BELOW_CALAMARI),
    "27": v("python3", "-u", f"{WORK}/InstallDependencies.{GUID}.py", KEY_HEX, executable="/usr/bin/python3.11",
            role="user-script", dotnet=False, command="python deps", secrets=(KEY_HEX,), **BELOW_CALAMARI),
    "28": v("python3", "-u", f"{WORK}/Bootstrap.{GUID}.Script.py", "a", "b", KEY_HEX_OLD,
            role="user-script", dotnet=False, secrets=(KEY_HEX_OLD,), **BELOW_CALAMARI),
    "29": v("dotnet", DOTNET_SCRIPT, "-s", "https://api.nuget.org/v3/index.json", f"{WORK}/Bootstrap.{GUID}.Script.csx",
            "--", "a", KEY_BASE64, role="user-script", dotnet=True, secrets=(KEY_BASE64,), **BELOW_CALAMARI),
    "30": v("/x/node/bin/node", "/x/bootstrapper.js", "Execute", "/x/pkg", "/tmp/tmpA", "p@ss", "Octopuss", "I", "D",
            role="step-package", dotnet=False, command="Execute", secrets=("p@ss",), **BELOW_CALAMARI),
    "31": v("terraform", "apply", "-no-color", "-auto-approve", "-var", "db_password=hunter2",
            role="tool", dotnet=False, secrets=("hunter2",), **BELOW_CALAMARI),
    "32": v("kubectl", "config", "set-credentials", "octouser", "--token=abcdef",
            role="tool", dotnet=False, secrets=("abcdef",), **BELOW_CALAMARI),
    "32-az": v("/opt/az/bin/python3", "-Im", "azure.cli", "login", "--service-principal", '--password="hunter2"',
               executable="/opt/az/bin/python3.11", role="tool", dotnet=False, secrets=("hunter2",), **BELOW_CALAMARI),
    "33": v("sh", "-c", f'"/octopus/Work/{TICKET_V2}/execute-bootstrapRunner.sh" "/octopus/Work/{TICKET_V2}" '
            f'"/octopus/Work/{TICKET_V2}/Bootstrap.sh"', role="k8s-runner", dotnet=False),
    "34": v(f"/octopus/Work/{TICKET_V2}/bootstrapRunner-linux-amd64", f"/octopus/Work/{TICKET_V2}",
            f"/octopus/Work/{TICKET_V2}/Bootstrap.sh", role="k8s-runner", dotnet=False),
    "35": v("/Octopus/Octopus.Server", "run", "--instance", "OctopusServer",
            role="server", dotnet=True, instance="OctopusServer", command="run"),
    "35-windows": v('Octopus.Server.exe run --instance="OctopusServer"',
                    role="server", dotnet=True, instance="OctopusServer", command="run"),
    "36": v("/Octopus/Octopus.Server", "container-healthcheck", role="server-cli", dotnet=True,
            command="container-healthcheck"),
    "37": v("bash", "/home/octopus/.octopus/OctopusServer/Server/Work/09234928998123-1847-68/Bootstrap.sh",
            role="task-bootstrap", below=96, dotnet=False, task="ServerTasks-1847", instance="OctopusServer"),
    "38": v("docker", "run", "--rm", "-v", "/x:/x", "octopusdeploy/worker-tools", "x",
            role="exec-container", dotnet=False, **BELOW_BOOTSTRAP),
    "39": v("sleep", "300", role="user-command", below=130, cwd=WORK, dotnet=False, task=TASK, instance="Tentacle"),
    "39-by-directory": v("sleep", "300", role="user-command", cwd=WORK, dotnet=False, task=TASK, is_orphan=True),
    "41": v(CALAMARI_PATH, "run-script", role="calamari", cgroup="/system.slice/Tentacle.service", dotnet=True,
            instance="Tentacle", version="2026.4.55", command="run-script", is_orphan=True),
    "42": v("grep", "--color=auto", "Calamari", role=""),
    "43": v("vim", "/var/log/Calamari.log", role=""),
    "43-tail": v("tail", "-f", "/etc/octopus/Logs/OctopusTentacle.txt", role=""),
    "44": v("/opt/calamari/venv/bin/python", "/usr/bin/calamari-ctl", role=""),
    "45": v("/etc/octopus/Tools/Calamari.linux-x64/2026.4.55/createdump", "14220", role="", below=130),
    "45-self": v("python", "-m", "octotui", role="", below=130),
    "45-docker": v("docker-credential-octopus", "get", role="", below=130),
}  # fmt: skip

SSH_SHELL = (
    process(94, ["sshd: ubuntu@notty"], parent=90, executable="/usr/sbin/sshd", name="sshd"),
    process(95, ["bash"], parent=94, executable="/usr/bin/bash"),
)
SERVER = process(96, ["/Octopus/Octopus.Server", "run", "--instance", "OctopusServer"], cgroup="/")


def seen(vector: Vector) -> ProcessInfo:
    return process(
        500,
        vector.argv,
        parent=vector.below or 1,
        executable=vector.executable,
        cwd=vector.cwd,
        cgroup=vector.cgroup,
    )


@pytest.mark.parametrize("number", VECTORS)
def test_a_vector_means_what_the_table_says(number: str) -> None:
    vector = VECTORS[number]
    files = StandInFiles({f"/etc/octopus/Work/{TICKET_V2}": LOG_V2})
    family = (*TREE, *SSH_SHELL, SERVER) if vector.below else (SYSTEMD,)
    meaning = meanings(*family, seen(vector), files=files)[500]
    assert (meaning.role, meaning.command) == (vector.role, vector.command)
    assert (meaning.task, meaning.instance, meaning.version) == (vector.task, vector.instance, vector.version)
    assert meaning.is_orphan is vector.is_orphan or not vector.below
    if vector.role:
        assert meaning.dotnet is vector.dotnet
        assert meaning.reason and 0 < len(meaning.label) <= 9


@pytest.mark.parametrize("number", [number for number, vector in VECTORS.items() if vector.secrets])
def test_no_secret_of_a_vector_is_left_in_its_command_line_or_in_a_log_that_quotes_it(number: str) -> None:
    vector = VECTORS[number]
    shown = seen(vector).command
    logged = redact_text("starting " + " ".join(vector.argv))
    for secret in vector.secrets:
        assert secret not in shown
        assert secret not in logged
        assert "***" in shown and "***" in logged


@pytest.mark.parametrize("number", [n for n, vector in VECTORS.items() if vector.role and not n.startswith("39")])
def test_a_settled_role_needs_no_family(number: str) -> None:
    vector = VECTORS[number]
    finding = classify(seen(vector))
    assert finding.role == vector.role
    assert finding.is_settled or finding.role in (Role.TOOL, Role.EXEC_CONTAINER)


def test_an_ssh_session_counts_when_a_calamari_runs_below_it() -> None:
    calamari = seen(VECTORS["15"])
    found = meanings(SYSTEMD, *SSH_SHELL, calamari)
    assert [found[pid].role for pid in (94, 95, 500)] == ["ssh-session", "task-bootstrap", "calamari"]
    assert not found[500].is_orphan


def test_an_ssh_session_without_octopus_below_it_is_nothing() -> None:
    found = meanings(SYSTEMD, *SSH_SHELL, process(97, ["rsync", "--server"], parent=95))
    assert {meaning.role for meaning in found.values()} == {""}


def test_octotui_inside_a_step_marks_itself_and_every_process_above_it_as_its_own() -> None:
    shell = process(140, ["bash", "-c", "octotui dump --tree 100 --yes"], parent=130, executable="/usr/bin/bash")
    octotui = process(150, ["python", "-m", "octotui"], parent=140)
    other = process(160, ["sleep", "300"], parent=130)
    found = meanings(*TREE, shell, octotui, other, own_pid=150)
    assert {pid for pid, meaning in found.items() if meaning.is_own} == {1, 100, 110, 120, 130, 140, 150}
    assert found[160].role == "user-command"
    assert found[150].role == ""
