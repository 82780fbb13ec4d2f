"""Reads the webhooks of a folder, one JSON file each, and finds everything that is wrong with them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grantwire.configurations import parse_webhook
from grantwire.errors import InvalidWebhookError
from grantwire.identifiers import new_webhook_id
from grantwire.models import Webhook
from local.errors import WebhookFilesError

_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class WebhookFile:
    """A file, the JSON in it with its placeholders filled in, and the webhook that it describes."""

    path: Path
    document: object
    webhook: Webhook


def load_webhooks(where: Path, *, placeholders: Mapping[str, str], now: float) -> tuple[WebhookFile, ...]:
    """The webhooks of a folder, by file name; or the one of a file.

    `${LOCAL_TORQ}` and the other `placeholders` are filled in where they stand in the URL or in a header's value.
    Raises WebhookFilesError with the problems of all files.
    """
    problems: list[str] = []
    files: list[WebhookFile] = []
    for path in _paths(where):
        try:
            document = _fill_in(_read(path), placeholders)
            webhook = parse_webhook(document, webhook_id=new_webhook_id(now), now=now)
        except InvalidWebhookError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
        except ValueError as error:
            problems.append(f"{path}: {error}")
        else:
            files.append(WebhookFile(path=path, document=document, webhook=webhook))
    problems += _shared_names(files)
    if problems:
        raise WebhookFilesError(problems)
    return tuple(files)


def _paths(where: Path) -> list[Path]:
    if not where.exists():
        raise WebhookFilesError([f"{where}: does not exist"])
    if not where.is_dir():
        return [where]
    paths = sorted(where.glob("*.json"))
    if not paths:
        raise WebhookFilesError([f"{where}: holds no .json file; put one in for each webhook"])
    return paths


def _read(path: Path) -> object:
    """The JSON in a file. Raises ValueError with the place where it stops to be JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: is not JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1}: is not UTF-8") from error


def _fill_in(document: object, placeholders: Mapping[str, str]) -> object:
    if not isinstance(document, dict):
        return document
    filled = dict(document)
    if "url" in filled:
        filled["url"] = _filled(filled["url"], placeholders)
    if isinstance(filled.get("headers"), list):
        filled["headers"] = [_filled_header(header, placeholders) for header in filled["headers"]]
    return filled


def _filled_header(header: object, placeholders: Mapping[str, str]) -> object:
    if not isinstance(header, dict) or "value" not in header:
        return header
    return {**header, "value": _filled(header["value"], placeholders)}


def _filled(value: object, placeholders: Mapping[str, str]) -> object:
    """Anything else in `${…}` stays as it is: it may well be meant."""
    return _PLACEHOLDER.sub(lambda m: placeholders.get(m[1], m[0]), value) if isinstance(value, str) else value


def _shared_names(files: Sequence[WebhookFile]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for file in files:
        path = first.setdefault(file.webhook.name.casefold(), file.path)
        if path != file.path:
            yield f'{file.path}: name is "{file.webhook.name}": {path} has that name too, and names are unique'
