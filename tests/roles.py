"""Whether a function's role allows a call to AWS: action, resource and conditions, as IAM judges them.

moto judges none of them. Resources are logical ids of the template, with `/index/…`; what conditions ask for is taken
from the call's own parameters, as the service authorization reference says.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.project.documents import template

# The stack's own key, or the one that it was given.
SECRETS_KEY: Final = {"Fn::If": ["HasSecretsKey", {"Fn::GetAtt": ["SecretsKey", "Arn"]}, {"Ref": "SecretsKeyArn"}]}
# What a call of these services is for: there is but one.
_ONLY: Final = {"kms": "SecretsKey", "events": "EventBusName", "lambda": "DispatchFunction"}
_OTHER_ACTION: Final = {"lambda:Invoke": "lambda:InvokeFunction", "sqs:SendMessageBatch": "sqs:SendMessage"}
_NAME: Final = re.compile(r"(?<![:#\w])#?[A-Za-z_]\w*+(?!\()")
_WORDS: Final = frozenset(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"])
_PARTITION: Final = re.compile(r"\w+ = (:\w+)")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One permission that is asked for, and the values of the condition keys that come with it."""

    action: str
    resource: str
    keys: Mapping[str, Sequence[str]]


@dataclass
class Watch:
    """Notes which calls the role of the function that is running would refuse.

    resources  the logical id of a table's name or a queue's address
    running    the logical id of the function
    """

    resources: Mapping[str, str] = field(default_factory=dict)
    running: str = ""
    refused: list[str] = field(default_factory=list)

    def of(self, function: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        """The handler of a function, watched while it runs."""

        def watched(event: object, context: object) -> Any:
            self.running = function
            try:
                return handler(event, context)
            finally:
                self.running = ""

        return watched

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Called by botocore for each call, with its parameters."""
        service = {"eventbridge": "events"}.get(name := model.service_model.service_id.hyphenize(), name)
        function = self.running
        for one in requests_of(service, model.name, params, self.resources) if function else ():
            if not is_allowed(function, one):
                self.refused.append(f"{function} may not: {one}")


def is_allowed(function: str, request: Request) -> bool:
    """Whether a statement of the role of a function, by its logical id, allows it."""
    return any(
        request.action in listed(one["Action"])
        and request.resource in map(place, listed(one["Resource"]))
        and all(_holds(operator, test, request.keys) for operator, test in one.get("Condition", {}).items())
        for one in statements(function)
    )


def statements(function: str) -> Iterator[dict[str, Any]]:
    """Those of the role of a function; each one allows something."""
    resources = template()["Resources"]
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    added = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::IAM::Policy"]
    own = resources[role]["Properties"]["Policies"]
    for policy in [*own, *(one for one in added if {"Ref": role} in one["Roles"])]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            yield statement


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


def requests_of(
    service: str, operation: str, params: Mapping[str, Any], resources: Mapping[str, str]
) -> Iterator[Request]:
    """What a call asks for: a transaction, each of its items; a batch of reads, its table."""
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            [(kind, one)] = item.items()
            yield from requests_of(service, f"{kind}Item", one, resources)
        return
    action = f"{service}:{operation}"
    keys: dict[str, list[str]] = {}
    resource = _ONLY.get(service) or resources[params.get("QueueUrl") or params.get("TableName") or _batched(params)]
    if service == "dynamodb":
        keys["dynamodb:LeadingKeys"] = _leading_keys(params)
        resource += f"/index/{params['IndexName']}" if "IndexName" in params else ""
        if operation == "UpdateItem":
            keys["dynamodb:Attributes"] = sorted(_attributes(params))
    elif service == "kms":
        keys |= {f"kms:EncryptionContext:{name}": [value] for name, value in params["EncryptionContext"].items()}
    elif service == "events":
        keys["events:source"] = [one["Source"] for one in params["Entries"]]
    yield Request(action=_OTHER_ACTION.get(action, action), resource=resource, keys=keys)


def _batched(params: Mapping[str, Any]) -> str:
    [table] = params["RequestItems"]
    return str(table)


def _leading_keys(params: Mapping[str, Any]) -> list[str]:
    if "KeyConditionExpression" in params:
        partition = _PARTITION.match(params["KeyConditionExpression"])
        assert partition, f"not understood: {params['KeyConditionExpression']}"
        return [str(value) for value in params["ExpressionAttributeValues"][partition[1]].values()]
    if "RequestItems" in params:
        return [key["pk"]["S"] for key in params["RequestItems"][_batched(params)]["Keys"]]
    return [(params.get("Key") or params["Item"])["pk"]["S"]]


def _attributes(params: Mapping[str, Any]) -> set[str]:
    """Every attribute that an update names."""
    written = f"{params['UpdateExpression']} {params.get('ConditionExpression', '')}"
    names: Mapping[str, str] = params.get("ExpressionAttributeNames", {})
    return {names.get(one, one) for one in _NAME.findall(written) if one not in _WORDS} | set(params["Key"])


def _holds(operator: str, wanted: Mapping[str, Any], keys: Mapping[str, Sequence[str]]) -> bool:
    """Whether one test of a condition holds, for each of its keys."""
    for key, value in wanted.items():
        found, patterns = keys.get(key, []), [_resolved(one) for one in listed(value)]
        if operator == "Null":
            if (not found) is not (patterns == ["true"]):
                return False
        elif operator in ("StringEquals", "ForAllValues:StringEquals"):
            if not set(found) <= set(patterns) or not (found or operator.startswith("ForAllValues")):
                return False
        elif operator == "ForAllValues:StringLike":
            if not all(any(fnmatchcase(one, pattern) for pattern in patterns) for one in found):
                return False
        else:
            raise AssertionError(f"the operator {operator} is not understood")
    return True


def _resolved(value: Any) -> str:
    """A text, or a parameter's default."""
    return str(template()["Parameters"][value["Ref"]]["Default"]) if isinstance(value, dict) else str(value)
