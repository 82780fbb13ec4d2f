"""Sample payloads: what a test sends, what a template is checked against when it is saved, and what the docs show.

Each trigger has one that a producer might really send, with the characters that break a careless template: quotes, line
breaks, backslashes, `<`, `&`, names of any script. After those come payloads at the edge of what may arrive.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from grantwire.models import TRIGGERS, RequestEvent

_CREATED_AT: Final = 1795000000
_DURATION_SECONDS: Final = 14400


class Sample(NamedTuple):  # no dataclass: making one takes half of this module's time at every cold start
    """A payload to try things on.

    name     of a trigger's own sample the trigger, of another a word or two
    trigger  the trigger its `event_type` means
    meaning  one sentence
    payload  as it would come; nobody else has this copy
    """

    name: str
    trigger: str
    meaning: str
    payload: Mapping[str, object]


def samples() -> tuple[Sample, ...]:
    """The sample of each trigger, in the order of TRIGGERS, and then those at the edge."""
    own = [
        Sample(name=trigger, trigger=trigger, meaning=_TRIGGERS[trigger][0], payload=sample_payload(trigger))
        for trigger in TRIGGERS
    ]
    edge = [
        Sample(name=name, trigger=trigger, meaning=meaning, payload=payload())
        for name, trigger, meaning, payload in _EDGES
    ]
    return (*own, *edge)


def sample_payload(trigger: str) -> dict[str, Any]:
    """A payload as a producer would send it for `trigger`; a fresh copy each time."""
    _, seconds, data = _TRIGGERS[trigger]
    return _payload(trigger, seconds, data())


def sample_event(trigger: str) -> RequestEvent:
    """The sample payload as an event; its id says that it is a test."""
    payload = sample_payload(trigger)
    return RequestEvent(id=f"evt_test_{trigger.lower()}", trigger=trigger, time=payload["event_time"], payload=payload)


def _payload(event_type: str, seconds: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": event_type, "event_time": _CREATED_AT + seconds + 0.123456789, "data": data}


def _created() -> dict[str, Any]:
    return {
        "id": "b9d8ad1c-6f0a-4c0f-9c62-0a3f1f0f6a01",
        "friendly_id": "AR-123",
        "requester": _person("ana.lima", "Ana Lima"),
        "grantee": _grantee("ana", "Ana Lima"),
        "justification": 'Investigate the failed payments of ticket PAY-4711:\n"<b>timeout</b>" & nothing else.',
        "creation_date": _CREATED_AT + 0.1,
        "revocation_date": None,
        "access_flow": _named("afl-prod-read", "Production read"),
        "access_bundle": None,
        "access_duration_in_seconds": _DURATION_SECONDS,
        "access_groups": [
            _group(_prod_db(), [_database()], [_unit("payments", "prod-db/payments", _database(), "READ_ONLY")])
        ],
        "approvals_logical_relation": "AnyOf",
        "approvals": [_approval("Database owners", "group", "Pending"), _approval("Siobhán O'Neil", "user", "Pending")],
        "custom_fields": {"ticket": "PAY-4711"},
    }


def _approved() -> dict[str, Any]:
    approvals = [
        _approval("Database owners", "group", "Pending"),
        _approval("Siobhán O'Neil", "user", "Approved", _person("siobhan.oneil", "Siobhán O'Neil")),
    ]
    return _created() | {"approvals": approvals}


def _granted() -> dict[str, Any]:
    schema = _resource_type("Schema", "Instance/Database/Schema")
    namespace = _resource_type("Namespace", "Cluster/Namespace")
    databases = [
        _unit("payments", "prod-db/payments", _database(), "READ_ONLY"),
        _unit("ledger", 'prod-db/payments/"ledger"', schema, "READ_WRITE"),
    ]
    namespaces = [
        _unit("checkout", "shop-cluster/checkout", namespace, "view"),
        _unit("search", "shop-cluster/search", namespace, "edit"),
    ]
    return {
        "id": "0d6e2a55-91c4-4b8e-8a57-5b2f3c9d7e02",
        "friendly_id": "AR-131",
        "requester": _person("ana.lima", "Ana Lima"),
        "grantee": _grantee("siobhan", "Siobhán O'Neil"),
        "justification": 'Release night 🚀: watch "checkout" & "search".\nRunbook: \\\\fs-01\\runbooks\\ledger',
        "creation_date": _CREATED_AT + 0.1,
        "revocation_date": _CREATED_AT + 14520.5,
        "access_flow": _named("afl-release", "Release night"),
        "access_bundle": _named("abu-on-call", "On-call kit <b>EU</b>"),
        "access_duration_in_seconds": None,
        "access_groups": [
            _group(_prod_db(), [_database(), schema], databases),
            _group(_integration("shop-cluster", "kubernetes"), [namespace], namespaces),
        ],
        "approvals_logical_relation": "AllOf",
        "approvals": [
            _approval("田中 花子", "user", "Approved", _person("hanako.tanaka", "田中 花子")),
            _approval("Platform on-call", "group", "Approved", _person("bo.chen", "Bo Chen")),
        ],
        "custom_fields": {"ticket": "OPS-77", "Cost center": '4100 "R&D"'},
    }


def _expired() -> dict[str, Any]:
    dashboard = _resource_type("Dashboard", "Folder/Dashboard")
    units = [_unit("Выручка", "Финансы/Выручка", dashboard, "Viewer")]
    return {
        "id": "5f1c7f0e-2f8b-4f57-b6a1-7d0f4f1f9b03",
        "friendly_id": "AR-118",
        "requester": _person("darya.kim", "Дарья Ким"),
        "grantee": _grantee("darya", "Дарья Ким"),
        "justification": "Quarterly figures",
        "creation_date": _CREATED_AT - 120.75,
        "revocation_date": _CREATED_AT + 14280,
        "access_flow": _named("afl-automatic", "Reports, approved by themselves"),
        "access_bundle": None,
        "access_duration_in_seconds": _DURATION_SECONDS,
        "access_groups": [_group(_integration("reports", "dashboards"), [dashboard], units)],
        "approvals_logical_relation": "AnyOf",
        "approvals": [_approval("Automatic approval", "automatic", "Approved")],
        "custom_fields": None,
    }


def _failed() -> dict[str, Any]:
    folder = _resource_type("Folder", "Share/Folder")
    units = [_unit('Q3 "draft"', '\\\\fs-01\\Finance\\Q3 "draft"', folder, "Modify")]
    return {
        "id": "c2b6a9d4-0b7d-4a0c-9a0e-2c4b8f6d1e04",
        "friendly_id": "AR-127",
        "requester": _person("siobhan.oneil", "Siobhán O'Neil"),
        "grantee": {
            "id": "gra-backup",
            "source_id": "backup\\agent",
            "name": "backup-agent",
            "type": "service_account",
        },
        "justification": "Restore last night's drafts 🙏",
        "creation_date": _CREATED_AT + 0.1,
        "revocation_date": None,
        "access_flow": _named("afl-files", "Files & folders"),
        "access_bundle": None,
        "access_duration_in_seconds": 3600,
        "access_groups": [_group(_integration("fs-01", "file_server"), [folder], units)],
        "approvals_logical_relation": "AnyOf",
        "approvals": [_approval("File owners", "group", "Approved", _person("bo.chen", "Bo Chen"))],
        "custom_fields": {},
    }


def _rejected() -> dict[str, Any]:
    units = [_unit("payments", "prod-db/payments", _database(), "ADMIN")]
    return {
        "id": "7a4d3c21-58e6-4d11-8f2b-9e5a6b7c8d05",
        "friendly_id": "AR-129",
        "requester": _person("jo.quist", 'Jo "JJ" Quist'),
        "grantee": None,
        "justification": None,
        "creation_date": _CREATED_AT + 0.1,
        "revocation_date": None,
        "access_flow": _named("afl-prod-admin", "Production <admin>"),
        "access_bundle": None,
        "access_duration_in_seconds": 604800,
        "access_groups": [_group(_prod_db(), [_database()], units)],
        "approvals_logical_relation": "AllOf",
        "approvals": [
            _approval("Siobhán O'Neil", "user", "Rejected", _person("siobhan.oneil", "Siobhán O'Neil")),
            _approval("Database owners", "group", "Pending"),
        ],
        "custom_fields": {"ticket": ""},
    }


_OPTIONAL: Final = (
    *("grantee", "justification", "revocation_date", "access_flow", "access_bundle"),
    *("access_duration_in_seconds", "custom_fields"),
)


def _bare() -> dict[str, Any]:
    data = _created()
    for name in _OPTIONAL:
        del data[name]
    for approval in data["approvals"]:
        del approval["approver"]
    return _payload("RequestCreated", 0, data)


def _nulls() -> dict[str, Any]:
    return _payload("RequestCreated", 0, _created() | dict.fromkeys(_OPTIONAL))


def _empty() -> dict[str, Any]:
    data = _created() | {"justification": "", "access_groups": [], "approvals": [], "custom_fields": {}}
    return _payload("RequestApproved", 60, data)


def _full() -> dict[str, Any]:
    data = _granted()
    data["justification"] *= 20
    data["access_duration_in_seconds"] = _DURATION_SECONDS
    data["access_groups"] += [_group(_prod_db(), [], []) | {"region": "eu-west-1"}, *_granted()["access_groups"]]
    data["approvals"] += [_approval("Security", "group", "Pending"), *_rejected()["approvals"]]
    data["custom_fields"] |= {f"Feld Nr. {number}": "ä" * number for number in range(20)}
    data["tags"] = ["", "0", "{{data.id}}", "</script>", "\u2028", "a\tb"]
    data["risk"] = {"score": 0, "factors": [None, False, -0.5, 1e21, {}, []], "urgent": True}
    return _payload("AccessRequestGranted", 120, data) | {"version": 2}


def _named(identifier: str, name: str) -> dict[str, Any]:
    return {"id": identifier, "name": name}


def _person(key: str, name: str) -> dict[str, Any]:
    return {"id": f"usr-{key.partition('.')[0]}", "name": name, "email": f"{key}@example.com"}


def _grantee(key: str, name: str) -> dict[str, Any]:
    return {"id": f"gra-{key}", "source_id": f"00u1{key}", "name": name, "type": "user"}


def _integration(name: str, kind: str) -> dict[str, Any]:
    return {"id": f"int-{name}", "type": kind, "name": name}


def _prod_db() -> dict[str, Any]:
    return {"id": "int-pg-prod", "type": "postgresql", "name": "prod-db"}


def _resource_type(name: str, display_path: str) -> dict[str, Any]:
    return {"id": f"rty-{name.lower()}", "name": name, "display_path": display_path}


def _database() -> dict[str, Any]:
    return _resource_type("Database", "Instance/Database")


def _unit(name: str, path: str, kind: dict[str, Any], permission: str) -> dict[str, Any]:
    resource = {"id": f"res-{name}", "name": name, "path": path, "type": dict(kind)}
    return {
        "resource": resource,
        "permission": {"id": f"per-{permission.lower().replace('_', '-')}", "name": permission},
    }


def _group(integration: dict[str, Any], types: list[dict[str, Any]], units: list[dict[str, Any]]) -> dict[str, Any]:
    return {"integration": integration, "resource_types": [dict(one) for one in types], "access_units": units}


def _approval(name: str, kind: str, status: str, approver: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "status": status, "approver": approver}


# Of each trigger: what its sample says, the seconds after the first of them, and the request.
_TRIGGERS: Final[Mapping[str, tuple[str, int, Callable[[], dict[str, Any]]]]] = {
    "RequestCreated": ("A request for one database has been made and nobody has decided yet.", 0, _created),
    "RequestApproved": ("The same request has been approved by a person; nothing is granted yet.", 60, _approved),
    "RequestExpired": ("Access that was approved automatically has come to its end.", 14280, _expired),
    "RequestFailed": ("A request for a service account was approved and could not be granted.", 240, _failed),
    "RequestGranted": ("Four units in two integrations are granted, after two approvals.", 120, _granted),
    "RequestRejected": ("A request without a reason has been rejected by one of two approvers.", 300, _rejected),
}
_EDGES: Final[tuple[tuple[str, str, str, Callable[[], dict[str, Any]]], ...]] = (
    ("bare", "RequestCreated", "Every field that may be absent is.", _bare),
    ("nulls", "RequestCreated", "Every field that may be null is.", _nulls),
    ("empty", "RequestApproved", "Every list, the custom fields and the reason are empty.", _empty),
    ("full", "RequestGranted", "Everything is there and long, with fields that are not listed.", _full),
)
