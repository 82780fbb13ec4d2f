"""Carries a plan out, one webhook after the other, and tells what became of each."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cli import Document
from cli.api import Api
from cli.applying import Action, Remote, Step
from cli.errors import ApiError, Problem
from cli.files import open_private
from cli.secret_places import with_stand_ins
from cli.session import Session

_DONE: Final = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.LEAVE: "unchanged",
    Action.REFUSE: "refused",
    Action.DELETE: "deleted",
}
_WOULD: Final = _DONE | {
    Action.CREATE: "would create",
    Action.UPDATE: "would update",
    Action.DELETE: "would delete",
}


def read_remotes(api: Api, summaries: Iterable[Mapping[str, object]], names: set[str]) -> list[Remote]:
    """The stored webhooks of these casefolded names, read whole; one that cannot be read has no document."""
    found = []
    for one in summaries:
        if str(one["name"]).casefold() not in names:
            continue
        webhook_id, version = str(one["id"]), int(str(one["version"]))
        try:
            document: Document | None = api.webhook(webhook_id)
        except ApiError as exc:
            if exc.status == 404:
                continue
            if exc.status != 409:
                raise
            document = None
        version = int(document["version"]) if document else version
        found.append(Remote(id=webhook_id, name=str(one["name"]), version=version, document=document))
    return found


@dataclass
class Carrier:
    """Does what steps say and tells it: a line each, or all at the end as JSON. One that is refused stops no other."""

    session: Session
    dry_run: bool
    signing_secrets: Path | None = None

    def __post_init__(self) -> None:
        self._told: list[Document] = []
        self.refused = False

    def carry_out(self, steps: Iterable[Step]) -> None:
        """One after the other. Raises ApiError when the API is out of reach or lets nobody in."""
        for step in steps:
            self.session.terminal.hide(step.secrets)
            try:
                self._check(step) if self.dry_run else self._do(step)
            except ApiError as exc:
                if not exc.is_about_the_request:
                    self.finish()  # what was done until now is told
                    raise
                self._tell(replace(step, action=Action.REFUSE, problems=exc.problems))
            else:
                self._tell(step)

    def refuse(self, source: str, problem: Problem) -> None:
        """Tell that a file holds no webhook."""
        self._tell(Step(action=Action.REFUSE, name="", source=source, problems=(problem,)))

    def finish(self) -> int:
        """The exit code, once all is told."""
        if self.session.as_json:
            self.session.terminal.show({"dry_run": self.dry_run, "webhooks": self._told})
        return 1 if self.refused else 0

    def _check(self, step: Step) -> None:
        """What the API would say, without storing anything."""
        if step.action in (Action.CREATE, Action.UPDATE):
            self.session.api.preview({"webhook": with_stand_ins(step.document)})

    def _do(self, step: Step) -> None:
        api, stored = self.session.api, step.stored
        if step.action is Action.CREATE:
            self._keep_signing_secret(step, lambda: api.create(step.document))
        elif stored and step.action is Action.UPDATE:
            self._keep_signing_secret(step, lambda: api.replace(stored.id, step.document, stored.version))
        elif stored and step.action is Action.DELETE:
            api.delete(stored.id, stored.version)

    def _keep_signing_secret(self, step: Step, save: Callable[[], Document]) -> None:
        """A secret that was made is shown this once: it goes to its file, which is open before the webhook is saved."""
        if self.signing_secrets is None:
            save()
            return
        with os.fdopen(open_private(self.signing_secrets), "a", encoding="utf-8") as file:
            saved = save()
            if made := saved.get("new_signing_secret"):
                self.session.terminal.hide([made])
                print(json.dumps({"name": step.name, "id": saved["id"], "signing_secret": made}), file=file)

    def _tell(self, step: Step) -> None:
        self.refused = self.refused or step.action is Action.REFUSE
        if self.session.as_json:
            self._told.append(_document(step, self.dry_run))
        else:
            self.session.terminal.say("\n".join(_lines(step, self.dry_run)))


def _result(step: Step, dry_run: bool) -> str:
    return (_WOULD if dry_run else _DONE)[step.action]


def _document(step: Step, dry_run: bool) -> Document:
    problems = [{"path": one.path, "rule": one.rule} for one in step.problems]
    facts = {"name": step.name, "source": step.source or None, "result": _result(step, dry_run)}
    return {**facts, "fields": step.changed, "missing_secrets": step.missing, "problems": problems}


def _lines(step: Step, dry_run: bool) -> list[str]:
    """A webhook in a line, and a line for each problem or secret that is missing."""
    fields = f": {', '.join(step.changed)}" if step.changed else ""
    source = f"  ({step.source})" if step.source else ""
    lines = [f"{_result(step, dry_run):<12}  {step.name or step.source}{fields}{source if step.name else ''}"]
    lines += [f"  {step.source}: {problem}" for problem in step.problems]
    if step.missing:
        lines.append("  inactive until these secrets are entered:")
        lines += [f"    {path}" for path in step.missing]
    return lines
