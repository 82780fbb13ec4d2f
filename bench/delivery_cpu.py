"""CPU of one delivery by the real `dispatch` handler, against a bare urllib3 POST and the very same DynamoDB calls.

moto's server and the receiver run in processes of their own, so what is counted is the sender's CPU alone. The floor
replays, on fresh tables, the calls that Grantwire made, through the same kind of client, and POSTs the same bytes over
a kept connection. Both take turns, and the medians of the rounds are compared. Their difference is small beside the
noise of either, so our own work is also measured by itself: the real handler without DynamoDB's client and the way out.
A target that is missed is printed as such, and ends with 0 all the same.
"""

import argparse
import contextlib
import io
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

TARGET_MS: Final = 0.5
TARGET_RATIO: Final = 1.5
ROOT: Final = Path(__file__).parents[1]
_SERVER: Final = """
import sys, time
from local.aws import AwsServer
with AwsServer() as aws:
    print(aws.endpoint, flush=True)
    sys.stdin.read()
"""
_RECEIVER: Final = """
import sys
from pathlib import Path
from tests.receivers import Authority, answer, answering, receiving
authority = Authority(Path(sys.argv[1]))
with receiving(answering(answer()), authority.server_context()) as receiver:
    print(receiver.url, flush=True)
    sys.stdin.read()
"""

Call = tuple[str, dict[str, Any]]


@contextlib.contextmanager
def process(code: str, *arguments: str) -> Iterator[str]:
    """A helper process; gives the first line it prints, and ends it when its standard input closes."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'layers/common'}"}
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.communicate("")


@contextlib.contextmanager
def opened_bench() -> Iterator["Bench"]:
    """A sender on moto's server and beside a receiver, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, process(_SERVER) as endpoint, process(_RECEIVER, folder) as url:
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PERMIT_LOOPBACK": "true",
            "SSL_CERT_FILE": f"{folder}/ca.pem",
        }
        yield Bench(url, f"{folder}/ca.pem")


class Bench:
    """One sender under measurement: its tables, its handler, and the floor beside it."""

    def __init__(self, receiver_url: str, ca_file: str, **facts: Any) -> None:
        from local.aws import Clients, create_resources
        from local.template import Template

        self.aws = Clients()
        self.template = create_resources(Template.read(), self.aws)
        for name, value in self.template.function("DispatchFunction").environment.items():
            os.environ[name] = value
        self.store_webhook(receiver_url, **facts)
        from tests.functional.conftest import load_handler

        self.handler: Callable[..., None] = load_handler("dispatch").handler
        self.receiver_url, self.ca_file = receiver_url, ca_file
        self.calls: list[Call] = []

    def store_webhook(self, url: str, webhook_id: str = "wh_bench", **facts: Any) -> None:
        """Another webhook, of which these facts are different."""
        from grantwire.configurations import parse_webhook
        from grantwire.saving import save
        from grantwire.stores.secrets import KmsSecrets
        from grantwire.stores.webhooks import WebhookStore

        document = json.loads((ROOT / "webhooks/torq.json").read_text()) | {
            "url": url,
            "response_validators": [{"json_path": "$.data.status", "expected_values": ["accepted"]}],
            "filters": [{"field": "integration", "operator": "is", "values": ["prod-db"]}],
            **facts,
        }
        store = WebhookStore(client=self.aws.dynamodb, table_name=self.template.names["WebhooksTable"])
        secrets = KmsSecrets(client=lambda: self.aws.kms, key_id=self.template.names["SecretsKey"])
        save(parse_webhook(document, webhook_id=webhook_id, now=time.time()), webhooks=store, secrets=secrets)

    def fresh_deliveries(self) -> None:
        """An empty table of deliveries."""
        name = self.template.names["DeliveriesTable"]
        self.aws.dynamodb.delete_table(TableName=name)
        self.aws.dynamodb.create_table(**self.template.create_table("DeliveriesTable", table_name=name))

    def deliver(self, count: int) -> float:
        """CPU seconds of one delivery by the handler."""
        from types import SimpleNamespace

        self.fresh_deliveries()
        base = json.loads((ROOT / "events/request_created.json").read_text())
        events = [base | {"detail": base["detail"] | {"event_time": 1795000000 + number}} for number in range(count)]
        context = SimpleNamespace(aws_request_id="bench", get_remaining_time_in_millis=lambda: 120_000)
        with contextlib.redirect_stdout(io.StringIO()):
            started = time.process_time()
            for event in events:
                self.handler(event, context)
            return (time.process_time() - started) / count

    def record(self, count: int) -> None:
        """Deliver once more, writing down every call to DynamoDB."""
        from grantwire.stores import clients

        events = clients.dynamodb().meta.events
        note = self._note
        events.register("provide-client-params.dynamodb.*", note)
        self.deliver(count)
        events.unregister("provide-client-params.dynamodb.*", note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def replay(self, count: int) -> float:
        """CPU seconds of one delivery's bare calls and POST."""
        import urllib3

        from grantwire.stores import clients

        self.fresh_deliveries()
        methods = {"Query": "query", "PutItem": "put_item", "UpdateItem": "update_item"}
        calls = [(getattr(clients.dynamodb(), methods[name]), params) for name, params in self.calls]
        body = b'{"body": {"event": "New Apono RequestCreated request made by Ana Lima"}}'
        headers = {"Content-Type": "application/json", "Authorization": "Bearer bench", "User-Agent": "bench"}
        with urllib3.PoolManager(ssl_context=ssl.create_default_context(cafile=self.ca_file)) as pool:
            pool.request("POST", self.receiver_url, body=body, headers=headers)
            started = time.process_time()
            for call, params in calls:
                call(**params)
            for _ in range(count):
                pool.request("POST", self.receiver_url, body=body, headers=headers)
            return (time.process_time() - started) / count


class QuietTable:
    """A DynamoDB client that answers at once: the webhooks it was given, and yes to every write."""

    def __init__(self, webhooks: dict[str, Any]) -> None:
        self.webhooks = webhooks

    def query(self, **_: Any) -> dict[str, Any]:
        return self.webhooks

    def put_item(self, **_: Any) -> dict[str, Any]:
        return {}

    update_item = put_item


class QuietReceiver:
    """A way out that leads nowhere and accepts everything."""

    def send(self, request: Any, *, timeout_seconds: float) -> Any:
        from grantwire.models import Exchange, HttpResponse, Timings

        body = b'{"status":"accepted"}'
        response = HttpResponse(status=202, headers=(), body=body, truncated=False)
        return Exchange(response=response, failure=None, timings=Timings(), remote_address="127.0.0.1")


def own_work(bench: "Bench", count: int) -> float:
    """CPU seconds of one delivery by the real handler, the DynamoDB client and the way out taken out of it."""
    dispatcher = bench.handler.__globals__["dispatcher"]()
    store, invoker = dispatcher.webhooks, dispatcher.deliverer.invoker
    rows, circuits = dispatcher.events, dispatcher.deliverer.circuits
    key = {":trigger": {"S": "TRIGGER#RequestCreated"}}
    found = store.client.query(
        TableName=store.table_name, KeyConditionExpression="pk = :trigger", ExpressionAttributeValues=key
    )
    held = store.client, invoker.sender
    quiet = QuietTable(dict(found))
    for owner in (store, rows):
        object.__setattr__(owner, "client", quiet)
    object.__setattr__(invoker, "sender", QuietReceiver())
    object.__setattr__(circuits.records, "client", QuietTable({"Items": []}))
    try:
        return min(bench.deliver(count) for _ in range(20))
    finally:
        for owner in (store, rows, circuits.records):
            object.__setattr__(owner, "client", held[0])
        object.__setattr__(invoker, "sender", held[1])


def main() -> None:
    """Print both medians and their difference."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--deliveries", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=11)
    given = arguments.parse_args()
    with opened_bench() as bench:
        bench.deliver(20)  # wires the handler, opens the connection
        bench.record(given.deliveries)
        own = own_work(bench, given.deliveries) * 1000
        rounds = [(bench.deliver(given.deliveries), bench.replay(given.deliveries)) for _ in range(given.rounds)]
    ours, floor = (statistics.median(column) * 1000 for column in zip(*rounds, strict=True))
    overhead = statistics.median(one - other for one, other in rounds) * 1000
    calls = len(bench.calls) / given.deliveries
    print(f"{'floor: POST and ' + format(calls, 'g') + ' DynamoDB calls':40} {floor:7.2f} ms of CPU per delivery")
    print(f"{'dispatch':40} {ours:7.2f} ms of CPU per delivery")
    print(f"{'difference of the two (noisy)':40} {overhead:7.2f} ms")
    verdict = "met" if ours / floor <= TARGET_RATIO else "MISSED"
    print(f"{'ratio':40} {ours / floor:7.2f}    (target ≤ {TARGET_RATIO}: {verdict})")
    verdict = "met" if own <= TARGET_MS else "MISSED"
    print(f"{'own work, POST and DynamoDB taken out':40} {own:7.2f} ms (target ≤ {TARGET_MS}: {verdict})")


if __name__ == "__main__":
    main()
