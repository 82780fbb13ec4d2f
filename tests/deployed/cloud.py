"""A local AWS for one build: moto's server in its own process, with the tables, queues and keys of the template."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3

from local.aws import create_resources
from local.template import Template
from tests.deployed.emulator import FAKE_AWS
from tests.deployed.processes import running, until

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sqs import SQSClient

_SERVER: Final = """
import pathlib, signal, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
pathlib.Path(sys.argv[1]).write_text("http://%s:%d" % server.get_host_and_port())
signal.pause()
"""


@dataclass
class Cloud:
    """Clients of a local AWS, and the template, which knows its resources by name.

    template.names  {"WebhooksTable": …, "DispatchDeadLetters": its URL, "SecretsKey": its id}
    """

    endpoint: str
    template: Template

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client of its tables."""
        return self._session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """The client of its buses."""
        return self._session.client("events", endpoint_url=self.endpoint)

    @cached_property
    def kms(self) -> "KMSClient":
        """The client of its keys."""
        return self._session.client("kms", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The client of its queues."""
        return self._session.client("sqs", endpoint_url=self.endpoint)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session("testing", "testing", region_name=FAKE_AWS["AWS_REGION"])

    def close(self) -> None:
        """Close what the clients keep open."""
        for client in (self.dynamodb, self.events, self.kms, self.sqs):
            client.close()


@contextmanager
def cloud_of(template: Template, folder: Path) -> Iterator[Cloud]:
    """A local AWS with the resources of the template, gone afterwards; `folder` takes its log."""
    log, address = folder / "moto.log", folder / "moto.address"
    environment = {**FAKE_AWS, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with running([sys.executable, "-c", _SERVER, address], environment=environment, folder=folder, log=log):
        endpoint = until(lambda: _text_of(address), "the start of moto's server", log=log)
        cloud = Cloud(endpoint, template)
        try:
            cloud.template = create_resources(template, cloud)
            yield cloud
        finally:
            cloud.close()


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
