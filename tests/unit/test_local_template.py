"""template.yaml as the local stack and the tests read it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cloudformation import Document, UnknownTemplateError
from local.template import Route, Schedule, Source, Template

NAMES = {
    "Api": "api",
    "WebhooksTable": "webhooks",
    "DeliveriesTable": "deliveries",
    "DispatchDeadLetters": "http://127.0.0.1/dead-letters",
    "DispatchDeadLetters.Arn": "arn:aws:sqs:us-east-1:123456789012:dead-letters",
    "Wakeups": "http://127.0.0.1/wakeups",
    "Wakeups.Arn": "arn:aws:sqs:us-east-1:123456789012:wakeups",
    "WakeupDeadLetters.Arn": "arn:aws:sqs:us-east-1:123456789012:wakeup-dead-letters",
    "SweepFailures.Arn": "arn:aws:sqs:us-east-1:123456789012:sweep-failures",
}


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.read()


def read(tmp_path: Path, text: str) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return Template.read(path)


def test_every_table_is_read_with_its_keys_and_without_what_create_table_does_not_take(template: Template) -> None:
    tables = {
        logical_id: template.create_table(logical_id, table_name="t")
        for logical_id in template.logical_ids("AWS::DynamoDB::Table")
    }
    assert list(tables) == ["WebhooksTable", "DeliveriesTable"]
    for arguments in tables.values():
        assert arguments["TableName"] == "t"
        assert arguments["BillingMode"] == "PAY_PER_REQUEST"
        assert arguments["KeySchema"] == [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
        assert not arguments.keys() & {
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "TimeToLiveSpecification",
        }
    indexes = [[index["IndexName"] for index in table["GlobalSecondaryIndexes"]] for table in tables.values()]
    assert [indexes[0], indexes[1][0]] == [["by_name"], "due"]


def test_attributes_of_a_queue_are_strings(template: Template) -> None:
    queue = template.create_queue("DispatchDeadLetters", queue_name="dead")
    assert queue == {
        "QueueName": "dead",
        "Attributes": {"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true"},
    }


def test_a_queues_dead_letters_are_in_a_policy_of_json(template: Template) -> None:
    attributes = template.naming(NAMES).create_queue("Wakeups", queue_name="wakeups")["Attributes"]
    assert json.loads(attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": NAMES["WakeupDeadLetters.Arn"],
        "maxReceiveCount": 5,
    }


def test_the_keys_policy_is_json_with_the_account_filled_in(template: Template) -> None:
    key = template.create_key("SecretsKey")
    assert {"Description", "Policy"} == key.keys()
    (statement,) = json.loads(key["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_a_functions_environment_has_the_globals_and_its_own_all_resolved(template: Template) -> None:
    environment = template.naming(NAMES).function("DispatchFunction").environment
    assert environment["WEBHOOKS_TABLE"] == "webhooks"
    assert environment["DELIVERIES_TABLE"] == "deliveries"
    assert environment["DISPATCH_DEAD_LETTERS_URL"] == "http://127.0.0.1/dead-letters"
    assert environment["DELIVERY_RETENTION_DAYS"] == "90"
    assert environment["POWERTOOLS_LOG_LEVEL"] == "INFO"
    assert environment["POWERTOOLS_SERVICE_NAME"] == "dispatch"
    assert environment["ALLOWED_HOSTS"] == ""


def test_dispatchs_rule_is_read_with_its_bus_and_pattern(template: Template) -> None:
    function = template.naming(NAMES).function("DispatchFunction")
    (rule,) = function.rules
    assert rule.bus == "default"
    assert rule.pattern["source"] == ["apono"]
    assert {"RequestCreated", "AccessRequestRejected"} <= set(rule.pattern["detail-type"])  # type: ignore[call-overload]
    assert function.maximum_retries == 2
    assert function.on_failure == NAMES["DispatchDeadLetters.Arn"]
    assert function.timeout_seconds == 120
    assert (function.routes, function.sources, function.schedules) == ((), (), ())


def test_redelivers_queue_is_read_with_its_batches(template: Template) -> None:
    function = template.naming(NAMES).function("RedeliverFunction")
    assert function.sources == (Source(queue=NAMES["Wakeups.Arn"], batch_size=10, reports_failures=True),)
    assert function.on_failure is None


def test_sweeps_schedule_is_read_with_its_name_and_seconds(template: Template) -> None:
    function = template.naming(NAMES).function("SweepFunction")
    (schedule,) = function.schedules
    assert (schedule.name, schedule.rate, schedule.seconds) == ("SweepFunctionEachMinute", "rate(1 minute)", 60)
    assert function.maximum_retries == 0
    assert function.on_failure == NAMES["SweepFailures.Arn"]


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("rate(1 day)", 86_400)],
)
def test_a_rate_is_read_in_seconds(rate: str, seconds: int) -> None:
    assert Schedule(name="Tick", rate=rate).seconds == seconds


@pytest.mark.parametrize("rate", ["cron(0 12 * * ? *)", "rate(1 week)", "rate(minute)"])
def test_a_schedule_that_is_no_rate_raises(rate: str) -> None:
    with pytest.raises(UnknownTemplateError, match="Tick: the schedule"):
        _ = Schedule(name="Tick", rate=rate).seconds


def test_the_apis_routes_belong_to_their_function(template: Template) -> None:
    function = template.naming(NAMES).function("TestWebhookFunction")
    assert {
        Route(method="POST", path="/api/webhooks/{id}/test"),
        Route(method="POST", path="/api/webhooks/test"),
        Route(method="POST", path="/api/webhooks/preview"),
    } == set(function.routes)
    assert function.rules == ()


def test_names_given_win_over_a_parameters_default(template: Template) -> None:
    named = template.naming({**NAMES, "EventBusName": "requests", "LogLevel": "DEBUG"})
    assert named.function("DispatchFunction").rules[0].bus == "requests"
    assert named.function("TestWebhookFunction").environment["POWERTOOLS_LOG_LEVEL"] == "DEBUG"


def test_a_resource_that_has_no_name_yet_is_an_error_that_says_so(template: Template) -> None:
    with pytest.raises(UnknownTemplateError, match="WebhooksTable"):
        template.function("TestWebhookFunction")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("!Ref Days", 90),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Queue", "url"),
        ("!GetAtt Queue.Arn", "arn"),
        ("{ 'Fn::GetAtt': [Queue, Arn] }", "arn"),
        ("!Sub 'https://${Queue}.${AWS::Region}/${Queue.Arn}/${Days}'", "https://url.us-east-1/arn/90"),
        ("!Sub '${!Literal} ${ Queue }'", "${Literal} url"),
        ("[!Ref Queue, {a: !Ref Queue}]", ["url", {"a": "url"}]),
        ("{ Condition: { Bool: { a: 'false' } } }", {"Condition": {"Bool": {"a": "false"}}}),
        ("plain", "plain"),
        ("true", True),
    ],
)
def test_values_are_resolved(written: str, read_as: object, tmp_path: Path) -> None:
    template = read(tmp_path, f"Parameters: {{Days: {{Type: Number, Default: 90}}}}\nX: {{value: {written}}}")
    named = template.naming({"Queue": "url", "Queue.Arn": "arn"})
    assert read_as == named.resolve(named.section("X")["value"])


@pytest.mark.parametrize(
    ("issuer", "chosen"), [('""', "the pool's"), ("https://issuer.example.com", "https://issuer.example.com")]
)
def test_a_condition_chooses(issuer: str, chosen: str, tmp_path: Path) -> None:
    """As CloudFormation does it, by the parameters' defaults; what was not chosen need not be known."""
    template = read(
        tmp_path,
        f"Parameters: {{Issuer: {{Type: String, Default: {issuer}}}}}\n"
        "Conditions: {HasPool: !Equals [!Ref Issuer, ''], HasNone: !Not [!Equals [!Ref Issuer, '']]}\n"
        "X: {value: !If [HasPool, !GetAtt Pool.Url, !Ref Issuer], other: !If [HasNone, !Ref Issuer, !GetAtt Pool.Url]}",
    )
    known = template.naming({"Pool.Url": "the pool's"}) if issuer == '""' else template
    assert {"value": chosen, "other": chosen} == known.resolve(known.section("X"))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("!Ref Nobody", "Nobody"),
        ("!If [Unheard, a, b]", "condition"),
        ("!GetAtt Nobody.Arn", r"Nobody\.Arn"),
        ("!Sub '${Nobody}'", "Nobody"),
        ("!Ref Required", "Required"),
        ("{ 'Fn::Join': ['', [a]] }", "Fn::Join"),
        ("{ 'Fn::Sub': ['${a}', {a: b}] }", "Fn::Sub"),
    ],
)
def test_what_cannot_be_resolved_raises_and_names_it(written: str, message: str, tmp_path: Path) -> None:
    template = read(tmp_path, f"Parameters: {{Required: {{Type: String}}}}\nX: {{value: {written}}}")
    with pytest.raises(UnknownTemplateError, match=message):
        template.resolve(template.section("X"))


def test_a_tag_that_is_not_known_raises_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match=r"!Join[\s\S]*line 2"):
        read(tmp_path, "a: 1\nb: !Join ['', [a]]")


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match="python/object"):
        read(tmp_path, "a: !!python/object/apply:os.getcwd []")


def resource(logical_id: str, resource_type: str, properties: dict[str, Any], **more: Any) -> Template:
    content = {"Resources": {logical_id: {"Type": resource_type, "Properties": properties}}, **more}
    return Template(content, {})


def test_a_property_of_a_table_that_is_not_known_raises() -> None:
    template = resource("Table", "AWS::DynamoDB::Table", {"KeySchema": [], "TableClass": "STANDARD"})
    with pytest.raises(UnknownTemplateError, match="Table: the property TableClass"):
        template.create_table("Table", table_name="t")


def test_a_property_of_a_key_that_is_not_known_raises() -> None:
    template = resource("Key", "AWS::KMS::Key", {"KeyUsage": "SIGN_VERIFY"})
    with pytest.raises(UnknownTemplateError, match="Key: the property KeyUsage"):
        template.create_key("Key")


@pytest.mark.parametrize(
    ("event_type", "properties", "message"),
    [
        ("Kinesis", {"Stream": "s"}, r"F\.Events\.E: the type Kinesis"),
        ("SQS", {"Queue": "q", "FilterCriteria": {}}, r"F\.Events\.E: the property FilterCriteria"),
        ("SQS", {"Queue": "q", "FunctionResponseTypes": ["Other"]}, r"F\.Events\.E: the FunctionResponseTypes"),
        ("Schedule", {"Schedule": "rate(1 minute)", "Enabled": False}, r"F\.Events\.E: the property Enabled"),
    ],
)
def test_an_event_that_is_not_known_raises(event_type: str, properties: dict[str, Any], message: str) -> None:
    template = resource(
        "F", "AWS::Serverless::Function", {"Events": {"E": {"Type": event_type, "Properties": properties}}}
    )
    with pytest.raises(UnknownTemplateError, match=message):
        template.function("F")


def test_a_queue_of_ten_at_once_is_lambdas_own_choice() -> None:
    events = {"E": {"Type": "SQS", "Properties": {"Queue": "q"}}}
    (source,) = resource("F", "AWS::Serverless::Function", {"Events": events}).function("F").sources
    assert source == Source(queue="q", batch_size=10, reports_failures=False)


def test_a_destination_that_is_no_queue_raises() -> None:
    invocation = {"DestinationConfig": {"OnFailure": {"Type": "SNS", "Destination": "topic"}}}
    with pytest.raises(UnknownTemplateError, match="F: the destination SNS"):
        resource("F", "AWS::Serverless::Function", {"EventInvokeConfig": invocation}).function("F")


def test_asking_for_a_resource_of_another_type_raises(template: Template) -> None:
    with pytest.raises(UnknownTemplateError, match="SecretsKey is AWS::KMS::Key, not AWS::DynamoDB::Table"):
        template.create_table("SecretsKey", table_name="t")
    with pytest.raises(UnknownTemplateError, match="Nothing is no resource"):
        template.function("Nothing")


def test_a_functions_own_variable_and_timeout_win_over_the_globals() -> None:
    own = {"Timeout": 7, "Environment": {"Variables": {"A": "own", "FLAG": True}}}
    shared = {"Function": {"Timeout": 3, "MemorySize": 256, "Environment": {"Variables": {"A": "shared", "B": 1}}}}
    function = resource("F", "AWS::Serverless::Function", own, Globals=shared).function("F")
    assert function.environment == {"A": "own", "B": "1", "FLAG": "true"}
    assert (function.timeout_seconds, function.memory_mb) == (7, 256)


def test_without_a_word_on_retries_lambda_makes_two() -> None:
    assert resource("F", "AWS::Serverless::Function", {}).function("F").maximum_retries == 2
    none = {"EventInvokeConfig": {"MaximumRetryAttempts": 0}}
    assert resource("F", "AWS::Serverless::Function", none).function("F").maximum_retries == 0


def test_a_section_that_is_not_a_mapping_raises() -> None:
    with pytest.raises(UnknownTemplateError, match="Resources is not a mapping"):
        Document({"Resources": []}, {}).logical_ids("AWS::SQS::Queue")
