"""`identifiers`: ids that sort by age, and ids that come out the same twice."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grantwire.identifiers import delivery_id, event_id, new_webhook_id, sort_key
from tests.unit.conftest import event_of, texts

MOMENTS = st.floats(0, 4102444800)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@given(MOMENTS, st.binary(min_size=10, max_size=10))
def test_a_webhooks_id_has_26_characters_of_an_alphabet_without_lookalikes(now: float, random: bytes) -> None:
    """No i, l, o, u; lower case only."""
    assert re.fullmatch(rf"wh_[{ALPHABET}]{{26}}", new_webhook_id(now, lambda count: random[:count]))


@given(MOMENTS, MOMENTS, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_webhook_ids_sort_by_age(earlier: float, later: float, one: bytes, other: bytes) -> None:
    """To the millisecond, whatever the random part."""
    earlier, later = sorted((earlier, later))
    if int(earlier * 1000) < int(later * 1000):
        assert new_webhook_id(earlier, lambda _: one) < new_webhook_id(later, lambda _: other)


def test_a_webhooks_id_holds_time_and_randomness() -> None:
    """48 bits of milliseconds, then 80 random ones, in Crockford's base 32."""
    assert new_webhook_id(0, lambda count: bytes(count)) == "wh_" + "0" * 26
    assert new_webhook_id(0.001, lambda count: b"\xff" * count) == "wh_0000000001" + "z" * 16
    assert new_webhook_id(1795000000) != new_webhook_id(1795000000)


@given(st.lists(texts(), min_size=1, max_size=4))
def test_an_events_id_is_a_hash_of_its_identity(identity: list[str]) -> None:
    """The same twice, 32 hexadecimal digits, for any text."""
    assert re.fullmatch(r"evt_[0-9a-f]{32}", event_id(*identity))
    assert event_id(*identity) == event_id(*identity)


LINES = st.lists(texts().map(lambda text: text.replace("\n", "")), min_size=3, max_size=3)


@given(LINES, LINES)
def test_another_identity_has_another_id(one: list[str], other: list[str]) -> None:
    """No two identities are mixed up."""
    assert (one == other) is (event_id(*one) == event_id(*other))


def test_the_parts_of_an_identity_do_not_run_into_each_other() -> None:
    """A request's id is a producer's text: whatever it holds, the event stays a different one."""
    assert event_id("RequestCreated", "a", "b") != event_id("RequestCreated", "ab", "")
    assert event_id("RequestCreated", "a", "b\nc") != event_id("RequestCreated", "a\nb", "c")


def written(microseconds: int) -> str:
    """A moment as a row's key has it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@given(MOMENTS)
def test_a_delivery_id_tells_where_its_row_is(time: float) -> None:
    """The webhook, the event's time to the microsecond as the row's key has it, and the event."""
    event = event_of({}, time=time)
    prefix, webhook, moment, identity = delivery_id("wh_06ewh5hy0000000000000000", event).split("_")
    assert (prefix, webhook) == ("dlv", "06ewh5hy0000000000000000")
    assert event.id == f"evt_{identity}"
    assert sort_key(event) == f"{written(int(moment, 16))}#{event.id}"


@given(MOMENTS, MOMENTS)
def test_sort_keys_sort_by_time(earlier: float, later: float) -> None:
    """A webhook's deliveries are listed in the order in which things happened."""
    earlier, later = sorted((earlier, later))
    assert sort_key(event_of({}, time=earlier)) <= sort_key(event_of({}, time=later))


def test_a_delivery_id_is_fit_for_a_header() -> None:
    """It is sent as `webhook-id`."""
    assert re.fullmatch(r"dlv_[0-9a-z]+_[0-9a-f]+_[0-9a-f]{32}", delivery_id("wh_0a", event_of({})))
