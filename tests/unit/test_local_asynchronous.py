"""Lambda's asynchronous invocation as the local stack repeats it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.asynchronous import AsynchronousInvocation, Record

EVENT = {"id": "1", "detail-type": "RequestCreated"}


@dataclass
class Failing:
    """A function that raises as often as it is told to."""

    failures: int
    arn: str = "arn:aws:lambda:us-east-1:123456789012:function:Dispatch"
    calls: list[tuple[object, str]] = field(default_factory=list)

    def invoke(self, event: object, *, request_id: str) -> object:
        self.calls.append((event, request_id))
        if len(self.calls) <= self.failures:
            raise RuntimeError(f"failure {len(self.calls)}")
        return None


@dataclass
class World:
    """The invocation of a function, what it waited for and what it gave up."""

    function: Failing
    maximum_retries: int = 2
    waited_minutes: list[int] = field(default_factory=list)
    given_up: list[Record] = field(default_factory=list)

    def invocation(self) -> AsynchronousInvocation:
        return AsynchronousInvocation(
            function=self.function,
            maximum_retries=self.maximum_retries,
            wait=self.waited_minutes.append,
            on_failure=self.given_up.append,
            now=lambda: datetime(2026, 11, 24, 1, 2, 3, 456000, tzinfo=UTC),
        )


def test_what_goes_well_is_invoked_once() -> None:
    world = World(Failing(0))
    handled = world.invocation()(EVENT)
    assert (handled.event, handled.invocations, handled.error) == (EVENT, 1, None)
    assert world.waited_minutes == []
    assert world.given_up == []


def test_what_raises_is_repeated_after_one_and_two_minutes_with_the_same_request_id() -> None:
    world = World(Failing(2))
    handled = world.invocation()(EVENT)
    assert (handled.invocations, handled.error) == (3, None)
    assert world.waited_minutes == [1, 2]
    assert [event for event, _ in world.function.calls] == [EVENT] * 3
    assert len({request_id for _, request_id in world.function.calls}) == 1
    assert world.given_up == []


def test_what_keeps_raising_is_given_up_with_lambdas_destination_record() -> None:
    world = World(Failing(9))
    handled = world.invocation()(EVENT)
    assert handled.invocations == 3
    assert str(handled.error) == "failure 3"
    (record,) = world.given_up
    request_id = world.function.calls[0][1]
    answer = record.pop("responsePayload")
    assert record == {
        "version": "1.0",
        "timestamp": "2026-11-24T01:02:03.456Z",
        "requestContext": {
            "requestId": request_id,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Dispatch:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": EVENT,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    }
    assert isinstance(answer, dict)
    assert (answer["errorType"], answer["errorMessage"]) == ("RuntimeError", "failure 3")
    assert "in invoke" in "".join(answer["stackTrace"])


def test_without_retries_the_first_failure_is_final() -> None:
    world = World(Failing(1), maximum_retries=0)
    assert world.invocation()(EVENT).invocations == 1
    assert len(world.given_up) == 1


def test_each_event_has_a_request_id_of_its_own() -> None:
    world = World(Failing(0))
    invocation = world.invocation()
    invocation(EVENT)
    invocation(EVENT)
    assert len({request_id for _, request_id in world.function.calls}) == 2
