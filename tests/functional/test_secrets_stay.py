"""A secret leaves only towards its receiver: everything else that is written, by any function, is searched for it."""

import base64
import json
import re
from typing import Any
from urllib.parse import quote

from tests.functional.conftest import World, event_file, wakeup_of
from tests.functional.test_webhooks_api import guide
from tests.receivers import Authority, Received, answer, receiving

HEADER, PASSWORD, CLIENT = "bWFyay1oZWFkZXI", "bWFyay1wYXNzd29yZA", "bWFyay1jbGllbnQ"
SIGNING = base64.b64encode(b"mark-signing-mark-signing-mark-signing").decode()
BASIC = base64.b64encode(f"ana:{PASSWORD}".encode()).decode()
MARKS = (HEADER, PASSWORD, CLIENT, SIGNING, BASIC)


def spellings(mark: str) -> set[str]:
    """How a secret might be written somewhere."""
    return {mark, quote(mark, safe=""), base64.b64encode(mark.encode()).decode().rstrip("="), mark[::-1]}


class Echo:
    """A receiver that fails at first, and each time sends back everything it was sent, in its head and its body."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, connection: Received) -> None:
        while request := connection.request():
            self.times += 1
            text = request.decode("latin-1")
            heads = [line for line in text.split("\r\n") if re.match(r"(?i)(authorization|x-|webhook-signature)", line)]
            echoed = [f"X-Echo-{number}: {line}" for number, line in enumerate(heads)]
            status = "503 Busy" if self.times == 1 else "401 Unauthorized" if self.times == 2 else "202 Accepted"
            connection.write(answer(status, json.dumps({"echo": text}).encode(), *echoed))


def secrets() -> dict[str, Any]:
    """A secret in every place that has one and can stand beside the others."""
    return {
        "headers": [{"name": "X-Token", "value": HEADER}],
        "authentication": {"kind": "basic", "username": "ana", "password": PASSWORD},
        "signing": {"kind": "standard_webhooks", "secret": f"whsec_{SIGNING}"},
    }


def test_every_route_and_both_senders_keep_secrets_to_themselves(world: World, authority: Authority) -> None:
    """Answers, rows, log lines: none of them holds a secret, also when the receiver sends it back."""
    said: list[str] = []

    def ask(method: str, path: str, body: object = None, **headers: str) -> Any:
        answered = world.api(method, path, body, headers={name.replace("_", "-"): one for name, one in headers.items()})
        said.append(answered.text + json.dumps(dict(answered.headers)))
        return json.loads(answered.text) if answered.text.startswith(("{", "[")) else None

    echo = Echo()
    with receiving(echo, authority.server_context()) as receiver:
        document = guide(url=receiver.url, active=True, **secrets())
        made = ask("POST", "/api/webhooks", document)
        webhook = world.store.get(made["id"])
        assert webhook is not None
        world.dispatch(event_file("request_created"))
        world.shift(webhook, 30)
        world.redeliver(wakeup_of(world, webhook))
        world.shift(webhook, 60)
        world.redeliver(wakeup_of(world, webhook))
        path = f"/api/webhooks/{made['id']}"
        tests = [world.http(f"{path}/test", body, id=made["id"]) for body in ({}, {"trigger": "RequestFailed"})]
        tests += [world.http(f"/api/webhooks/{what}", {"webhook": document}) for what in ("test", "preview")]
        said.append(json.dumps(tests))
        assert all(any(mark in request.decode() for request in receiver.requests) for mark in (HEADER, BASIC))
    [delivery] = ask("GET", f"{path}/deliveries")["items"]
    assert [one["code"] for one in ask("GET", f"/api/deliveries/{delivery['id']}")["history"]] == [
        "http_503",
        "http_401",
        "http_202",
    ]
    for method, route in (
        *(("GET", one) for one in ("/api/webhooks", path, f"/api/events/{delivery['event_id']}/deliveries")),
        *(("GET", one) for one in (f"{path}/replays", "/api/openapi.json", "/api/docs", "/api/recipes")),
        *(("POST", one) for one in (f"{path}/duplicate", f"/api/deliveries/{delivery['id']}/replay")),
    ):
        ask(method, route)
    ask("PATCH", path, {"authentication": {"kind": "bearer", "token": [CLIENT]}}, If_Match="*")
    ask("PUT", path, document | {"url": "https://elsewhere.example/", "timeout_seconds": 99}, If_Match="*")
    oauth = {"kind": "oauth2_client_credentials", "token_url": "http://a", "client_id": "a", "client_secret": CLIENT}
    ask("PATCH", path, {"authentication": oauth}, If_Match="*")
    ask("POST", f"{path}/replays", {"since": 0, "until": 4e9})
    world.sweep()
    said += [json.dumps(world.rows(table), default=str) for table in ("WebhooksTable", "DeliveriesTable")]
    said.append(json.dumps(world.logged()))
    found = [(mark, text[:80]) for text in said for mark in MARKS for one in spellings(mark) if one in text]
    assert found == []
    ask("DELETE", path, If_Match="*")
    assert world.store.get(made["id"]) is None
