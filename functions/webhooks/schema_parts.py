"""What JSON Schemas are built of."""

from typing import Any, Final

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """The schema of that name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object; other properties may be there."""
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def closed(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    return object_of(required, **properties) | {"additionalProperties": False}


def items(of: Schema, most: int | None = None) -> Schema:
    """A list."""
    return {"type": "array", "items": of, **({"maxItems": most} if most else {})}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def says(schema: Schema, description: str) -> Schema:
    """The schema with a description."""
    return {**schema, "description": description}


TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
