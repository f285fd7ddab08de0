"""The capture matrix: each behaviour of the tools that is worth a test, and the test that it has.

MATRIX names the 24 rows of the list of behaviours, SOCKETS what is known of diagnostics sockets besides. A new row gets
its name here first; a test that is renamed is renamed here too, or this file fails.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROWS = 24

MATRIX = {
    "each of 4 types, 8.0 and 3.1": "tools.test_every_type_on_every_runtime_gives_a_whole_dump",
    "no pid, unknown option, --help": "tools.test_createdump_asked_badly_fails_in_words_on_stderr",
    "pid absent": "tools.test_absent_pid_is_said_to_be_absent",
    "pid of a program that is not .NET": "targets.test_program_that_is_not_dotnet_is_refused_by_every_backend",
    "other uid": "targets.test_process_of_another_user_is_refused_with_the_command_that_may",
    "already traced": "targets.test_traced_target_is_refused_and_its_tracer_named",
    "target stopped": "targets.test_stopped_target_is_captured_directly_and_stays_stopped",
    "output dir missing or unwritable": "destinations.test_user_who_can_write_nowhere_is_named_with_what_to_make",
    "disk full": "destinations.test_disk_that_fills_up_all_the_same_fails_the_capture_and_harms_nobody",
    "createdump TERM, KILL": "tools.test_createdump_ended_by_someone_fails_with_its_signal",
    "createdump killed under the socket": (
        "tools.test_createdump_killed_under_the_socket_is_no_success_though_the_runtime_says_ok"
    ),
    "target killed": "tools.test_target_killed_in_the_middle_is_reported_as_ended",
    "createdump not executable": "sockets.test_createdump_that_cannot_run_is_refused_and_the_socket_not_asked",
    "stale and false sockets": "sockets.test_stale_socket_and_a_newer_false_one_of_another_user_are_ignored",
    "link planted at the output": "destinations.test_planted_link_is_not_followed_and_planted_file_not_reused",
    "file there before": "destinations.test_planted_link_is_not_followed_and_planted_file_not_reused",
    "TMPDIR of the target": "sockets.test_socket_is_found_in_the_temp_directory_of_the_target",
    "diagnostics switched off": "sockets.test_diagnostics_switched_off_leave_the_direct_way",
    "placeholders in the path": "tools.test_placeholders_in_a_path_are_taken_as_they_stand",
    "damaged and foreign cores": "verifier.test_damaged_copies_of_a_good_dump_are_each_named",
    "pid replaced": "targets.test_process_that_took_over_the_pid_after_the_plan_is_not_captured",
    "two captures of one target": ("races.test_second_capture_of_one_target_is_refused_with_the_firsts_owner_and_age"),
    "single-file target": "targets.test_single_file_program_is_planned_in_full_whatever_was_asked",
    "child that is too short": (
        "races.test_child_that_is_gone_before_it_can_be_captured_is_reported_and_the_others_are_captured"
    ),
}

SOCKETS = {
    "no TMPDIR": "sockets.test_socket_in_tmp_is_found_where_no_temp_directory_is_set",
    "TMPDIR too long": "sockets.test_temp_directory_too_long_for_a_socket_is_named_and_the_direct_way_taken",
    "address longer than sun_path": "sockets.test_socket_deeper_than_an_address_can_name_is_reached_all_the_same",
    "0600, other uid": "sockets.test_socket_answers_its_own_user_and_root_only",
    "false socket under the very name": "sockets.test_false_socket_under_the_very_name_is_refused_by_its_owner",
    "false socket of the same user": "sockets.test_false_socket_of_the_same_user_is_unmasked_by_its_pid",
    "commands of 3.1": "sockets.test_runtime_that_knows_the_first_command_only_is_asked_down_to_it",
    "closing does not cancel": "sockets.test_closing_the_connection_does_not_end_the_dump_but_octotui_does",
    "reverse port, no listener": "targets.test_reverse_port_without_listener_does_not_stand_in_the_way",
    "suspended at its start": "targets.test_target_suspended_at_its_start_is_captured_and_never_resumed",
    "Yama": "rights.test_yama_allows_or_refuses_by_its_own_table",
    "seccomp, lost pid argument": "rights.test_denial_in_createdumps_words_comes_with_the_next_step",
    "denial that came too early": "rights.test_denial_of_a_createdump_that_looked_too_early_is_tried_once_more",
    "gcore": "verifier.test_core_of_gcore_is_whole_and_called_not_portable",
    "kernel core": "verifier.test_core_of_the_kernel_is_named_as_the_kernels",
}


def names_in_room(room: str) -> set[str]:
    source = Path(__file__).with_name(f"test_real_matrix_{room}.py").read_text()
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}


def test_every_row_is_named_once() -> None:
    assert len(MATRIX) == ROWS


@pytest.mark.parametrize("row", [*MATRIX, *SOCKETS])
def test_the_test_of_a_row_is_there(row: str) -> None:
    room, _, name = {**MATRIX, **SOCKETS}[row].partition(".")
    assert name in names_in_room(room)
