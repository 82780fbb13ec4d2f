"""list, show, apply, export, import: webhooks between the API and files."""

import argparse
import json
from typing import Final

from cli.applying import Local, Step, Wishes, plan, to_prune
from cli.carrying_out import Carrier, read_remotes
from cli.comparing import fields_of
from cli.errors import ApiError, CliError, FileError, Problem
from cli.files import export_in, webhook_files, webhook_in, write_whole
from cli.secret_places import host_of
from cli.session import Session
from cli.showing import table

_COLUMNS: Final = ("NAME", "STATUS", "METHOD", "HOST", "TRIGGERS", "UPDATED", "ID", "")


def list_webhooks(session: Session, options: argparse.Namespace) -> int:
    """Shows webhooks by name."""
    found = list(session.api.webhooks(search=options.search, status=options.status))
    if session.as_json:
        session.terminal.show(found)
        return 0
    rows = []
    for one in found:
        status = "active" if one["active"] else "inactive"
        triggers = ", ".join(map(str, one.get("triggers") or ()))
        note = one.get("problem") or one.get("inactive_reason") or ""
        about = (one["name"], status, one.get("method"), host_of(one.get("url")))
        rows.append((*about, triggers, str(one["updated_at"])[:19] + "Z", one["id"], note))
    session.terminal.say(table(_COLUMNS, rows) if rows else "There is no such webhook.")
    return 0


def show(session: Session, options: argparse.Namespace) -> int:
    """Shows a webhook's document."""
    session.terminal.show(session.api.webhook(session.api.find(options.webhook)))
    return 0


def apply(session: Session, options: argparse.Namespace) -> int:
    """Makes what is stored like the files."""
    locals_: list[Local] = []
    carrier = _carrier(session, options)
    unread = False
    for path in webhook_files(options.path):
        try:
            locals_.append(webhook_in(path))
        except FileError as exc:
            unread = True
            carrier.refuse(str(path), Problem("", str(exc).removeprefix(f"{path}: ")))
    unread = unread or not all(one.name for one in locals_)
    summaries = list(session.api.webhooks())
    carrier.carry_out(_planned(session, options, locals_, summaries))
    if options.prune:
        _prune(session, options, carrier, [] if unread else to_prune(locals_, summaries), unread)
    return carrier.finish()


def import_(session: Session, options: argparse.Namespace) -> int:
    """Brings webhooks of an export in."""
    carrier = _carrier(session, options)
    locals_ = []
    for one in export_in(options.file):
        if isinstance(one, Local):
            locals_.append(one)
        else:
            carrier.refuse(one.path, Problem("", one.rule))
    summaries = list(session.api.webhooks())
    carrier.carry_out(_planned(session, options, locals_, summaries, leave_out=True))
    return carrier.finish()


def export(session: Session, options: argparse.Namespace) -> int:
    """Writes all webhooks, without secrets, ids and times."""
    documents, unreadable = [], []
    for one in session.api.webhooks():
        try:
            documents.append(fields_of(session.api.webhook(one["id"])))
        except ApiError as exc:
            if not exc.is_about_the_request:
                raise
            unreadable += [f"{one['name']}: {problem}" for problem in exc.problems]
    if unreadable:
        raise CliError("\n".join(["nothing was exported, since not every webhook can be read:", *unreadable]))
    documents.sort(key=lambda document: (document["name"].casefold(), document["name"]))
    if options.file is None:
        session.terminal.show({"webhooks": documents})
        return 0
    write_whole(options.file, json.dumps({"webhooks": documents}, ensure_ascii=False, indent=2) + "\n")
    session.terminal.complain(f"{len(documents)} webhooks are in {options.file}; secrets are not")
    return 0


def _carrier(session: Session, options: argparse.Namespace) -> Carrier:
    return Carrier(session, dry_run=options.dry_run, signing_secrets=options.signing_secrets)


def _planned(
    session: Session,
    options: argparse.Namespace,
    locals_: list[Local],
    summaries: list[dict[str, object]],
    *,
    leave_out: bool = False,
) -> list[Step]:
    remotes = read_remotes(session.api, summaries, {one.name.casefold() for one in locals_})
    wishes = Wishes(
        environment=session.environment,
        keep_secrets=options.keep_secrets,
        leave_out=leave_out,
        makes_signing=options.signing_secrets is not None,
    )
    return plan(locals_, remotes, wishes)


def _prune(session: Session, options: argparse.Namespace, carrier: Carrier, steps: list[Step], unread: bool) -> None:
    """Deletes after a yes. While a file cannot be read, nobody knows which webhook it names."""
    if unread:
        session.terminal.complain("nothing is pruned: a file above does not say which webhook it is")
        return
    if not steps or options.dry_run or options.yes:
        carrier.carry_out(steps)
        return
    names = ", ".join(step.name for step in steps)
    try:
        agreed = session.ask(f"Delete {names}? Deliveries that wait for them fail. [y/N] ")
    except EOFError:
        agreed = ""
    if agreed.strip().lower() in ("y", "yes"):
        carrier.carry_out(steps)
    else:
        carrier.refused = True
        session.terminal.complain(f"nothing is pruned; --yes deletes without asking: {names}")
