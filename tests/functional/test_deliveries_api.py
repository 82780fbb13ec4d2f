"""Deliveries are read and replayed over HTTP: the real routes, on deliveries that dispatch and redeliver have made."""

import json
import random
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from grantwire.asking import Selection
from grantwire.delivering import first_delivery
from grantwire.errors import StoreError
from grantwire.identifiers import new_job_id, new_webhook_id
from grantwire.models import MASK, RequestEvent, State, Webhook
from grantwire.request_events import parse
from grantwire.stores.attempts import MAX_ATTEMPT_BYTES
from grantwire.stores.deliveries import DeliveryStore
from grantwire.stores.delivery_pages import DeliveryPages
from tests.functional.conftest import World, event_file, wakeup_of
from tests.receivers import Authority, answer, answering, receiving

ACCEPTED = answer("202 Accepted", b'{"status":"accepted"}')
DENIED = answer("200 OK", b'{"status":"denied"}')
BUSY = answer("503 Service Unavailable", b"busy")
VALIDATORS = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
NOON = event_file("request_created")["detail"]["event_time"]
DAY = {"since": "2026-11-18T00:00:00Z", "until": "2026-11-19T00:00:00Z"}


@dataclass
class Api:
    """A client of the API: a path with its query, and the answer's status and body."""

    world: World

    def get(self, path: str) -> tuple[int, Any]:
        return self._call("GET", path, None)

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: object) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        found = self.world.api(method, parts.path, body, query=query)
        return found.status, found.json

    def ids(self, path: str) -> list[str]:
        """The ids on one page."""
        status, page = self.get(path)
        assert status == 200
        return [one["id"] for one in page["items"]]


@pytest.fixture
def api(world: World) -> Api:
    """The function that has the routes, as a client sees it."""
    return Api(world)


def created(number: int = 0) -> dict[str, Any]:
    """The created request, so many minutes later."""
    event = event_file("request_created")
    event["detail"]["event_time"] += 60 * number
    return event


def parsed(number: int = 0) -> RequestEvent:
    event = parse(created(number))
    assert event is not None
    return event


def store(world: World) -> DeliveryStore:
    name = world.template.names["DeliveriesTable"]
    return DeliveryStore(client=world.aws.dynamodb, table_name=name, retention_days=90, clock=time.time)


def failed(world: World, url: str, count: int) -> Webhook:
    """A webhook with so many failed deliveries."""
    webhook = world.webhook(url, response_validators=VALIDATORS)
    for number in range(count):
        world.dispatch(created(number))
    return webhook


def queued(world: World, numbers: Iterator[int] | range, webhook: Webhook) -> None:
    """Deliveries that wait, without a receiver: many are made quickly."""
    for number in numbers:
        waiting = replace(first_delivery(webhook.id, parsed(number)), state=State.WAITING, attempts=0, due_at=NOON)
        assert store(world).queue_new(waiting)


def test_a_delivery_is_listed_with_all_that_its_row_says(world: World, authority: Authority, api: Api) -> None:
    """One that succeeded at once; its id is the `webhook-id` that the receiver saw."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        world.dispatch(created())
        [request] = receiver.requests
    status, page = api.get(f"/api/webhooks/{webhook.id}/deliveries")
    assert (status, page["next_cursor"]) == (200, None)
    [one] = page["items"]
    row = world.deliveries(webhook)[0]
    assert f"webhook-id: {one['id']}\r\n".encode() in request
    assert webhook.id == one["webhook_id"]
    assert parsed().id == one["event_id"]
    assert row["sk"].partition("#")[0] == one["event_time"]
    expected = ("succeeded", "http_202", 1, "RequestCreated", "AR-123")
    assert expected == tuple(one[name] for name in ("state", "code", "attempts", "trigger", "request_id"))
    assert row["reason"] == one["reason"]
    assert (one["next_attempt_at"], one["parked_host"]) == (None, None)
    assert one["created_at"] <= one["updated_at"]
    assert (one["last_attempt"]["http_status"], one["last_attempt"]["code"]) == (202, "http_202")
    assert one["last_attempt"]["duration_ms"] > 0


def test_a_delivery_tells_every_attempt_and_the_events_payload(world: World, authority: Authority, api: Api) -> None:
    """Twice tried: request with the secret masked, answer, timings, verdicts; the payload as it came."""
    with receiving(answering(BUSY, DENIED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, response_validators=VALIDATORS)
        world.dispatch(created())
        world.shift(webhook, 60)
        assert world.redeliver(wakeup_of(world, webhook)) == []
    [listed] = api.get(f"/api/webhooks/{webhook.id}/deliveries")[1]["items"]
    status, found = api.get(f"/api/deliveries/{listed['id']}")
    assert status == 200
    assert listed == {name: found[name] for name in listed}
    assert (listed["last_attempt"]["code"], listed["last_attempt"]["http_status"]) == ("validator", 200)
    assert created()["detail"] == found["payload"]
    busy, denied = found["history"]
    assert [(one["number"], one["code"], one["before_replay"]) for one in (busy, denied)] == [
        (1, "http_503", False),
        (2, "validator", False),
    ]
    assert {"name": "Authorization", "value": MASK} in busy["request"]["headers"]
    assert ("POST", receiver.url) == (busy["request"]["method"], busy["request"]["url"])
    assert "New Apono RequestCreated request made by" in busy["request"]["body"]
    assert tuple(busy["response"][name] for name in ("status", "body", "truncated")) == (503, "busy", False)
    assert denied["validators"] == [{"json_path": "$.data.status", "holds": False, "found": ["denied"]}]
    assert {"dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"} == denied["timings"].keys()
    assert denied["remote_address"].startswith("127.0.0.1")
    assert busy["started_at"] < denied["started_at"]
    assert "dG9ycS10b2tlbg" not in json.dumps(found)


def test_an_answer_that_makes_fifty_validators_find_much_leaves_room_in_the_row(
    world: World, authority: Authority, api: Api
) -> None:
    """What they found is left out, as bodies are; the reason says which one did not hold. A row has room for twenty."""
    chance = random.Random(1)
    found = ["".join(chance.choices(string.ascii_letters + string.digits, k=200)) for _ in range(250)]
    validators = [{"json_path": f"$[{5 * one}:{5 * one + 5}]", "expected_values": ["ok"]} for one in range(50)]
    with receiving(answering(answer("200 OK", json.dumps(found).encode())), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, response_validators=validators)
        world.dispatch(created())
    [row] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == webhook.id]
    assert len(row["attempts"]["L"][0]["B"]) <= MAX_ATTEMPT_BYTES
    [one] = api.get(f"/api/webhooks/{webhook.id}/deliveries")[1]["items"]
    [attempt] = api.get(f"/api/deliveries/{one['id']}")[1]["history"]
    assert (attempt["code"], attempt["validators"], attempt["too_large"]) == ("validator", [], True)
    assert "$[0:5] is not as expected" in attempt["reason"]


def test_an_interrupted_attempt_is_shown_as_far_as_it_is_known(world: World, api: Api) -> None:
    """Its sender died: there is a code and a sentence, and neither request nor answer."""
    webhook = world.webhook("https://hooks.example.com/")
    claimed = replace(first_delivery(webhook.id, parsed()), lease_until=NOON, sweep_at=NOON)
    store(world).claim_new(claimed)
    [one] = api.get(f"/api/webhooks/{webhook.id}/deliveries")[1]["items"]
    assert (one["state"], one["code"], one["last_attempt"]) == ("delivering", None, None)
    world.sweep()
    found = api.get(f"/api/deliveries/{one['id']}")[1]
    [attempt] = found["history"]
    assert tuple(attempt[name] for name in ("code", "request", "response", "timings")) == (
        "interrupted",
        None,
        None,
        None,
    )
    assert {"http_status": None, "duration_ms": None}.items() <= found["last_attempt"].items()
    assert (found["payload"], found["request_id"]) == (None, None)  # this event was never kept


def test_a_parked_delivery_names_its_host(world: World, api: Api) -> None:
    """It has no next attempt of its own, and cannot be replayed."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(1), webhook)
    [waiting] = [store(world).get(webhook.id, row["sk"]) for row in world.deliveries(webhook)]
    assert waiting is not None
    assert store(world).park(waiting, receiver="hooks.example.com wh_1", now=NOON)
    [one] = api.get(f"/api/webhooks/{webhook.id}/deliveries")[1]["items"]
    assert (one["parked_host"], one["next_attempt_at"]) == ("hooks.example.com", None)
    status, refusal = api.post(f"/api/deliveries/{one['id']}/replay")
    assert status == 409
    assert "is waiting for its receiver at hooks.example.com, which is down" in refusal["message"]


def test_each_filter_takes_what_it_says(world: World, authority: Authority, api: Api) -> None:
    """State, trigger, and times in either spelling, both ends included; newest first."""
    with receiving(answering(DENIED, ACCEPTED, BUSY, ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(
            receiver.url, response_validators=VALIDATORS, triggers=["RequestCreated", "RequestGranted"]
        )
        for number in range(3):
            world.dispatch(created(number))
        granted = event_file("request_granted")
        granted["detail"]["event_time"] = NOON + 180
        world.dispatch(granted)
    base = f"/api/webhooks/{webhook.id}/deliveries"
    newest = api.ids(base)
    assert len(newest) == 4
    expected = {
        "state=failed": newest[3:],
        "state=succeeded": [newest[0], newest[2]],
        "state=waiting": newest[1:2],
        "state=delivering": [],
        "trigger=RequestGranted": newest[:1],
        "trigger=RequestCreated&state=succeeded": newest[2:3],
        f"since={NOON + 60}": newest[:3],
        f"until={NOON + 60}": newest[2:],
        f"since={NOON + 60}&until={NOON + 120.5}": newest[1:3],
        "since=2026-11-18T11:07:40.123456Z": newest[:3],
        "since=2026-11-18T11:07:40.123458Z": newest[:2],
        "until=2026-11-18T13:07:41%2B02:00": newest[2:],
        "until=2026-11-18T13:07:41+02:00": newest[2:],  # its plus has become a space
        "limit=2": newest[:2],
    }
    assert expected == {query: api.ids(f"{base}?{query}") for query in expected}
    due = api.get(f"{base}?state=waiting")[1]["items"][0]["next_attempt_at"]
    assert due is not None


def walked(api: Api, base: str, between: Any = None) -> list[list[str]]:
    """The pages of a list, from the first to the last; `between` is called after each."""
    found, cursor = list[list[str]](), ""
    while True:
        status, page = api.get(f"{base}&cursor={cursor}" if cursor else base)
        assert status == 200
        found.append([one["id"] for one in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = page["next_cursor"]
        if between:
            between(len(found))


@pytest.mark.parametrize("query", ["limit=2", "limit=2&state=waiting"])
def test_paging_stays_right_while_rows_are_added(world: World, api: Api, query: str) -> None:
    """Newer and older rows come between the pages: no row twice, none missed that was there, newest first."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(0, 70, 10), webhook)
    base = f"/api/webhooks/{webhook.id}/deliveries?{query}"
    there = [one for page in walked(api, base) for one in page]
    assert len(set(there)) == 7

    def add(page: int) -> None:
        queued(world, iter([100 + page, 60 - 10 * page + 5, page]), webhook)

    pages = walked(api, base, add)
    seen = [one for page in pages for one in page]
    assert len(seen) == len(set(seen))
    assert there == [one for one in seen if one in there]
    assert all(len(page) <= 2 for page in pages)
    assert len(seen) > len(there)
    times = [int(one.split("_")[2], 16) for one in seen]
    assert all(newer > older for newer, older in pairwise(times))


def test_a_filter_that_passes_most_rows_over_reads_no_more_than_it_may(world: World, api: Api) -> None:
    """Three rows a read, two reads a page: an empty page has a cursor, and the walk finds the last row of all."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(20), webhook)
    oldest = store(world).get(webhook.id, world.deliveries(webhook)[0]["sk"])
    assert oldest is not None
    assert store(world).end(oldest, code="host_down", reason="it was down for four days")
    name = world.template.names["DeliveriesTable"]
    pages = DeliveryPages(client=world.aws.dynamodb, table_name=name, filtered_rows=3, most_reads=2)
    found, after = list[int](), ""
    while True:
        page = pages.page(webhook.id, Selection(state=State.FAILED), after=after, limit=50)
        found.append(len(page.items))
        after = page.after
        if not after:
            break
    assert found == [0, 0, 0, 1]
    assert pages.count(webhook.id, Selection(state=State.FAILED)) == 1
    assert pages.count(webhook.id, Selection()) == 20
    assert replace(pages, most_counting_reads=0).count(webhook.id, Selection()) is None


def test_many_rows_are_read_by_their_keys(world: World) -> None:
    """More than DynamoDB gives at once; what is not there is left out."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(3), webhook)
    keys = [(webhook.id, row["sk"]) for row in world.deliveries(webhook)]
    missing = [(new_webhook_id(number), keys[0][1]) for number in range(150)]
    pages = DeliveryPages(client=world.aws.dynamodb, table_name=world.template.names["DeliveriesTable"])
    found = pages.several([*missing, *keys])
    assert set(keys) == {(one.delivery.webhook_id, one.delivery.sort_key) for one in found}
    assert list(pages.several([])) == []


@dataclass
class Sparing:
    """DynamoDB when rows are large: of each BatchGetItem it reads so many keys and leaves the others."""

    client: Any
    reads: int

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        [(table, asked)] = RequestItems.items()
        left = asked["Keys"][self.reads :]
        some = asked | {"Keys": asked["Keys"][: self.reads]}
        found = self.client.batch_get_item(RequestItems={table: some})["Responses"] if self.reads else {}
        return {"Responses": found, "UnprocessedKeys": {table: asked | {"Keys": left}} if left else {}}


def test_rows_that_dynamodb_leaves_are_asked_for_again(world: World) -> None:
    """Until all are there; when it reads nothing at all, that is our own fault."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(5), webhook)
    keys = [(webhook.id, row["sk"]) for row in world.deliveries(webhook)]
    name = world.template.names["DeliveriesTable"]
    sparing: Any = Sparing(world.aws.dynamodb, 2)
    found = DeliveryPages(client=sparing, table_name=name).several(keys)
    assert sorted(one.delivery.sort_key for one in found) == [key for _, key in keys]
    sparing.reads = 0
    with pytest.raises(StoreError, match="nothing was read"):
        DeliveryPages(client=sparing, table_name=name).several(keys)


def test_a_cursor_fits_its_webhook_and_filters_only(world: World, api: Api) -> None:
    """Each change of it, and each other question, is a 422 in our words."""
    webhook, other = world.webhook("https://hooks.example.com/"), world.webhook("https://hooks.example.com/")
    queued(world, range(3), webhook)
    base = f"/api/webhooks/{webhook.id}/deliveries"
    cursor = api.get(f"{base}?limit=1")[1]["next_cursor"]
    assert len(api.ids(f"{base}?cursor={cursor}")) == 2  # another limit is no other question
    changed = [
        f"{base}?cursor={cursor}&state=waiting",
        f"{base}?cursor={cursor}&since={NOON}",
        f"/api/webhooks/{other.id}/deliveries?cursor={cursor}",
        f"{base}?cursor={cursor[:-1]}{'A' if cursor[-1] != 'A' else 'B'}",
        f"{base}?cursor=A{cursor[1:] if cursor[0] != 'A' else cursor}",
        f"{base}?cursor={cursor}x",
        f"{base}?cursor=yesterday",
        f"{base}?cursor=%C3%A4",
    ]
    for path in changed:
        status, refusal = api.get(path)
        assert (status, refusal["statusCode"]) == (422, 422)
        assert [one["path"] for one in refusal["problems"]] == ["cursor"]
        assert "is no cursor of this webhook with these filters" in refusal["message"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("since=yesterday", 'since is "yesterday": must be epoch seconds or a time with a time zone, as in 1795000000'),
        ("until=2026-11-18", 'until is "2026-11-18": must be epoch seconds or a time with a time zone'),
        ("since=", 'since is "": must be epoch seconds'),
        ("since=1795000000000", "epoch times are in seconds, not milliseconds"),
        ("since=inf", 'since is "inf": must be epoch seconds'),
        ("since=20&until=10", 'since is "20": is later than until, "10"'),
        ("state=lost", 'state is "lost": must be one of delivering, waiting, succeeded, failed'),
        ("state=failed,waiting", 'state is "failed,waiting": must be one of'),
        ("trigger=Created", 'trigger is "Created": must be one of RequestCreated'),
        ("limit=0", 'limit is "0": must be a whole number from 1 to 100'),
        ("limit=101", 'limit is "101": must be'),
        ("limit=many", 'limit is "many": must be'),
        ("status=failed", "status: is not known here; the fields are state, trigger, since, until, limit, cursor"),
        ("limit=0&state=lost", 'state is "lost": must be one of delivering, waiting, succeeded, failed; limit is "0"'),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_right(world: World, api: Api, query: str, message: str) -> None:
    """Field, value and the way out."""
    status, refusal = api.get(f"/api/webhooks/{new_webhook_id(NOON)}/deliveries?{query}")
    assert (status, refusal["statusCode"]) == (422, 422)
    assert message in refusal["message"]


def test_a_webhook_without_deliveries_has_an_empty_list(world: World, api: Api) -> None:
    """Of deliveries and of replays."""
    webhook = world.webhook("https://hooks.example.com/")
    assert api.get(f"/api/webhooks/{webhook.id}/deliveries") == (200, {"items": [], "next_cursor": None})
    assert api.get(f"/api/webhooks/{webhook.id}/replays") == (200, {"items": []})


def test_what_is_not_there_is_a_404(world: World, api: Api) -> None:
    """Also what has the shape of another row's key."""
    webhook_id = new_webhook_id(NOON)
    wish = {"since": NOON, "until": NOON}
    missing = [
        *(api.get(f"/api/webhooks/{name}/deliveries") for name in (webhook_id, "REPLAY", "CIRCUIT", "x" * 3000)),
        *(api.get(f"/api/webhooks/{name}/replays") for name in (webhook_id, "REPLAY")),
        *(api.get(f"/api/deliveries/{name}") for name in ("dlv_0a_6608b01611240_" + "0" * 32, "dlv_1", "x")),
        *(api.get(f"/api/events/{name}/deliveries") for name in ("evt_" + "0" * 32, "x" * 3000)),
        *(api.get(f"/api/replays/{name}") for name in (new_job_id(NOON), "job_1")),
        api.post("/api/deliveries/dlv_0a_6608b01611240_00/replay"),
        api.post(f"/api/webhooks/{webhook_id}/replays", wish),
        api.post(f"/api/replays/{new_job_id(NOON)}/cancel"),
    ]
    assert {404} == {status for status, _ in missing} == {answered["statusCode"] for _, answered in missing}


def test_deliveries_outlive_their_webhook(world: World, api: Api) -> None:
    """It was deleted: its deliveries are still listed, and are not replayed."""
    webhook = world.webhook("https://hooks.example.com/")
    queued(world, range(1), webhook)
    delivery = store(world).get(webhook.id, world.deliveries(webhook)[0]["sk"])
    assert delivery is not None
    assert store(world).end(delivery, code="webhook_deleted", reason="the webhook was deleted")
    for row in world.rows("WebhooksTable"):
        key = {name: row[name] for name in ("pk", "sk")}
        world.aws.dynamodb.delete_item(TableName=world.template.names["WebhooksTable"], Key=key)
    [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
    status, refusal = api.post(f"/api/deliveries/{one}/replay")
    assert (status, "is inactive, deleted or unreadable" in refusal["message"]) == (409, True)


def test_an_event_shows_its_deliveries_to_all_webhooks(world: World, authority: Authority, api: Api) -> None:
    """Those that name its trigger now, active or not; one that was never sent to is not there."""
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        first, second = world.webhook(receiver.url), world.webhook(receiver.url)
        world.dispatch(created())
        world.webhook(receiver.url)
        assert world.store.deactivate(first, reason="gone", now=NOON)
    event_id = parsed().id
    status, found = api.get(f"/api/events/{event_id}/deliveries")
    assert status == 200
    assert sorted([first.id, second.id]) == [one["webhook_id"] for one in found["items"]]
    facts = {"event_id": event_id, "trigger": "RequestCreated", "request_id": "AR-123"}
    assert facts == {name: found[name] for name in facts}
    assert {("succeeded", found["event_time"], "AR-123")} == {
        (one["state"], one["event_time"], one["request_id"]) for one in found["items"]
    }


def test_one_delivery_is_replayed(world: World, authority: Authority, api: Api) -> None:
    """202 with the waiting delivery, 409 while it waits, sent with the same id, and the old attempt still told."""
    with receiving(answering(DENIED, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
        [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
        status, again = api.post(f"/api/deliveries/{one}/replay")
        assert (202, one, "waiting", "replayed", 0, "AR-123") == (
            status,
            *(again[name] for name in ("id", "state", "code", "attempts", "request_id")),
        )
        status, refusal = api.post(f"/api/deliveries/{one}/replay")
        assert (status, refusal["statusCode"]) == (409, 409)
        assert "the delivery is waiting for its attempt number 1: it can be replayed once" in refusal["message"]
        assert world.redeliver(*world.take_wakeups()) == []
        assert 2 == len(receiver.requests) == sum(f"webhook-id: {one}".encode() in sent for sent in receiver.requests)
    found = api.get(f"/api/deliveries/{one}")[1]
    assert (found["state"], found["attempts"]) == ("succeeded", 1)
    assert [(attempt["code"], attempt["before_replay"]) for attempt in found["history"]] == [
        ("validator", True),
        ("http_202", False),
    ]


def test_what_is_replayed_is_kept_as_long_as_what_has_just_come(world: World, authority: Authority, api: Api) -> None:
    """Retries go on for three days: one that is replayed on its last day would vanish among them, and so its event."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
    [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
    table, soon = world.template.names["DeliveriesTable"], time.time() + 86_400
    for row in world.rows("DeliveriesTable"):
        world.aws.dynamodb.update_item(
            TableName=table,
            Key={"pk": row["pk"], "sk": row["sk"]},
            UpdateExpression="SET expires_at = :soon",
            ExpressionAttributeValues={":soon": {"N": str(int(soon))}},
        )
    assert api.post(f"/api/deliveries/{one}/replay")[0] == 202
    kept = {row["pk"]["S"].partition("_")[0]: int(row["expires_at"]["N"]) for row in world.rows("DeliveriesTable")}
    assert kept.keys() == {"EVENT#evt", "wh"}
    assert min(kept.values()) > time.time() + 89 * 86_400


def test_a_replay_without_an_event_ends_and_keeps_nothing_longer(world: World, authority: Authority, api: Api) -> None:
    """A row that outlives its event would stand in the way of an event that comes again."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
    [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
    table = world.template.names["DeliveriesTable"]
    [event] = [row for row in world.rows("DeliveriesTable") if row["pk"]["S"].startswith("EVENT#")]
    world.aws.dynamodb.delete_item(TableName=table, Key={"pk": event["pk"], "sk": event["sk"]})
    [before] = world.rows("DeliveriesTable")
    assert api.post(f"/api/deliveries/{one}/replay")[0] == 202
    world.redeliver(*world.take_wakeups())
    [after] = world.rows("DeliveriesTable")
    assert (after["state"], after["code"]) == ({"S": "failed"}, {"S": "event_missing"})
    assert after["expires_at"] == before["expires_at"]


def test_nothing_is_replayed_to_an_inactive_webhook(world: World, authority: Authority, api: Api) -> None:
    """It would only fail anew; what a job would replay is counted all the same."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 1)
    [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
    assert world.store.deactivate(webhook, reason="gone", now=NOON)
    replays = f"/api/webhooks/{webhook.id}/replays"
    refused = [api.post(f"/api/deliveries/{one}/replay"), api.post(replays, DAY)]
    assert {409} == {status for status, _ in refused}
    assert all("make it active, then replay" in refusal["message"] for _, refusal in refused)
    assert api.post(replays, DAY | {"dry_run": True}) == (200, {"count": 1, "job": None})
    assert [row["state"] for row in world.deliveries(webhook)] == ["failed"]


def test_a_job_replays_what_failed_in_a_time_range(world: World, authority: Authority, api: Api) -> None:
    """A dry run counts and makes nothing; the job goes step by step and tells how far it is."""
    with receiving(answering(*[DENIED] * 4, ACCEPTED), authority.server_context()) as receiver:
        webhook = failed(world, receiver.url, 4)
        replays = f"/api/webhooks/{webhook.id}/replays"
        wish = {"since": NOON, "until": "2026-11-18T11:08:41Z", "per_minute": 2}
        assert api.post(replays, wish | {"dry_run": True}) == (200, {"count": 3, "job": None})
        assert api.get(replays) == (200, {"items": []})
        status, made = api.post(replays, wish)
        job = made["job"]
        assert (status, made["count"], job["total"], job["replayed"], job["state"]) == (202, 3, 3, 0, "running")
        assert (webhook.id, 2) == (job["webhook_id"], job["per_minute"])
        assert job["until"].startswith("2026-11-18T11:08:41")
        assert (
            (200, {"items": [job]}) == api.get(replays) == (200, {"items": [api.get(f"/api/replays/{job['id']}")[1]]})
        )
        world.redeliver(*world.take_wakeups())  # the first step
        assert (200, job | {"replayed": 2}) == api.get(f"/api/replays/{job['id']}")
        world.shift_jobs(60)
        world.sweep()
        world.redeliver(*[body for body in world.take_wakeups() if '"replay"' in body])
        assert (200, job | {"replayed": 3, "state": "done"}) == api.get(f"/api/replays/{job['id']}")
        status, refusal = api.post(f"/api/replays/{job['id']}/cancel")
        assert (status, refusal["message"]) == (409, "the job is done already")
    assert [row["state"] for row in world.deliveries(webhook)] == ["waiting"] * 3 + ["failed"]


def test_a_job_is_cancelled_once(world: World, authority: Authority, api: Api) -> None:
    """Then its steps do nothing; the newest job stands first, and another webhook's is not listed."""
    with receiving(answering(DENIED), authority.server_context()) as receiver:
        webhook, other = failed(world, receiver.url, 2), world.webhook(receiver.url)
        older = api.post(f"/api/webhooks/{webhook.id}/replays", DAY)[1]["job"]
        api.post(f"/api/webhooks/{other.id}/replays", DAY)
        newer = api.post(f"/api/webhooks/{webhook.id}/replays", DAY)[1]["job"]
        for job in (older, newer):
            assert (200, job | {"state": "cancelled"}) == api.post(f"/api/replays/{job['id']}/cancel")
            assert api.post(f"/api/replays/{job['id']}/cancel")[0] == 409
        world.redeliver(*world.take_wakeups())
    listed = api.get(f"/api/webhooks/{webhook.id}/replays")[1]["items"]
    assert {newer["id"], older["id"]} == {job["id"] for job in listed}
    assert sorted((job["id"] for job in listed), reverse=True) == [job["id"] for job in listed]
    assert [row["state"] for row in world.deliveries(webhook)] == ["failed"] * 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "since: is required: must be epoch seconds or a time with a time zone"),
        ({"since": NOON}, "until: is required"),
        (DAY | {"per_minute": 601}, "per_minute is 601: must be a whole number from 1 to 600"),
        (DAY | {"per_minute": True}, "per_minute is true: must be"),
        (DAY | {"dry_run": "yes"}, 'dry_run is "yes": must be true or false'),
        (DAY | {"since": True}, "since is true: must be epoch seconds"),
        (DAY | {"until": 10**400}, "must be from 1970 to 2100"),
        (DAY | {"until": "2020-01-01T00:00:00Z"}, "is later than until"),
        (DAY | {"dryrun": True}, "dryrun: is not known here; the fields are since, until, per_minute, dry_run"),
    ],
)
def test_a_wrong_wish_is_answered_with_what_is_right(world: World, api: Api, body: object, message: str) -> None:
    """And no job is made."""
    webhook = world.webhook("https://hooks.example.com/")
    status, refusal = api.post(f"/api/webhooks/{webhook.id}/replays", body)
    assert (status, message in refusal["message"]) == (422, True)
    assert (
        api.post(f"/api/webhooks/{webhook.id}/replays", [])[0],
        api.post(f"/api/webhooks/{webhook.id}/replays")[0],
    ) == (400, 400)
    assert api.get(f"/api/webhooks/{webhook.id}/replays") == (200, {"items": []})


def test_a_payload_that_nests_deeply_is_shown(world: World, authority: Authority, api: Api) -> None:
    """Whatever could be stored can be read."""
    event = created()
    for _ in range(900):
        event["detail"]["data"]["custom_fields"] = {"deeper": event["detail"]["data"].get("custom_fields")}
    with receiving(answering(ACCEPTED), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        world.dispatch(event)
    [one] = api.ids(f"/api/webhooks/{webhook.id}/deliveries")
    status, found = api.get(f"/api/deliveries/{one}")
    assert (200, event["detail"]) == (status, found["payload"])
