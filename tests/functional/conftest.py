"""The real handlers on moto, in this process: tables, queue and key as template.yaml has them."""

import importlib.util
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from moto.kms import models as moto_kms
from moto.kms.utils import generate_private_key

from grantwire.configurations import parse_webhook
from grantwire.identifiers import new_webhook_id
from grantwire.models import Webhook
from grantwire.observability import logger
from grantwire.saving import save
from grantwire.settings import (
    delivery_settings,
    dispatch_settings,
    operate_settings,
    sweep_settings,
    webhook_test_settings,
    webhooks_settings,
)
from grantwire.stores import clients
from grantwire.stores.attempts import read_attempt
from grantwire.stores.secrets import KmsSecrets
from grantwire.stores.webhooks import WebhookStore
from local.aws import Clients, create_resources
from local.template import Template
from tests.receivers import Authority
from tests.roles import Watch

# moto makes an RSA key for each KMS key, of whatever kind, which takes half of the time of making a test's AWS.
setattr(moto_kms, "generate_private_key", cache(generate_private_key))  # noqa: B010 - mypy: moto does not export it

ROOT = Path(__file__).parents[2]


def load_handler(name: str) -> ModuleType:
    """A function's app.py and what stands beside it, afresh."""
    for beside in (ROOT / "functions" / name).glob("*.py"):
        sys.modules.pop(beside.stem, None)
    spec = importlib.util.spec_from_file_location(f"{name}_app", ROOT / "functions" / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _context(milliseconds: int) -> SimpleNamespace:
    """What Lambda hands to a function that may run for so long yet."""
    return SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: milliseconds)


def event_file(name: str) -> dict[str, Any]:
    """One of events/."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def wakeup_of(world: "World", webhook: Webhook, **changed: Any) -> str:
    """The message that wakes a webhook's only delivery."""
    [row] = world.deliveries(webhook)
    return json.dumps([webhook.id, row["sk"], int(changed.get("attempts", row["attempt_count"]))])


@dataclass(frozen=True)
class Answered:
    """An answer of the HTTP API."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class World:
    """A deployed Grantwire as its user sees it: webhooks in, events in, rows and dead letters and log lines out."""

    template: Template
    aws: Clients
    capsys: pytest.CaptureFixture[str]
    watch: Watch = field(default_factory=Watch)
    apps: dict[str, ModuleType] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def webhook(self, url: str, **fields: Any) -> Webhook:
        """Save a webhook: the guide's, with other fields where given."""
        document = {
            "name": f"Torq {next(self._numbers)}",
            "active": True,
            "url": url,
            "body_template": '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}',
            "headers": [{"name": "Authorization", "value": "Bearer dG9ycS10b2tlbg", "secret": True}],
            "triggers": ["RequestCreated"],
        }
        webhook = parse_webhook(document | fields, webhook_id=new_webhook_id(time.time()), now=time.time())
        return save(webhook, webhooks=self.store, secrets=self.secrets)

    @property
    def store(self) -> WebhookStore:
        return WebhookStore(client=self.aws.dynamodb, table_name=self.template.names["WebhooksTable"])

    @property
    def secrets(self) -> KmsSecrets:
        return KmsSecrets(client=lambda: self.aws.kms, key_id=self.template.names["SecretsKey"])

    def dispatch(self, event: object, milliseconds: int = 120_000) -> None:
        """What Lambda does with an event from the bus."""
        self._app("dispatch").handler(event, _context(milliseconds))

    def dispatch_batch(self, *bodies: str, milliseconds: int = 120_000) -> list[str]:
        """What Lambda does with a batch of events; the ids (`message-0`, …) of those that come again."""
        records = [{"messageId": f"message-{index}", "body": body} for index, body in enumerate(bodies)]
        answer = self._app("dispatch").handler({"Records": records}, _context(milliseconds))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def redeliver(self, *bodies: str, milliseconds: int = 90_000) -> list[str]:
        """What Lambda does with a batch of wake-ups; the ids (`message-0`, …) of those that come again."""
        records = [{"messageId": f"message-{index}", "body": body} for index, body in enumerate(bodies)]
        answer = self._app("redeliver").handler({"Records": records}, _context(milliseconds))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def sweep(self, milliseconds: int = 55_000) -> None:
        """What the schedule does each minute."""
        self._app("sweep").handler({}, _context(milliseconds))

    def operate(self, **command: Any) -> dict[str, Any]:
        """What the person on call gets for a command."""
        answer: dict[str, Any] = self._app("operate").handler(command, _context(300_000))
        return answer

    def take_wakeups(self) -> list[str]:
        """The wake-ups that are in the queue now, taken out of it."""
        url, bodies = self.template.names["Wakeups"], []
        while messages := self.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                self.aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def wakeups(self) -> int:
        """How many wake-ups are in the queue, delayed ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        url = self.template.names["Wakeups"]
        found = self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]  # type: ignore[arg-type]
        return sum(int(value) for value in found.values())

    def shift(self, webhook: Webhook, seconds: float) -> None:
        """Make the times on a webhook's rows lie further in the past, as if so much time had gone by."""
        for row in self.rows("DeliveriesTable"):
            if row["pk"]["S"] == webhook.id:
                for name in {"due_at", "lease_until", "sweep_at"} & row.keys():
                    row[name] = {"N": str(float(row[name]["N"]) - seconds)}
                self.aws.dynamodb.put_item(TableName=self.template.names["DeliveriesTable"], Item=row)

    def shift_jobs(self, seconds: float) -> None:
        """As if so much time had gone by for every replay job."""
        for row in self.rows("DeliveriesTable"):
            if row["pk"]["S"] == "REPLAY":
                row["next_at"] = {"N": str(float(row["next_at"]["N"]) - seconds)}
                self.aws.dynamodb.put_item(TableName=self.template.names["DeliveriesTable"], Item=row)

    def http(self, path: str, body: object, **path_parameters: str) -> tuple[int, dict[str, Any]]:
        """What API Gateway does with a POST."""
        event = event_file("test_draft")
        event |= {"rawPath": path, "pathParameters": path_parameters}
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["requestContext"]["http"]["path"] = path
        answer = self._app("test_webhook").handler(event, _context(29_000))
        return answer["statusCode"], json.loads(answer["body"])

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> "Answered":
        """What API Gateway does with a request to the function `webhooks`."""
        event = event_file("test_draft")
        route = {"method": method, "path": path}
        event |= {
            "rawPath": path,
            "headers": {**event["headers"], **{k.lower(): v for k, v in (headers or {}).items()}},
        }
        event |= {"queryStringParameters": dict(query)} if query else {}
        event["requestContext"]["http"] |= route
        del event["body"]
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        answer = self._app("webhooks").handler(event, _context(29_000))
        return Answered(answer["statusCode"], answer["headers"], answer["body"] or "")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table, as the client gives it."""
        return self.aws.dynamodb.scan(TableName=self.template.names[table])["Items"]

    def deliveries(self, webhook: Webhook) -> list[dict[str, Any]]:
        """The deliveries of a webhook, oldest first, attempts read."""
        rows = self.aws.dynamodb.query(
            TableName=self.template.names["DeliveriesTable"],
            KeyConditionExpression="pk = :id",
            ExpressionAttributeValues={":id": {"S": webhook.id}},
        )["Items"]
        return [
            {name: next(iter(value.values())) for name, value in row.items()}
            | {"attempts": [read_attempt(one["B"]) for one in row.get("attempts", {"L": []})["L"]]}
            for row in sorted(rows, key=lambda row: row["sk"]["S"])
        ]

    def dead_letters(self) -> list[dict[str, Any]]:
        """What waits in the dead-letter queue."""
        url = self.template.names["DispatchDeadLetters"]
        messages = self.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    def logged(self) -> list[dict[str, Any]]:
        """The log lines and metrics written since the last call."""
        lines = self.capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def app(self, name: str) -> ModuleType:
        """A function's app.py, loaded once for this world."""
        return self._app(name)

    def _app(self, name: str) -> ModuleType:
        if name not in self.apps:
            app: Any = load_handler(name)
            self.apps[name] = app
            app.handler = self.watch.of(f"{name.title().replace('_', '')}Function", app.handler)
        return self.apps[name]


class _CurrentStdout:
    """Whatever stdout is now: pytest puts another one in place for each phase of a test."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@cache
def _template() -> Template:
    return Template.read()


@contextmanager
def watching(template: Template) -> Iterator[Watch]:
    """What the functions ask of AWS, held against their roles."""
    resources = {physical: logical for logical, physical in template.names.items()}
    watch = Watch(resources=resources)
    made = (clients.dynamodb(), clients.kms(), clients.sqs(), clients.events(), clients.functions())
    for client in made:
        client.meta.events.register_last("provide-client-params", watch)
    try:
        yield watch
    finally:
        for client in made:
            client.meta.events.unregister("provide-client-params", watch)


@pytest.fixture(scope="session")
def aws() -> Iterator[Clients]:
    """Clients, made once: that takes longer than most tests."""
    with Clients() as made:
        yield made


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, aws: Clients, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    """A fresh Grantwire whose receivers are on loopback."""
    caches = (
        *(delivery_settings, dispatch_settings, operate_settings),
        *(sweep_settings, webhook_test_settings, webhooks_settings),
    )
    monkeypatch.syspath_prepend(str(ROOT / "functions" / "webhooks"))
    with mock_aws():
        template = create_resources(_template(), aws).naming({"DispatchFunction": "dispatch"})
        for function in (
            "TestWebhookFunction",
            "WebhooksFunction",
            "SweepFunction",
            "RedeliverFunction",
            "OperateFunction",
            "DispatchFunction",
        ):
            for name, value in template.function(function).environment.items():
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("PERMIT_LOOPBACK", "true")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        for cache in caches:
            cache.cache_clear()
        for handler in logger().handlers:
            monkeypatch.setattr(handler, "stream", _CurrentStdout())
        with watching(template) as watch:
            yield World(template, aws, capsys, watch)
        for cache in caches:
            cache.cache_clear()
        assert watch.refused == [], "AWS would refuse what moto allowed"
