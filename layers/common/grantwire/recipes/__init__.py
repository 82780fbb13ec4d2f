"""Recipes: a ready webhook for each well-known target, with what to set up there and what to fill in.

One JSON file each, next to this module; `docs/recipes/` is made from them. A recipe's webhook is inactive: its
placeholders (`YOUR-…`) are filled in and it is tested before it is switched on.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from grantwire.frozen import frozen

PLACEHOLDER: Final = re.compile(r"YOUR-[A-Z0-9]+(?:-[A-Z0-9]+)*")
_FOLDER: Final = Path(__file__).parent


@frozen
class FillIn:
    """A placeholder of the webhook: the part of the webhook it stands in, and what takes its place."""

    placeholder: str
    where: str
    meaning: str


@frozen
class Recipe:
    """How to send events to one target. Sentences are in plain Markdown.

    set_up          what to do over there, step by step
    url_shape       the form of the target's URL
    authentication  how the target knows who calls
    filters         what is sent, and why only that
    success         which answer counts as a success, and which validator sees to it
    sources         addresses of the target's own documentation
    notes           limits, doubles, and what else is good to know
    webhook_json    the webhook, as JSON text
    """

    id: str
    title: str
    summary: str
    set_up: tuple[str, ...]
    fill_in: tuple[FillIn, ...]
    url_shape: str
    authentication: str
    filters: str
    success: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    webhook_json: str

    @property
    def webhook(self) -> dict[str, Any]:
        """The document that `parse_webhook` reads; a fresh copy each time."""
        document: dict[str, Any] = json.loads(self.webhook_json)
        return document


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every recipe: Torq's first, the others by title. The files are read once, when first asked for."""
    read = (_recipe(json.loads(path.read_text(encoding="utf-8"))) for path in _FOLDER.glob("*.json"))
    return tuple(sorted(read, key=_order))


def _order(recipe: Recipe) -> tuple[bool, str]:
    others = recipe.id.partition("-")[0] != "torq"
    return others, recipe.title.casefold() if others else recipe.id


def _recipe(read: dict[str, Any]) -> Recipe:
    return Recipe(
        id=read["id"],
        title=read["title"],
        summary=read["summary"],
        set_up=tuple(read["set_up"]),
        fill_in=tuple(FillIn(**row) for row in read["fill_in"]),
        url_shape=read["url_shape"],
        authentication=read["authentication"],
        filters=read["filters"],
        success=read["success"],
        sources=tuple(read["sources"]),
        notes=tuple(read["notes"]),
        webhook_json=json.dumps(read["webhook"], ensure_ascii=False),
    )
