"""An analysis as two files: a text for people and a JSON document for tools. What is there is never written over."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from octotui.analysis.document import as_document
from octotui.analysis.model import Analysis
from octotui.analysis.text import as_text
from octotui.errors import StoreError, is_disk_full
from octotui.text import printable

SCHEMA = 1
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 40
_MOST_TRIES = 100


@dataclass(frozen=True, slots=True)
class AnalysisFiles:
    """Where an analysis was written."""

    text: Path
    document: Path


def write(analysis: Analysis, directory: Path) -> AnalysisFiles:
    """Both files, readable for their owner alone, in `directory`, which is made where it is absent.

    Raises StoreError.
    """
    stem = _stem(analysis)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, _MOST_TRIES + 1):
            name = stem if number == 1 else f"{stem}-{number}"
            files = AnalysisFiles(directory / f"{name}.txt", directory / f"{name}.json")
            if not any(os.path.lexists(path) for path in (files.text, files.document)):
                _write_both(files, analysis)
                return files
    except OSError as error:
        where = printable(str(error.filename or directory), 300)
        raise StoreError(
            f"the analysis cannot be written: {where} ({error.strerror or error})",
            hint="choose another directory with --output DIR",
            code="disk-full" if is_disk_full(error) else "analysis-files",
        ) from None
    raise StoreError(
        f"there are {_MOST_TRIES} analyses of this second in {printable(str(directory), 300)}", code="analysis-files"
    )


def _stem(analysis: Analysis) -> str:
    moment = datetime.fromtimestamp(analysis.taken_at, UTC).strftime("%Y%m%dT%H%M%SZ")
    first = next((one for one in analysis.processes if one.is_dotnet), next(iter(analysis.processes), None))
    name = _UNSAFE.sub("_", first.name)[:_LONGEST_NAME].strip("._") if first else ""
    return f"analysis-{name or 'process'}-{first.key.pid if first else 0}-{moment}"


def _write_both(files: AnalysisFiles, analysis: Analysis) -> None:
    """Both or none."""
    document = {"schema": SCHEMA, **as_document(analysis)}
    _write(files.text, as_text(analysis))
    try:
        _write(files.document, json.dumps(document, indent=1, ensure_ascii=True) + "\n")
    except BaseException:
        files.text.unlink(missing_ok=True)
        raise


def _write(path: Path, text: str) -> None:
    """A new file; one that could not be written whole does not stay."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
