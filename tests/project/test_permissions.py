"""Each function's role holds the permissions for the AWS calls that its code can come to make, and no other."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.project.calls import calls_of
from tests.project.documents import template
from tests.roles import Request, is_allowed, listed, place, requests_of, statements

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
    for statement in statements(name):
        for action in listed(statement["Action"]):
            yield from ((action, place(one)) for one in listed(statement["Resource"]))


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


def asked(service: str, operation: str, *, table: str = "WebhooksTable", **params: Any) -> list[Request]:
    """What a call asks for, in a stack whose resources have their logical ids as names."""
    if service == "dynamodb" and not {"TransactItems", "RequestItems"} & params.keys():
        params["TableName"] = table
    return list(requests_of(service, operation, params, {name: name for name in RESOURCES}))


def switching(**changed: Any) -> dict[str, Any]:
    """An update of a webhook's row, as the functions that send make it."""
    return {
        "Key": {"pk": {"S": "WEBHOOK#wh_1"}, "sk": {"S": "CONFIG"}},
        "UpdateExpression": "SET active = :off, failing_since = if_not_exists(failing_since, :now) REMOVE #gone",
        "ConditionExpression": "version = :old AND attribute_exists(pk)",
        "ExpressionAttributeNames": {"#gone": "failures"},
    } | changed


TRIGGER: Final[dict[str, Any]] = {
    "KeyConditionExpression": "pk = :trigger",
    "ExpressionAttributeValues": {":trigger": {"S": "TRIGGER#RequestCreated"}},
}
CONFIG: Final[dict[str, Any]] = {"Key": {"pk": {"S": "WEBHOOK#wh_1"}, "sk": {"S": "CONFIG"}}}


@pytest.mark.parametrize(
    ("function", "requests", "allowed"),
    [
        pytest.param("DispatchFunction", asked("dynamodb", "Query", **TRIGGER), True, id="a trigger's webhooks"),
        pytest.param("RedeliverFunction", asked("dynamodb", "Query", **TRIGGER), False, id="by who does not"),
        pytest.param("DispatchFunction", asked("dynamodb", "GetItem", **CONFIG), False, id="another action"),
        pytest.param("RedeliverFunction", asked("dynamodb", "GetItem", **CONFIG), True, id="one webhook"),
        pytest.param(
            "RedeliverFunction",
            asked("dynamodb", "GetItem", Key={"pk": {"S": "NAME#torq"}, "sk": {"S": "NAME"}}),
            False,
            id="another key",
        ),
        pytest.param(
            "SweepFunction",
            asked(
                "dynamodb",
                "Query",
                table="DeliveriesTable",
                IndexName="due",
                KeyConditionExpression="due_shard = :shard AND sweep_at <= :now",
                ExpressionAttributeValues={":shard": {"N": "1"}, ":now": {"N": "5"}},
            ),
            True,
            id="an index",
        ),
        pytest.param("DispatchFunction", asked("dynamodb", "UpdateItem", **switching()), True, id="an update"),
        pytest.param(
            "DispatchFunction",
            asked("dynamodb", "UpdateItem", **switching(UpdateExpression="SET active = :off, document = :new")),
            False,
            id="an update of another attribute",
        ),
        pytest.param(
            "DispatchFunction",
            asked("dynamodb", "UpdateItem", **switching(ExpressionAttributeNames={"#gone": "document"})),
            False,
            id="an update of another attribute by an alias",
        ),
        pytest.param(
            "DispatchFunction",
            asked(
                "dynamodb",
                "TransactWriteItems",
                TransactItems=[{"Put": {"TableName": "WebhooksTable", "Item": {"pk": {"S": "WEBHOOK#wh_1"}}}}],
            ),
            False,
            id="a transaction's item",
        ),
        pytest.param(
            "WebhooksFunction",
            asked(
                "dynamodb", "BatchGetItem", RequestItems={"DeliveriesTable": {"Keys": [{"pk": {"S": "EVENT#evt_1"}}]}}
            ),
            True,
            id="a batch",
        ),
        pytest.param(
            "DispatchFunction", asked("kms", "Decrypt", EncryptionContext={"webhook_id": "wh_1"}), True, id="a secret"
        ),
        pytest.param("DispatchFunction", asked("kms", "Decrypt", EncryptionContext={}), False, id="a secret of nobody"),
        pytest.param(
            "WebhooksFunction", asked("events", "PutEvents", Entries=[{"Source": "apono"}]), True, id="an event"
        ),
        pytest.param(
            "WebhooksFunction", asked("events", "PutEvents", Entries=[{"Source": "aws.s3"}]), False, id="as another"
        ),
    ],
)
def test_a_call_is_allowed_by_action_resource_and_condition(
    function: str, requests: list[Request], allowed: bool
) -> None:
    """As in functional tests, where every call that a function makes is held against its role."""
    assert [is_allowed(function, one) for one in requests] == [allowed]
