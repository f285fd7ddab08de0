"""What the events of a stream are called and made of, as the stream itself says."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from octotui.dotnet.nettrace.values import BadStream, utf16

MOST_FIELDS = 256
"""Of one kind, those of its inner objects counted too: each of its events costs the time for all of them."""

DEEPEST = 8
_OBJECT, _STRING, _GUID, _DECIMAL = 1, 18, 17, 15
_NUMBERS = {
    3: struct.Struct("<I"), 4: struct.Struct("<H"), 5: struct.Struct("<b"), 6: struct.Struct("<B"),
    7: struct.Struct("<h"), 8: struct.Struct("<H"), 9: struct.Struct("<i"), 10: struct.Struct("<I"),
    11: struct.Struct("<q"), 12: struct.Struct("<Q"), 13: struct.Struct("<f"), 14: struct.Struct("<d"),
    16: struct.Struct("<q"),
}  # fmt: skip
_SIXTEEN = struct.Struct("16s")
_HEAD = struct.Struct("<qiii")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload; `fields` are those of an object inside it."""

    name: str
    code: int
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class EventKind:
    """Provider and id of events, and what their payloads hold (not parsed until it is asked for)."""

    number: int
    provider: str
    id: int
    name: str
    version: int
    raw_fields: bytes
    field_count: int

    def decode(self, payload: bytes) -> Mapping[str, Any]:
        """The fields of a payload by name; those of an inner object are a mapping in it. Raises BadStream."""
        try:
            return _decoded(_parsed(self.raw_fields, self.field_count), payload, 0)[0]
        except (struct.error, IndexError) as error:
            raise BadStream(f"a payload that is no {self.provider} {self.id}: {error}") from None


def parse_kind(blob: bytes) -> EventKind:
    """Of the payload of an event in a MetadataBlock. Raises BadStream, struct.error and IndexError."""
    (number,) = struct.unpack_from("<i", blob, 0)
    provider, offset = utf16(blob, 4)
    (event_id,) = struct.unpack_from("<i", blob, offset)
    name, offset = utf16(blob, offset + 4)
    _, version, _, count = _HEAD.unpack_from(blob, offset)
    if not 0 <= count <= MOST_FIELDS:
        raise BadStream(f"an event of {count} fields")
    return EventKind(number, provider, event_id, name, version, blob[offset + _HEAD.size :], count)


@lru_cache(maxsize=64)
def _parsed(raw: bytes, count: int) -> tuple[Field, ...]:
    return _FieldReader(raw).take(count, 0)


class _FieldReader:
    """Reads descriptions of fields, front to back."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._offset = 0
        self._left = MOST_FIELDS

    def take(self, count: int, depth: int) -> tuple[Field, ...]:
        if not 0 <= count <= self._left or depth > DEEPEST:
            raise BadStream("fields without an end")
        self._left -= count
        found = []
        for _ in range(count):
            code = self._number()
            inner = self.take(self._number(), depth + 1) if code == _OBJECT else ()
            name, self._offset = utf16(self._raw, self._offset)
            found.append(Field(name, code, inner))
        return tuple(found)

    def _number(self) -> int:
        (number,) = struct.unpack_from("<i", self._raw, self._offset)
        self._offset += 4
        return int(number)


def _decoded(fields: tuple[Field, ...], payload: bytes, offset: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    for field in fields:
        if field.code == _STRING:
            values[field.name], offset = utf16(payload, offset)
        elif field.code == _OBJECT:
            values[field.name], offset = _decoded(field.fields, payload, offset)
        elif field.code in (_GUID, _DECIMAL):
            (values[field.name],) = _SIXTEEN.unpack_from(payload, offset)
            offset += 16
        elif number := _NUMBERS.get(field.code):
            (values[field.name],) = number.unpack_from(payload, offset)
            offset += number.size
        else:
            raise BadStream(f"a field of the unknown type {field.code}")
    return values, offset
