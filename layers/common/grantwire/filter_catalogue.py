"""The fields of a filter that have a name, as data: what each means, where it stands and what can be asked of it."""

from typing import Final

from grantwire.frozen import frozen

_EXISTENCE: Final = ("exists", "does_not_exist")
_TEXT: Final = (
    *("is", "is_not", "contains", "does_not_contain", "starts_with", "ends_with", "matches"),
    *_EXISTENCE,
)


@frozen
class CatalogueField:
    """A field that has a name.

    meaning    one sentence
    paths      where in the payload the values stand; a filter compares with all of them
    operators  those that make sense here; every other one is accepted too
    """

    name: str
    meaning: str
    paths: tuple[str, ...]
    operators: tuple[str, ...] = _TEXT


_GROUPS, _UNITS = "data.access_groups[]", "data.access_groups[].access_units[]"
CATALOGUE: Final = (
    CatalogueField(
        name="integration",
        meaning="The integration of each access group, by id or name.",
        paths=(f"{_GROUPS}.integration.id", f"{_GROUPS}.integration.name"),
    ),
    CatalogueField(
        name="integration_type",
        meaning="The type of each access group's integration, such as postgresql.",
        paths=(f"{_GROUPS}.integration.type",),
    ),
    CatalogueField(
        name="resource_type",
        meaning="The type of each requested resource, by id or name.",
        paths=(
            f"{_GROUPS}.resource_types[].id",
            f"{_GROUPS}.resource_types[].name",
            f"{_UNITS}.resource.type.id",
            f"{_UNITS}.resource.type.name",
        ),
    ),
    CatalogueField(
        name="resource",
        meaning="Each requested resource, by id, name or path.",
        paths=(f"{_UNITS}.resource.id", f"{_UNITS}.resource.name", f"{_UNITS}.resource.path"),
    ),
    CatalogueField(
        name="permission",
        meaning="Each requested permission, by id or name.",
        paths=(f"{_UNITS}.permission.id", f"{_UNITS}.permission.name"),
    ),
    CatalogueField(
        name="access_flow",
        meaning="The access flow under which the request was made, by id or name.",
        paths=("data.access_flow.id", "data.access_flow.name"),
    ),
    CatalogueField(
        name="access_bundle",
        meaning="The access bundle that was requested, by id or name.",
        paths=("data.access_bundle.id", "data.access_bundle.name"),
    ),
    CatalogueField(
        name="requester",
        meaning="Who made the request, by id, name or email address.",
        paths=("data.requester.id", "data.requester.name", "data.requester.email"),
    ),
    CatalogueField(
        name="grantee",
        meaning="Who receives the access, by id, source id or name.",
        paths=("data.grantee.id", "data.grantee.source_id", "data.grantee.name"),
    ),
    CatalogueField(
        name="approval",
        meaning="manual when someone approved the request, automatic when nobody had to; neither while undecided.",
        paths=("data.approvals[].status", "data.approvals[].approver"),
        operators=("is", "is_not", *_EXISTENCE),
    ),
    CatalogueField(
        name="justification",
        meaning="What the requester gave as the reason.",
        paths=("data.justification",),
    ),
    CatalogueField(
        name="duration",
        meaning="For how many seconds the access is requested.",
        paths=("data.access_duration_in_seconds",),
        operators=("is", "is_not", "greater_than", "less_than", *_EXISTENCE),
    ),
    CatalogueField(
        name="custom_fields.<key>",
        meaning="The custom field of that key.",
        paths=("data.custom_fields.[<key>]",),
        operators=(*_TEXT[:-2], "greater_than", "less_than", *_EXISTENCE),
    ),
)
