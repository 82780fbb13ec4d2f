"""Which fields a filter can name, and which values an event has there: the catalogue, and any other field by its path.

A path is keys joined by dots, `data.requester.name`. `[]` is each element of a list, `[0]` or `.0` its first one. A key
with odd characters stands in brackets, as in a template, with or without quotes: `data.custom_fields.[Cost center]`. A
list met where a key is next, or at the end, is taken element by element, however deep lists nest in it; `[]` on what is
no list is that value itself. Values are taken from dicts and lists by exact type: no attribute, no method.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from math import isfinite
from typing import Final

from grantwire.filter_catalogue import CATALOGUE

MAX_FIELD_CHARACTERS: Final = 512
MAX_STEPS: Final = 32
ROOTS: Final = ("data", "event_type", "event_time")
EXAMPLE: Final = "data.access_groups[].integration.name"

Step = str | tuple[str, int] | None  # a key; digits, a list's index or an object's key; None: each element
Finder = Callable[[object], list[object]]

_CUSTOM_FIELD: Final = "custom_fields."
_PLAIN: Final = re.compile(r"[^\s.\[\]{}()|=~@#^/!&'\"`*]+")  # as in a template's placeholder
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_BELOW_ZERO: Final = re.compile(r"-[0-9]+")
_BY_NAME: Final = {field.name: field for field in CATALOGUE if "<" not in field.name}


def field_problem(field: str) -> str:
    """Why `field` cannot be a filter's field, with the place and the way out; empty when it can."""
    if len(field) > MAX_FIELD_CHARACTERS:
        return f"must be at most {MAX_FIELD_CHARACTERS} characters long"
    try:
        _paths(field)
    except ValueError as exc:
        suggestion = _suggestion(field)
        return f"did you mean {suggestion}? It {exc}" if suggestion else str(exc)
    return ""


def is_field(name: str) -> bool:
    """Whether a filter can name it."""
    return not field_problem(name)


def finder(field: str, *, objects: bool) -> Finder:
    """A function that gives the values a payload has in `field`, in order: texts, numbers, booleans, maybe objects.

    What is not there is left out: null, an empty text, list or object, a number that JSON cannot spell. Takes time in
    proportion to the payload, whatever the path. Raises ValueError when the field is not understood.
    """
    if field == "approval":
        return _approval
    counts = _is_there if objects else _is_number
    branches = _branches([_simplified(path) for path in _paths(field)])

    def find(payload: object) -> list[object]:
        found: list[object] = []
        for steps, keys in branches:
            nodes = _walk(payload, steps)
            if list in map(type, nodes):
                nodes = _opened(nodes)
            found += [node[key] for key in keys for node in nodes if type(node) is dict and key in node]
            if not keys:
                found += nodes
        texts: list[object] = [node for node in found if type(node) is str and node]
        if len(texts) == len(found):
            return texts
        return [node for node in _opened(found) if (node if type(node) is str else counts(node))]

    return find


def _branches(paths: list[tuple[Step, ...]]) -> list[tuple[tuple[Step, ...], tuple[str, ...]]]:
    """The paths with what neighbours have in common walked once: the steps to the objects, and the keys taken there."""
    branches: list[tuple[tuple[Step, ...], tuple[str, ...]]] = []
    for path in paths:
        steps, last = path[:-1], path[-1]
        if not isinstance(last, str):
            branches.append((path, ()))
        elif branches and branches[-1][0] == steps:
            branches[-1] = (steps, (*branches[-1][1], last))
        else:
            branches.append((steps, (last,)))
    return branches


def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError, with the place and the way out, when it is not understood."""
    steps: list[Step] = []
    position = 0
    while True:
        step, position = _bracketed(path, position) if path[position : position + 1] == "[" else _plain(path, position)
        steps.append(step)
        if position == len(path):
            break
        if path[position] == ".":
            position += 1
        elif path[position] != "[":
            raise ValueError(_misread(path, position))
    if len(steps) > MAX_STEPS:
        raise ValueError(f"must have at most {MAX_STEPS} steps; it has {len(steps)}")
    if type(steps[0]) is not str or (steps[0] not in ROOTS and not path.startswith("[")):
        raise ValueError(_unknown(path))
    return tuple(steps)


def _paths(field: str) -> list[tuple[Step, ...]]:
    if field in _BY_NAME:
        return [parse_path(path) for path in _BY_NAME[field].paths]
    key = field.removeprefix(_CUSTOM_FIELD)
    if key == field:
        return [parse_path(field)]
    if not key:
        raise ValueError(_unknown(field))
    bare = [key[1:-1]] if len(key) > 2 and key[0] == "[" and key[-1] == "]" else []  # as a path would write it
    return [("data", "custom_fields", one) for one in (key, *(one.strip("\"'") for one in bare))]


def _bracketed(path: str, position: int) -> tuple[Step, int]:
    quote = path[position + 1 : position + 2]
    opening, closing = (2, f"{quote}]") if quote and quote in "\"'" else (1, "]")
    end = path.find(closing, position + opening)
    if end < 0:
        raise ValueError(f"has a '[' at character {position + 1} that is not closed; close it with {closing}")
    key, after = path[position + opening : end], end + len(closing)
    if opening == 2:
        return key, after
    if key == "*" or _BELOW_ZERO.fullmatch(key):
        meant = "[] is each element of a list, and [0] the first one"
        raise ValueError(f"has '[{key}]' at character {position + 1}, which is not understood; {meant}")
    if not key:
        return None, after
    return ((key, int(key)) if _INDEX.fullmatch(key) else key), after


def _plain(path: str, position: int) -> tuple[Step, int]:
    match = _PLAIN.match(path, position)
    if not match:
        raise ValueError(_misread(path, position))
    key = match.group()
    return ((key, int(key)) if _INDEX.fullmatch(key) else key), match.end()


def _misread(path: str, position: int) -> str:
    what = f"has '{path[position:][:20]}' at character {position + 1}" if path[position:] else "ends where a key is due"
    way_out = f"a path is {EXAMPLE}, a key with odd characters data.custom_fields.[Cost center]"
    return f"{what}, which is not understood; {way_out}"


def _unknown(field: str) -> str:
    names = ", ".join(one.name for one in CATALOGUE)
    first = f"; a first key other than those stands in brackets: [{field}]" if _PLAIN.fullmatch(field) else ""
    starts = f"{', '.join(ROOTS[:-1])} or {ROOTS[-1]}"
    return f"must be one of {names}, or a path that starts with {starts}, such as {EXAMPLE}{first}"


def _suggestion(field: str) -> str:
    """The field that was meant, as far as can be told; empty when it cannot."""
    bare = field.strip(" \t{}").removeprefix("$.").replace("[*]", "[]").replace(".*", "[]")
    name = re.split(r"[.\[]", bare, maxsplit=1)[0]
    rest = bare[len(name) :]
    keys_of_data = {path.split(".")[1].removesuffix("[]") for one in CATALOGUE for path in one.paths}
    inside_data = [f"data.{bare}"] if name in keys_of_data else []
    close = get_close_matches(name.casefold(), [*_BY_NAME, *ROOTS, "custom_fields"], n=1)
    if close == ["custom_fields"] and not rest.strip("."):
        return "custom_fields.<key>"
    folded = [] if "custom_fields" in bare.casefold() else [bare.casefold()]  # the case of such a key counts
    rewritten = [one + rest for one in close] + [one for one in close if one in _BY_NAME]
    return next((one for one in (bare, *inside_data, *folded, *rewritten) if one and _is_readable(one)), "")


def _is_readable(field: str) -> bool:
    try:
        return bool(_paths(field))
    except ValueError:
        return False


def _simplified(path: tuple[Step, ...]) -> tuple[Step, ...]:
    """Without each `[]` that changes nothing, since lists are taken element by element anyway before a key."""
    kept: list[Step] = []
    for step in reversed(path):
        if step is not None or (kept and type(kept[-1]) is not str):
            kept.append(step)
    return tuple(reversed(kept))


def _walk(node: object, steps: tuple[Step, ...]) -> list[object]:
    for position, step in enumerate(steps):
        if type(node) is not dict or type(step) is not str:
            nodes = [node]
            for later in steps[position:]:
                nodes = _step(nodes, later)
            return nodes
        node = node.get(step)
    return [node]


def _step(nodes: list[object], step: Step) -> list[object]:
    found: list[object] = []
    if isinstance(step, str):
        for node in nodes:
            if type(node) is dict:
                if step in node:
                    found.append(node[step])
            elif type(node) is list:
                found += [inner[step] for inner in _opened(node) if type(inner) is dict and step in inner]
    elif step is None:
        found = [element for node in nodes for element in (node if type(node) is list else (node,))]
    else:
        key, index = step
        for node in nodes:
            if type(node) is dict and key in node:
                found.append(node[key])
            elif type(node) is list and index < len(node):
                found.append(node[index])
    return found


def _opened(nodes: list[object]) -> list[object]:
    """The nodes with each list's elements in its place, those of lists inside it too."""
    if list not in map(type, nodes):
        return nodes
    flat: list[object] = []
    open_lists = [iter(nodes)]
    while open_lists:
        for node in open_lists[-1]:
            if type(node) is list:
                open_lists.append(iter(node))
                break
            flat.append(node)
        else:
            open_lists.pop()
    return flat


def _is_number(node: object) -> bool:
    return isfinite(node) if type(node) is float else type(node) is int or type(node) is bool


def _is_there(node: object) -> bool:
    return _is_number(node) or (type(node) is dict and bool(node))


def _approval(payload: object) -> list[object]:
    """`manual` when someone approved the request, `automatic` when nobody had to or did; neither while undecided."""
    approvals = [one for one in _opened(_walk(payload, ("data", "approvals"))) if type(one) is dict]
    approved = [one for one in approvals if one.get("status") == "Approved"]
    if any(one.get("approver") for one in approved):
        return ["manual"]
    return ["automatic"] if len(approved) == len(approvals) else []
