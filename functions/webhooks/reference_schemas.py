"""JSON Schemas of what a user looks up while writing a webhook, for the description."""

from schema_parts import FLAG, TEXT, Schema, items, object_of, ref, says


def components() -> dict[str, Schema]:
    """Every schema that has a name."""
    operator = object_of(("name", "takes_values"), name=TEXT, takes_values=FLAG)
    sample = object_of(
        ("name", "trigger", "meaning", "payload"),
        **dict.fromkeys(("name", "trigger", "meaning"), TEXT),
        payload={"type": "object"},
    )
    field = object_of(
        ("name", "meaning", "paths", "operators"),
        **dict.fromkeys(("name", "meaning"), TEXT),
        **dict.fromkeys(("paths", "operators"), items(TEXT)),
    )
    return {
        "Samples": object_of(("items",), items=items(sample)),
        "Filters": object_of(("fields", "operators"), fields=items(field), operators=items(operator)),
        "Recipes": object_of(("items",), items=items(_recipe())),
    }


def _recipe() -> Schema:
    fill_in = object_of((), **dict.fromkeys(("placeholder", "where", "meaning"), TEXT))
    fields: dict[str, Schema] = {
        **dict.fromkeys(("id", "title", "summary"), TEXT),
        "set_up": says(items(TEXT), "what to do over there, step by step"),
        "fill_in": says(items(fill_in), "what takes the place of each placeholder"),
        "url_shape": says(TEXT, "the form of the target's URL"),
        "authentication": says(TEXT, "how the target knows who calls"),
        "filters": says(TEXT, "what is sent, and why only that"),
        "success": says(TEXT, "which answer counts as a success"),
        "sources": says(items(TEXT), "addresses of the target's own documentation"),
        "notes": says(items(TEXT), "what else is good to know"),
        "webhook": says(ref("WebhookDocument"), "to be filled in and saved"),
    }
    return object_of(tuple(fields), **fields)
