"""Reads template.yaml, so that what runs locally (and in tests) is what would be deployed, never a copy of it.

It knows the properties this template uses and raises UnknownTemplateError for others: one that is silently skipped
would make the local stack something else than the deployed one.
"""

import re
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
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}

_FUNCTION: Final = "AWS::Serverless::Function"

# Arguments of CreateTable that CloudFormation spells the same.
_TABLE: Final = {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes"}
# Properties of a queue that feeds a function, and of a schedule.
_SOURCE: Final = {"Queue", "BatchSize", "FunctionResponseTypes"}
# One batch at a time is handled locally, and no event is lost on its way to a function.
_SOURCE_WITHOUT_LOCAL_EFFECT: Final = {"ScalingConfig"}
_SCHEDULE_WITHOUT_LOCAL_EFFECT: Final = {"RetryPolicy"}
# CloudFormation sets these by further calls; nothing that reads or writes the table notices them locally.
_TABLE_WITHOUT_LOCAL_EFFECT: Final = {
    "PointInTimeRecoverySpecification",
    "ResourcePolicy",
    "SSESpecification",
    "TimeToLiveSpecification",
}


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
    """A queue whose messages go to the function, by its ARN, and how many at once at most.

    reports_failures  the function's answer names the messages that come again (ReportBatchItemFailures)
    """

    queue: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How often the function is called: `rate(1 minute)`. `name` is the logical id that SAM gives the rule."""

    name: str
    rate: str

    @property
    def seconds(self) -> int:
        """Seconds from one call to the next. Raises UnknownTemplateError for a schedule by the calendar."""
        found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", self.rate)
        if found is None:
            raise UnknownTemplateError(f"{self.name}: the schedule {self.rate} is not known here")
        return int(found[1]) * _SECONDS[found[2]]


_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function, Globals merged in: what a caller of it has to know.

    maximum_retries  how often Lambda repeats an asynchronous invocation that raised
    on_failure       the ARN of the queue that keeps what was given up then, None when nobody does
    """

    logical_id: str
    environment: Mapping[str, str]
    timeout_seconds: int
    memory_mb: int
    maximum_retries: int
    on_failure: str | None
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
        """The function with this logical id. Every resource that it refers to there must have a name."""
        properties = {**self.section("Globals", "Function"), **self.properties(logical_id, _FUNCTION)}
        invocation = mapping(properties.get("EventInvokeConfig", {}), logical_id)
        events = tuple(self._events(logical_id))
        return Function(
            logical_id=logical_id,
            environment=self._environment(logical_id),
            timeout_seconds=self._number(properties.get("Timeout", 3)),
            memory_mb=self._number(properties.get("MemorySize", 128)),
            maximum_retries=self._number(invocation.get("MaximumRetryAttempts", 2)),
            on_failure=self._on_failure(logical_id),
            rules=tuple(event for event in events if isinstance(event, Rule)),
            routes=tuple(event for event in events if isinstance(event, Route)),
            sources=tuple(event for event in events if isinstance(event, Source)),
            schedules=tuple(event for event in events if isinstance(event, Schedule)),
        )

    def environments(self) -> dict[str, dict[str, str]]:
        """The variables of every function, by its logical id; a function that has no name yet goes by that."""
        ids = self.logical_ids(_FUNCTION)
        named = self.naming({logical_id: self.names.get(logical_id, logical_id) for logical_id in ids})
        return {logical_id: named._environment(logical_id) for logical_id in ids}

    def _on_failure(self, logical_id: str) -> str | None:
        path = ("Resources", logical_id, "Properties", "EventInvokeConfig", "DestinationConfig", "OnFailure")
        destination = self.section(*path)
        if destination and destination["Type"] != "SQS":
            raise UnknownTemplateError(f"{logical_id}: the destination {destination['Type']} is not known here")
        return text(self.resolve(destination["Destination"])) if destination else None

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
                yield self._source(f"{logical_id}.Events.{name}", properties)
            elif event_type == "Schedule":
                _refuse_others(f"{logical_id}.Events.{name}", properties, {"Schedule"} | _SCHEDULE_WITHOUT_LOCAL_EFFECT)
                yield Schedule(name=f"{logical_id}{name}", rate=text(properties["Schedule"]))
            elif event_type == "HttpApi":
                yield Route(method=text(properties["Method"]).upper(), path=text(properties["Path"]))
            else:
                raise UnknownTemplateError(f"{logical_id}.Events.{name}: the type {event_type} is not known here")

    def _source(self, where: str, properties: Mapping[str, object]) -> Source:
        _refuse_others(where, properties, _SOURCE | _SOURCE_WITHOUT_LOCAL_EFFECT)
        responses = properties.get("FunctionResponseTypes", [])
        if responses not in ([], ["ReportBatchItemFailures"]):
            raise UnknownTemplateError(f"{where}: the FunctionResponseTypes {responses} are not known here")
        return Source(
            queue=text(self.resolve(properties["Queue"])),
            batch_size=self._number(properties.get("BatchSize", 10)),
            reports_failures=bool(responses),
        )


def _refuse_others(logical_id: str, properties: Mapping[str, object], known: set[str]) -> None:
    if unknown := sorted(properties.keys() - known):
        raise UnknownTemplateError(f"{logical_id}: the property {', '.join(unknown)} is not known here")
