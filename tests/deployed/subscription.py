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


def document(torq: Torq) -> dict[str, Any]:
    """A webhook that sends every event to this receiver, with a secret header that the receiver asks for."""
    return {
        "name": "Torq",
        "active": True,
        "method": "POST",
        "url": torq.url,
        "body_template": '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}',
        "headers": [{"name": "Authorization", "value": f"Bearer {torq.token}", "secret": True}],
        "triggers": list(TRIGGERS),
    }


def subscribe(
    torq: Torq, *, webhook_id: str, dynamodb: "DynamoDBClient", webhooks_table: str, kms: "KMSClient", key_id: str
) -> Webhook:
    """Save that webhook as the API would: its secret sealed by KMS."""
    webhook = parse_webhook(document(torq), webhook_id=webhook_id, now=time.time())
    store = WebhookStore(client=dynamodb, table_name=webhooks_table)
    return save(webhook, webhooks=store, secrets=KmsSecrets(client=lambda: kms, key_id=key_id))


def body_for(event: dict[str, Any]) -> dict[str, Any]:
    """The body that has to arrive for an EventBridge event."""
    detail = event["detail"]
    return {
        "body": {"event": f"New Apono {detail['event_type']} request made by {detail['data']['requester']['name']}"}
    }
