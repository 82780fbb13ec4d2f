"""template.yaml, deployed, does what it is for: an event on the bus becomes a request at the receiver."""

import json
from typing import Any, Final

from e2e.slow import POISON, Slow, delivery_of
from e2e.stack import Stack, timed
from grantwire.models import Webhook
from grantwire.stores.attempts import read_attempt
from local.torq import Torq
from tests.deployed.emulator import COMPLAINT, ROOT
from tests.deployed.subscription import body_for

# Complaints that the tests here give cause for.
EXPECTED: Final = ('"message":"event unusable"', '"message":"wake-up failed"')


def read_event(name: str, request_id: str) -> dict[str, Any]:
    """An event of events/, about a request of its own."""
    event: dict[str, Any] = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    event["detail"]["data"]["id"] = request_id
    return event


def states_of(webhook: Webhook, stack: Stack) -> list[str]:
    """The states of all deliveries of a webhook."""
    return [row["state"]["S"] for row in stack.deliveries(webhook)]


def header_of(attempt: dict[str, Any], name: str) -> str:
    """A header of the request that an attempt has sent."""
    return str(dict(attempt["request"]["headers"])[name])


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


def test_what_redeliver_and_sweep_are_called_by_is_as_the_template_says(stack: Stack) -> None:
    """A queue with its batches and its dead letters, and a schedule of a minute."""
    names = stack.template.names
    (source,) = stack.template.function("RedeliverFunction").sources
    (mapping,) = stack.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == source.queue
    assert mapping["FunctionArn"].endswith(f":{names['RedeliverFunction']}")
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (source.batch_size, ["ReportBatchItemFailures"])
    (schedule,) = stack.template.function("SweepFunction").schedules
    rule = stack.aws.client("events").describe_rule(Name=names[schedule.name])
    assert (rule["ScheduleExpression"], rule["State"]) == (schedule.rate, "ENABLED")


def test_a_poison_wake_up_ends_among_the_dead_letters(stack: Stack, slow: Slow) -> None:
    """After the fifth time that redeliver could not handle it."""
    with timed("Waiting until the poison wake-up was given up"):
        (dead,) = stack.until(lambda: messages_in("WakeupDeadLetters", stack), "a dead wake-up", seconds=40)
    assert dead == POISON
    assert len(stack.lines_of("RedeliverLogs", '"message":"wake-up failed"')) == 5


def test_a_receiver_that_fails_twice_is_called_again_until_it_takes_the_event(
    stack: Stack, slow: Slow, busy_torq: Torq
) -> None:
    """By the real queue, at the real schedule: the same bytes with the same webhook-id, and the row has all of it."""
    with timed("Waiting for the third attempt, about 35 seconds after the first one"):
        stack.until(lambda: delivery_of(stack, slow.retried) == ("succeeded", 3), "the third attempt", seconds=60)
    (row,) = stack.deliveries(slow.retried)
    attempts = [read_attempt(bytes(one["B"])) for one in row["attempts"]["L"]]
    assert [attempt["code"] for attempt in attempts] == ["http_503", "http_503", "http_202"]
    first, second, third = (attempt["started_at"] for attempt in attempts)
    assert 2.5 <= second - first <= 12.0  # 5 seconds, half of them by chance; SQS counts whole seconds, Lambda polls
    assert 15.0 <= third - second <= 37.0
    sent = {header_of(attempt, "webhook-id") for attempt in attempts}
    assert len(sent) == 1
    came = [request for request in busy_torq.requests if request.header("webhook-id") in sent]
    assert [request.target for request in came] == [came[0].target] * 3
    assert len({request.body for request in came}) == 1


def test_the_sweep_runs_by_its_schedule_and_has_a_lost_delivery_woken(stack: Stack, slow: Slow) -> None:
    """Nobody but it could have: the delivery's wake-up was gone."""
    with timed("Waiting for the sweep, which runs each minute"):
        stack.until(lambda: delivery_of(stack, slow.lost)[1] >= 2, "the lost delivery's second attempt", seconds=90)
    assert stack.lines_of("SweepLogs", '"Swept":[1.0]')


def test_logs_tell_of_deliveries_and_of_nothing_wrong(stack: Stack, webhook: Webhook) -> None:
    """In the log groups of the template: no role lacks a permission, no function warns or raises."""
    stack.put_events(read_event("request_approved.json", "logged"))

    def attempts() -> list[str]:
        lines = stack.lines_of("DispatchLogs", '"message":"delivery attempted"')
        return [
            line for line in lines if f'"webhook_id":"{webhook.id}"' in line and '"trigger":"RequestApproved"' in line
        ]

    (attempt,) = stack.until(attempts, "a line in the log")
    assert '"state":"succeeded"' in attempt
    for name in stack.template.logical_ids("AWS::Logs::LogGroup"):
        lines = [line for line in stack.lines_of(name) if not any(one in line for one in EXPECTED)]
        assert [line for line in lines if COMPLAINT.search(line)] == []
