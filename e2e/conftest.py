"""One deployed stack and one receiver for all tests of this folder."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.slow import Slow, begin
from e2e.stack import Stack, local_aws, timed
from grantwire.models import Webhook
from local.torq import Torq
from tests.deployed.emulator import FAKE_AWS, make_build

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
def busy_torq() -> Iterator[Torq]:
    """A receiver of its own for what takes place beside the tests; it takes deliveries at their third attempt."""
    with Torq() as torq:
        yield torq


@pytest.fixture(scope="session")
def stack(folder: Path, torq: Torq, busy_torq: Torq) -> Iterator[Stack]:
    """template.yaml, built and deployed; its functions may reach the receivers, which are on loopback."""
    with ExitStack() as exits:
        with timed("Building the functions and their layer"):
            build = make_build(folder / "build")
        with timed("Starting ministack"):
            aws = exits.enter_context(local_aws(folder))
        with timed("Deploying template.yaml with sam deploy"):
            stack = Stack.deployed_in(aws, build)
        stack.drop_conditions_on_encryption_context()
        trust = folder / "trust.pem"
        trust.write_bytes(b"".join(one.ca_file.read_bytes() for one in (torq, busy_torq)))
        stack.add_variables({"PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": str(trust)})
        yield stack


@pytest.fixture(scope="session")
def slow(stack: Stack, busy_torq: Torq) -> Slow:
    """What takes its time, begun before anything else: it goes on while the other tests run."""
    return begin(stack, busy_torq)


@pytest.fixture(scope="session")
def webhook(stack: Stack, torq: Torq, slow: Slow) -> Webhook:
    """A saved webhook that wants every event; the slow ones came before it."""
    return stack.subscribe(torq, SAVED_WEBHOOK_ID)
