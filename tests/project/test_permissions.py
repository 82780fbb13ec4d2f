"""Each function's role holds the permissions for the AWS calls that its code can come to make, and no other."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.project.calls import calls_of
from tests.project.documents import template

RESOURCES: dict[str, Any] = template()["Resources"]
GLOBALS: dict[str, Any] = template()["Globals"]["Function"]
FUNCTIONS: Final = [name for name, one in RESOURCES.items() if one["Type"] == "AWS::Serverless::Function"]

# Where a class's calls go: the variable that the class is given, or the one key, which a ciphertext names by itself.
PLACES: Final = {
    "WebhookStore": "WEBHOOKS_TABLE",
    "DeliveryStore": "DELIVERIES_TABLE",
    "DeliveryPages": "DELIVERIES_TABLE",
    "EventStore": "DELIVERIES_TABLE",
    "PaceStore": "DELIVERIES_TABLE",
    "CircuitStore": "DELIVERIES_TABLE",
    "ReplayJobStore": "DELIVERIES_TABLE",
    "WakeupQueue": "WAKEUPS_URL",
    "DeadLetterQueue": "DISPATCH_DEAD_LETTERS_URL",
    "AsynchronousFunction": "DISPATCH_FUNCTION",
    "EventBus": "EVENT_BUS",
    "RequestBus": "EVENT_BUS",
}
# The stack's own key, or the one that it was given.
SECRETS_KEY = {"Fn::If": ["HasSecretsKey", {"Fn::GetAtt": ["SecretsKey", "Arn"]}, {"Ref": "SecretsKeyArn"}]}
Permission = tuple[str, str]  # an action, and the logical id or the parameter that it is for, with `/index/…`


def properties(name: str) -> dict[str, Any]:
    """Of a resource."""
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def by_its_code(name: str) -> Iterator[Permission]:
    """What the function calls itself."""
    variables = GLOBALS["Environment"]["Variables"] | properties(name)["Environment"]["Variables"]
    for call in calls_of(variables["POWERTOOLS_SERVICE_NAME"]):
        place = "SecretsKey" if call.by == "KmsSecrets" else variables[PLACES[call.by]]["Ref"]
        yield call.action, f"{place}/index/{call.index}" if call.index else place


def by_lambda(name: str) -> Iterator[Permission]:
    """What Lambda does in the function's name: logs, the queue it reads for it, where failures go."""
    function = properties(name)
    logs = function["LoggingConfig"]["LogGroup"]["Ref"]
    yield from (("logs:CreateLogStream", logs), ("logs:PutLogEvents", logs))
    queues = [one["Properties"]["Queue"] for one in function.get("Events", {}).values() if one["Type"] == "SQS"]
    mappings = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::Lambda::EventSourceMapping"]
    queues += [one["EventSourceArn"] for one in mappings if one["FunctionName"] == {"Ref": name}]
    for queue in map(place, queues):
        yield from ((f"sqs:{one}", queue) for one in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"))
    if "EventInvokeConfig" in function:
        yield "sqs:SendMessage", place(function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"])


def by_its_role(name: str) -> Iterator[Permission]:
    """What the role holds."""
    role = properties(name)["Role"]["Fn::GetAtt"][0]
    added = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::IAM::Policy"]
    for policy in [*properties(role)["Policies"], *(one for one in added if {"Ref": role} in one["Roles"])]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in listed(statement["Action"]):
                yield from ((action, place(one)) for one in listed(statement["Resource"]))


def listed(value: Any) -> list[Any]:
    """IAM writes one as itself, several as a list."""
    return value if isinstance(value, list) else [value]


def place(arn: dict[str, Any]) -> str:
    """What an ARN is of; it must be written in one of the ways that this template has."""
    if arn == SECRETS_KEY:
        return "SecretsKey"
    if "Fn::GetAtt" in arn:
        [name, attribute] = arn["Fn::GetAtt"]
        assert attribute == "Arn"
        return str(name)
    written = str(arn["Fn::Sub"])
    bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${"
    if written.startswith(bus):
        return written.removeprefix(bus).removesuffix("}")
    name, _, index = written.removeprefix("${").partition(".Arn}")
    assert index.startswith("/index/")
    return f"{name}{index}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_holds_what_its_function_calls_and_no_more(name: str) -> None:
    """Each action for the very table, index, queue, key, bus or function it is called on."""
    needed, held = {*by_its_code(name), *by_lambda(name)}, set(by_its_role(name))
    assert sorted(needed - held) == [], "called without a permission"
    assert sorted(held - needed) == [], "a permission without a call"


def test_calls_are_found() -> None:
    """Straight ones, in a transaction, of an index, in a batch, behind a Protocol; and not what others alone call."""
    found = {(call.action, call.by, call.index) for call in calls_of("webhooks")}
    assert {
        ("kms:Encrypt", "KmsSecrets", ""),
        ("dynamodb:DeleteItem", "WebhookStore", ""),
        ("dynamodb:Query", "WebhookStore", "by_name"),
        ("dynamodb:BatchGetItem", "DeliveryPages", ""),
        ("sqs:SendMessage", "WakeupQueue", ""),
    } <= found
    assert ("kms:Decrypt", "KmsSecrets", "") not in found
    assert calls_of("console") == frozenset()
