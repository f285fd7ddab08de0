"""Secrets in running text: options, assignments, headers and script arguments, quoted or not, wherever they stand."""

from __future__ import annotations

import re

from octotui.octopus.secret_names import Context, is_connection_key, is_secret_key, is_secret_name, may_hold_name
from octotui.octopus.secret_values import MASK, mask_values, may_hold_value
from octotui.octopus.secret_words import HINTS as WORD_HINTS
from octotui.octopus.secret_words import mask_words

_NAME = re.compile(r"[A-Za-z_][\w.\-]*+")
_ATTACH = re.compile(r"(?:\\*[\"'])?[)\]}]?[ \t]{0,8}(?::=|=>|==?|:)[ \t]{0,8}")
_GAP = re.compile(r"\\?[\"'],\s*+|(?:\\?[\"'])?(?:\s|\\\n|`\n)++")
_QUOTED = re.compile(
    r"(?:\\++[\"'][^\"']{0,4096}+(?:\\[\"'])?+[\"']?|\"(?:[^\"\\]|\\.){0,4096}+\"|'(?:[^']|''){0,4096}+')"
    r"(?:\"(?:[^\"\\]|\\.){0,4096}+\"|'[^']{0,4096}+'|[^\s;|&()\[\]{}<>,\"'])*+",
    re.DOTALL,
)
_LINE = re.compile(r"[^\r\n]*+")
_HEADER = re.compile(r"[^\"'\r\n]*+")
_WORD = re.compile(r"\S++")
_QUERY = re.compile(r"[^&\s\"']*+")
_CONNECTION = re.compile(r"[^;\"'\r\n]*+")
_ARGUMENTS = re.compile(r"(?:[ \t]++(?![-–—―]|/[A-Za-z]|[A-Za-z]:\\|&&|\|\|?|[;&><)}](?:\s|$))\S++)*+")
_ALREADY = re.compile(r"[\"']?\*\*\*(?=[\s;&|,)}\]\"'…]|$)[\"']?")
_SCRIPT = re.compile(
    r"(?:Bootstrap\.[^\s'\"/\\]{1,80}|InstallDependencies\.[^\s'\"/\\]{1,80})\.(?:sh|py|csx|fsx)[\"']?(?=\s)",
    re.IGNORECASE,
)
_NODE = re.compile(r"(?i)(bootstrapper\.js[\"']?(?:[ \t]++\S++){3}[ \t]++)([^\r\n]+?)(?=[ \t]+Octopuss\b|[\r\n]|$)")
_DOTNET_SCRIPT = re.compile(
    r"(?i)(dotnet-script(?:\.dll|\.exe|\.cmd)?[\"']?[ \t][^\r\n]{0,1000}?[ \t]--[ \t]+)([^\r\n]+)"
)
_ELEMENT = re.compile(
    r"(<(?:\w{1,40}:)?([A-Za-z_][\w.\-]{0,100})((?:\s[^<>]{0,200})?)>)(\s*+[^\s<][^<]{0,8192}+)(?=</)"
)
_NAMED = re.compile(
    r"(?i)(\b(?:key|name)\s?=\s?\\?[\"']([\w.:\-]{1,100})\\?[\"']\s{1,20}value\s?=\s?\\?[\"'])([^\"'\\]++)"
)
_KEY = re.compile(r"(?i)\b(?:key|name)\s?=\s?[\"']([\w.:\-]{1,100})")
_SCRIPT_HINTS = ("bootstrap", "installdep", "dotnet-script")


def mask_text(text: str, context: Context | None = None) -> str:
    """`text` with every secret in it masked. `context` says what one-letter options mean; None reads it from `text`."""
    lowered = text.lower()
    if any(hint in lowered for hint in _SCRIPT_HINTS):
        text = _mask_script_arguments(text)
    if any(hint in lowered for hint in WORD_HINTS):
        text = mask_words(text)
    if "<" in text:
        text = _NAMED.sub(_masked_attribute, _ELEMENT.sub(_masked_element, text))
    if context is None:
        context = Context.of(text)
    if may_hold_name(lowered) or context.is_login or context.is_curl or context.is_container:
        text = _mask_named(text, context)
    return mask_values(text)


def may_hold_secret(text: str) -> bool:
    """Whether `text` can hold a secret at all; a cheap test that is True too often, never False too often."""
    lowered = text.lower()
    hints = (*_SCRIPT_HINTS, *WORD_HINTS)
    return may_hold_name(lowered) or may_hold_value(text, lowered) or any(hint in lowered for hint in hints)


def mask_assignment(text: str) -> str:
    """`key=value` as `key=***`; text without `=` stays, for it names a variable or a file."""
    key, separator, value = text.partition("=")
    if not separator or not value:
        return text
    quote = text[0] if text[0] in "\"'" else ""
    return f"{key}={MASK}{quote if quote and text.endswith(quote) else ''}"


def _masked_element(match: re.Match[str]) -> str:
    """`<password>X</password>`, `<set key="Octopus.Password">X</set>`."""
    key = _KEY.search(match[3])
    is_secret = is_secret_key(match[2]) or (key is not None and is_secret_key(key[1]))
    return match[1] + MASK if is_secret else match[0]


def _masked_attribute(match: re.Match[str]) -> str:
    """`<add key="Password" value="X" />`."""
    return match[1] + MASK if is_secret_key(match[2]) else match[0]


def _mask_named(text: str, context: Context) -> str:
    parts: list[str] = []
    position = 0
    for name in _NAME.finditer(text):
        start, end = name.span()
        if start < position:
            continue
        masked = _named_value(text, start, end, context)
        if masked is None:
            continue
        value_start, value_end, replacement = masked
        parts += (text[position:value_start], replacement)
        position = value_end
    parts.append(text[position:])
    return "".join(parts)


def _named_value(text: str, start: int, end: int, context: Context) -> tuple[int, int, str] | None:
    """Where the value of the name at `start:end` stands and what replaces it; None when the name means nothing."""
    name = text[start:end]
    is_option = _is_prefixed(text, start)
    if is_option and _is_lone_dash(text, start) and name[0] in context.glued:
        glued = _WORD.match(text, start)
        if glued is not None and context.is_glued_option(glued[0]):
            return _glued_value(text, start, end, is_long=is_secret_name(name))
    is_assignment = is_option and context.is_assignment_option(name)
    if not is_assignment and not (context.is_secret_option(name) if is_option else is_secret_key(name)):
        return None
    attach = _ATTACH.match(text, end) or (_GAP.match(text, end) if is_option else None)
    if attach is None or attach.end() == len(text):
        return None
    value = attach.end()
    done = _ALREADY.match(text, value)
    if done is not None:
        return (value, done.end(), done[0])
    stop = _value_end(text, start, value, is_option=is_option)
    if stop == value:
        return None
    found = text[value:stop]
    if is_assignment:
        masked = mask_assignment(found)
        return None if masked == found else (value, stop, masked)
    return (value, stop, _quoted_like(found))


def _glued_value(text: str, start: int, end: int, *, is_long: bool) -> tuple[int, int, str]:
    """The secret right behind the letter at `start`, and the next word if the letter may begin a long name too."""
    value = start + 1
    done = _ALREADY.match(text, value)
    if done is not None:
        return (value, done.end(), done[0])
    stop = _value_end(text, start, value, is_option=False)
    gap = _GAP.match(text, end) if is_long else None
    if gap is None or gap.end() == len(text) or stop > gap.end():
        return (value, stop, MASK)
    return (value, _value_end(text, start, gap.end(), is_option=True), f"{MASK} {MASK}")


def _is_lone_dash(text: str, start: int) -> bool:
    return text[start - 1] == "-" and (start == 1 or text[start - 2] in " \t\n\"'(=`,[")


def _is_prefixed(text: str, start: int) -> bool:
    """Whether the name at `start` has an option prefix: `-`, `--`, `/`, or a dash that PowerShell takes as one."""
    before = text[start - 1 : start]
    if not before:
        return False
    if before in "-–—―":
        return True
    return before == "/" and (start == 1 or text[start - 2] in " \t\n\"'(=`")


def _value_end(text: str, start: int, value: int, *, is_option: bool) -> int:
    if text[value] in "\"'" or (text[value] == "\\" and text[value + 1 : value + 2] in ("'", '"', "\\")):
        quoted = _QUOTED.match(text, value)
        if quoted is not None:
            return quoted.end()
        return _end(_LINE, text, value)
    name = text[start:value].lower()
    if "authorization" in name:
        return _end(_HEADER, text, value)
    if is_option:
        return _end(_ARGUMENTS, text, _end(_WORD, text, value))
    if text[start - 1 : start] in ("?", "&"):
        return _end(_QUERY, text, value)
    if is_connection_key(name.rstrip(" \t=:")) and (
        text[start - 1 : start] == ";" or ";" in text[value : value + 300].partition("\n")[0]
    ):
        return _end(_CONNECTION, text, value)
    return _end(_WORD, text, value)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _quoted_like(value: str) -> str:
    quote = value[0]
    if quote in "\"'" and len(value) > 1 and value[-1] == quote:
        return f"{quote}{MASK}{quote}"
    return MASK


def _mask_script_arguments(text: str) -> str:
    text = _NODE.sub(lambda match: match[1] + MASK, text)
    text = _DOTNET_SCRIPT.sub(lambda match: match[1] + MASK, text)
    parts: list[str] = []
    position = 0
    for script in _SCRIPT.finditer(text):
        if script.start() < position:
            continue
        end = _end(_ARGUMENTS, text, script.end())
        if end > script.end():
            parts += (text[position : script.end()], f" {MASK}")
            position = end
    parts.append(text[position:])
    return "".join(parts)
