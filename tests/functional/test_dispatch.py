"""`dispatch`, from the EventBridge event to the receiver and the row."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from grantwire import reporting
from grantwire.delivering import Attempted
from grantwire.errors import StoreError
from grantwire.models import TRIGGERS, RequestEvent
from grantwire.stores import clients
from tests.functional.conftest import ROOT, World, event_file, load_handler, wakeup_of
from tests.receivers import Authority, Received, Receiver, answer, answering, receiving

ACCEPTED = answer("202 Accepted", b'{"status":"accepted"}')


@pytest.fixture
def torq(authority: Authority) -> Any:
    """A receiver that accepts everything."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        yield receiver


def created(**data: Any) -> dict[str, Any]:
    """The event of a created request, with other data where given."""
    event = event_file("request_created")
    event["detail"]["data"] |= data
    return event


def metrics(lines: list[dict[str, Any]]) -> dict[str, float]:
    """The metrics among log lines."""
    found: dict[str, float] = {}
    for line in lines:
        if "_aws" in line:
            names = [metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
            found |= {name: found.get(name, 0) + sum(line[name]) for name in names}
    return found


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("prefix", ["", "Access"])
def test_each_trigger_in_both_spellings_reaches_torq(world: World, torq: Receiver, trigger: str, prefix: str) -> None:
    """The body is the guide's, the spelling is the event's own, and the header is as configured."""
    webhook = world.webhook(torq.url, triggers=[trigger])
    event = created()
    event["detail-type"] = event["detail"]["event_type"] = prefix + trigger
    world.dispatch(event)
    expected = f'{{"body": {{"event": "New Apono {prefix}{trigger} request made by Ana Lima"}}}}'
    assert torq.bodies == [expected.encode()]
    assert b"\r\nAuthorization: Bearer dG9ycS10b2tlbg\r\n" in torq.requests[0]
    [row] = world.deliveries(webhook)
    assert row["state"] == "succeeded"
    assert row["trigger"] == trigger
    assert row["attempts"][0]["response"]["status"] == 202
    assert f"\r\nwebhook-id: dlv_{webhook.id.removeprefix('wh_')}_".encode() in torq.requests[0]


def test_a_hostile_name_arrives_as_it_is(world: World, torq: Receiver) -> None:
    """Quotes, an apostrophe, a line break and markup: valid JSON, never HTML-escaped."""
    world.webhook(torq.url)
    name = 'Ana "Q" O\'Neil\n<b>'
    world.dispatch(created(requester={"name": name}))
    assert json.loads(torq.bodies[0]) == {"body": {"event": f"New Apono RequestCreated request made by {name}"}}


def test_the_same_event_put_twice_is_sent_once(world: World, torq: Receiver) -> None:
    """EventBridge delivers twice, and a producer's retry has a new EventBridge id: one POST, one row."""
    webhook = world.webhook(torq.url)
    world.dispatch(created())
    world.dispatch(created() | {"id": "11111111-2222-4333-8444-555555555555"})
    assert len(torq.requests) == 1
    assert len(world.deliveries(webhook)) == 1
    assert metrics(world.logged())["DeliveryDuplicate"] == 1


def test_the_same_event_handled_twice_at_once_is_sent_once(world: World, torq: Receiver) -> None:
    """Eight handlers race for one event: the claim lets one of them send."""
    world.webhook(torq.url)
    world.dispatch(created(id="another"))  # so that the handler is wired before the race
    threads = [threading.Thread(target=world.dispatch, args=(created(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(torq.requests) == 2


def test_an_archive_replay_is_a_new_event(world: World, torq: Receiver) -> None:
    """Who replays an archive wants the events sent again."""
    world.webhook(torq.url)
    world.dispatch(created())
    world.dispatch(created() | {"replay-name": "after-the-outage"})
    world.dispatch(created() | {"replay-name": "after-the-outage"})
    assert len(torq.requests) == 2


def test_a_receiver_that_hangs_delays_nobody_else(world: World, torq: Receiver, authority: Authority) -> None:
    """Two webhooks on one trigger: the second gets its event while the first still hangs."""

    def hanging(connection: Received) -> None:
        connection.request()
        connection.receiver.closing.wait(10)

    with receiving(hanging, authority.server_context()) as slow:
        hung = world.webhook(slow.url, timeout_seconds=1)
        quick = world.webhook(torq.url)
        started = time.monotonic()
        worker = threading.Thread(target=world.dispatch, args=(created(),))
        worker.start()
        with torq.arrived:
            assert torq.arrived.wait_for(lambda: torq.requests, timeout=0.9), "the quick one waited for the slow one"
        assert time.monotonic() - started < 0.9
        worker.join()
    assert world.deliveries(quick)[0]["state"] == "succeeded"
    row = world.deliveries(hung)[0]
    assert (row["state"], row["code"], row["reason"]) == ("waiting", "timeout", "no answer came within 1 second")


@pytest.mark.parametrize(
    ("fields", "metric", "reason"),
    [
        ({"active": False}, "WebhookInactive", "the webhook is inactive"),
        ({"triggers": ["RequestFailed"]}, "EventUnmatched", "no webhook names this trigger"),
        (
            {"filters": [{"field": "integration", "operator": "is", "values": ["staging-db"]}]},
            "WebhookFiltered",
            "the filter 'integration is' does not hold",
        ),
        (
            {"filters": [{"field": "requester", "operator": "is_not", "values": ["ANA.LIMA@example.com"]}]},
            "WebhookFiltered",
            "the filter 'requester is_not' does not hold",
        ),
    ],
)
def test_what_is_not_wanted_is_not_sent_and_says_why(
    world: World, torq: Receiver, fields: dict[str, Any], metric: str, reason: str
) -> None:
    """Nothing goes out, no row is made; a metric counts it and a log line with ids alone gives the reason."""
    webhook = world.webhook(torq.url, **fields)
    world.dispatch(created())
    lines = world.logged()
    assert torq.requests == []
    assert world.deliveries(webhook) == []
    assert metrics(lines)[metric] == 1
    [line] = [line for line in lines if line.get("reason") == reason]
    assert line["event_id"].startswith("evt_")
    assert line.get("webhook_ids") == (None if metric == "EventUnmatched" else [webhook.id])
    assert "Ana" not in json.dumps(lines)


def test_what_all_deliveries_of_an_event_ask_for_is_read_once(world: World, torq: Receiver) -> None:
    """The webhooks, which hosts are down, which paces were found: not by each of the threads that send."""
    read: list[str] = []
    second = threading.Event()
    events: Any = clients.dynamodb().meta.events

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        read.append(next(iter(params["ExpressionAttributeValues"].values()))["S"])
        if read.count("CIRCUIT") > 1:
            second.set()
        elif read[-1] == "CIRCUIT":
            second.wait(0.3)  # another one that would ask has the time to do so

    for _ in range(8):
        world.webhook(torq.url)
    events.register("provide-client-params.dynamodb.Query", note)
    try:
        world.dispatch(created())
    finally:
        events.unregister("provide-client-params.dynamodb.Query", note)
    assert sorted(read) == ["CIRCUIT", "PACE", "TRIGGER#RequestCreated"]
    assert len(torq.requests) == 8


def test_one_line_tells_of_every_webhook_that_wants_none_for_the_same_reason(world: World, torq: Receiver) -> None:
    """What a log takes is paid for, and hundreds of webhooks may filter an event out; each is named and counted."""
    staging = [{"field": "integration", "operator": "is", "values": ["staging-db"]}]
    filtered = [world.webhook(torq.url, filters=staging) for _ in range(3)]
    inactive = [world.webhook(torq.url, active=False) for _ in range(2)]
    world.dispatch(created())
    lines = [line for line in world.logged() if line.get("message") == "webhooks skipped"]
    assert {line["reason"]: set(line["webhook_ids"]) for line in lines} == {
        "the filter 'integration is' does not hold": {webhook.id for webhook in filtered},
        "the webhook is inactive": {webhook.id for webhook in inactive},
    }
    assert len(lines) == 2


@pytest.mark.parametrize(
    "values",
    [["prod-db"], ["PROD-DB"], ["int-pg-prod"], ["other", "prod-db"]],
    ids=["name", "case", "id", "alternatives"],
)
def test_a_filter_that_matches_lets_the_event_pass(world: World, torq: Receiver, values: list[str]) -> None:
    """By id or by name, whatever the case, any of several values."""
    world.webhook(torq.url, filters=[{"field": "integration", "operator": "is", "values": values}])
    world.dispatch(created())
    assert len(torq.requests) == 1


@pytest.mark.parametrize(
    ("reply", "path", "expected", "state"),
    [
        (b'{"status":"queued"}', "$.data.status", ["accepted", "queued"], "succeeded"),
        (b'{"status":"denied"}', "$.data.status", ["accepted", "queued"], "failed"),
        (b'{"incidents":[{"status":"open"}]}', "$.incidents[0].status", ["open"], "succeeded"),
        (b'{"incidents":[{"status":"open"}]}', "$.incidents[0].status", ["closed"], "failed"),
        (b"<html>", "$.data.status", ["accepted"], "failed"),
    ],
)
def test_response_validators_decide(
    world: World, authority: Authority, reply: bytes, path: str, expected: list[str], state: str
) -> None:
    """A 200 is not enough; what did not hold is final, because the receiver did take the event."""
    with receiving(answering(answer("200 OK", reply)), authority.server_context()) as receiver:
        validators = [{"json_path": path, "expected_values": expected}]
        webhook = world.webhook(receiver.url, response_validators=validators)
        world.dispatch(created())
    [row] = world.deliveries(webhook)
    assert row["state"] == state
    assert row["attempts"][0]["validators"][0]["holds"] is (state == "succeeded")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("500 Oops", "waiting"),
        ("429 Slow down", "waiting"),
        ("401 No", "waiting"),
        ("302 There", "waiting"),
        ("410 Gone", "failed"),
    ],
)
def test_an_answer_that_may_pass_waits(world: World, authority: Authority, status: str, state: str) -> None:
    """Anything but 2xx and 410 may be better next time."""
    with receiving(answering(answer(status)), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        world.dispatch(created())
    [row] = world.deliveries(webhook)
    assert (row["state"], row["code"]) == (state, f"http_{status[:3]}")


def test_an_address_that_is_not_allowed_is_recorded(
    world: World, torq: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the permission of tests, a webhook to loopback fails before a byte is sent, and the row says so."""
    monkeypatch.delenv("PERMIT_LOOPBACK")
    webhook = world.webhook(torq.url)
    world.dispatch(created())
    [row] = world.deliveries(webhook)
    assert (row["state"], row["code"]) == ("failed", "address_not_allowed")
    assert "a loopback address" in row["reason"]
    assert torq.connections == 0


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda event: event.pop("detail"), "'detail' is missing"),
        (lambda event: event["detail"].pop("data"), "'detail.data' is missing"),
        (lambda event: event["detail"].update(data=[1]), "'detail.data' is a list"),
        (lambda event: event.pop("detail-type"), "no 'detail-type'"),
    ],
)
def test_an_event_nobody_can_use_goes_to_the_dead_letters(
    world: World, torq: Receiver, spoil: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    """With its reason; the next event goes its way."""
    world.webhook(torq.url)
    event = created()
    spoil(event)
    world.dispatch(event)
    [letter] = world.dead_letters()
    assert reason in letter["reason"]
    assert letter["event"] == event
    world.dispatch(created())
    assert len(torq.requests) == 1


def test_an_event_of_another_type_is_ignored_and_counted(world: World) -> None:
    """It is not ours: no dead letter, no error."""
    world.dispatch(created() | {"detail-type": "RequestArchived"})
    assert metrics(world.logged())["EventIgnored"] == 1
    assert world.dead_letters() == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{not json", "the stored webhook is not JSON"),
        ('{"name":"x","url":"https://example.com/","triggers":["Nope"]}', "triggers[0]"),
    ],
)
def test_a_row_that_cannot_be_read_harms_nobody_else(world: World, torq: Receiver, document: str, reason: str) -> None:
    """The event is kept as a dead letter that names the webhook and the field; the other webhook gets its event."""
    world.webhook(torq.url)
    row = {"pk": {"S": "TRIGGER#RequestCreated"}, "sk": {"S": "WEBHOOK#wh_broken"}, "document": {"S": document}}
    world.aws.dynamodb.put_item(TableName=world.template.names["WebhooksTable"], Item=row)
    world.dispatch(created())
    assert len(torq.requests) == 1
    [letter] = world.dead_letters()
    assert letter["reason"].startswith("webhook wh_broken cannot be read")
    assert reason in letter["reason"]
    assert letter["event"] == created()


def test_a_template_that_cannot_be_rendered_is_a_failed_delivery(world: World, torq: Receiver) -> None:
    """A name with a line break cannot stand in a header: nothing is sent, the row names the field and the place."""
    webhook = world.webhook(torq.url, headers=[{"name": "X-Requester", "value": "by {{data.requester.name}}"}])
    world.dispatch(created(requester={"name": "Ana\r\nX-Admin: true"}))
    [row] = world.deliveries(webhook)
    assert (row["state"], row["code"]) == ("failed", "template")
    assert "line 1, column 4: 'data.requester.name' holds a line break" in row["reason"]
    assert torq.requests == []


def test_no_secret_is_written_down(world: World, authority: Authority) -> None:
    """A receiver that echoes what it got: neither rows nor logs hold the token, in any common spelling."""
    secret = 'tok"en/+secret value'

    def echo(connection: Received) -> None:
        request = connection.request()
        connection.write(answer("200 OK", request, f"X-Echo: {secret}"))

    headers = [
        {"name": "X-Api-Key", "value": secret},
        {"name": "Authorization", "value": "Basic dXNlcjpoZW1saWdoLXBhc3N3b3Jk"},
    ]
    with receiving(echo, authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, headers=headers)
        world.dispatch(created())
        assert secret.encode() in receiver.requests[0]
    [row] = world.deliveries(webhook)
    written = json.dumps([row, world.rows("WebhooksTable"), world.logged()], default=str)
    for trace in ("secret value", "dXNlcjpoZW1saWdoLXBhc3N3b3Jk", "hemligh-password"):
        assert trace not in written
    assert dict(row["attempts"][0]["request"]["headers"])["X-Api-Key"] == "••••"
    assert dict(row["attempts"][0]["response"]["headers"])["X-Echo"] == "••••"


def test_a_secret_made_with_a_placeholder_is_masked_as_it_was_sent(world: World, authority: Authority) -> None:
    """The receiver echoes the rendered value, not the template."""

    def echo(connection: Received) -> None:
        connection.write(answer("200 OK", connection.request()))

    with receiving(echo, authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, headers=[{"name": "X-Api-Key", "value": "key-{{data.friendly_id}}-9f"}])
        world.dispatch(created())
        assert b"X-Api-Key: key-AR-123-9f" in receiver.requests[0]
    assert "key-AR-123-9f" not in json.dumps(world.deliveries(webhook), default=str)


def test_our_own_fault_is_raised_so_that_aws_hands_the_event_in_again(world: World, torq: Receiver) -> None:
    """A secret sealed for another webhook cannot be opened: the event comes back, and nobody is sent it twice.

    What could not be sent waits, with a row, for the sweep and the queue, which have more time than an event has tries.
    """
    good = world.webhook(torq.url)
    bad = world.webhook(torq.url)
    rows = world.aws.dynamodb.scan(TableName=world.template.names["WebhooksTable"])["Items"]
    other = next(row for row in rows if row["pk"]["S"] == "TRIGGER#RequestCreated" and good.id in row["sk"]["S"])
    copied = other | {"sk": {"S": f"WEBHOOK#{bad.id}"}}
    world.aws.dynamodb.put_item(TableName=world.template.names["WebhooksTable"], Item=copied)
    with pytest.raises(StoreError, match=r"1 of 2 deliveries .* kms Decrypt: InvalidCiphertext"):
        world.dispatch(created())
    [waiting] = world.deliveries(bad)
    world.dispatch(created())
    assert world.deliveries(bad) == [waiting]
    assert len(torq.requests) == 1
    assert [row["state"] for row in world.deliveries(good) + world.deliveries(bad)] == ["succeeded", "waiting"]


@pytest.mark.parametrize("unreported", [0, 2])
def test_a_report_that_fails_leaves_no_delivery_behind(
    world: World, torq: Receiver, authority: Authority, monkeypatch: pytest.MonkeyPatch, unreported: int
) -> None:
    """In whichever thread it fails, the event ends when every delivery has been recorded: Lambda stops the rest."""
    failed, report = threading.Event(), reporting.attempted

    def failing(webhook_id: str, event: RequestEvent, attempt: Attempted) -> None:
        if webhook_id == webhooks[unreported].id:
            failed.set()
            raise ValueError("no space left")
        report(webhook_id, event, attempt)

    def slowly(connection: Received) -> None:
        connection.request()
        failed.wait(5)
        connection.write(ACCEPTED)

    monkeypatch.setattr(reporting, "attempted", failing)
    with receiving(slowly, authority.server_context()) as slow:
        webhooks = [world.webhook(url) for url in (torq.url, slow.url, torq.url)]
        with pytest.raises(StoreError, match=r"1 of 3 deliveries .*: ValueError"):
            world.dispatch(created())
        assert [row["state"] for one in webhooks for row in world.deliveries(one)] == ["succeeded"] * 3
    assert failed.is_set()


def test_the_event_is_kept_once_and_compressed(world: World, torq: Receiver) -> None:
    """Later attempts and replays need it; two webhooks share it, and it expires after the last delivery is gone."""
    world.webhook(torq.url)
    world.webhook(torq.url)
    world.dispatch(created())
    [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"].startswith("EVENT#")]
    assert len(row["payload"]["B"]) < len(json.dumps(created()["detail"])) / 2
    others = [int(one["expires_at"]["N"]) for one in world.rows("DeliveriesTable") if one != row]
    assert len(others) == 2
    assert time.time() + 89 * 86_400 < min(others) <= max(others) < int(row["expires_at"]["N"]) - 6 * 86_400


def test_fifty_webhooks_are_called_at_once(world: World, authority: Authority) -> None:
    """Every receiver answers only once all of them have been called."""
    barrier = threading.Barrier(50)

    def together(connection: Received) -> None:
        connection.request()
        barrier.wait(timeout=20)
        connection.write(ACCEPTED)

    with receiving(together, authority.server_context()) as receiver:
        for _ in range(50):
            world.webhook(receiver.url, timeout_seconds=25)
        world.dispatch(created())
    assert metrics(world.logged())["DeliverySucceeded"] == 50


def test_more_webhooks_than_can_be_called_at_once_are_left_to_the_queue(
    world: World, torq: Receiver, authority: Authority
) -> None:
    """Fifty are called, the other five become rows that are due now, each with its wake-up; then those are called."""
    webhooks = [world.webhook(torq.url) for _ in range(55)]
    world.dispatch(created())
    assert len(torq.requests) == 50
    waiting = [webhook for webhook in webhooks if world.deliveries(webhook)[0]["state"] == "waiting"]
    assert len(waiting) == 5
    assert world.wakeups() == 5
    assert world.redeliver(*(wakeup_of(world, webhook) for webhook in waiting)) == []
    assert len(torq.requests) == 55
    assert {world.deliveries(webhook)[0]["state"] for webhook in webhooks} == {"succeeded"}


def test_what_there_is_no_time_for_is_left_to_lambdas_next_call(world: World, torq: Receiver) -> None:
    """With too little time left nothing is sent, and the handler raises: rows wait, and the event comes again."""
    webhooks = [world.webhook(torq.url) for _ in range(52)]
    with pytest.raises(StoreError, match=r"51 of 51 deliveries .* stopped: too little of the function's time is left"):
        world.dispatch(created(), milliseconds=25_000)
    assert torq.requests == []
    assert sorted(row["state"] for webhook in webhooks for row in world.deliveries(webhook)) == ["waiting"] * 50
    world.dispatch(created())
    world.sweep()
    world.redeliver(*world.take_wakeups())
    assert {world.deliveries(webhook)[0]["state"] for webhook in webhooks} == {"succeeded"}


def test_an_event_too_large_to_be_stored_is_left_to_lambdas_own_retries(world: World, authority: Authority) -> None:
    """It is sent all the same; when that fails, the handler raises, and the event, handed in again, is sent again."""
    junk = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(300_000))
    with receiving(answering(answer("500 Oops"), ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        event = created(custom_fields={"junk": junk})
        with pytest.raises(
            StoreError, match="too large to be stored: its next attempt is left to Lambda's own retries"
        ):
            world.dispatch(event)
        [row] = world.deliveries(webhook)
        assert (row["state"], row["code"]) == ("waiting", "http_500")
        assert "too large to be stored" in row["reason"]
        assert world.wakeups() == 0
        world.dispatch(event)
    [row] = world.deliveries(webhook)
    assert row["state"] == "succeeded"
    assert len(row["attempts"]) == 2


@pytest.mark.parametrize(("most", "after"), [(11, "succeeded"), (1, "failed")])
def test_an_event_too_large_to_be_stored_outlives_its_sender(
    world: World, authority: Authority, most: int, after: str
) -> None:
    """AWS has it, and is told to keep it while the dead sender's lease runs; then its row waits for it."""
    junk = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(300_000))
    event, table = created(custom_fields={"junk": junk}), world.template.names["DeliveriesTable"]
    with receiving(answering(answer("500 Oops"), ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, retry={"max_attempts": max(most, 2)})
        with pytest.raises(StoreError):
            world.dispatch(event)
        changed = replace(webhook, max_attempts=most, version=webhook.version + 1)
        world.store.replace(changed, expected_version=webhook.version)
        [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == webhook.id]
        dying = {"state": {"S": "delivering"}, "lease_until": {"N": f"{time.time() + 60:.3f}"}}
        swept = {"due_shard": {"N": "0"}, "sweep_at": dying["lease_until"]}
        world.aws.dynamodb.put_item(TableName=table, Item=row | dying | swept)
        with pytest.raises(StoreError, match="too large to be stored"):
            world.dispatch(event)
        world.shift(webhook, 70)
        world.sweep()
        [waiting] = world.deliveries(webhook)
        assert (waiting["state"], waiting["code"], "due_at" in waiting) == ("waiting", "interrupted", False)
        world.dispatch(event)
        assert len(receiver.requests) == (2 if after == "succeeded" else 1)
    [ended] = world.deliveries(webhook)
    assert (ended["state"], ended["code"]) == (after, "http_202" if after == "succeeded" else "no_attempts_left")


def test_what_arrives_is_what_the_readme_shows(world: World, torq: Receiver) -> None:
    """Line by line: the request line but for the path, the headers by name and order, the body byte for byte."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    document, shown = re.search(r"```json\n(.+?)```.+?```\n(POST .+?)```", readme, re.DOTALL).groups()  # type: ignore[union-attr]
    world.webhook(**json.loads(document) | {"url": torq.url})
    world.dispatch(created())
    [sent] = torq.requests
    head, _, body = sent.decode().partition("\r\n\r\n")
    shown_head, _, shown_body = shown.partition("\n\n")
    told, seen = (
        {name: value for name, _, value in (line.partition(": ") for line in lines[1:])}
        for lines in (shown_head.splitlines(), head.split("\r\n"))
    )
    own = ("Host", "webhook-id", "webhook-timestamp")
    assert list(told) == list(seen)
    assert {name: told[name] for name in told if name not in own} == {
        name: seen[name] for name in seen if name not in own
    }
    assert shown_body.rstrip("\n") == body


@pytest.mark.parametrize(("function", "wired"), [("dispatch", "dispatcher"), ("redeliver", "redeliverer")])
@pytest.mark.parametrize("by_lambda", [True, False])
def test_lambda_wires_what_sends_while_it_starts(
    world: World, monkeypatch: pytest.MonkeyPatch, function: str, wired: str, by_lambda: bool
) -> None:
    """It lends a whole core until then; elsewhere nothing is wired before there is something to do."""
    if by_lambda:
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    assert getattr(load_handler(function), wired).cache_info().currsize == int(by_lambda)
