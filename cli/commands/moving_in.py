"""move-in: what another system exports, as files for `apply`. It asks no API."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from cli.errors import FileError, UsageError
from cli.files import read_json, write_whole
from cli.moving import convoy, eventbridge, outpost, svix
from cli.moving.draft import TRIGGERS, Draft, Names
from cli.session import Session

Reader = Callable[[Mapping[str, object], Names, Mapping[str, str]], Iterator[Draft]]
SYSTEMS: Final[Mapping[str, Reader]] = {
    "svix": svix.drafts,
    "outpost": outpost.drafts,
    "convoy": convoy.drafts,
    "eventbridge": eventbridge.drafts,
}


def move_in(session: Session, options: argparse.Namespace) -> int:
    """Writes a file for each webhook and tells what is not in it; exit code 1 when one has none."""
    renamed = _renamed(options.map)
    files = {str(path): read_json(path) for path in options.files}
    drafts = list(SYSTEMS[options.system](files, Names(), renamed))
    if not drafts:
        where = "docs/moving-in.md says what to export"
        raise FileError(f"{', '.join(files)}: nothing of {options.system} is in there; {where}")
    for draft in drafts:
        _write(draft, options.into)
    if session.as_json:
        session.terminal.show([_row(one, options.into) for one in drafts])
    else:
        session.terminal.say("\n\n".join(_told(one, options.into) for one in drafts))
    return 1 if any(one.refused for one in drafts) else 0


def _renamed(pairs: list[str]) -> dict[str, str]:
    renamed = {}
    for pair in pairs:
        name, _, trigger = pair.rpartition("=")
        if not name or trigger not in TRIGGERS:
            raise UsageError(f"--map {pair}: must be TYPE=TRIGGER, with one of {', '.join(TRIGGERS)}")
        renamed[name] = trigger
    return renamed


def _write(draft: Draft, folder: Path) -> None:
    """A file that is there already is never written over: somebody may have worked on it."""
    file = _file(draft, folder)
    if file.exists():
        draft.refuse(f"{file} exists already: choose another folder with --into")
    if draft.refused:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise FileError(f"{folder}: cannot be made: {exc.strerror}") from exc
    write_whole(file, json.dumps(draft.document, ensure_ascii=False, indent=2) + "\n")


def _file(draft: Draft, folder: Path) -> Path:
    return folder / f"{draft.slug}.json"


def _row(draft: Draft, folder: Path) -> dict[str, object]:
    return {
        "source": draft.source,
        "name": draft.name,
        "file": None if draft.refused else str(_file(draft, folder)),
        "refused": draft.refused or None,
        "variables": draft.variables,
        "left": [{"path": one.path, "why": one.rule} for one in draft.left],
    }


def _told(draft: Draft, folder: Path) -> str:
    if draft.refused:
        return f"refused  {draft.name}  ({draft.source})\n  {draft.refused}"
    lines = [f"written  {draft.name}  {_file(draft, folder)}  ({draft.source})"]
    lines += _listed("to set before `apply`", [f"{name}: {what}" for name, what in draft.variables.items()])
    lines += _listed("not carried over", [str(one) for one in draft.left])
    return "\n".join([*lines, "  it is inactive: test it, switch the old one off, then set active to true"])


def _listed(title: str, lines: list[str]) -> list[str]:
    return [f"  {title}:", *(f"    {one}" for one in lines)] if lines else []
