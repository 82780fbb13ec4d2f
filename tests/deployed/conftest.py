"""One build, one local AWS, one receiver and one process per function, shared by all tests of this folder."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grantwire.models import Webhook
from local.aws import RuleQueue
from local.template import Template
from local.torq import Torq
from tests.deployed.cloud import Cloud, cloud_of
from tests.deployed.emulator import EmulatedFunction, Sandbox, collect_runtime, emulating, make_build
from tests.deployed.subscription import busy, subscribe

SAVED_WEBHOOK_ID = "wh_06ewh5hy0000000000000000"  # the one in events/test_saved_webhook.json
BUSY_WEBHOOK_ID = "wh_06ewh5hy0000000000000001"


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where everything is kept that a run makes."""
    with tempfile.TemporaryDirectory(prefix="grantwire-deployed-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def build(folder: Path) -> Path:
    """What `make build` makes for this machine's processor."""
    return make_build(folder / "build")


@pytest.fixture(scope="session")
def runtime(folder: Path) -> Path:
    """What Lambda's Python runtime brings along."""
    (folder / "runtime").mkdir()
    return collect_runtime(folder / "runtime")


@pytest.fixture(scope="session")
def cloud(build: Path, folder: Path) -> Iterator[Cloud]:
    """A local AWS with the tables, queues and keys of the template that was built."""
    with cloud_of(Template.read(build / "template.yaml"), folder) as cloud:
        yield cloud


@pytest.fixture
def rule(cloud: Cloud) -> RuleQueue:
    """The events that the template's rule has for `dispatch` from now on."""
    [rule] = cloud.template.function("DispatchFunction").rules
    return RuleQueue.create(rule, cloud, name="requests")


@pytest.fixture(scope="session")
def torq() -> Iterator[Torq]:
    """The receiver. What comes without the secret header it answers with 401."""
    with Torq(requests_per_second=1000) as torq:
        yield torq


@pytest.fixture(scope="session")
def webhook(cloud: Cloud, torq: Torq) -> Webhook:
    """A saved webhook that wants every event."""
    names = cloud.template.names
    return subscribe(
        torq,
        webhook_id=SAVED_WEBHOOK_ID,
        dynamodb=cloud.dynamodb,
        webhooks_table=names["WebhooksTable"],
        kms=cloud.kms,
        key_id=names["SecretsKey"],
    )


@pytest.fixture(scope="session")
def busy_webhook(cloud: Cloud, torq: Torq) -> Webhook:
    """A saved webhook whose receiver takes a delivery at its third attempt, and that wants few events."""
    names = cloud.template.names
    return subscribe(
        torq,
        webhook_id=BUSY_WEBHOOK_ID,
        dynamodb=cloud.dynamodb,
        webhooks_table=names["WebhooksTable"],
        kms=cloud.kms,
        key_id=names["SecretsKey"],
        **busy(torq, "busy"),
    )


@pytest.fixture(scope="session")
def local_variables(cloud: Cloud, torq: Torq) -> dict[str, str]:
    """All that is added to what template.yaml and Lambda set."""
    return {"AWS_ENDPOINT_URL": cloud.endpoint, "PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": str(torq.ca_file)}


@pytest.fixture(scope="session")
def sandboxes(build: Path, runtime: Path, cloud: Cloud, local_variables: dict[str, str]) -> dict[str, Sandbox]:
    """How each function of the template is started, by logical id."""
    names = cloud.template.logical_ids("AWS::Serverless::Function")
    functions = [cloud.template.function(name) for name in names]
    return {
        function.logical_id: Sandbox.of(function, build=build, runtime=runtime, local=local_variables)
        for function in functions
    }


@pytest.fixture(scope="session")
def dispatch(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `dispatch`, waiting for events."""
    with emulating(sandboxes["DispatchFunction"], log=folder / "dispatch.log") as function:
        yield function


@pytest.fixture(scope="session")
def redeliver(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `redeliver`, waiting for wake-ups."""
    with emulating(sandboxes["RedeliverFunction"], log=folder / "redeliver.log") as function:
        yield function


@pytest.fixture(scope="session")
def sweep(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `sweep`, waiting for its schedule."""
    with emulating(sandboxes["SweepFunction"], log=folder / "sweep.log") as function:
        yield function


@pytest.fixture(scope="session")
def tester(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `test_webhook`, waiting for requests."""
    with emulating(sandboxes["TestWebhookFunction"], log=folder / "test_webhook.log") as function:
        yield function


@pytest.fixture(scope="session")
def console(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `console`, waiting for requests."""
    with emulating(sandboxes["ConsoleFunction"], log=folder / "console.log") as function:
        yield function


@pytest.fixture(scope="session")
def manager(sandboxes: dict[str, Sandbox], folder: Path) -> Iterator[EmulatedFunction]:
    """The built `webhooks`, waiting for requests."""
    with emulating(sandboxes["WebhooksFunction"], log=folder / "webhooks.log") as function:
        yield function
