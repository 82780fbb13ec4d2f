"""Does an event pass a webhook's filters, and why (not).

Several filters must all hold; the values of one are alternatives. Over a list one matching element is enough for `is`,
and `is_not` holds when no element matches. A field the event lacks makes `is` false and `is_not` true. Text compares
without regard to case; a number or boolean by its JSON spelling.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from grantwire.models import Filter, RequestEvent
from grantwire.spelling import plain_text

OPERATORS: Final = ("is", "is_not")
_CUSTOM_FIELD: Final = "custom_fields."
_COMPARABLE: Final = (str, int, float, bool)
_EVERY: Final = "*"  # in a path below: each element of a list


def _paths(*paths: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in paths)


# Each field compares against ids and names where both exist; `*` stands for every element.
_GROUPS, _UNITS = "data.access_groups.*", "data.access_groups.*.access_units.*"
_FIELDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "integration": _paths(f"{_GROUPS}.integration.id", f"{_GROUPS}.integration.name"),
    "integration_type": _paths(f"{_GROUPS}.integration.type"),
    "resource_type": _paths(
        f"{_GROUPS}.resource_types.*.id",
        f"{_GROUPS}.resource_types.*.name",
        f"{_UNITS}.resource.type.id",
        f"{_UNITS}.resource.type.name",
    ),
    "resource": _paths(f"{_UNITS}.resource.id", f"{_UNITS}.resource.name", f"{_UNITS}.resource.path"),
    "permission": _paths(f"{_UNITS}.permission.id", f"{_UNITS}.permission.name"),
    "access_flow": _paths("data.access_flow.id", "data.access_flow.name"),
    "access_bundle": _paths("data.access_bundle.id", "data.access_bundle.name"),
    "requester": _paths("data.requester.id", "data.requester.name", "data.requester.email"),
    "grantee": _paths("data.grantee.id", "data.grantee.source_id", "data.grantee.name"),
    "justification": _paths("data.justification"),
    "duration": _paths("data.access_duration_in_seconds"),
}
CATALOGUE: Final = (*_FIELDS, "approval", "custom_fields.<key>")


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterVerdict:
    """One filter's answer: whether it holds, the values looked for and the values the event has."""

    filter: Filter
    holds: bool
    found: tuple[str, ...]


def is_field(name: str) -> bool:
    """Whether `name` is a field of the catalogue."""
    return name in _FIELDS or name == "approval" or (name.startswith(_CUSTOM_FIELD) and len(name) > len(_CUSTOM_FIELD))


def explain(filters: tuple[Filter, ...], event: RequestEvent) -> tuple[FilterVerdict, ...]:
    """A verdict for each filter, in order; the event passes when all of them hold."""
    return tuple(_verdict(one, event.payload) for one in filters)


def _verdict(one: Filter, payload: Mapping[str, object]) -> FilterVerdict:
    found = tuple(dict.fromkeys(_found(one.field, payload)))
    wanted = {value.casefold() for value in one.values}
    matches = any(value.casefold() in wanted for value in found)
    return FilterVerdict(filter=one, holds=matches is (one.operator == "is"), found=found)


def _found(field: str, payload: Mapping[str, object]) -> Iterator[str]:
    if field == "approval":
        yield from _approval(payload)
        return
    key = field.removeprefix(_CUSTOM_FIELD)
    paths = _FIELDS[field] if key == field else (("data", "custom_fields", key),)
    for path in paths:
        yield from (plain_text(value) for value in _values(payload, path) if type(value) in _COMPARABLE and value != "")


def _values(node: object, path: tuple[str, ...]) -> Iterator[object]:
    for index, key in enumerate(path):
        if key == _EVERY:
            if type(node) is list:
                for element in node:
                    yield from _values(element, path[index + 1 :])
            return
        node = node.get(key) if type(node) is dict else None
    yield node


def _approval(payload: Mapping[str, object]) -> Iterator[str]:
    """`manual` when someone approved the request, `automatic` when nobody had to or did; neither while undecided."""
    approvals = [one for one in _values(payload, ("data", "approvals", _EVERY)) if type(one) is dict]
    approved = [one for one in approvals if one.get("status") == "Approved"]
    if any(one.get("approver") for one in approved):
        yield "manual"
    elif len(approved) == len(approvals):
        yield "automatic"
