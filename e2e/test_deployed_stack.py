"""template.yaml, deployed, does what it is for: an event on the bus becomes a request at the receiver."""

import json
from typing import Any

from e2e.stack import Stack, timed
from grantwire.models import Webhook
from local.torq import Torq
from tests.deployed.emulator import COMPLAINT, ROOT
from tests.deployed.subscription import body_for


def read_event(name: str, request_id: str) -> dict[str, Any]:
    """An event of events/, about a request of its own."""
    event: dict[str, Any] = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    event["detail"]["data"]["id"] = request_id
    return event


def states_of(webhook: Webhook, stack: Stack) -> list[str]:
    """The states of all deliveries of a webhook."""
    rows = stack.aws.client("dynamodb").query(
        TableName=stack.template.names["DeliveriesTable"],
        KeyConditionExpression="pk = :webhook",
        ExpressionAttributeValues={":webhook": {"S": webhook.id}},
    )["Items"]
    return [row["state"]["S"] for row in rows]


def messages_in(queue: str, stack: Stack) -> list[dict[str, Any]]:
    """The bodies of up to ten messages of a queue."""
    url = stack.template.names[queue]
    messages = stack.aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_functions_have_what_the_template_gives_them(stack: Stack) -> None:
    """Their variables with every reference resolved, the one layer, their timeout, role and log group."""
    names = stack.template.names
    for logical_id, deployed in stack.functions.items():
        function = stack.template.function(logical_id)
        prefix = logical_id.removesuffix("Function")
        assert deployed["Environment"]["Variables"] == function.environment
        assert [layer["Arn"].split(":")[6] for layer in deployed["Layers"]] == ["CommonLayer"]
        assert (deployed["Timeout"], deployed["MemorySize"]) == (function.timeout_seconds, function.memory_mb)
        assert deployed["Role"].endswith(f"/{names[f'{prefix}Role']}")
        assert deployed["LoggingConfig"]["LogGroup"] == names[f"{prefix}Logs"]


def test_events_of_both_spellings_arrive_and_no_others(stack: Stack, webhook: Webhook, torq: Torq) -> None:
    """Through the real rule; each delivery's row then says that it succeeded."""
    short = read_event("request_created.json", "short")
    long = read_event("request_expired.json", "long")
    assert long["detail-type"].startswith("Access")
    foreign = read_event("request_created.json", "foreign") | {"source": "somebody.else"}
    before, known = len(torq.requests), len(states_of(webhook, stack))
    with timed("Putting events on the bus, until they arrive"):
        stack.put_events(foreign, short, long)
        stack.until(lambda: len(torq.requests) >= before + 2, "the arrival of both events")
        stack.until(lambda: states_of(webhook, stack) == ["succeeded"] * (known + 2), "the success of both deliveries")
    bodies = [json.loads(request.body) for request in torq.requests[before:]]
    assert sorted(bodies, key=str) == sorted([body_for(short), body_for(long)], key=str)


def test_an_unusable_event_is_kept_with_its_reason(stack: Stack, webhook: Webhook, torq: Torq) -> None:
    """It waits in the dead-letter queue for somebody who can mend it, and nothing is sent."""
    event = read_event("request_created.json", "unusable")
    del event["detail"]["data"]
    before = len(torq.requests)
    stack.put_events(event)
    (kept,) = stack.until(lambda: messages_in("DispatchDeadLetters", stack), "a dead letter")
    assert "data" in kept["reason"]
    assert kept["event"]["detail"] == event["detail"]
    assert len(torq.requests) == before


def test_a_saved_webhook_can_be_tested(stack: Stack, webhook: Webhook, torq: Torq) -> None:
    """The function of the HTTP API, with the role that it has, reads the webhook and sends a sample event."""
    before = len(torq.requests)
    request = json.loads((ROOT / "events" / "test_saved_webhook.json").read_text(encoding="utf-8"))
    answer = stack.invoke("TestWebhookFunction", request)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["outcome"] == "successful"
    assert len(torq.requests) == before + 1


def test_logs_tell_of_deliveries_and_of_nothing_wrong(stack: Stack, webhook: Webhook) -> None:
    """In the log groups of the template: no role lacks a permission, no function warns or raises."""
    stack.put_events(read_event("request_approved.json", "logged"))
    attempted = '"message":"delivery attempted"'
    attempts = stack.until(lambda: stack.lines_of("DispatchLogs", attempted), "a line in the log")
    assert all('"state":"succeeded"' in line for line in attempts)
    for name in stack.template.logical_ids("AWS::Logs::LogGroup"):
        lines = [line for line in stack.lines_of(name) if '"message":"event unusable"' not in line]
        assert [line for line in lines if COMPLAINT.search(line)] == []
