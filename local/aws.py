"""moto's server in this process, and in it the resources of template.yaml under their logical ids."""

import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, cast

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.asynchronous import Record
from local.atomic import make_writes_atomic
from local.event_source import SourceMessage
from local.http_server import LOOPBACK
from local.router import Message
from local.template import Rule, Source, Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import InputTransformerTypeDef, TargetTypeDef
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sqs import SQSClient

_WAIT_SECONDS: Final = 1  # also the longest that stopping takes
_AGAIN_SECONDS: Final = 2  # until a message that failed comes again; in AWS the queue's VisibilityTimeout


class _KeptConnections(MotoRequestHandler):
    """Keeps a connection for the next request, as AWS does; werkzeug closes it unless it is told to."""

    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds without a request, after which its thread ends


class AwsServer:
    """moto's server on a free port of 127.0.0.1, while entered; `moto.server` would listen on every address."""

    def __init__(self) -> None:
        make_writes_atomic()
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else one line for each request
        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(LOOPBACK, 0, application, threaded=True, request_handler=_KeptConnections)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="moto")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """For boto3's AWS_ENDPOINT_URL."""
        return f"http://{LOOPBACK}:{self._server.port}"


class Clients:
    """boto3's clients of the local AWS, while entered. They find it by the environment, as the functions' own do."""

    def __init__(self) -> None:
        session = boto3.Session()
        self.dynamodb: DynamoDBClient = session.client("dynamodb")
        self.events: EventBridgeClient = session.client("events")
        self.kms: KMSClient = session.client("kms")
        self.sqs: SQSClient = session.client("sqs")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self.dynamodb, self.events, self.kms, self.sqs):
            client.close()


class Services(Protocol):
    """The clients that resources are made with."""

    @property
    def dynamodb(self) -> "DynamoDBClient": ...
    @property
    def events(self) -> "EventBridgeClient": ...
    @property
    def kms(self) -> "KMSClient": ...
    @property
    def sqs(self) -> "SQSClient": ...


_OF_THE_USER_POOL: Final = ("UserPool.ProviderURL", "UserPoolClient", "UserPoolDomain")


def create_resources(template: Template, clients: Services) -> Template:
    """Creates every table, queue and key of the template. Returns the template, knowing what they are called.

    Functions and the API, which are not created, are called by their logical ids. Facts of the user pool are empty.
    """
    make_writes_atomic()  # where moto is in this process, as in tests
    named = ("AWS::Serverless::Function", "AWS::Serverless::HttpApi")
    names = {logical_id: logical_id for one in named for logical_id in template.logical_ids(one)}
    names |= dict.fromkeys(_OF_THE_USER_POOL, "")
    for logical_id in template.logical_ids("AWS::DynamoDB::Table"):
        clients.dynamodb.create_table(**template.create_table(logical_id, table_name=logical_id))
        names[logical_id] = logical_id
    for logical_id in template.logical_ids("AWS::KMS::Key"):
        key = clients.kms.create_key(**template.create_key(logical_id))["KeyMetadata"]
        names |= {logical_id: key["KeyId"], f"{logical_id}.Arn": key["Arn"]}
    for logical_id in sorted(template.logical_ids("AWS::SQS::Queue"), key=lambda one: "DeadLetter" not in one):
        known = template.naming(names)  # a queue names its dead-letter queue, which is there before it
        url = clients.sqs.create_queue(**known.create_queue(logical_id, queue_name=logical_id))["QueueUrl"]
        names |= {logical_id: url, f"{logical_id}.Arn": _queue_arn(clients, url)}
    return template.naming(names)


@dataclass(frozen=True, kw_only=True)
class RuleQueue:
    """The queue into which a rule puts its events: it stands where AWS has the rule call the function."""

    sqs: "SQSClient"
    url: str

    @classmethod
    def create(cls, rule: Rule, clients: Services, *, name: str) -> Self:
        """Creates the bus (if it is not the default one), the rule, and the queue behind it.

        Without the transformer, which AWS would not need, moto leaves out `account` and replaces `<id>` and the like in
        the event's own texts.
        """
        url = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
        if rule.bus != "default":
            clients.events.create_event_bus(Name=rule.bus)
        clients.events.put_rule(Name=name, EventBusName=rule.bus, EventPattern=json.dumps(rule.pattern))
        whole_event: InputTransformerTypeDef = {"InputTemplate": "<aws.events.event.json>"}
        target: TargetTypeDef = {"Id": name, "Arn": _queue_arn(clients, url), "InputTransformer": whole_event}
        clients.events.put_targets(Rule=name, EventBusName=rule.bus, Targets=[target])
        return cls(sqs=clients.sqs, url=url)

    def receive(self) -> Sequence[Message]:
        """What is there, after waiting for a second at most."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS)
        return [Message(body=one["Body"], receipt=one["ReceiptHandle"]) for one in answer.get("Messages", [])]

    def delete(self, message: Message) -> None:
        """Takes a message off the queue."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)


@dataclass(frozen=True, kw_only=True)
class SourceQueue:
    """The queue that feeds a function."""

    sqs: "SQSClient"
    url: str
    arn: str
    batch_size: int

    @classmethod
    def of(cls, source: Source, sqs: "SQSClient") -> Self:
        """The queue that template.yaml names."""
        return cls(sqs=sqs, url=queue_url(sqs, source.queue), arn=source.queue, batch_size=source.batch_size)

    def receive(self) -> Sequence[SourceMessage]:
        """At most a batch of what is there, after waiting for a second at most; hidden for the VisibilityTimeout."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(self.batch_size, 10),  # SQS gives no more at once
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [
            SourceMessage(
                message_id=one["MessageId"],
                receipt=one["ReceiptHandle"],
                body=one["Body"],
                md5=one["MD5OfBody"],
                attributes={str(name): value for name, value in one["Attributes"].items()},
                message_attributes=cast(dict[str, dict[str, Any]], one.get("MessageAttributes", {})),
            )
            for one in answer.get("Messages", [])
        ]

    def delete(self, message: SourceMessage) -> None:
        """Takes a message off the queue."""
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def give_back(self, message: SourceMessage) -> None:
        """Shows a message again in a moment, so that nobody waits for minutes here."""
        self.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=_AGAIN_SECONDS
        )


@dataclass(frozen=True)
class DeadLetterQueue:
    """The queue of what could not be handled."""

    sqs: "SQSClient"
    url: str

    def keep(self, record: Record) -> None:
        """Keeps the record of an event that Lambda gave up."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(record))


def queue_url(sqs: "SQSClient", arn: str) -> str:
    """The URL of the queue with this ARN."""
    return sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


def _queue_arn(clients: Services, url: str) -> str:
    return clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
