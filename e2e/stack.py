"""The whole stack in ministack, a local AWS: template.yaml deployed by the SAM CLI, its roles and policies enforced.

ministack is one process on loopback. It speaks TLS, as AWS does, because the dead-letter queue's policy refuses plain
HTTP; and it runs with AUTH=true, so that a function may do what its role in template.yaml permits and no more.
"""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, Final, TypeVar

import boto3
import trustme

from grantwire.models import Webhook
from local.template import Template
from local.torq import Torq
from tests.deployed.emulator import ARCHITECTURE, FAKE_AWS, ROOT
from tests.deployed.processes import end_of, free_port, running, until
from tests.deployed.subscription import subscribe

T = TypeVar("T")

PYTHON: Final = os.environ.get("E2E_PYTHON", str(ROOT / ".venv-e2e" / "bin" / "python"))
STACK: Final = "grantwire"
_ACCOUNT: Final = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": FAKE_AWS["AWS_REGION"],
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STACK,
}

_PARAMETERS: Final = {
    "Architecture": ARCHITECTURE,
    "JwtIssuer": "https://issuer.example.com",  # ministack has no user pools
    "JwtAudience": "grantwire",
}


def say(message: str) -> None:
    """Tell the person who waits."""
    sys.stdout.write(message)
    sys.stdout.flush()


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """ministack while it runs.

    port     of 127.0.0.1
    ca_file  the authority of its certificate, in PEM
    log      what it and the SAM CLI say
    """

    port: int
    ca_file: Path
    log: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What a program has to see to use this AWS and no other."""
        return {
            **FAKE_AWS,
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{self.port}",
            "AWS_CA_BUNDLE": str(self.ca_file),
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.log.parent),
            "TMPDIR": str(self.log.parent),
        }

    def client(self, service: str) -> Any:
        """A boto3 client, as the account's administrator."""
        if service not in self._clients:
            session: Any = boto3.Session("testing", "testing", region_name=FAKE_AWS["AWS_REGION"])
            url = self.variables["AWS_ENDPOINT_URL"]
            self._clients[service] = session.client(service, endpoint_url=url, verify=str(self.ca_file))
        return self._clients[service]

    def is_ready(self) -> bool:
        """Whether it answers."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def close(self) -> None:
        """Close what the clients keep open."""
        for client in self._clients.values():
            client.close()


@dataclass(frozen=True)
class Stack:
    """The deployed stack: `template` knows the names that its resources have in `aws`."""

    aws: LocalAws
    template: Template

    @classmethod
    def deployed_in(cls, aws: LocalAws, build: Path) -> "Stack":
        """Deploy what was built, by the SAM CLI. Raises AssertionError with what it said when it fails."""
        _sam_deploy(aws, build)
        return cls.described_in(aws, build)

    @classmethod
    def described_in(cls, aws: LocalAws, build: Path) -> "Stack":
        """What is deployed, with the names that its resources have."""
        resources = aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
        names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        template = Template.read(build / "template.yaml", _ACCOUNT | _PARAMETERS | names)
        arns = {f"{name}.Arn": _queue_arn(aws, names[name]) for name in template.logical_ids("AWS::SQS::Queue")}
        return cls(aws, template.naming(arns))

    def update(self, *parameters: str) -> "Stack":
        """Deploy the same build with other parameters (`LogLevel=DEBUG`), as an update does."""
        build = self.aws.log.parent / "build"
        _sam_deploy(self.aws, build, *parameters)
        return Stack.described_in(self.aws, build)

    def delete(self) -> None:
        """Delete the stack, and wait until it is gone."""
        client = self.aws.client("cloudformation")
        client.delete_stack(StackName=STACK)
        client.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    @cached_property
    def functions(self) -> Mapping[str, dict[str, Any]]:
        """The configuration of each function as it was deployed, by logical id."""
        client, names = self.aws.client("lambda"), self.template.logical_ids("AWS::Serverless::Function")
        return {name: client.get_function_configuration(FunctionName=self.template.names[name]) for name in names}

    def add_variables(self, variables: Mapping[str, str]) -> None:
        """Add to what template.yaml sets, in every function."""
        for function in self.functions.values():
            environment = {"Variables": {**function["Environment"]["Variables"], **variables}}
            self.aws.client("lambda").update_function_configuration(
                FunctionName=function["FunctionName"], Environment=environment
            )

    def drop_conditions_on_encryption_context(self) -> None:
        """ministack hands no kms:EncryptionContext:* to its policies, and would refuse every Decrypt for want of it.

        That the context itself has to be right it does enforce.
        """
        iam = self.aws.client("iam")
        for logical_id in self.template.logical_ids("AWS::IAM::Role"):
            role = self.template.names[logical_id]
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                for statement in document["Statement"]:
                    if "kms:EncryptionContext" in json.dumps(statement.get("Condition", {})):
                        del statement["Condition"]
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def subscribe(self, torq: Torq, webhook_id: str, **fields: Any) -> Webhook:
        """Save a webhook that sends every event to this receiver, with other `fields` where given."""
        return subscribe(
            torq,
            webhook_id=webhook_id,
            dynamodb=self.aws.client("dynamodb"),
            webhooks_table=self.template.names["WebhooksTable"],
            kms=self.aws.client("kms"),
            key_id=self.template.names["SecretsKey"],
            **fields,
        )

    def deliveries(self, webhook: Webhook) -> list[dict[str, Any]]:
        """The rows of a webhook's deliveries, as DynamoDB has them."""
        rows: list[dict[str, Any]] = self.aws.client("dynamodb").query(
            TableName=self.template.names["DeliveriesTable"],
            KeyConditionExpression="pk = :webhook",
            ExpressionAttributeValues={":webhook": {"S": webhook.id}},
        )["Items"]
        return rows

    def put_events(self, *events: Mapping[str, Any]) -> None:
        """Put events on the bus of the stack, each in the shape in which EventBridge delivers it."""
        entries = [
            {
                "EventBusName": self.template.resolve({"Ref": "EventBusName"}),
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
            }
            for event in events
        ]
        answer = self.aws.client("events").put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0, answer

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> Any:
        """What a function answers to an event."""
        function = self.template.names[logical_id]
        answer = self.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def lines_of(self, log_group: str, text: str = "") -> list[str]:
        """The lines of a log group that hold a text."""
        name = self.template.names[log_group]
        events = self.aws.client("logs").filter_log_events(logGroupName=name)["events"]
        return [event["message"] for event in events if text in event["message"]]

    def until(self, found: Callable[[], T], what: str, *, seconds: float = 20.0) -> T:
        """The first true value of `found()`. Raises AssertionError with all the logs when none comes in time."""
        try:
            return until(found, what, log=self.aws.log, seconds=seconds)
        except AssertionError as exc:
            groups = self.template.logical_ids("AWS::Logs::LogGroup")
            raise AssertionError(
                "\n".join([str(exc), *(line for name in groups for line in self.lines_of(name))])
            ) from None


@contextmanager
def local_aws(folder: Path) -> Iterator[LocalAws]:
    """ministack, ended with its functions afterwards; what it writes it writes into `folder`."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    aws = LocalAws(port=free_port(), ca_file=folder / "ca.pem", log=folder / "ministack.log")
    with running(_ministack(aws, folder / "server.pem"), environment=_surroundings(aws), folder=folder, log=aws.log):
        try:
            until(aws.is_ready, "the start of ministack", log=aws.log)
            yield aws
        finally:
            aws.close()


def _ministack(aws: LocalAws, certificate: Path) -> list[str | Path]:
    """Its own command would listen on port 443 too wherever it may."""
    serving: list[str | Path] = ["--bind", f"127.0.0.1:{aws.port}", "--certfile", certificate, "--keyfile", certificate]
    return [PYTHON, "-m", "hypercorn", "ministack.app:app", *serving]


def _surroundings(aws: LocalAws) -> dict[str, str]:
    """What ministack sees; its functions see it too, AWS_ENDPOINT_URL and AWS_CA_BUNDLE for example."""
    folder = aws.log.parent
    return {
        **aws.variables,
        "AUTH": "true",
        "GATEWAY_PORT": str(aws.port),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(folder / "server.pem"),
        "MINISTACK_SSL_KEY": str(folder / "server.pem"),
        "MINISTACK_REGION": FAKE_AWS["AWS_REGION"],
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
    }


def _queue_arn(aws: LocalAws, url: str) -> str:
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def _sam_deploy(aws: LocalAws, build: Path, *parameters: str) -> None:
    nobodys_defaults = aws.log.parent / "samconfig.toml"
    nobodys_defaults.write_text("version = 0.1\n", encoding="utf-8")
    command: list[str | Path] = [
        Path(sys.executable).parent / "sam",
        "deploy",
        "--template-file",
        build / "template.yaml",
    ]
    command += ["--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
    command += ["--config-file", nobodys_defaults, "--parameter-overrides"]
    command += [*(f"{name}={value}" for name, value in _PARAMETERS.items()), *parameters]
    settings = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.3"}
    done = subprocess.run(command, env=aws.variables | settings, cwd=aws.log.parent, capture_output=True, text=True)
    assert done.returncode == 0, f"sam deploy failed:\n{done.stdout}\n{done.stderr}\nministack:\n{end_of(aws.log)}"


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say what takes place now, and how long it took."""
    say(f"{what} ... ")
    started = time.monotonic()
    yield
    say(f"{time.monotonic() - started:.1f} s\n")
