"""What EventBridge makes of an event for its target (Input, InputPath, InputTransformer), as a template here.

A template sees the payload, which is the event's `detail`. Of the envelope it has the detail-type, as `event_type`, and
nothing else: what uses its id, time, account or region cannot be carried over.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from cli import Document
from cli.moving.draft import object_in

_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\]]+)'\]")
_VARIABLE: Final = re.compile(r"<([^<>\s]+)>")


def body_of(target: Mapping[str, Any], sources: list[Any]) -> str:
    """The body's template. Raises ValueError with the reason why there is none that means the same."""
    if isinstance(target.get("InputTransformer"), dict):
        return _transformed(target["InputTransformer"])
    if target.get("Input"):
        return _literal(str(target["Input"]))
    if target.get("InputPath") and target["InputPath"] != "$":
        return f"{{{{{path_of(str(target['InputPath']))}}}}}"
    return envelope(sources)


def envelope(sources: list[Any]) -> str:
    """What is there of the event as EventBridge sends it when nothing is transformed."""
    source = json.dumps(sources[0] if len(sources) == 1 else "apono")
    return f'{{"detail-type": {{{{event_type}}}}, "source": {source}, "detail": {{{{.}}}}}}'


def path_of(path: str) -> str:
    """The payload's path for a JSONPath into the event. Raises ValueError when the payload has no such place."""
    if path == "$.detail":
        return "."
    if path == "$.detail-type":
        return "event_type"
    steps = path.removeprefix("$.detail")
    found = list(_STEP.finditer(steps))
    if not path.startswith("$.detail") or "".join(one[0] for one in found) != steps:
        raise ValueError(f"{path} is not in the payload, or no plain path: templates see the event's detail only")
    return ".".join(one[1] or one[2] or f"[{one[3]}]" for one in found)


def text_of(value: str) -> str:
    """A header's or parameter's value: as it is, or the place that `$.…` names. Raises ValueError."""
    return f"{{{{{path_of(value)}}}}}" if value.startswith("$.") else _literal(value)


def _transformed(transformer: Document) -> str:
    paths = {name: path_of(str(path)) for name, path in object_in(transformer, "InputPathsMap").items()}
    template = _literal(str(transformer.get("InputTemplate", "")))
    for name in _VARIABLE.findall(template):
        if name not in paths:
            raise ValueError(f"<{name}> is not in InputPathsMap")
    return _VARIABLE.sub(lambda found: f"{{{{{paths[found[1]]}}}}}", template)


def _literal(text: str) -> str:
    if "{{" in text:
        raise ValueError("has {{ in it, which begins a placeholder here")
    return text
