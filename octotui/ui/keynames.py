"""Names of keys: as a person writes them in a config file, as Textual calls them, as they stand on the screen."""

from __future__ import annotations

import difflib
import unicodedata

_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "Backspace",
    "space": "Space",
    "tab": "Tab",
    "enter": "Enter",
    "escape": "Esc",
}

_FUNCTION_KEYS = frozenset(f"f{number}" for number in range(1, 25))
_NAMED = frozenset(_SHOWN) | _FUNCTION_KEYS

_OTHER_SPELLINGS = {
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    "esc": "escape",
    "return": "enter",
    "spacebar": "space",
    "backtab": "shift+tab",
    **{shown: name for name, shown in _SHOWN.items() if len(shown) == 1},
}

_UNUSUAL_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where Textual's name of a character is not its Unicode name."""

_SAME_BYTES = {"ctrl+i": "Tab", "ctrl+m": "Enter", "ctrl+h": "Backspace", "ctrl+[": "Esc"}
"""Most terminals send the same for both, so that neither could be bound alone."""


class UnknownKey(ValueError):
    """No such key; the text says so and `hint` names the nearest one, or what can be written."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def key_of(text: str) -> str:
    """Textual's name of the key that `text` writes: `?`, `F5`, `Ctrl+P`, `^p`, `PgUp`, `question_mark`, `g` or `G`.

    Raises UnknownKey.
    """
    text = text if len(text) == 1 else text.strip()
    if len(text) == 1 and (text.isprintable() or text == "\t"):
        return _OTHER_SPELLINGS.get(text) or _character(text)
    modifiers, base = _split(text)
    if "+".join((*modifiers, base)) in _SAME_BYTES:
        other = _SAME_BYTES["+".join((*modifiers, base))]
        raise UnknownKey(f'a terminal sends the same for "{text}" and {other}', f'write "{other}", or take another key')
    if not modifiers and base in _PUNCTUATION:
        return base
    key = _modified(modifiers, _OTHER_SPELLINGS.get(base, base))
    if not key:
        raise UnknownKey(f'there is no key "{text}"', _nearest(text))
    return key


def _split(text: str) -> tuple[tuple[str, ...], str]:
    """Modifiers in Textual's order, and the rest in lower case: `Ctrl-Shift-Up` is (ctrl, shift) and `up`."""
    low = text.lower().replace(" ", "")
    if low.startswith("^") and len(low) == 2:
        return ("ctrl",), low[1:]
    found = set()
    is_more = True
    while is_more:
        is_more = False
        for word, meaning in (("ctrl", "ctrl"), ("control", "ctrl"), ("c", "ctrl"), ("alt", "alt"), ("shift", "shift")):
            if low.startswith((f"{word}+", f"{word}-")) and len(low) > len(word) + 1:
                found.add(meaning)
                low, is_more = low[len(word) + 1 :], True
    return tuple(sorted(found)), low


def _modified(modifiers: tuple[str, ...], base: str) -> str:
    """The name of a key that a terminal can send, "" for any other combination."""
    is_letter = len(base) == 1 and base.isascii() and base.isalpha()
    if base in _NAMED:
        if modifiers == ("ctrl",) and base == "space":
            return "ctrl+@"
        if modifiers in ((), ("ctrl",), ("shift",), ("ctrl", "shift")) and (not modifiers or base != "escape"):
            return "+".join((*modifiers, base))
    elif base == "shift+tab":
        return base if not modifiers else ""
    elif (is_letter and modifiers in (("ctrl",), ("alt",))) or (base.isdecimal() and modifiers == ("alt",)):
        return f"{modifiers[0]}+{base}" if len(base) == 1 else ""
    elif is_letter and modifiers == ("shift",):
        return base.upper()
    elif modifiers == ("ctrl",) and base in _WITH_CTRL:
        return "ctrl+@" if base == "@" else f"ctrl+{_character(base) if len(base) == 1 else base}"
    return ""


def _character(character: str) -> str:
    if character == " ":
        return "space"
    if character == "\t":
        return "tab"
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _UNUSUAL_NAMES.get(name, name)


_PUNCTUATION = {_character(chr(code)): chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()}


_WITH_CTRL = frozenset("@\\]^_") | {_character(character) for character in "\\]^_"}


def key_name(key: str) -> str:
    """A key as a person reads it: `greater_than_sign` is `>`, `ctrl+p` is `^p`, `f5` is `F5`."""
    if key.startswith("ctrl+") and len(key) == 6 and key != "ctrl+@":
        return "^" + key[5:]
    return written_key(key)


def written_key(key: str) -> str:
    """A key as it can be written into a config file: like `key_name`, with `Ctrl+p` in place of `^p`."""
    *modifiers, base = key.split("+")
    if base in _FUNCTION_KEYS:
        shown = base.upper()
    elif base == "@" and modifiers:
        shown = "Space"
    else:
        shown = _SHOWN.get(base) or _PUNCTUATION.get(base) or base
    return "+".join((*(modifier.capitalize() for modifier in modifiers), shown))


def _nearest(text: str) -> str:
    known = sorted({*_NAMED, *_OTHER_SPELLINGS, *_PUNCTUATION, *(f"ctrl+{chr(c)}" for c in range(97, 123))})
    close = difflib.get_close_matches(text.lower().replace("-", "+"), known, n=1)
    if close:
        return f'did you mean "{written_key(_OTHER_SPELLINGS.get(close[0], close[0]))}"?'
    return 'write one character ("d", "?"), or "F8", "Ctrl+D", "Space", "Enter", "PgUp", "Home", "Up"'
