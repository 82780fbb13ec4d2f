"""Reads documents and events from files, and writes what is exported."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

from cli import Document
from cli.applying import Local
from cli.errors import FileError, Problem

_DEEPEST: Final = 100


def read_json(path: Path) -> Any:
    """The JSON in a file. Raises FileError with the place where it stops to be JSON."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
        if _nests_deeper(document, _DEEPEST):
            raise FileError(f"{path}: nests deeper than {_DEEPEST} lists and objects")
        return document
    except json.JSONDecodeError as exc:
        raise FileError(f"{path}: line {exc.lineno}, column {exc.colno}: is not JSON: {exc.msg}") from exc
    except UnicodeDecodeError as exc:
        raise FileError(f"{path}: byte {exc.start + 1}: is not UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise FileError(f"{path}: is not JSON: {exc}") from exc
    except OSError as exc:
        raise FileError(f"{path}: cannot be read: {exc.strerror}") from exc


def _nests_deeper(document: object, most: int) -> bool:
    level = [document]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def webhook_in(path: Path) -> Local:
    """The webhook of a file: its document, or that under `webhook` in a recipe. Raises FileError for anything else."""
    document = read_json(path)
    if isinstance(document, dict) and isinstance(document.get("webhook"), dict) and "name" not in document:
        document = document["webhook"]
    if not isinstance(document, dict):
        raise FileError(f"{path}: must be a JSON object, the webhook's document")
    if isinstance(document.get("webhooks"), list):
        raise FileError(f"{path}: is an export of several webhooks: `grantwire import {path}` brings it in")
    return Local(source=str(path), document=document)


def webhook_files(where: Path) -> tuple[Path, ...]:
    """The .json files of a folder by name, or the file itself. Raises FileError when there is none."""
    if not where.is_dir():
        if not where.exists():
            raise FileError(f"{where}: does not exist")
        return (where,)
    found = tuple(sorted(where.glob("*.json")))
    if not found:
        raise FileError(f"{where}: holds no .json file; put one in for each webhook")
    return found


def export_in(path: Path) -> Iterator[Local | Problem]:
    """Each webhook of an export; a problem for what is none. Raises FileError when the file is no export at all."""
    document = read_json(path)
    rows = document.get("webhooks") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise FileError(f'{path}: must be {{"webhooks": [...]}}, as `grantwire export` writes it')
    for index, row in enumerate(rows):
        source = f"{path}: webhooks[{index}]"
        yield Local(source=source, document=row) if isinstance(row, dict) else Problem(source, "must be an object")


def event_in(path: Path) -> Document:
    """The payload in a file: as it is, or the `detail` of an event as EventBridge has it. Raises FileError."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise FileError(f"{path}: must be a JSON object, an event's payload")
    detail = document.get("detail")
    if not isinstance(detail, dict) or "detail-type" not in document:
        return document
    return {**detail, "event_type": detail.get("event_type") or document["detail-type"]}


def write_whole(path: Path, text: str) -> None:
    """Write a file in one piece: what was there stays until the new text is complete. Raises FileError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise FileError(f"{path}: cannot be written: {exc.strerror}") from exc


def open_private(path: Path) -> int:
    """A file that only its owner may read, to be added to; its descriptor. Raises FileError."""
    try:
        found = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.fchmod(found, 0o600)
    except OSError as exc:
        raise FileError(f"{path}: cannot be written: {exc.strerror}") from exc
    return found
