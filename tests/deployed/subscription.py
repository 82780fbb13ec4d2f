"""The webhook that the tests of the built functions save, in the shape in which people write one."""

import time
from typing import TYPE_CHECKING, Any

from grantwire.configurations import parse_webhook
from grantwire.models import TRIGGERS, Webhook
from grantwire.saving import save
from grantwire.stores.secrets import KmsSecrets
from grantwire.stores.webhooks import WebhookStore
from local.torq import Torq

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


def document(torq: Torq, **fields: Any) -> dict[str, Any]:
    """A webhook that sends every event to this receiver, with a secret header that the receiver asks for.

    Other `fields` where given.
    """
    return {
        "name": "Torq",
        "active": True,
        "method": "POST",
        "url": torq.url,
        "body_template": '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}',
        "headers": [{"name": "Authorization", "value": f"Bearer {torq.token}", "secret": True}],
        "triggers": list(TRIGGERS),
        **fields,
    }


def busy(torq: Torq, name: str) -> dict[str, Any]:
    """The fields of a webhook that takes a delivery at its third attempt, and only events that `calling` has named."""
    only = {"field": "justification", "operator": "is", "values": [name]}
    return {"name": name, "url": torq.busy_url, "filters": [only]}


def calling(name: str, event: dict[str, Any], *, request_id: str) -> dict[str, Any]:
    """The event, about another request, for the busy webhook of this name."""
    detail = event["detail"]
    return {**event, "detail": {**detail, "data": {**detail["data"], "id": request_id, "justification": name}}}


def subscribe(
    torq: Torq,
    *,
    webhook_id: str,
    dynamodb: "DynamoDBClient",
    webhooks_table: str,
    kms: "KMSClient",
    key_id: str,
    **fields: Any,
) -> Webhook:
    """Save that webhook as the API would: its secret sealed by KMS. Other `fields` where given."""
    webhook = parse_webhook(document(torq, **fields), webhook_id=webhook_id, now=time.time())
    store = WebhookStore(client=dynamodb, table_name=webhooks_table)
    return save(webhook, webhooks=store, secrets=KmsSecrets(client=lambda: kms, key_id=key_id))


def body_for(event: dict[str, Any]) -> dict[str, Any]:
    """The body that has to arrive for an EventBridge event."""
    detail = event["detail"]
    return {
        "body": {"event": f"New Apono {detail['event_type']} request made by {detail['data']['requester']['name']}"}
    }
