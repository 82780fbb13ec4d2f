"""The pages of docs/recipes/, made from the recipes: one for each, and a table of all."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from grantwire.models import TRIGGERS
from grantwire.recipes import Recipe, recipes
from local.markdown import block, joined, listed, table

FOLDER: Final = "docs/recipes"
_MADE: Final = "<!-- Made by make docs from {source}: change that, not this. -->"
_PACKAGE: Final = "layers/common/grantwire/recipes"


def recipe_documents() -> dict[str, Callable[[], str]]:
    """For each page, by its path in the project, what gives its text."""
    pages = {f"{FOLDER}/{one.id}.md": partial(page, one) for one in recipes()}
    return {f"{FOLDER}/README.md": overview, **pages}


def overview() -> str:
    """The table of all recipes."""
    rows = [
        (f"[{one.title}]({one.id}.md)", one.summary, _triggers(one.webhook["triggers"]), _filters(one))
        for one in recipes()
    ]
    return joined(
        _MADE.format(source=_PACKAGE),
        "# Recipes",
        "Ready webhooks for well-known targets. Each says what to create over there, what to fill in, and how to see "
        "that it works, and names the target's own documentation.",
        "To use one: save its JSON in a folder of your own, fill in what begins with `YOUR-`, test it, and set "
        "`active` to `true`. [webhooks.md](../webhooks.md) describes every field.",
        table(("target", "what happens", "triggers", "only when"), rows),
    )


def page(recipe: Recipe) -> str:
    """The page of one recipe."""
    webhook = recipe.webhook
    return joined(
        _MADE.format(source=f"{_PACKAGE}/{recipe.id}.json"),
        f"# {recipe.title}",
        f"{recipe.summary} All recipes: [README.md](README.md).",
        "## What to create there",
        "\n".join(f"{number}. {step}" for number, step in enumerate(recipe.set_up, 1)),
        "## What to fill in",
        table(
            ("placeholder", "where", "what takes its place"),
            [(f"`{one.placeholder}`", one.where, one.meaning) for one in recipe.fill_in],
        ),
        f"URL: `{recipe.url_shape}`",
        f"Authentication: {recipe.authentication}",
        f"Filters: {recipe.filters}",
        "## The webhook",
        block("json", json.dumps(webhook, indent=2, ensure_ascii=False)),
        *(("Its body, easier to read:", block("text", webhook["body_template"])) if _is_long(webhook) else ()),
        "## How to see that it works",
        _trial(webhook["triggers"]),
        recipe.success,
        "## Good to know",
        listed(recipe.notes),
        "## Sources",
        listed(f"<{one}>" for one in recipe.sources),
    )


def _trial(triggers: Sequence[str]) -> str:
    trigger = "RequestGranted" if "RequestGranted" in triggers else triggers[0]
    draft = f'{{"webhook": {{…}}, "trigger": "{trigger}"}}'
    return (
        f"Send a test: `POST /api/webhooks/test` with `{draft}`. It really sends, active or not and whatever the "
        "filters say, and answers with the request, the target's answer and the outcome in a sentence. Then set "
        "`active` to `true`."
    )


def _filters(recipe: Recipe) -> str:
    rows = recipe.webhook["filters"]
    return "; ".join(f"`{row['field']}` {row['operator']} {_quoted(row['values'])}" for row in rows)


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _triggers(names: Sequence[str]) -> str:
    return "all six" if len(names) == len(TRIGGERS) else ", ".join(names)


def _is_long(webhook: dict[str, str]) -> bool:
    return "\n" in webhook["body_template"]
