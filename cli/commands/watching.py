"""deliveries, delivery, replay: what became of events, and once more."""

import argparse
from collections.abc import Mapping
from itertools import islice

from cli import Document
from cli.errors import UnavailableError, UsageError
from cli.following import Follower
from cli.session import Session
from cli.showing import DELIVERY_COLUMNS, delivery, delivery_line, delivery_row, job, table

_PAGE = 100


def list_deliveries(session: Session, options: argparse.Namespace) -> int:
    """Shows a webhook's deliveries, the newest event first; with --follow goes on with what is new, until Ctrl-C."""
    webhook_id = session.api.find(options.webhook)
    asked = {"state": options.state, "trigger": options.trigger, "since": options.since}
    asked["limit"] = min(options.limit, _PAGE)
    if options.follow:
        return _follow(session, options, webhook_id, asked)
    found = list(islice(session.api.deliveries(webhook_id, asked), options.limit))
    if session.as_json:
        session.terminal.show(found)
    else:
        rows = [delivery_row(one) for one in found]
        session.terminal.say(table(DELIVERY_COLUMNS, rows) if rows else "There is no such delivery.")
    return 0


def _follow(session: Session, options: argparse.Namespace, webhook_id: str, asked: Mapping[str, object]) -> int:
    """A line for each delivery that is new or has changed. An API that is away for a while does not end it."""
    follower = Follower(options.limit)
    began = is_away = False
    while True:
        try:
            news = follower.news(session.api.deliveries(webhook_id, asked))
            is_away = False
        except UnavailableError as exc:
            if not began:
                raise
            if not is_away:
                session.terminal.complain(f"{exc}; trying again")
            news, is_away = [], True
        began = True
        for one in news:
            session.terminal.show_line(one) if session.as_json else session.terminal.say(delivery_line(one))
        session.wait(options.interval)


def show_delivery(session: Session, options: argparse.Namespace) -> int:
    """Shows one delivery and its attempts."""
    found = session.api.delivery(options.delivery)
    session.terminal.show(found) if session.as_json else session.terminal.say(delivery(found))
    return 0


def replay(session: Session, options: argparse.Namespace) -> int:
    """Sends a delivery again, or what failed in a time range; or goes on watching a job, or stops it."""
    ranged = options.since is not None or options.until is not None
    if options.target.startswith("job_") and not ranged:
        return _cancel(session, options.target) if options.cancel else _watch_by_id(session, options)
    if options.cancel:
        raise UsageError("--cancel takes the id of a replay job, job_…")
    if options.target.startswith("dlv_") and not ranged:
        return _replay_one(session, options)
    if options.since is None or options.until is None:
        raise UsageError("replay takes a delivery's id, dlv_…, or a webhook with --since and --until")
    return _replay_failed(session, options)


def _replay_one(session: Session, options: argparse.Namespace) -> int:
    if options.dry_run:
        found = session.api.delivery(options.target)
        ended = found["state"] in ("succeeded", "failed")
        session.terminal.say(f"it {'would be sent again' if ended else 'cannot be replayed'}: {delivery_line(found)}")
        return 0 if ended else 1
    found = session.api.replay(options.target)
    session.terminal.show(found) if session.as_json else session.terminal.say(f"sent again: {delivery_line(found)}")
    return 0


def _replay_failed(session: Session, options: argparse.Namespace) -> int:
    webhook_id = session.api.find(options.target)
    wish = {"since": options.since, "until": options.until}
    if options.per_minute is not None:
        wish["per_minute"] = options.per_minute
    counted = session.api.replay_failed(webhook_id, {**wish, "dry_run": True})
    count = counted["count"]
    told = session.terminal.complain if session.as_json else session.terminal.say
    told(f"{count} failed {'delivery' if count == 1 else 'deliveries'} from {options.since} to {options.until}")
    if options.dry_run or not count:
        if session.as_json:
            session.terminal.show(counted)
        return 0
    started: Document = session.api.replay_failed(webhook_id, wish)["job"]
    return _watch(session, started, options.interval)


def _watch_by_id(session: Session, options: argparse.Namespace) -> int:
    return _watch(session, session.api.replay_job(options.target), options.interval)


def _watch(session: Session, one: Document, interval: float) -> int:
    """Tells how far a job is until it has ended; 1 when it was stopped. It goes on when nobody watches."""
    told = ""
    try:
        while True:
            if (line := job(one)) != told and not session.as_json:
                session.terminal.say(line)
            told = line
            if one["state"] != "running":
                break
            session.wait(interval)
            one = session.api.replay_job(one["id"])
    except KeyboardInterrupt:
        session.terminal.complain(f"the job goes on without you: `grantwire replay {one['id']} --cancel` stops it")
        raise
    if session.as_json:
        session.terminal.show(one)
    return 0 if one["state"] == "done" else 1


def _cancel(session: Session, job_id: str) -> int:
    found = session.api.cancel_replay(job_id)
    session.terminal.show(found) if session.as_json else session.terminal.say(job(found))
    return 0
