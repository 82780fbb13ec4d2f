"""One deployed stack and one receiver for all tests of this folder."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.stack import Stack, local_aws, timed
from grantwire.models import Webhook
from local.torq import Torq
from tests.deployed.emulator import FAKE_AWS, make_build
from tests.deployed.subscription import subscribe

SAVED_WEBHOOK_ID = "wh_06ewh5hy0000000000000000"  # the one in events/test_saved_webhook.json

os.environ |= FAKE_AWS
for _name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where everything is kept that a run makes."""
    with tempfile.TemporaryDirectory(prefix="grantwire-e2e-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def torq() -> Iterator[Torq]:
    """The receiver. What comes without the secret header it answers with 401."""
    with Torq() as torq:
        yield torq


@pytest.fixture(scope="session")
def stack(folder: Path, torq: Torq) -> Iterator[Stack]:
    """template.yaml, built and deployed; its functions may reach the receiver, which is on loopback."""
    with ExitStack() as exits:
        with timed("Building the functions and their layer"):
            build = make_build(folder / "build")
        with timed("Starting ministack"):
            aws = exits.enter_context(local_aws(folder))
        with timed("Deploying template.yaml with sam deploy"):
            stack = Stack.deployed_in(aws, build)
        stack.drop_conditions_on_encryption_context()
        stack.add_variables({"PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": str(torq.ca_file)})
        yield stack


@pytest.fixture(scope="session")
def webhook(stack: Stack, torq: Torq) -> Webhook:
    """A saved webhook that wants every event."""
    return subscribe(
        torq,
        webhook_id=SAVED_WEBHOOK_ID,
        dynamodb=stack.aws.client("dynamodb"),
        webhooks_table=stack.template.names["WebhooksTable"],
        kms=stack.aws.client("kms"),
        key_id=stack.template.names["SecretsKey"],
    )
