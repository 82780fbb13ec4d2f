"""What the person on call can ask for. A command is a JSON object; a wrong one is answered with what is right.

{"command": "redrive", "limit": 100}                            dead letters go to dispatch again
{"command": "replay", "webhook_id": …, "sort_key": …}           one delivery is sent again
{"command": "count_failed", "webhook_id": …, "since": …, "until": …}
{"command": "replay_failed", … the same …, "per_minute": 60}    a job: all failed deliveries of that time
{"command": "show_job", "job_id": …}, {"command": "cancel_job", "job_id": …}

Times are ISO 8601 with a time zone, as in 2026-11-18T11:06:40Z.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final, Protocol

from grantwire.errors import InvalidCommandError
from grantwire.frozen import frozen
from grantwire.identifiers import new_job_id
from grantwire.models import Delivery
from grantwire.redriving import Redriver
from grantwire.replaying import MAX_RATE, Jobs, Replayer, ReplayJob

DEFAULT_LIMIT: Final = 1000
DEFAULT_RATE: Final = 60
Answer = dict[str, object]


class Deliveries(Protocol):
    """Rows of deliveries, see `stores.deliveries`."""

    def get(self, webhook_id: str, sort_key: str) -> Delivery | None:
        """The delivery, None when there is none."""
        ...


@frozen
class Operator:
    """Runs commands. Raises StoreError for our own faults; the command can be given again."""

    redriver: Redriver
    replayer: Replayer
    deliveries: Deliveries
    jobs: Jobs
    clock: Callable[[], float]

    def run(self, command: object, *, has_time: Callable[[], bool]) -> Answer:
        """The answer to one command; `{"error": …}` for one that is not understood."""
        actions: dict[str, Callable[[Mapping[str, object]], Answer]] = {
            "redrive": lambda given: self._redrive(given, has_time),
            "replay": self._replay,
            "count_failed": self._count_failed,
            "replay_failed": self._replay_failed,
            "show_job": lambda given: _shown(self._job(given)),
            "cancel_job": self._cancel_job,
        }
        try:
            if not isinstance(command, Mapping) or command.get("command") not in actions:
                raise InvalidCommandError(f"'command' must be one of {', '.join(actions)}")
            return actions[str(command["command"])](command)
        except InvalidCommandError as exc:
            return {"error": str(exc)}

    def _redrive(self, given: Mapping[str, object], has_time: Callable[[], bool]) -> Answer:
        return asdict(self.redriver.redrive(limit=_whole(given, "limit", DEFAULT_LIMIT, 100_000), has_time=has_time))

    def _replay(self, given: Mapping[str, object]) -> Answer:
        delivery = self.deliveries.get(_text(given, "webhook_id"), _text(given, "sort_key"))
        if delivery is None:
            raise InvalidCommandError("there is no such delivery")
        if not self.replayer.replay(delivery):
            raise InvalidCommandError(f"the delivery is {delivery.state}: it is replayed once it has ended")
        return {"replayed": 1}

    def _count_failed(self, given: Mapping[str, object]) -> Answer:
        since, until = _range(given)
        return {"failed": self.replayer.count(_text(given, "webhook_id"), since=since, until=until)}

    def _replay_failed(self, given: Mapping[str, object]) -> Answer:
        since, until = _range(given)
        rate = _whole(given, "per_minute", DEFAULT_RATE, MAX_RATE)
        webhook_id = _text(given, "webhook_id")
        job_id = new_job_id(self.clock())
        return _shown(self.replayer.start(job_id, webhook_id, since=since, until=until, per_minute=rate))

    def _cancel_job(self, given: Mapping[str, object]) -> Answer:
        job = self._job(given)
        if not self.replayer.cancel(job):
            raise InvalidCommandError(f"the job is {job.state}, or took a step just now: show it and try again")
        return _shown(self._job(given))

    def _job(self, given: Mapping[str, object]) -> ReplayJob:
        job = self.jobs.get(_text(given, "job_id"))
        if job is None:
            raise InvalidCommandError("there is no such job")
        return job


def _shown(job: ReplayJob) -> Answer:
    shown = asdict(job)
    return {"job_id": shown.pop("id"), **shown}


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidCommandError(f"'{name}' is required and must be text")
    return value


def _whole(given: Mapping[str, object], name: str, default: int, most: int) -> int:
    value = given.get(name, default)
    if type(value) is not int or not 1 <= value <= most:
        raise InvalidCommandError(f"'{name}' is {value!r}: it must be a whole number from 1 to {most}")
    return value


def _range(given: Mapping[str, object]) -> tuple[float, float]:
    since, until = _time(given, "since"), _time(given, "until")
    if since > until:
        raise InvalidCommandError("'since' is later than 'until'")
    return since, until


def _time(given: Mapping[str, object], name: str) -> float:
    text = _text(given, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidCommandError(f"'{name}' is {text!r}: it must be a time such as 2026-11-18T11:06:40Z") from exc
    if moment.tzinfo is None:
        raise InvalidCommandError(f"'{name}' is {text!r}: it needs a time zone, as in 2026-11-18T11:06:40Z")
    return moment.timestamp()
