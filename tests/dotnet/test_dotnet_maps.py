"""Memory maps as the kernel writes them, and as a stranger would like to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from octotui.dotnet.maps import image_bytes, parse_maps, runtime_library, writable_bytes

CODE = b"7f0000001000-7f0000003000 r-xp 00001000 fe:00 99"


def test_a_path_with_spaces_is_kept_whole() -> None:
    (mapping,) = parse_maps(CODE + b"                 /opt/my app/ libcoreclr.so\n")

    assert mapping.path == "/opt/my app/ libcoreclr.so"
    assert mapping.end - mapping.start == 0x2000
    assert not mapping.is_deleted


def test_a_newline_in_a_path_stays_one_mapping() -> None:
    (mapping,) = parse_maps(CODE + b" /opt/a\\012b/libcoreclr.so\n")

    assert mapping.path == "/opt/a\nb/libcoreclr.so"


def test_a_deleted_runtime_is_still_the_runtime() -> None:
    mappings = list(parse_maps(CODE + b" /opt/libcoreclr.so (deleted)\n"))

    found = runtime_library(mappings)

    assert found is not None
    assert found.path == "/opt/libcoreclr.so"
    assert found.is_deleted


def test_a_path_that_is_not_utf_8_survives() -> None:
    (mapping,) = parse_maps(CODE + b" /opt/\xff/libcoreclr.so\n")

    assert mapping.path.encode("utf-8", "surrogateescape") == b"/opt/\xff/libcoreclr.so"


def test_the_library_with_code_is_preferred_to_one_mapped_as_data() -> None:
    raw = b"1000-2000 r--p 0 fe:00 1 /decoy/libcoreclr.so\n" + CODE + b" /real/libcoreclr.so\n"

    found = runtime_library(parse_maps(raw))

    assert found is not None
    assert found.path == "/real/libcoreclr.so"


def test_names_that_only_resemble_the_runtime_are_not_it() -> None:
    raw = b"".join(
        CODE + b" " + path + b"\n"
        for path in (b"/opt/libcoreclr.so.bak", b"/opt/xlibcoreclr.so", b"/memfd:libcoreclr.so", b"[libcoreclr.so]")
    )

    assert runtime_library(parse_maps(raw)) is None


def test_sizes_tell_images_from_written_memory() -> None:
    raw = (
        b"1000-3000 r-xp 0 fe:00 5 /opt/libcoreclr.so\n"
        b"3000-4000 ---p 0 fe:00 5 /opt/libcoreclr.so\n"
        b"4000-8000 rw-p 0 00:00 0 \n"
        b"8000-9000 rw-s 0 00:01 7 /memfd:doublemapper (deleted)\n"
        b"9000-a000 ---p 0 00:00 0 \n"
        b"a000-b000 r--p 0 00:00 0 [vvar]\n"
    )
    mappings = list(parse_maps(raw))

    assert image_bytes(mappings) == 0x2000
    assert writable_bytes(mappings) == 0x5000


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    mappings = list(parse_maps(raw))

    assert len(mappings) <= raw.count(b"\n") + 1
    runtime_library(mappings)
