"""Reads template.yaml, so that what runs locally (and in tests) is what would be deployed, never a copy of it.

It knows the properties this template uses and raises UnknownTemplateError for others: one that is silently skipped
would make the local stack something else than the deployed one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from local import ROOT
from local.cloudformation import Document, UnknownTemplateError, mapping, text

TEMPLATE: Final = ROOT / "template.yaml"

# What stands around the resources: moto's account, in the region that every guide uses.
LOCAL_NAMES: Final[Mapping[str, str]] = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::URLSuffix": "amazonaws.com",
}

_FUNCTION: Final = "AWS::Serverless::Function"

# Arguments of CreateTable that CloudFormation spells the same.
_TABLE: Final = {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes"}
# CloudFormation sets these by further calls; nothing that reads or writes the table notices them locally.
_TABLE_WITHOUT_LOCAL_EFFECT: Final = {"PointInTimeRecoverySpecification", "SSESpecification", "TimeToLiveSpecification"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An EventBridge rule: the bus it listens on, and the pattern."""

    bus: str
    pattern: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route of the HTTP API: `POST`, `/api/webhooks/{id}/test`."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """A queue whose messages go to the function, by its ARN, and how many at once."""

    queue: str
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How often the function is called: `rate(1 minute)`."""

    rate: str


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function, Globals merged in: what a caller of it has to know.

    maximum_retries  how often Lambda repeats an asynchronous invocation that raised
    """

    logical_id: str
    environment: Mapping[str, str]
    timeout_seconds: int
    memory_mb: int
    maximum_retries: int
    rules: tuple[Rule, ...]
    routes: tuple[Route, ...]
    sources: tuple[Source, ...]
    schedules: tuple[Schedule, ...]


class Template(Document):
    """template.yaml, its resources in the shapes that AWS's own calls take."""

    @classmethod
    def read(cls, path: Path = TEMPLATE, names: Mapping[str, str] = LOCAL_NAMES) -> Self:
        """The template in `path`, knowing no resource's name yet."""
        return super().read(path, names)

    def create_table(self, logical_id: str, *, table_name: str) -> dict[str, Any]:
        """The arguments of DynamoDB's CreateTable for an AWS::DynamoDB::Table."""
        properties = self.properties(logical_id, "AWS::DynamoDB::Table")
        _refuse_others(logical_id, properties, _TABLE | _TABLE_WITHOUT_LOCAL_EFFECT)
        return {"TableName": table_name, **{key: self.resolve(properties[key]) for key in properties if key in _TABLE}}

    def create_queue(self, logical_id: str, *, queue_name: str) -> dict[str, Any]:
        """The arguments of SQS's CreateQueue, whose attributes are strings, for an AWS::SQS::Queue."""
        properties = self.properties(logical_id, "AWS::SQS::Queue")
        return {
            "QueueName": queue_name,
            "Attributes": {key: text(self.resolve(value)) for key, value in properties.items()},
        }

    def create_key(self, logical_id: str) -> dict[str, Any]:
        """The arguments of KMS's CreateKey for an AWS::KMS::Key; its rotation takes place once a year."""
        properties = self.properties(logical_id, "AWS::KMS::Key")
        _refuse_others(logical_id, properties, {"Description", "EnableKeyRotation", "KeyPolicy"})
        names = {"Description": "Description", "KeyPolicy": "Policy"}
        return {names[key]: text(self.resolve(properties[key])) for key in properties if key in names}

    def function(self, logical_id: str) -> Function:
        """The function with this logical id. Every resource that its environment refers to must have a name."""
        properties = {**self.section("Globals", "Function"), **self.properties(logical_id, _FUNCTION)}
        invocation = mapping(properties.get("EventInvokeConfig", {}), logical_id)
        events = tuple(self._events(logical_id))
        return Function(
            logical_id=logical_id,
            environment=self._environment(logical_id),
            timeout_seconds=self._number(properties.get("Timeout", 3)),
            memory_mb=self._number(properties.get("MemorySize", 128)),
            maximum_retries=self._number(invocation.get("MaximumRetryAttempts", 2)),
            rules=tuple(event for event in events if isinstance(event, Rule)),
            routes=tuple(event for event in events if isinstance(event, Route)),
            sources=tuple(event for event in events if isinstance(event, Source)),
            schedules=tuple(event for event in events if isinstance(event, Schedule)),
        )

    def _number(self, value: object) -> int:
        return int(text(self.resolve(value)))

    def _environment(self, logical_id: str) -> dict[str, str]:
        """SAM merges the two maps; the function's own variable wins."""
        variables = {
            **self.section("Globals", "Function", "Environment", "Variables"),
            **self.section("Resources", logical_id, "Properties", "Environment", "Variables"),
        }
        return {name: text(self.resolve(value)) for name, value in variables.items()}

    def _events(self, logical_id: str) -> Iterable[Rule | Route | Source | Schedule]:
        path = ("Resources", logical_id, "Properties", "Events")
        for name in self.section(*path):
            event_type = self.section(*path, name)["Type"]
            properties = self.section(*path, name, "Properties")
            if event_type == "EventBridgeRule":
                bus = text(self.resolve(properties.get("EventBusName", "default")))
                yield Rule(bus=bus, pattern=mapping(self.resolve(properties["Pattern"]), name))
            elif event_type == "SQS":
                yield Source(
                    queue=text(self.resolve(properties["Queue"])), batch_size=self._number(properties["BatchSize"])
                )
            elif event_type == "Schedule":
                yield Schedule(rate=text(properties["Schedule"]))
            elif event_type == "HttpApi":
                yield Route(method=text(properties["Method"]).upper(), path=text(properties["Path"]))
            else:
                raise UnknownTemplateError(f"{logical_id}.Events.{name}: the type {event_type} is not known here")


def _refuse_others(logical_id: str, properties: Mapping[str, object], known: set[str]) -> None:
    if unknown := sorted(properties.keys() - known):
        raise UnknownTemplateError(f"{logical_id}: the property {', '.join(unknown)} is not known here")
