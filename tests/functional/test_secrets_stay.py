"""A secret leaves only towards its receiver: everything else that is written, by any function, is searched for it."""

import base64
import json
import re
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from grantwire.errors import StoreError
from grantwire.stores import clients
from tests.functional.conftest import World, event_file, wakeup_of
from tests.functional.test_webhooks_api import guide
from tests.project.documents import template
from tests.receivers import Authority, Received, answer, receiving

HEADER, CREDENTIAL, TOKEN = "bWFyay1oZWFkZXI", "bWFyay1jcmVkZW50aWFs", "bWFyay1hY2Nlc3MtdG9rZW4"
SIGNING = base64.b64encode(b"mark-signing-mark-signing-mark-signing").decode()
BASIC = base64.b64encode(f"ana:{CREDENTIAL}".encode()).decode()
BY_CLIENT = base64.b64encode(f"grantwire:{CREDENTIAL}".encode()).decode()
MARKS = [HEADER, CREDENTIAL, TOKEN, SIGNING, BASIC, BY_CLIENT]
KINDS: dict[str, dict[str, Any]] = {
    "bearer": {"token": CREDENTIAL},
    "basic": {"username": "ana", "password": CREDENTIAL},
    "api_key": {"header": "X-Key", "value": CREDENTIAL},
    "oauth2_client_credentials": {"client_id": "grantwire", "client_secret": CREDENTIAL},
}


def spellings(mark: str) -> set[str]:
    """How a secret might be written somewhere."""
    return {mark, quote(mark, safe=""), base64.b64encode(mark.encode()).decode().rstrip("="), mark[::-1]}


def readable(value: object) -> str:
    """Bytes as text, decompressed where they are compressed."""
    data = bytes(value) if isinstance(value, bytes | bytearray) else bytes(getattr(value, "value", b""))
    try:
        return zlib.decompress(data).decode("utf-8", "replace")
    except zlib.error:
        return data.decode("latin-1")


@dataclass
class Echo:
    """A receiver that sends back everything it was sent, in its head and its body; and a token endpoint that does."""

    status: str = "503 Busy"
    asked_for_tokens: int = 0

    def __call__(self, connection: Received) -> None:
        while request := connection.request():
            text = request.decode("latin-1")
            heads = [line for line in text.split("\r\n") if re.match(r"(?i)(authorization|x-|webhook-signature)", line)]
            echoed = [f"X-Echo-{number}: {line}" for number, line in enumerate(heads)]
            connection.write(answer(self.status, json.dumps({"echo": text}).encode(), *echoed))

    def endpoint(self, connection: Received) -> None:
        """Refuses at first, in the words it was asked with."""
        while request := connection.request():
            self.asked_for_tokens += 1
            first = self.asked_for_tokens == 1
            refusal = {"error": "invalid_client", "error_description": request.decode("latin-1")}
            granted = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
            status = "401 Unauthorized" if first else "200 OK"
            connection.write(answer(status, json.dumps(refusal if first else granted).encode()))


@dataclass
class Walk:
    """Asks every route, and keeps what is written anywhere."""

    world: World
    said: list[str] = field(default_factory=list)
    asked: set[tuple[str, str]] = field(default_factory=set)

    def ask(self, route: str, body: object = None, **parameters: str) -> Any:
        """One request; `route` as in template.yaml: `GET /api/webhooks/{id}`. The answer's JSON, if it has one."""
        method, pattern = route.split(" ")
        self.asked.add((method, pattern))
        path = pattern.format(**parameters)
        if pattern.endswith(("/test", "/preview")):
            status, told = self.world.http(path, body, **parameters)
            self.said.append(f"{route} {status} {json.dumps(told)}")
            return told
        answered = self.world.api(method, path, body, headers={"If-Match": "*"})
        self.said.append(f"{route} {answered.text} {json.dumps(dict(answered.headers))}")
        return json.loads(answered.text) if answered.text.startswith(("{", "[")) else None

    def fails(self, act: Callable[[], object]) -> None:
        """What Lambda writes into the log of a function that raises."""
        with pytest.raises(StoreError) as caught:
            act()
        self.said.append("".join(traceback.format_exception(caught.value)))

    def look(self) -> None:
        """Every row, every message, every line."""
        for table in ("WebhooksTable", "DeliveriesTable"):
            self.said += [json.dumps(row, default=readable) for row in self.world.rows(table)]
        sqs = self.world.aws.sqs
        for url in sqs.list_queues().get("QueueUrls", []):
            while messages := sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
            ).get("Messages", []):
                self.said += [json.dumps(one, default=readable) for one in messages]
        self.said += [*self.world.capsys.readouterr()]

    def found(self, *marks: str) -> list[tuple[str, str]]:
        """Each secret that stands somewhere, and where."""
        return [(mark, text[:100]) for text in self.said for mark in marks for one in spellings(mark) if one in text]


def bus_to_queue(world: World) -> None:
    """Everything that is put on the bus ends in a queue, where it is looked at."""
    events, sqs = world.aws.events, world.aws.sqs
    url = sqs.create_queue(QueueName="bus")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [rule] = world.template.function("DispatchFunction").rules
    events.put_rule(Name="all", EventBusName=rule.bus, EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    events.put_targets(Rule="all", EventBusName=rule.bus, Targets=[{"Id": "1", "Arn": arn}])


@contextmanager
def key_out_of_reach(operation: str, message: str) -> Iterator[None]:
    """KMS on a bad day: it refuses, and says so in these words."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "KMSInternalException", "Message": message}}, operation)

    hooks = clients.kms().meta.events
    hooks.register(f"before-call.kms.{operation}", refuse)
    try:
        yield
    finally:
        hooks.unregister(f"before-call.kms.{operation}", refuse)


def deployed_routes() -> set[tuple[str, str]]:
    """Every route of template.yaml whose function may do more than write its log: others have no secret to tell."""
    resources = template()["Resources"]
    routes = set[tuple[str, str]]()
    for name, one in resources.items():
        if one["Type"] != "AWS::Serverless::Function":
            continue
        policies = resources[f"{name.removesuffix('Function')}Role"]["Properties"]["Policies"]
        actions = json.dumps(
            [statement["Action"] for one in policies for statement in one["PolicyDocument"]["Statement"]]
        )
        events = one["Properties"].get("Events", {}).values()
        if re.search(r"(dynamodb|kms|sqs|events|lambda):", actions):
            routes |= {
                (event["Properties"]["Method"], event["Properties"]["Path"])
                for event in events
                if event["Type"] == "HttpApi"
            }
    return routes


def request_of(number: int) -> dict[str, Any]:
    """The event of another request."""
    event = event_file("request_created")
    event["detail"]["data"]["id"] = f"request-{number}"
    return event


@pytest.mark.parametrize("kind", KINDS)
def test_every_route_and_every_function_keep_secrets_to_themselves(
    world: World, authority: Authority, kind: str
) -> None:
    """Answers, rows, messages, events, log lines, exceptions: none holds a secret, also when it is sent back to us."""
    walk, echo, context = Walk(world), Echo(), authority.server_context()
    bus_to_queue(world)
    with receiving(echo, context) as receiver, receiving(echo.endpoint, context) as endpoint:
        how = {"kind": kind, **KINDS[kind]} | ({"token_url": endpoint.url} if "oauth" in kind else {})
        document = guide(
            url=receiver.url,
            active=True,
            headers=[{"name": "X-Token", "value": HEADER}, {"name": "X-Mine", "value": "{{data.id}}", "secret": True}],
            authentication=how,
            signing={"kind": "standard_webhooks", "secret": f"whsec_{SIGNING}"},
        )
        made = walk.ask("POST /api/webhooks", document)
        deliver(walk, echo, made["id"])
        fresh = rotated(walk, made["id"])
        try_out(walk, document, made["id"])
        world.dispatch(request_of(2))
        refusals(walk, document, how, made["id"])
        with key_out_of_reach("Encrypt", json.dumps(document)):
            walk.ask("POST /api/webhooks", document | {"name": "Other"})
        world.apps.clear()  # new processes, in which nothing has been opened yet
        with key_out_of_reach("Decrypt", "it is out of reach"):
            walk.fails(lambda: world.dispatch(request_of(3)))
            walk.ask("POST /api/webhooks/{id}/test", {}, id=made["id"])
        read(walk, made["id"])
        echo.status = "410 Gone"
        world.dispatch(request_of(4))
        world.dispatch(request_of(4) | {"detail": {"data": None}})
        sent = b"".join(receiver.requests + endpoint.requests).decode("latin-1")
    operate(walk, made["id"])
    world.sweep()
    walk.look()
    walk.ask("DELETE /api/webhooks/{id}", id=made["id"])
    assert deployed_routes() == walk.asked
    assert HEADER in sent
    assert any(one in sent for one in (CREDENTIAL, BASIC, BY_CLIENT))
    assert (TOKEN in sent) is ("oauth" in kind)
    for what in ("WebhookDisabled", "DeliveryFailed", '"reason": "', "Traceback", "X-Echo-0", "KMSInternalException"):
        assert any(what in text for text in walk.said), what
    assert walk.found(*MARKS, fresh) == []


def deliver(walk: Walk, echo: Echo, webhook_id: str) -> None:
    """An event that fails, is woken twice, and arrives."""
    webhook = walk.world.store.get(webhook_id)
    assert webhook is not None
    walk.world.dispatch(request_of(1))
    for status in ("503 Busy", "401 Unauthorized", "202 Accepted"):
        echo.status = status
        walk.world.shift(webhook, 400)
        walk.world.redeliver(wakeup_of(walk.world, webhook))
    assert walk.world.deliveries(webhook)[0]["state"] == "succeeded"


def rotated(walk: Walk, webhook_id: str) -> str:
    """The new signing secret, which its own answer alone may have."""
    made = walk.ask("POST /api/webhooks/{id}/signing/rotate", id=webhook_id)["new_signing_secret"]
    walk.said[-1] = walk.said[-1].replace(made, "")
    return str(made).removeprefix("whsec_")


def try_out(walk: Walk, document: dict[str, Any], webhook_id: str) -> None:
    """Of a saved webhook, as it is and as changed, and of drafts."""
    form = walk.ask("GET /api/webhooks/{id}", id=webhook_id)
    for body in ({}, {"trigger": "RequestFailed"}, {"webhook": form | {"body_template": '"{{event_type}}"'}}):
        told = walk.ask("POST /api/webhooks/{id}/test", body, id=webhook_id)
        assert told["response"], told
    for what in ("test", "preview"):
        walk.ask(f"POST /api/webhooks/{what}", {"webhook": document})
        walk.ask(f"POST /api/webhooks/{what}", {"webhook": document | {"timeout_seconds": 99}})


def refusals(walk: Walk, document: dict[str, Any], how: dict[str, Any], webhook_id: str) -> None:
    """Secrets in documents that are wrong, and in the wrong places of them."""
    hidden = next(name for name, value in how.items() if value == CREDENTIAL)
    wrong: list[dict[str, Any]] = [
        {"authentication": how | {hidden: [CREDENTIAL]}},
        {"authentication": how | {"kind": CREDENTIAL}},
        {"authentication": CREDENTIAL},
        {"signing": {"kind": SIGNING, "secret": SIGNING}},
        {"signing": {"kind": "standard_webhooks", "secret": f"whsec_{SIGNING}="}},
        {"headers": [{"name": "X-Token", "value": f"{HEADER}{{{{"}, HEADER]},
        {"headers": [{"name": "X-Token", "value": [HEADER]}], "timeout_seconds": 99},
        {"url": f"https://ana:{CREDENTIAL}@a.example/"},
    ]
    for one in wrong:
        walk.ask("PUT /api/webhooks/{id}", document | one, id=webhook_id)
        walk.ask("PATCH /api/webhooks/{id}", one, id=webhook_id)
        walk.ask("POST /api/webhooks", document | one)
    walk.ask("PUT /api/webhooks/{id}", document | {"signing": None}, id=webhook_id)
    walk.ask("PUT /api/webhooks/{id}", document, id=webhook_id)


def read(walk: Walk, webhook_id: str) -> None:
    """Everything that is looked at, and what is done by a button beside it."""
    [*_, delivery] = walk.ask("GET /api/webhooks/{id}/deliveries", id=webhook_id)["items"]
    walk.ask("GET /api/deliveries/{id}", id=delivery["id"])
    walk.ask("POST /api/deliveries/{id}/replay", id=delivery["id"])
    walk.ask("GET /api/events/{id}/deliveries", id=delivery["event_id"])
    job = walk.ask("POST /api/webhooks/{id}/replays", {"since": 0, "until": 4e9}, id=webhook_id)["job"]
    for route in ("GET /api/replays/{id}", "POST /api/replays/{id}/cancel"):
        walk.ask(route, id=job["id"])
    for route in ("GET /api/webhooks/{id}", "GET /api/webhooks/{id}/replays", "POST /api/webhooks/{id}/duplicate"):
        walk.ask(route, id=webhook_id)
    for what in ("webhooks", "schema", "samples", "filters", "recipes", "openapi.json", "docs"):
        walk.ask(f"GET /api/{what}")
    walk.ask("POST /api/events", event_file("request_granted")["detail"])


def operate(walk: Walk, webhook_id: str) -> None:
    """Every command of the person on call."""
    world = walk.world
    day = {"webhook_id": webhook_id, "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    [row, *_] = [one for one in world.rows("DeliveriesTable") if one["pk"]["S"] == webhook_id]
    answers: list[Any] = [
        world.operate(command="replay", webhook_id=webhook_id, sort_key=row["sk"]["S"]),
        world.operate(command="count_failed", **day),
        world.operate(command="replay_failed", **day),
    ]
    answers += [world.operate(command=one, job_id=answers[-1]["job_id"]) for one in ("show_job", "cancel_job")]
    walk.said.append(json.dumps(answers))


def test_the_search_finds_what_is_hidden() -> None:
    """In an attempt that is compressed, in a sealed value that is none, spelled otherwise."""
    row = {"attempts": {"L": [{"B": zlib.compress(f"Bearer {HEADER}".encode())}]}, "sealed": {"B": CREDENTIAL.encode()}}
    walk = Walk(world=None, said=[json.dumps(row, default=readable), quote(SIGNING, safe="")])  # type: ignore[arg-type]
    assert {mark for mark, _ in walk.found(*MARKS)} == {HEADER, CREDENTIAL, SIGNING}
