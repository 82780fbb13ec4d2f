"""`pacing`: turns at a rate, whoever draws them, and the rate that a receiver takes."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.configurations import MOST_PER_SECOND, parse_webhook
from grantwire.judging import Outcome
from grantwire.models import State, Webhook
from grantwire.pacing import FORGET_SECONDS, SHARE_OF_LIMIT, Pace, Pacer, Turn
from tests.fakes import FakePaces

NOW = 1_795_000_000.0
REFUSED, TIMEOUT, FAILED = (Outcome(State.WAITING, code, "") for code in ("http_429", "timeout", "http_500"))


@cache
def webhook(per_second: float | None = None) -> Webhook:
    """One that is sent to as often as that: a little less often than its limit says."""
    document = {"name": "Torq", "url": "https://hooks.example.com/", "triggers": ["RequestCreated"]}
    limit = per_second and per_second / SHARE_OF_LIMIT
    return parse_webhook(document | {"deliveries_per_second": limit}, webhook_id="wh_1", now=NOW)


@dataclass
class Time:
    """A clock that sleeping moves."""

    now: float = NOW
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pacer(records: FakePaces, time: Time) -> Pacer:
    return Pacer(records=records, clock=lambda: time.now, sleep=time.sleep)


def test_without_a_limit_and_a_refusal_there_is_no_row() -> None:
    """And nothing is waited for."""
    records, time = FakePaces(), Time()
    one = pacer(records, time)
    for _ in range(100):
        assert one.turn(webhook(), None) is None
        one.attempted(webhook(), FAILED, NOW)
    assert (records.paces, time.slept) == ({}, [])


def test_turns_are_as_far_apart_as_the_limit_says() -> None:
    """The first at once; those that are near are waited for, the others are told when to come back."""
    time, records = Time(), FakePaces()
    assert [pacer(records, time).turn(webhook(20), None) for _ in range(50)] == [None] * 50
    assert time.slept == pytest.approx([0.05] * 49, abs=0.001)
    at = time.now
    one = Pacer(records=records, clock=lambda: at, sleep=lambda _: None)  # now everybody comes at the same moment
    turns = [turn for _ in range(100) if (turn := one.turn(webhook(20), None))]
    assert [turn.at for turn in turns] == pytest.approx([at + 2.05 + number / 20 for number in range(60)], abs=0.001)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 2)), min_size=1, max_size=60), st.sampled_from([0.5, 7, 20]))
def test_no_two_processes_send_closer_than_the_limit(drawings: list[tuple[int, float]], rate: float) -> None:
    """Whichever of four processes draws, and whenever: what is sent is 1 / rate apart."""
    records, time, now, moments = FakePaces(), Time(), NOW, list[float]()
    processes = [pacer(records, time) for _ in range(4)]
    for process, later in drawings:
        now = time.now = now + later
        turn = processes[process].turn(webhook(rate), None)
        moments.append(turn.at if turn else time.now)
        time.now = now
    gaps = [second - first for first, second in pairwise(moments)]
    assert min(gaps, default=1 / rate) >= 1 / rate - 0.005
    assert moments[0] == pytest.approx(NOW + drawings[0][1], abs=0.001)


def test_who_has_drawn_keeps_the_place() -> None:
    """Woken early it is told the same again; a slower rate moves it, and no other comes before it."""
    records, time = FakePaces(), Time()
    one = Pacer(records=records, clock=lambda: time.now, sleep=lambda _: None)
    turns = [turn for _ in range(10) if (turn := one.turn(webhook(1), None))]
    fourth = next(turn for turn in turns if turn.number == 4)
    assert fourth.at == pytest.approx(NOW + 4, abs=0.001)
    assert one.turn(webhook(1), fourth.number) == fourth
    moved = [one.turn(webhook(0.5), turn.number) for turn in turns]
    assert [turn.at for turn in moved if turn] == pytest.approx([NOW + 2 * number for number in range(3, 10)], abs=0.01)
    time.now = NOW + 8.01
    assert one.turn(webhook(0.5), fourth.number) is None


def test_a_number_of_a_row_that_is_gone_is_drawn_anew() -> None:
    """Else it would wait for what may never come."""
    assert pacer(FakePaces(), Time()).turn(webhook(20), 1e6) is None


def test_who_comes_long_after_its_moment_draws_another() -> None:
    """After trouble with the queue a whole backlog would have had its moment: the limit is kept all the same."""
    time = Time()
    one = Pacer(records=FakePaces(), clock=lambda: time.now, sleep=lambda _: None)
    numbers = [turn.number for _ in range(100) if (turn := one.turn(webhook(10), None))]
    time.now += 3600.0
    turns = [one.turn(webhook(10), number) for number in numbers]
    held = [turn.at - time.now for turn in turns if turn]
    assert [at for at, _ in pairwise(held)] == sorted(held)[:-1]
    assert len(held) == pytest.approx(len(numbers) - 20, abs=1)
    assert held[-1] == pytest.approx(len(numbers) / 10, abs=0.2)


def test_a_backlog_of_a_found_pace_is_looked_at_few_times() -> None:
    """At the soonest that its turn can come, if the rate rises all the while; then it has come, or nearly so."""
    time, records = Time(), FakePaces()
    one = Pacer(records=records, clock=lambda: time.now, sleep=lambda _: None)
    slow = Pace(webhook_id="wh_1", rate=1.0, since=NOW, step=1 / 6, slowed_at=NOW)
    records.put(slow, None, own=False)
    turns = [one.turn(webhook(), None) for _ in range(3000)]
    last = turns[-1]
    looks = 0
    while last is not None:
        while time.now < last.at:  # those before it are sent meanwhile, and so the rate rises
            time.now = min(time.now + 5.0, last.at)
            pace = records.get("wh_1", own=False)
            assert pace is not None
            assert one.turn(webhook(), pace.serving(time.now)) is None
        last, looks = one.turn(webhook(), last.number), looks + 1
    assert time.now - NOW < 450  # an hour, and more, by the rate that it began with
    assert looks < 12


@pytest.mark.parametrize(
    ("limit", "rate", "number", "seconds"),
    [
        pytest.param(0.1, 0.1, 2.0, 20.0, id="at its limit it rises no more, though it was found once"),
        pytest.param(0.1, 0.05, 2.0, 20.0, id="it may rise to its limit at once, and no further"),
        pytest.param(0.1, 0.05, 1.0, 10.0, id="the limit is reached soon"),
        pytest.param(2.0, 1.0, 30.0, 19.989, id="its turn comes before the limit is reached"),
        pytest.param(2.0, 1.0, 60.0, 35.194, id="its turn comes after that"),
    ],
)
def test_a_rate_that_rises_to_its_limit_is_waited_for_no_less(
    limit: float, rate: float, number: float, seconds: float
) -> None:
    """It was halved, and is to keep to a limit below what that gave: each look in between costs two writes."""
    records = FakePaces()
    one = Pacer(records=records, clock=lambda: NOW, sleep=lambda _: None)
    records.put(Pace(webhook_id="wh_1", rate=rate, since=NOW, drawn=99.0, step=1 / 6, slowed_at=NOW), None, own=True)
    turn = one.turn(webhook(limit), number)
    assert turn is not None
    assert turn.at - NOW == pytest.approx(seconds, abs=0.01)


def test_a_limit_that_is_taken_away_lets_what_waits_go() -> None:
    assert pacer(FakePaces(), Time()).turn(webhook(None), 1e6) is None


def test_a_long_wait_is_looked_at_in_between() -> None:
    """SQS delays by 15 minutes at most; the number stays."""
    one = Pacer(records=FakePaces(), clock=lambda: NOW, sleep=lambda _: None)
    turns = [one.turn(webhook(0.1), None) for _ in range(200)]
    assert turns[-1] == Turn(199.0, NOW + 890)


Receiver = Callable[[list[float], float], bool]  # of when it accepted, and the time now: whether it accepts


def a_second(capacity: int) -> Receiver:
    """One that accepts so many within any second."""
    return lambda accepted, now: len(accepted) < capacity or accepted[-capacity] <= now - 1


def receiver(
    accepts: Receiver, offered: float, *, seconds: int = 60, answers_after: float = 0.2
) -> tuple[list[int], list[int]]:
    """How many it accepted and refused, second by second, of three processes."""
    chance, records, time, waits, accepted = random.Random(1), FakePaces(), Time(), list[float](), list[float]()
    pacers = [Pacer(records=records, clock=lambda: time.now, sleep=waits.append) for _ in range(3)]
    counts = [0] * (seconds + 1), [0] * (seconds + 1)
    due: list[tuple[float, float, str]] = [(NOW + n / offered, -1.0, "comes") for n in range(int(offered * seconds))]
    while due and due[0][0] < NOW + seconds:
        time.now, number, what = heapq.heappop(due)
        one = chance.choice(pacers)
        if what == "answered":
            one.attempted(webhook(), REFUSED, number)
            heapq.heappush(due, (time.now + 30.0, -1.0, "comes"))
        elif what == "comes" and (turn := one.turn(webhook(), None if number < 0 else number)):
            heapq.heappush(due, (turn.at, turn.number, "comes"))
        elif what == "comes" and waits:
            heapq.heappush(due, (time.now + waits.pop(), 0.0, "goes"))
        elif accepts(accepted, time.now):
            accepted.append(time.now)
            counts[0][int(time.now - NOW)] += 1
        else:
            counts[1][int(time.now - NOW)] += 1
            heapq.heappush(due, (time.now + answers_after, time.now, "answered"))
    return counts


def test_a_receiver_that_refuses_is_sent_what_it_takes() -> None:
    """Twenty a second out of sixty: after the first ten seconds hardly any is refused, and most of it is used."""
    accepted, refused = receiver(a_second(20), 60, seconds=60)
    assert sum(refused[10:]) <= 5
    assert sum(accepted[10:]) >= 0.8 * 20 * 50


def test_it_is_looked_for_more_when_that_was_kept_to_for_minutes() -> None:
    """Where there is none, a few are refused; where there is, it is used."""
    accepted, refused = receiver(a_second(10), 12, seconds=400)
    assert 0 < sum(refused[10:]) <= 20
    assert sum(accepted[310:]) >= 0.7 * 10 * 90
    grown, _ = receiver(lambda taken, now: a_second(10 if now < NOW + 60 else 16)(taken, now), 18, seconds=400)
    assert max(grown[60:300]) <= 10
    assert sum(grown[340:]) >= 0.7 * 16 * 60


def test_a_receiver_that_takes_less_by_now_is_sent_less() -> None:
    """What got through once is no reason to go on."""
    accepted, refused = receiver(lambda taken, now: a_second(20 if now < NOW + 60 else 5)(taken, now), 30, seconds=200)
    assert sum(refused[70:]) <= 10
    assert sum(accepted[80:]) >= 0.7 * 5 * 120


def test_who_refuses_slowly_is_heard() -> None:
    """The rate may have risen twice before the answer comes, and is too high all the more."""
    accepted, refused = receiver(a_second(20), 40, seconds=100, answers_after=4.0)
    assert sum(refused[60:]) <= 0.1 * sum(accepted[60:])


def test_what_got_through_is_estimated_first_and_known_later() -> None:
    """An estimate, from the times before all processes draw, may be far too low: it does not hold for long."""
    line = Pace(webhook_id="wh_1", rate=30.0, since=NOW, drawn=1e6, refused=20.0)
    estimated = line.halved(NOW + 2, NOW + 2)
    assert [estimated.rate, estimated.ceiling, estimated.held_until - NOW] == pytest.approx([15, 19, 32])
    risen = replace(estimated, rate=15.0 + 2 * estimated.step, since=NOW + 12, refused=3.0)
    known = risen.halved(NOW + 14, NOW + 14)
    assert [known.rate, known.ceiling, known.held_until - NOW] == pytest.approx([10, 17.5, 314])
    assert replace(line, refused=55.0).halved(NOW + 2, NOW + 2).ceiling == 0  # it counts what it refuses
    assert (
        replace(line, drawn=-1.0, taken=60).halved(NOW + 2, NOW + 2).ceiling == 0
    )  # some may be sent without a number


@pytest.mark.parametrize(("refused", "is_too_fast"), [(1.0, False), (1.1, True), (2.0, True)])
def test_one_refusal_alone_does_not_slow_down(refused: float, *, is_too_fast: bool) -> None:
    """What travelled fast arrives with what was sent before it; a second one is no accident."""
    pace = Pace(webhook_id="wh_1", rate=18.0, since=NOW, drawn=1e6, refused=refused)
    assert pace.is_too_fast(NOW + 2.5, NOW + 2.1) is is_too_fast
    assert not pace.is_too_fast(NOW + 2.5, NOW + 1.9)


def test_what_was_found_is_not_forgotten_while_somebody_waits() -> None:
    """All that wait would be sent at once."""
    pace = Pace(webhook_id="wh_1", rate=1.0, since=NOW, drawn=5000.0, slowed_at=NOW)
    assert not pace.is_over(NOW + FORGET_SECONDS + 1)
    assert replace(pace, drawn=500.0).is_over(NOW + FORGET_SECONDS + 1)


def test_who_waits_at_a_limit_is_sent_as_fast_as_it_says_again() -> None:
    """There it is no crowd that comes; a limit that is higher by now would be risen to by tiny steps."""
    records = FakePaces()
    slow = Pace(webhook_id="wh_1", rate=0.1, since=NOW, drawn=5000.0, step=0.01, slowed_at=NOW)
    records.put(slow, None, own=True)
    one = Pacer(records=records, clock=lambda: NOW + FORGET_SECONDS + 1, sleep=lambda _: None)
    one.turn(webhook(20), 4000.0)
    assert records.paces["wh_1", True].rate == 20


@pytest.mark.parametrize(
    ("began_after", "answered_after", "counted"),
    [
        pytest.param(-1.0, 9.0, 0.0, id="it was sent at the rate before, which was higher"),
        pytest.param(3.0, 9.0, 1.0, id="the rate has risen meanwhile, so it is too high all the more"),
        pytest.param(8.0, 9.0, 1.0, id="it was sent at this rate"),
        pytest.param(9.0, 40.0, 1.0, id="it took half a minute"),
        pytest.param(37.0, 39.0, 0.0, id="the last one was long ago: counting begins anew"),
    ],
)
def test_a_refusal_counts_when_it_says_something_of_the_rate(
    began_after: float, answered_after: float, counted: float
) -> None:
    """The rate was halved, and has risen six seconds later."""
    records, time = FakePaces(), Time()
    pace = Pace(webhook_id="wh_1", rate=17.5, since=NOW + 6, drawn=1e6, step=2.5, slowed_at=NOW)
    records.put(pace, None, own=False)
    time.now = NOW + answered_after
    pacer(records, time).attempted(webhook(), REFUSED, NOW + began_after)
    assert records.paces["wh_1", False].refused == counted


def test_what_was_sent_since_the_refused_one_is_not_judged_yet() -> None:
    """Of the second before it began something is known; of the three after that nothing is."""
    records, time = FakePaces(), Time()
    records.put(Pace(webhook_id="wh_1", rate=500.0, since=NOW, slowed_at=NOW, taken=100, refused=50), None, own=False)
    time.now = NOW + 4
    pacer(records, time).attempted(webhook(), REFUSED, NOW + 1)
    assert (records.paces["wh_1", False].rate, records.paces["wh_1", False].refused) == (500, 51)


def test_a_limit_below_the_least_rate_is_kept_to() -> None:
    """One delivery in ten seconds stays one in ten seconds, whatever is refused, also at one and the same moment."""
    records, time = FakePaces(), Time()
    one, limited = pacer(records, time), webhook(0.1)
    for _ in range(20):
        one.turn(limited, None)
        for _ in range(3):
            one.attempted(limited, REFUSED, time.now)
            assert records.paces["wh_1", True].rate <= 0.1
        time.now += 11


def test_two_refusals_at_the_same_moment() -> None:
    """Nothing was sent since the first of them."""
    records, time = FakePaces(), Time()
    for _ in range(3):
        pacer(records, time).attempted(webhook(), REFUSED, NOW)
    assert records.paces["wh_1", False].rate == MOST_PER_SECOND


def test_a_receiver_that_counts_what_it_refuses_is_not_kept_from_recovering() -> None:
    """It lets nearly nothing through of what is too much: that says nothing about what it takes."""
    asked: list[float] = []

    def accepts(_: list[float], now: float) -> bool:
        asked.append(now)
        return len(asked) <= 20 or asked[-21] <= now - 1

    accepted, _ = receiver(accepts, 25, seconds=150)
    assert sum(accepted[60:]) >= 0.6 * 20 * 90


def test_a_stray_refusal_slows_nothing_down() -> None:
    """One in a thousand is no limit."""
    records, time = FakePaces(), Time()
    one = pacer(records, time)
    for number in range(5000):
        time.now = NOW + number / 50
        assert one.turn(webhook(), None) is None
        if number % 1000 == 0:
            one.attempted(webhook(), REFUSED, time.now)
    assert records.paces["wh_1", False].rate == MOST_PER_SECOND


@pytest.mark.parametrize(("outcome", "every", "slows"), [(REFUSED, 20, True), (TIMEOUT, 20, False), (TIMEOUT, 2, True)])
def test_timeouts_count_less(outcome: Outcome, every: int, slows: bool) -> None:
    """A refusal is said outright; a timeout may have other causes."""
    records, time = FakePaces(), Time()
    one = pacer(records, time)
    for number in range(1000):
        time.now = NOW + number / 50
        one.turn(webhook(), None)
        if number % every == 0:
            one.attempted(webhook(), outcome, time.now)
    assert (records.paces["wh_1", False].rate < MOST_PER_SECOND) is slows


def test_what_was_found_is_forgotten() -> None:
    """Ten minutes after the last halving there is no pace any more."""
    records, time = FakePaces(), Time()
    one = pacer(records, time)
    one.attempted(webhook(), REFUSED, NOW)
    time.now = NOW + FORGET_SECONDS + 1
    assert one.turn(webhook(), None) is None
    assert records.paces["wh_1", False].taken == 0


def test_a_receiver_that_refuses_again_later_is_not_held_for_what_was_drawn_before() -> None:
    """The row outlives what was found for a week; with nobody in line, a refusal must not hold up what comes next."""
    records, time = FakePaces(), Time()
    one = pacer(records, time)
    one.attempted(webhook(), REFUSED, NOW)
    for number in range(2_000):
        time.now = NOW + number / 10
        one.turn(webhook(), None)
    time.now = NOW + 2 * FORGET_SECONDS
    assert one.turn(webhook(), None) is None
    one.attempted(webhook(), REFUSED, time.now)
    assert (records.paces["wh_1", False].taken, records.paces["wh_1", False].refused) == (0, 0)
    time.slept.clear()
    assert one.turn(webhook(), None) is None
    assert sum(time.slept) <= 1 / MOST_PER_SECOND


def test_a_limit_is_never_risen_above() -> None:
    """A webhook with a limit whose receiver takes less is slowed below it, and comes back to it."""
    records, time = FakePaces(), Time()
    one, limited = pacer(records, time), webhook(20)
    for number in range(100):
        time.now = max(time.now, NOW + number / 20)
        one.turn(limited, None)
        if number > 60:
            one.attempted(limited, REFUSED, time.now)
    slowed = records.paces["wh_1", True]
    assert 1 <= slowed.rate <= 10
    rates = []
    for _ in range(110):
        time.now += 5.1
        one.turn(limited, None)
        rates.append(records.paces["wh_1", True].rate)
    assert rates == sorted(rates)
    assert rates[-1] == 20
    time.now += FORGET_SECONDS
    one.turn(limited, None)
    assert records.paces["wh_1", True].slowed_at == 0


@given(st.floats(0.1, 500))
def test_any_limit_stands_in_a_row(limit: float) -> None:
    """As it is read again, so that it is written once."""
    records = FakePaces()
    limited = parse_webhook(
        {"name": "T", "url": "https://a.example.com/", "triggers": ["RequestCreated"], "deliveries_per_second": limit},
        webhook_id="wh_1",
        now=NOW,
    )
    for _ in range(3):
        pacer(records, Time()).turn(limited, None)
    assert (records.paces["wh_1", True].since, records.paces["wh_1", True].taken) == (NOW, 3)
