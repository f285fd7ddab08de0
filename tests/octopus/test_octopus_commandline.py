"""Command lines, work directories and logs taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octotui.octopus import commandline
from octotui.octopus.instances import instance_of_cgroup, instance_of_configuration
from octotui.octopus.tasks import task_in_log, task_of_ticket, work_directory_in

TICKET = "20260821060923-826567-31"


@pytest.mark.parametrize(
    "words",
    [
        ["--name", "a b"],
        ["--name=a b"],
        ["-name", "a b"],
        ["/NAME:a b"],
        ["-Name:a b"],
        ['--name="a b"'],
        ["x", "--NAME=a b"],
    ],
)
def test_an_option_is_found_in_every_spelling(words: list[str]) -> None:
    assert commandline.option(["Tentacle", "run", *words], "name") == "a b"


@pytest.mark.parametrize("words", [[], ["--named", "x"], ["name=x"], ["--name"], ["--names=x"]])
def test_what_only_looks_like_an_option_is_not_taken(words: list[str]) -> None:
    assert commandline.option(["Tentacle", "run", *words], "name") == ""


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b", "b"), ("C:\\a\\b.exe", "b.exe"), ('"C:\\a b\\c.exe"', "c.exe"), ("/a/Calamari (deleted)", "Calamari"),
     ("", ""), ("/", ""), ("C:\\a/b", "b")],
)  # fmt: skip
def test_the_base_name_knows_both_separators(path: str, name: str) -> None:
    assert commandline.basename(path) == name


def test_a_windows_command_line_in_one_string_is_split_at_its_quotes() -> None:
    line = '"C:\\Program Files\\O\\Tentacle.exe" run --instance="web blue" /x:"y z"'
    assert commandline.words([line]) == ("C:\\Program Files\\O\\Tentacle.exe", "run", "--instance=web blue", "/x:y z")


def test_a_single_word_that_is_the_executable_stays_whole() -> None:
    path = "C:\\Program Files\\O\\Octopus.Manager.Tentacle.exe"
    assert commandline.words([path], path) == (path,)


@given(st.text(max_size=300))
def test_any_single_string_can_be_split(text: str) -> None:
    assert all(isinstance(word, str) for word in commandline.words([text]))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"/etc/octopus/Work/{TICKET}/Bootstrap.sh", f"/etc/octopus/Work/{TICKET}"),
        (f"/etc/octopus/a b/Work/{TICKET}/x", f"/etc/octopus/a b/Work/{TICKET}"),
        (f"/etc/octopus/Work/{TICKET}", f"/etc/octopus/Work/{TICKET}"),
        (f"--variables=/o/Work/{TICKET}/v", f"/o/Work/{TICKET}"),
        (f". {{. 'C:\\My Octopus\\Work\\{TICKET}\\Bootstrap.ps1'", f"C:\\My Octopus\\Work\\{TICKET}"),
        (f"Try {{. '/o/Work/{TICKET}/B.ps1'", f"/o/Work/{TICKET}"),
        ("/octopus/Work/9fKq2ZbTz0uGh1xw4Yc7Ag/x", "/octopus/Work/9fKq2ZbTz0uGh1xw4Yc7Ag"),
    ],
)
def test_a_work_directory_is_found_in_words_and_in_script(text: str, path: str) -> None:
    found = work_directory_in(text)
    assert found is not None
    assert found.path == path
    assert found.ticket in path


@pytest.mark.parametrize(
    "text", ["", "/Work/", "/Work/short/x", "/Workshop/20260821060923-826567-31", "/Work/a.b.c.d.e.f"]
)
def test_what_is_no_work_directory_is_none(text: str) -> None:
    assert work_directory_in(text) is None


def test_a_dated_ticket_names_its_task_and_others_do_not() -> None:
    assert task_of_ticket(TICKET) == "ServerTasks-826567"
    assert task_of_ticket("9fKq2ZbTz0uGh1xw4Yc7Ag") == ""


@pytest.mark.parametrize(
    ("head", "task"),
    [
        (b'["stdout","Acquiring isolation mutex A B with FullIsolation in ServerTasks-12","x"]', "ServerTasks-12"),
        (b'["stdout","Waiting for the script in task ServerTasks-9 to finish","x"]', ""),
        (b"\xff\xfe\x00Acquiring isolation mutex x in ServerTasks-12345678901234567890", ""),
        (b"Acquiring isolation mutex " * 170, ""),
        (b"", ""),
    ],
)
def test_only_the_line_about_its_own_mutex_names_the_task_of_a_log(head: bytes, task: str) -> None:
    assert task_in_log(head) == task


@pytest.mark.parametrize(
    ("path", "name"),
    [("/etc/octopus/a b/tentacle.config", "a b"), ("/etc/octopus/web/tentacle-web.config", "web"),
     ("/etc/octopus/tentacle.config", ""), ("C:\\Octopus\\Blue\\Tentacle.config", "Blue"), ("tentacle.config", "")],
)  # fmt: skip
def test_a_config_path_names_its_instance(path: str, name: str) -> None:
    assert instance_of_configuration(path) == name


@pytest.mark.parametrize(
    ("cgroup", "name"),
    [("/system.slice/Tentacle.service", "Tentacle"), ("/system.slice/OctopusDeploy-Tentacle.service", "Tentacle"),
     ("/system.slice/ssh.service", ""), ("/", ""), ("", ""), ("/user.slice/user-0.slice/session-3.scope", "")],
)  # fmt: skip
def test_a_systemd_unit_names_its_instance(cgroup: str, name: str) -> None:
    assert instance_of_cgroup(cgroup) == name
