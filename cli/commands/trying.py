"""test, preview, put-event: what a webhook does, before it counts or when it counts."""

import argparse

from cli import Document
from cli.applying import Local, Wishes, plan
from cli.errors import CliError, UsageError
from cli.files import event_in, webhook_in
from cli.secret_places import with_stand_ins
from cli.session import Session
from cli.showing import outcome, previewed


def try_out(session: Session, options: argparse.Namespace) -> int:
    """Sends a test event to a saved webhook or a draft; exit code 1 when it has failed."""
    if (options.webhook is None) == (options.file is None):
        raise UsageError("test takes the name or id of a webhook, or --file with a draft")
    asked = _asked(options)
    if options.file is None:
        result = session.api.test(session.api.find(options.webhook), asked)
    else:
        result = session.api.test_draft({"webhook": _draft(session, webhook_in(options.file)), **asked})
    session.terminal.show(result) if session.as_json else session.terminal.say(outcome(result))
    return 0 if result["outcome"] == "successful" else 1


def preview(session: Session, options: argparse.Namespace) -> int:
    """Shows what a draft would send; no secret is needed for that."""
    local = webhook_in(options.file)
    draft = _draft(session, Local(source=local.source, document=with_stand_ins(local.document)))
    result = session.api.preview({"webhook": draft, **_asked(options)})
    session.terminal.show(result) if session.as_json else session.terminal.say(previewed(result))
    return 1 if result["problem"] else 0


def put_event(session: Session, options: argparse.Namespace) -> int:
    """Puts an event on the bus."""
    accepted = session.api.put_event(event_in(options.file))
    if session.as_json:
        session.terminal.show(accepted)
    else:
        session.terminal.say(f"{accepted['trigger']} is on the bus as event {accepted['event_id']}")
    return 0


def _asked(options: argparse.Namespace) -> Document:
    trigger = {"trigger": options.trigger} if options.trigger else {}
    return {**trigger, "event": event_in(options.event)} if options.event else trigger


def _draft(session: Session, local: Local) -> Document:
    """The draft with its URL and secrets filled in. Raises CliError with each that is not there."""
    [step] = plan([local], [], Wishes(environment=session.environment, makes_signing=True))
    session.terminal.hide(step.secrets)
    if step.problems:
        raise CliError("\n".join(f"{local.source}: {problem}" for problem in step.problems))
    return step.document
