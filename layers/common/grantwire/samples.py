"""Sample payloads, one for each trigger: what a test sends and what a template is checked against when it is saved."""

import copy
from typing import Any

from grantwire.models import TRIGGERS, RequestEvent

_REQUEST: dict[str, Any] = {
    "id": "b9d8ad1c-6f0a-4c0f-9c62-0a3f1f0f6a01",
    "friendly_id": "AR-123",
    "requester": {"id": "usr-ana", "name": "Ana Lima", "email": "ana.lima@example.com"},
    "grantee": {"id": "gra-ana", "source_id": "00u1ana", "name": "Ana Lima", "type": "user"},
    "justification": "Investigate the failed payments of ticket PAY-4711",
    "creation_date": 1795000000.1,
    "revocation_date": None,
    "access_flow": {"id": "afl-prod-read", "name": "Production read"},
    "access_bundle": None,
    "access_duration_in_seconds": 14400,
    "access_groups": [
        {
            "integration": {"id": "int-pg-prod", "type": "postgresql", "name": "prod-db"},
            "resource_types": [{"id": "rty-db", "name": "Database", "display_path": "Instance/Database"}],
            "access_units": [
                {
                    "resource": {
                        "id": "res-payments",
                        "name": "payments",
                        "path": "prod-db/payments",
                        "type": {"id": "rty-db", "name": "Database", "display_path": "Instance/Database"},
                    },
                    "permission": {"id": "per-read", "name": "READ_ONLY"},
                }
            ],
        }
    ],
    "approvals_logical_relation": "AnyOf",
    "approvals": [{"name": "Database owners", "type": "group", "status": "Pending", "approver": None}],
    "custom_fields": {"ticket": "PAY-4711"},
}
_APPROVER = {"id": "usr-bo", "name": "Bo Chen", "email": "bo.chen@example.com"}
_DECISIONS = {"RequestCreated": None, "RequestRejected": "Rejected"}  # every other trigger comes after an approval
_ENDING = ("RequestGranted", "RequestExpired")
_TIMES = dict(zip(TRIGGERS, (0, 60, 180, 240, 120, 300), strict=True))


def sample_payload(trigger: str) -> dict[str, Any]:
    """A complete payload as a producer would send it for `trigger`; a fresh copy each time."""
    data = copy.deepcopy(_REQUEST)
    decision = _DECISIONS.get(trigger, "Approved")
    if decision:
        data["approvals"][0] |= {"status": decision, "approver": dict(_APPROVER)}
    if trigger in _ENDING:
        data["revocation_date"] = 1795014520.5
    return {"event_type": trigger, "event_time": 1795000000 + _TIMES[trigger] + 0.123456789, "data": data}


def sample_event(trigger: str) -> RequestEvent:
    """The sample payload as an event; its id says that it is a test."""
    payload = sample_payload(trigger)
    return RequestEvent(id=f"evt_test_{trigger.lower()}", trigger=trigger, time=payload["event_time"], payload=payload)
