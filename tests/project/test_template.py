"""Promises of template.yaml: permissions, logs, failure destinations, settings, the rule."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto.events.models import EventPattern

from grantwire import settings
from grantwire.models import TRIGGERS
from grantwire.observability import Metric
from local.template import LOCAL_NAMES, Template
from tests.project.documents import ROOT, template

TEMPLATE = template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]


def of_type(name: str) -> dict[str, Any]:
    """The properties of every resource of a type, by logical id."""
    return {key: one.get("Properties", {}) for key, one in RESOURCES.items() if one["Type"] == name}


FUNCTIONS = of_type("AWS::Serverless::Function")
ROLES = of_type("AWS::IAM::Role")


def events(function: dict[str, Any]) -> list[dict[str, Any]]:
    """What invokes a function; nothing does when people call it by hand."""
    return list(function.get("Events", {}).values())


def referred(value: Any) -> str:
    """The logical id that a Ref or GetAtt names."""
    name = value.get("Ref") or value["Fn::GetAtt"][0]
    assert name in RESOURCES
    return str(name)


def texts(value: Any) -> list[str]:
    """One text or a list of them, as IAM writes both."""
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the logical id of the resource it stands in."""
    for logical_id, resource in RESOURCES.items():
        for found in _documents(resource):
            for statement in found["Statement"]:
                yield logical_id, statement


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _documents(one)
    elif isinstance(value, dict):
        if "Statement" in value:
            yield value
        else:
            for one in value.values():
                yield from _documents(one)


# The only statements with a `*`: a key's own policy, where it means this key, and what is denied to everyone.
WIDE = {
    ("TheAccountsOwnPoliciesDecide", "AWS::KMS::Key", "Allow"),
    ("NoPlainHttp", "AWS::SQS::QueuePolicy", "Deny"),
    ("NoPlainHttp", "AWS::DynamoDB::Table", "Deny"),
}


SECRETS_KEY_ARN = {"Fn::If": ["HasSecretsKey", {"Fn::GetAtt": ["SecretsKey", "Arn"]}, {"Ref": "SecretsKeyArn"}]}


@pytest.mark.parametrize(("logical_id", "statement"), list(statements()))
def test_no_policy_allows_everything(logical_id: str, statement: dict[str, Any]) -> None:
    """`sam validate --lint` lets `Action: "*"` pass; the two exceptions are named."""
    wide = [action for action in texts(statement["Action"]) if "*" in action]
    wide += [text for text in texts(statement.get("Resource", [])) if "*" in json.dumps(text)]
    named = (statement.get("Sid", ""), RESOURCES[logical_id]["Type"], statement["Effect"])
    assert wide == [] or named in WIDE
    assert not statement.keys() & {"NotAction", "NotResource", "NotPrincipal"}


def test_who_seals_opens_nothing_and_who_opens_seals_nothing() -> None:
    """And nobody does either for no webhook: the id is the encryption context."""
    allowed: dict[str, list[str]] = {}
    for logical_id, statement in statements():
        actions = [one for one in texts(statement["Action"]) if one.startswith("kms:")]
        if actions and logical_id != "SecretsKey":
            allowed.setdefault(logical_id, []).extend(actions)
            assert statement["Resource"] == SECRETS_KEY_ARN
            assert statement["Condition"] == {"Null": {"kms:EncryptionContext:webhook_id": "false"}}
    opening = {one: ["kms:Decrypt"] for one in ("DispatchRole", "RedeliverRole", "TestWebhookRole")}
    assert allowed == {**opening, "WebhooksRole": ["kms:Encrypt"]}


def test_with_a_key_of_ones_own_none_is_made() -> None:
    """And the one that was given seals."""
    arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    template = Template.read(names=dict(LOCAL_NAMES) | {"SecretsKeyArn": arn})
    assert template.logical_ids("AWS::KMS::Key") == ()
    variables = RESOURCES["WebhooksFunction"]["Properties"]["Environment"]["Variables"]
    assert template.resolve(variables["SECRETS_KEY"]) == template.resolve(SECRETS_KEY_ARN) == arn


def test_nobody_but_ourselves_and_aws_is_let_in() -> None:
    """A principal is a service, or this account; everyone only where something is denied."""
    for logical_id, statement in statements():
        principal = statement.get("Principal")
        if principal == "*":
            assert statement["Effect"] == "Deny", logical_id
        elif principal:
            [(kind, who)] = principal.items()
            assert (kind == "Service" and who.endswith(".amazonaws.com")) or "${AWS::AccountId}:root" in json.dumps(who)


def test_every_statement_is_named() -> None:
    """So that an audit can speak of it; only who may assume a role needs no name."""
    assert [where for where, statement in statements() if "Sid" not in statement] == list(ROLES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_log_group_with_retention(name: str) -> None:
    """One of its own, named by its role alone."""
    group = referred(FUNCTIONS[name]["LoggingConfig"]["LogGroup"])
    assert RESOURCES[group]["Type"] == "AWS::Logs::LogGroup"
    assert [other for other in FUNCTIONS if referred(FUNCTIONS[other]["LoggingConfig"]["LogGroup"]) == group] == [name]
    role = ROLES[referred(FUNCTIONS[name]["Role"])]
    actions = {"logs:CreateLogStream", "logs:PutLogEvents"}
    granted = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    assert [referred(one["Resource"]) for one in granted if actions & set(texts(one["Action"]))] == [group]


def test_every_log_group_has_retention() -> None:
    """The HTTP API's too."""
    assert of_type("AWS::Logs::LogGroup")
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_role_of_its_own(name: str) -> None:
    """An explicit one: SAM's generated roles come with managed policies, whose Resource is `*`."""
    role = referred(FUNCTIONS[name]["Role"])
    assert [other for other in FUNCTIONS if referred(FUNCTIONS[other]["Role"]) == role] == [name]
    assert RESOURCES[role]["Type"] == "AWS::IAM::Role"
    assert "ManagedPolicyArns" not in ROLES[role]
    assert "Policies" not in FUNCTIONS[name]
    [statement] = ROLES[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


# Whoever calls these waits for the answer; AWS hands the event in again by the source's own rules.
SYNCHRONOUS = {"Api", "HttpApi", "SQS"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_asynchronous_function_has_a_failure_destination(name: str) -> None:
    """What it cannot handle is kept; it may write there; the rule itself has one too."""
    asynchronous = [one for one in events(FUNCTIONS[name]) if one["Type"] not in SYNCHRONOUS]
    if not asynchronous:
        assert "EventInvokeConfig" not in FUNCTIONS[name]
        return
    destination = FUNCTIONS[name]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    queue = referred(destination["Destination"])
    assert (destination["Type"], RESOURCES[queue]["Type"]) == ("SQS", "AWS::SQS::Queue")
    rules = [one["Properties"] for one in asynchronous if one["Type"] == "EventBridgeRule"]
    assert all(referred(one["DeadLetterConfig"]["Arn"]) == queue for one in rules)
    policies = ROLES[referred(FUNCTIONS[name]["Role"])]["Policies"]
    granted = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    assert [one for one in granted if "sqs:SendMessage" in texts(one["Action"]) and referred(one["Resource"]) == queue]


def dead_letter_queues() -> set[str]:
    """Where rules, their functions and queues leave what they could not hand over; a schedule just runs again."""
    kept = []
    for function in FUNCTIONS.values():
        rules = [one["Properties"] for one in events(function) if one["Type"] == "EventBridgeRule"]
        kept += [one["DeadLetterConfig"]["Arn"] for one in rules]
        if rules:
            kept.append(function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"])
    queues = of_type("AWS::SQS::Queue").values()
    kept += [one["RedrivePolicy"]["deadLetterTargetArn"] for one in queues if "RedrivePolicy" in one]
    return {referred(one) for one in kept}


def test_what_is_kept_outlives_the_stack() -> None:
    """Tables and the key without which they could not be read."""
    for name, resource in RESOURCES.items():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::KMS::Key"):
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain"), name
    for name, table in of_type("AWS::DynamoDB::Table").items():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name


def test_what_could_not_be_handled_outlives_the_stack() -> None:
    """It waits fourteen days, the most SQS offers, and longer than the stack if need be."""
    assert dead_letter_queues()
    for name in dead_letter_queues():
        resource = RESOURCES[name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain"), name
        assert resource["Properties"]["MessageRetentionPeriod"] == 1_209_600, name


def test_a_queue_that_feeds_a_function_keeps_what_fails() -> None:
    """It has a dead-letter queue, and hides a message for longer than the function may take, six times as long."""
    for function in FUNCTIONS.values():
        for event in events(function):
            if event["Type"] == "SQS":
                queue = of_type("AWS::SQS::Queue")[referred(event["Properties"]["Queue"])]
                assert referred(queue["RedrivePolicy"]["deadLetterTargetArn"]) in dead_letter_queues()
                assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


OVER_PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def refusing(service: str, resource: Any) -> dict[str, Any]:
    """The statement with which a table or a queue refuses plain HTTP, whoever asks for whatever."""
    everything = {"Effect": "Deny", "Principal": "*", "Action": f"{service}:*", "Resource": resource}
    return {"Sid": "NoPlainHttp", **everything, "Condition": OVER_PLAIN_HTTP}


def test_every_queue_is_encrypted_and_refuses_plain_http() -> None:
    """By a policy of its own."""
    refused = []
    for policy in of_type("AWS::SQS::QueuePolicy").values():
        [queue] = [referred(one) for one in policy["Queues"]]
        if refusing("sqs", {"Fn::GetAtt": [queue, "Arn"]}) in policy["PolicyDocument"]["Statement"]:
            refused.append(queue)
    assert sorted(refused) == sorted(of_type("AWS::SQS::Queue"))
    assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type("AWS::SQS::Queue").values())


def test_every_table_refuses_plain_http() -> None:
    """In its own policy, where `*` is the table with its indexes."""
    assert of_type("AWS::DynamoDB::Table")
    for name, table in of_type("AWS::DynamoDB::Table").items():
        assert table["ResourcePolicy"]["PolicyDocument"]["Statement"] == [refusing("dynamodb", "*")], name


def test_the_runtime() -> None:
    """One for all functions and their layer; its version is the one whose .pyc files are shipped."""
    assert GLOBALS["Runtime"] == "python3.13"
    assert [name for name, function in FUNCTIONS.items() if "Runtime" in function] == []
    assert [one["CompatibleRuntimes"] for one in of_type("AWS::Serverless::LayerVersion").values()] == [["python3.13"]]


class Recording(dict[str, str]):
    """An environment that knows which variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.names.add(key)
        return super().__getitem__(key)


# A name that begins with `test_` is pytest's.
READERS = {"test_webhook": "read_webhook_test_settings", "redeliver": "read_delivery_settings"}


def variables(name: str) -> dict[str, Any]:
    """The environment of a function as SAM merges it."""
    return {**GLOBALS["Environment"]["Variables"], **FUNCTIONS[name].get("Environment", {}).get("Variables", {})}


def variables_read(name: str) -> set[str]:
    """What a function reads from the environment that it is given."""
    given = variables(name)
    environment = Recording(dict.fromkeys(given, "1"))
    service = given["POWERTOOLS_SERVICE_NAME"]
    getattr(settings, READERS.get(service, f"read_{service}_settings"))(environment)
    return environment.names


def ours(names: Mapping[str, Any]) -> set[str]:
    """The variables that are not Powertools' own."""
    return {name for name in names if not name.startswith("POWERTOOLS_")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_the_variables_it_reads(name: str) -> None:
    """All that it reads, and of its own none that it does not. PERMIT_LOOPBACK is for tests and the local stack."""
    read = variables_read(name)
    assert read - {"PERMIT_LOOPBACK"} <= ours(variables(name))
    assert ours(FUNCTIONS[name]["Environment"]["Variables"]) <= read


def test_what_every_function_is_given_somebody_reads() -> None:
    """The variables in Globals."""
    read = {variable for name in FUNCTIONS for variable in variables_read(name)}
    assert ours(GLOBALS["Environment"]["Variables"]) <= read


def test_loopback_is_permitted_nowhere() -> None:
    """Not in a parameter, not in a default, not in a comment that somebody might uncomment."""
    assert "PERMIT_LOOPBACK" not in (ROOT / "template.yaml").read_text(encoding="utf-8").upper()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_powertools_knows_namespace_and_service(name: str) -> None:
    """The service is the folder of the function."""
    given = variables(name)
    assert {key for key in given if key.startswith("POWERTOOLS_")} == {
        "POWERTOOLS_METRICS_NAMESPACE",
        "POWERTOOLS_LOG_LEVEL",
        "POWERTOOLS_SERVICE_NAME",
    }
    assert (ROOT / "functions" / given["POWERTOOLS_SERVICE_NAME"] / "app.py").is_file()
    assert {one.parent.name for one in (ROOT / "functions").glob("*/app.py")} == {
        variables(one)["POWERTOOLS_SERVICE_NAME"] for one in FUNCTIONS
    }


PATTERN = FUNCTIONS["DispatchFunction"]["Events"]["Requests"]["Properties"]["Pattern"]
RULE = EventPattern.load(json.dumps(PATTERN | {"source": [TEMPLATE["Parameters"]["EventSource"]["Default"]]}))
EVENTS = sorted((ROOT / "events").glob("request_*.json"))


def test_the_rule_has_the_six_triggers_in_both_spellings() -> None:
    """And nothing else: every event it lets through costs an invocation."""
    assert sorted(PATTERN["detail-type"]) == sorted([*TRIGGERS, *(f"Access{trigger}" for trigger in TRIGGERS)])
    assert PATTERN.keys() == {"source", "detail-type"}
    assert PATTERN["source"] == [{"Ref": "EventSource"}]


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_the_rule_lets_request_events_through(file: Any) -> None:
    """In both spellings, from the default source; asked of an implementation of EventBridge's patterns."""
    event = json.loads(file.read_text(encoding="utf-8"))
    assert RULE.matches_event(event)
    assert RULE.matches_event(event | {"detail-type": f"Access{event['detail-type'].removeprefix('Access')}"})
    assert RULE.matches_event(event | {"replay-name": "again"})


@pytest.mark.parametrize(
    "change",
    [
        {"source": "aws.s3"},
        {"source": "grantwire"},
        {"source": "Apono"},
        {"detail-type": "RequestArchived"},
        {"detail-type": "requestcreated"},
        {"detail-type": "AccessAccessRequestCreated"},
    ],
    ids=str,
)
def test_the_rule_keeps_everything_else_away(change: dict[str, str]) -> None:
    """Other sources, ourselves included, and other types."""
    event = json.loads(EVENTS[0].read_text(encoding="utf-8"))
    assert not RULE.matches_event(event | change)


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("EventSource", "apono", True),
        ("EventSource", "com.example/requests", True),
        ("EventSource", "aws.s3", False),
        ("EventSource", "grantwire", False),
        ("EventSource", "", False),
        ("EventBusName", "default", True),
        ("EventBusName", "", False),
        ("AllowedHosts", "", True),
        ("AllowedHosts", "hooks.torq.io,*.example.com", True),
        ("AllowedHosts", "https://hooks.torq.io/", False),
    ],
)
def test_a_parameters_pattern(parameter: str, value: str, accepted: bool) -> None:
    """A wrong value is refused when the stack is deployed, with a sentence that says what it should be."""
    declared = TEMPLATE["Parameters"][parameter]
    assert (re.fullmatch(declared["AllowedPattern"], value) is not None) is accepted
    assert declared["ConstraintDescription"].startswith("must be ")


def test_every_parameter_has_a_default_that_it_accepts() -> None:
    """`sam deploy` without a word works."""
    for name, declared in TEMPLATE["Parameters"].items():
        assert declared["Description"].endswith("."), name
        if "AllowedValues" in declared:
            assert declared["Default"] in declared["AllowedValues"], name
        if "AllowedPattern" in declared:
            assert re.fullmatch(declared["AllowedPattern"], declared["Default"]), name
        if "MinValue" in declared:
            assert declared["MinValue"] <= declared["Default"] <= declared["MaxValue"], name


# Properties with which CloudFormation gives a resource a name of one's own: two stacks could not both have it.
OWN_NAMES = re.compile(
    r"(Table|Queue|Function|Role|LogGroup|Alarm|Dashboard|Topic|Rule|Layer|Api|UserPool)Name|Name|ReplicationGroupId"
)
NAMED_INSIDE_ANOTHER = {
    "AWS::Cognito::UserPoolResourceServer",  # its name is one within its user pool
    "AWS::Lambda::EventSourceMapping",  # it names a function, and is not named itself
}


def test_stacks_stand_side_by_side_in_one_account() -> None:
    """No resource has a fixed name, and what is told apart by a name has the stack's in it."""
    for logical_id, resource in RESOURCES.items():
        if resource["Type"] not in NAMED_INSIDE_ANOTHER:
            for key, value in resource.get("Properties", {}).items():
                if OWN_NAMES.fullmatch(key) and key != "MetricName":
                    assert "${AWS::StackName}" in json.dumps(value), f"{logical_id}.{key}"
    namespace = {"Fn::Sub": "Grantwire/${AWS::StackName}"}
    assert GLOBALS["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == namespace
    for logical_id, alarm in of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["Namespace"] == namespace or alarm["Namespace"].startswith("AWS/"), logical_id
    exports = [one for one in TEMPLATE["Outputs"].values() if "Export" in one]
    assert exports == []


def test_the_dashboard_shows_what_there_is() -> None:
    """Every metric of ours in it is one that is counted, by a service that is one; every alarm is in its first line."""
    body = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]))
    shown = [one for widget in body["widgets"] for one in widget["properties"].get("metrics", [])]
    ours_shown = [one for one in shown if one[0] == "Grantwire/AWS::StackName"]
    assert {one[1] for one in ours_shown} <= {str(metric) for metric in Metric}
    services = {variables(one)["POWERTOOLS_SERVICE_NAME"] for one in FUNCTIONS}
    assert {(one[2], one[3] in services) for one in ours_shown} == {("service", True)}
    for needed in ("DeliverySucceeded", "DeliveryWaiting", "DeliveryFailed", "OverdueSeconds"):
        assert needed in {one[1] for one in ours_shown}
    [alarms] = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    always = [name for name, alarm in RESOURCES.items() if "Alarm" in alarm["Type"] and "Condition" not in alarm]
    assert sorted(alarms) == sorted(f"{name}.Arn" for name in always)


def test_what_the_dashboard_refers_to_is_there() -> None:
    """Each `${...}` is a resource, or one of AWS's own."""
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    names = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", body)}
    assert names - RESOURCES.keys() == {"AWS::Region", "AWS::StackName"}
