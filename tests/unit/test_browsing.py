"""`browsing`, `asking` and the ids they live on: pages that stay right, cursors that fit, ids that lead to rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.asking import Selection, read_cursor, read_question, read_wish, write_cursor
from grantwire.browsing import (
    Browser,
    KeptAttempt,
    Page,
    StoredDelivery,
    WholeDelivery,
    job_item,
    standing,
)
from grantwire.errors import InvalidWebhookError
from grantwire.identifiers import (
    delivery_id,
    delivery_id_of,
    event_id,
    is_webhook_id,
    made_at,
    moment,
    new_job_id,
    new_webhook_id,
    row_of,
    sort_key,
)
from grantwire.models import Delivery, RequestEvent, State
from grantwire.replaying import ReplayJob
from grantwire.request_events import LATEST, request_id_in
from tests.unit.conftest import event_of

WEBHOOK = "wh_06ewh5hy0000000000000000"
TIMES = st.floats(0, 4102444800)
STATES = st.none() | st.sampled_from(State)


@dataclass
class Shelf:
    """Pages in memory, by the rules of the table: what a filter passes over is looked at too, `looks` rows a page."""

    looks: int
    rows: dict[str, StoredDelivery] = field(default_factory=dict)
    attempts: tuple[KeptAttempt, ...] = ()

    def put(self, event: RequestEvent, state: State) -> None:
        self.rows[sort_key(event)] = stored(event, state)

    def page(self, webhook_id: str, selection: Selection, *, after: str, limit: int) -> Page:
        first, last = selection.sort_keys
        keys = sorted((key for key in self.rows if first <= key <= last and (not after or key < after)), reverse=True)
        found, looked = list[StoredDelivery](), ""
        for key in keys[: self.looks]:
            if len(found) == limit:
                break
            looked = key
            if selection.state in (None, self.rows[key].delivery.state):
                found.append(self.rows[key])
        return Page(found, looked if looked and looked != keys[-1] else "")

    def whole(self, webhook_id: str, sort_key: str) -> WholeDelivery | None:
        row = self.rows.get(sort_key)
        return WholeDelivery(row, self.attempts) if row else None

    def several(self, keys: Sequence[tuple[str, str]]) -> Sequence[StoredDelivery]:
        return [self.rows[key] for _, key in keys if key in self.rows]

    def payloads(self, event_ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {}

    def event(self, event_id: str) -> RequestEvent | None:
        return None

    def get(self, webhook_id: str) -> object | None:
        return None

    def subscriptions(self, trigger: str) -> Sequence[Any]:
        return [SimpleNamespace(webhook_id=WEBHOOK)]


def stored(event: RequestEvent, state: State, attempts: int = 1) -> StoredDelivery:
    delivery = Delivery(
        webhook_id=WEBHOOK, sort_key=sort_key(event), trigger=event.trigger, state=state, attempts=attempts
    )
    return StoredDelivery(delivery=delivery, code=None, reason=None, created_at=1.0, updated_at=1.0, last_attempt=None)


def browsing(shelf: Shelf) -> Browser:
    return Browser(pages=shelf, events=shelf, webhooks=shelf)


def numbered(number: float) -> RequestEvent:
    """An event of that time; no two are the same."""
    return replace(event_of({}, time=number), id=event_id(repr(number)))


@pytest.mark.parametrize("query", [{"limit": "100"}, {"limit": "7"}, {"limit": "100", "state": "failed"}])
def test_five_thousand_deliveries_are_walked_while_others_come(query: dict[str, str]) -> None:
    """None missed that was there at the beginning, none twice, newest first, whatever is added between the pages."""
    chance, shelf = Random(1), Shelf(looks=400)
    for number in range(5000):
        shelf.put(numbered(1795000000 + number), State.FAILED if number % 97 == 0 else State.SUCCEEDED)
    wanted = State(query.get("state", "succeeded"))
    there = {
        one.delivery.sort_key for one in shelf.rows.values() if "state" not in query or one.delivery.state is wanted
    }
    seen, cursor = list[str](), ""
    while True:
        page = browsing(shelf).page(WEBHOOK, query | ({"cursor": cursor} if cursor else {}))
        assert page is not None
        items: Any = page["items"]
        seen += [f"{one['event_time']}#{one['event_id']}" for one in items]
        for _ in range(3):
            shelf.put(numbered(1795000000 + 6000 * chance.random()), chance.choice(list(State)))
        if page["next_cursor"] is None:
            break
        cursor = str(page["next_cursor"])
    assert seen == sorted(set(seen), reverse=True)
    assert there <= set(seen)


@given(TIMES, st.binary(min_size=10, max_size=10))
def test_a_delivery_id_leads_to_its_row_and_back(time: float, random: bytes) -> None:
    """To the microsecond, for every time that an event can have."""
    webhook_id = new_webhook_id(time, lambda _: random)
    event = replace(event_of({}, time=time), id=event_id(repr(time)))
    row = (webhook_id, sort_key(event))
    assert row_of(delivery_id(webhook_id, event)) == row
    assert delivery_id_of(*row) == delivery_id(webhook_id, event)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dlv_",
        "dlv_0a_1_",
        "dlv_0a_01_ff",
        "dlv_0a_1_ff\n",
        "dlv_0A_1_ff",
        "dlv_0a_1_ff_ff",
        "dlv_0a_-1_ff",
        "wh_0a",
    ],
)
def test_what_is_no_delivery_id_leads_nowhere(text: str) -> None:
    """And each delivery has one id only."""
    assert row_of("dlv_0a_1_ff") == ("wh_0a", "1970-01-01T00:00:00.000001Z#evt_ff")
    assert row_of(text) is None


@pytest.mark.parametrize("text", ["", "REPLAY", "CIRCUIT", "EVENT#evt_1", "wh_", "wh_A", "wh_0a\n", "wh_" + "0" * 65])
def test_what_is_no_webhook_id_is_told(text: str) -> None:
    """It could be the key of another kind of row."""
    assert is_webhook_id(WEBHOOK)
    assert not is_webhook_id(text)


@given(TIMES)
def test_a_job_knows_when_it_was_made(time: float) -> None:
    """Its id does, to the millisecond."""
    assert made_at(new_job_id(time)) == int(time * 1000) / 1000


SELECTIONS = st.builds(
    Selection,
    since=st.floats(0, 1000),
    until=st.floats(2000, LATEST),
    state=STATES,
    trigger=st.none() | st.just("RequestCreated"),
)


@given(SELECTIONS, SELECTIONS, st.floats(1000, 2000))
def test_a_cursor_holds_a_position_in_one_list(selection: Selection, other: Selection, time: float) -> None:
    """The same webhook and filters read it, no others do."""
    position = sort_key(numbered(time))
    cursor = write_cursor(position, WEBHOOK, selection)
    assert read_cursor(cursor, WEBHOOK, selection) == position
    for webhook_id, asked in ((f"{WEBHOOK}0", selection), *([(WEBHOOK, other)] if other != selection else [])):
        with pytest.raises(InvalidWebhookError, match="is no cursor of this webhook with these filters"):
            read_cursor(cursor, webhook_id, asked)


@given(st.integers(0, 200), st.characters())
def test_a_cursor_that_was_changed_is_refused(place: int, character: str) -> None:
    """Whichever character is put in whichever place."""
    cursor = write_cursor(sort_key(numbered(1500)), WEBHOOK, Selection())
    changed = cursor[: place % len(cursor)] + character + cursor[place % len(cursor) + 1 :]
    if changed != cursor:
        with pytest.raises(InvalidWebhookError, match="pass on next_cursor as it came"):
            read_cursor(changed, WEBHOOK, Selection())


@pytest.mark.parametrize("position", ["", "x", "2026", "1970-01-01T00:00:00.000000Z#evt_1", "~"])
def test_a_cursor_made_by_hand_stays_within_its_list(position: str) -> None:
    """DynamoDB refuses a position outside of the times that are asked for: it never gets one."""
    selection = Selection(since=1000, until=2000)
    with pytest.raises(InvalidWebhookError):
        read_cursor(write_cursor(position, WEBHOOK, selection), WEBHOOK, selection)


@pytest.mark.parametrize(
    "text", ["1795000000.5", "2026-11-18T11:06:40.5Z", "2026-11-18T13:06:40.5+02:00", "2026-11-18T13:06:40.5 02:00"]
)
def test_a_time_is_read_in_either_spelling(text: str) -> None:
    """Epoch seconds, or ISO 8601 with a time zone, even when its plus was not encoded in the query."""
    assert read_question({"since": text}).selection == Selection(since=1795000000.5)


@given(st.floats(0, LATEST))
def test_a_time_that_is_shown_can_be_asked_for(time: float) -> None:
    """What the API shows, it also takes; as a number too, in JSON."""
    shown = read_question({"since": moment(time)}).selection.since
    assert moment(shown) == moment(time)
    wish = read_wish({"since": time, "until": LATEST})
    assert wish.selection == Selection(since=time, state=State.FAILED)


def test_every_wrong_parameter_is_named() -> None:
    """Not only the first."""
    with pytest.raises(InvalidWebhookError) as caught:
        read_question({"state": "lost", "trigger": "x", "since": "x", "until": "١٧", "limit": "1e2", "sate": "failed"})
    assert {one.path for one in caught.value.problems} == {"state", "trigger", "since", "limit", "sate"}


@pytest.mark.parametrize(
    ("payload", "request_id"),
    [
        ({"data": {"friendly_id": "AR-123"}}, "AR-123"),
        ({"data": {"friendly_id": 123}}, None),
        ({"data": {}}, None),
        ({"data": "AR-123"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_requests_id_is_what_people_see_of_it(payload: dict[str, object] | None, request_id: str | None) -> None:
    """None when a payload does not say; the payload is a producer's and may hold anything."""
    assert request_id_in(payload) == request_id


ATTEMPT = KeptAttempt(
    started_at=1.0,
    code="http_500",
    sentence="",
    webhook_version=1,
    request=None,
    response=None,
    verdicts=(),
    timings=None,
    remote_address=None,
    too_large=True,
)


@pytest.mark.parametrize(
    ("state", "attempts", "before"),
    [
        (State.FAILED, 3, [False, False, False]),
        (State.WAITING, 0, [True, True, True]),
        (State.SUCCEEDED, 1, [True, True, False]),
        (State.DELIVERING, 1, [True, True, True]),
        (State.DELIVERING, 3, [True, False, False]),
    ],
)
def test_attempts_before_the_last_replay_are_told(state: State, attempts: int, before: list[bool]) -> None:
    """Three were kept; one that is being made is counted by the row and not kept yet."""
    shelf, event = Shelf(looks=1, attempts=(ATTEMPT,) * 3), numbered(1500)
    shelf.rows[sort_key(event)] = stored(event, state, attempts)
    found: Any = browsing(shelf).delivery(delivery_id(WEBHOOK, event))
    assert [one["before_replay"] for one in found["history"]] == before
    assert [one["number"] for one in found["history"]] == [1, 2, 3]


def test_what_a_delivery_waits_for_is_said_in_words() -> None:
    """For a person who wants to replay it and cannot yet."""
    waiting = stored(numbered(1500), State.WAITING, 2).delivery
    assert standing(waiting) == "the delivery is waiting for its attempt number 3"
    parked = replace(waiting, parked_for="hooks.torq.io wh_1")
    assert standing(parked) == "the delivery is waiting for its receiver at hooks.torq.io, which is down"
    assert standing(replace(waiting, state=State.DELIVERING)) == "the delivery is being sent at this moment"


def test_a_job_shows_how_far_it_is() -> None:
    """And nothing of how it keeps its place."""
    job = ReplayJob(id=new_job_id(1500), webhook_id=WEBHOOK, since=1, until=2, per_minute=3, total=4, cursor="x")
    shown = job_item(job)
    assert shown["created_at"] == "1970-01-01T00:25:00.000000Z"
    assert (shown["total"], shown["replayed"], shown["state"]) == (4, 0, "running")
    assert "cursor" not in shown
