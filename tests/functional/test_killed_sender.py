"""A sender that is killed in the middle of its POST: the delivery goes on, and nothing of it is lost.

AWS is moto's server in a process of its own, and each handler runs in another one, as in Lambda: what a killed one knew
is gone, what it wrote stays.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from grantwire.models import Webhook
from local.aws import Clients
from local.event_source import SourceMessage, sqs_event
from local.template import Template
from tests.deployed.cloud import cloud_of
from tests.deployed.emulator import FAKE_AWS
from tests.functional.conftest import ROOT, World, event_file, wakeup_of
from tests.functional.test_redeliver import webhook_ids
from tests.receivers import Authority, Received, Receiver, Script, answer, receiving

BUSY: Final = answer("503 Busy")
ACCEPTED: Final = answer("202 Accepted")
SECONDS: Final = 30.0

# Runs a function's real handler as Lambda does, with the event that comes in by the standard input.
SENDER: Final = """
import json, sys
from pathlib import Path
from local.functions import LocalFunction, load_handler
from local.template import LOCAL_NAMES, Template
template = Template.read(names=LOCAL_NAMES | json.loads(sys.argv[2]))
handler = load_handler(Path("functions") / sys.argv[1] / "app.py")
function = LocalFunction(template.function(sys.argv[1].capitalize() + "Function"), handler)
answer = function.invoke(json.load(sys.stdin), request_id="request-1")
assert not (answer or {}).get("batchItemFailures"), answer
"""


@dataclass
class Outside:
    """A Grantwire whose functions run in processes of their own."""

    world: World
    environment: dict[str, str]

    def run(self, name: str, event: object) -> None:
        """Run a handler to its end, and expect that it went well."""
        with self.running(name, event) as process:
            output, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, output

    def kill_when_it_sends(self, name: str, event: object, receiver: Receiver) -> None:
        """Run a handler until its POST has come, which gets no answer, and kill it."""
        before = len(receiver.requests)
        with self.running(name, event) as process:
            with receiver.arrived:
                came = receiver.arrived.wait_for(lambda: len(receiver.requests) > before, SECONDS)
            process.kill()
            output, _ = process.communicate(timeout=SECONDS)
        assert came, output
        assert process.returncode == -signal.SIGKILL

    @contextmanager
    def running(self, name: str, event: object) -> Iterator["subprocess.Popen[str]"]:
        """A handler while it runs, its event handed over."""
        variables = self.world.template.function(f"{name.capitalize()}Function").environment
        with subprocess.Popen(
            [sys.executable, "-c", SENDER, name, json.dumps(dict(self.world.template.names))],
            cwd=ROOT,
            env={**variables, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(json.dumps(event))
            process.stdin.close()
            process.stdin = None
            yield process

    def wakeup(self, webhook: Webhook) -> dict[str, Any]:
        """The batch that wakes a webhook's only delivery."""
        message = SourceMessage(
            message_id="message-0", receipt="receipt-0", body=wakeup_of(self.world, webhook), md5=""
        )
        return sqs_event([message], self.world.template.names["Wakeups.Arn"])

    def delivery(self, webhook: Webhook) -> tuple[str, list[str]]:
        """The state of a webhook's only delivery, and what each attempt came to."""
        [row] = self.world.deliveries(webhook)
        return row["state"], [attempt["code"] for attempt in row["attempts"]]


@pytest.fixture
def outside(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Outside]:
    """AWS in one process; each handler will run in another."""
    with cloud_of(Template.read(), tmp_path) as cloud:
        reached = {**FAKE_AWS, "AWS_ENDPOINT_URL": cloud.endpoint}
        for name, value in reached.items():
            monkeypatch.setenv(name, value)
        trust = {"PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": str(authority.file)}
        with Clients() as clients:
            world = World(cloud.template, clients, capsys)
            yield Outside(world, {**reached, **trust, "PATH": os.environ["PATH"]})


def hanging_at(number: int) -> Script:
    """A receiver that never answers this request, counted from 1; 503 to those before it, 202 to those after it."""

    def script(connection: Received) -> None:
        while connection.request():
            count = len(connection.receiver.requests)
            if count == number:
                connection.receiver.closing.wait()
                return
            connection.write(BUSY if count < number else ACCEPTED)

    return script


def let_others_end_it(outside: Outside, webhook: Webhook) -> None:
    """The sweep finds the sender's lease to be over, and redeliver sends again when that is due."""
    outside.world.shift(webhook, 200)
    outside.run("sweep", event_file("internal/sweep"))
    assert outside.delivery(webhook)[0] == "waiting"
    assert outside.delivery(webhook)[1][-1] == "interrupted"
    outside.world.shift(webhook, 60)
    outside.run("redeliver", outside.wakeup(webhook))


def test_dispatch_killed_in_its_post(outside: Outside, authority: Authority) -> None:
    """The first attempt: Lambda hands the event in again, which sends nothing, but makes a row that the sweep finds."""
    with receiving(hanging_at(1), authority.server_context()) as receiver:
        webhook = outside.world.webhook(receiver.url)
        event = event_file("request_created")
        outside.kill_when_it_sends("dispatch", event, receiver)
        assert outside.world.deliveries(webhook) == []
        outside.run("dispatch", event)
        assert outside.delivery(webhook) == ("delivering", [])
        assert len(receiver.requests) == 1
        let_others_end_it(outside, webhook)
        assert outside.delivery(webhook) == ("succeeded", ["interrupted", "http_202"])
        assert len(receiver.requests) == 2
        assert len(webhook_ids(receiver.requests)) == len(set(receiver.bodies)) == 1


def test_redeliver_killed_in_its_post(outside: Outside, authority: Authority) -> None:
    """A later attempt: the sweep looks after it from its claim on."""
    with receiving(hanging_at(2), authority.server_context()) as receiver:
        webhook = outside.world.webhook(receiver.url)
        outside.run("dispatch", event_file("request_created"))
        assert outside.delivery(webhook) == ("waiting", ["http_503"])
        outside.world.shift(webhook, 30)
        outside.kill_when_it_sends("redeliver", outside.wakeup(webhook), receiver)
        assert outside.delivery(webhook) == ("delivering", ["http_503"])
        let_others_end_it(outside, webhook)
        assert outside.delivery(webhook) == ("succeeded", ["http_503", "interrupted", "http_202"])
        assert len(receiver.requests) == 3
        assert len(webhook_ids(receiver.requests)) == len(set(receiver.bodies)) == 1


def test_a_killed_senders_wake_up_comes_again_and_sends_nothing(outside: Outside, authority: Authority) -> None:
    """SQS shows the message again, since nobody deleted it: the row is claimed, so the wake-up is an old one."""
    with receiving(hanging_at(2), authority.server_context()) as receiver:
        webhook = outside.world.webhook(receiver.url)
        outside.run("dispatch", event_file("request_created"))
        outside.world.shift(webhook, 30)
        wakeup = outside.wakeup(webhook)
        outside.kill_when_it_sends("redeliver", wakeup, receiver)
        outside.run("redeliver", wakeup)
        assert len(receiver.requests) == 2
        assert outside.delivery(webhook) == ("delivering", ["http_503"])
