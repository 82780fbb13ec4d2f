"""The operations of the HTTP API that the commands use, by name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from cli import Document
from cli.client import Client
from cli.errors import ApiError, CliError

_WEBHOOK_ID: Final = re.compile(r"wh_[0-9a-z]{26}", re.ASCII)
_MOST_OF_A_PAGE: Final = 100


class Api:
    """What can be asked of Grantwire. Every method raises ApiError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def webhooks(self, search: str = "", status: str = "") -> Iterator[Document]:
        """The summary of each webhook, by name."""
        return self._all("/api/webhooks", {"search": search, "status": status, "limit": _MOST_OF_A_PAGE})

    def webhook(self, webhook_id: str) -> Document:
        """A webhook as it is shown."""
        found: Document = self._client.get(_webhook(webhook_id))
        return found

    def find(self, name_or_id: str) -> str:
        """The id of the webhook that is meant. Raises CliError when there is none of that name, whatever its case."""
        name = name_or_id.strip()
        wanted = (one["id"] for one in self.webhooks(search=name[:64]) if one["name"].casefold() == name.casefold())
        found = next(wanted, None)
        if found is None and _WEBHOOK_ID.fullmatch(name):
            return name
        if found is None:
            raise CliError(f'there is no webhook "{name}": `grantwire list` shows all of them')
        return str(found)

    def create(self, document: Document) -> Document:
        """Store a new webhook."""
        made: Document = self._client.send("POST", "/api/webhooks", document)
        return made

    def replace(self, webhook_id: str, document: Document, version: int) -> Document:
        """Store a document in place of that version of it."""
        saved: Document = self._client.send("PUT", _webhook(webhook_id), document, _if_match(version))
        return saved

    def delete(self, webhook_id: str, version: int) -> None:
        """Delete that version of a webhook."""
        self._client.send("DELETE", _webhook(webhook_id), headers=_if_match(version))

    def test(self, webhook_id: str, body: Mapping[str, object]) -> Document:
        """What a test of a saved webhook came to."""
        tested: Document = self._client.send("POST", f"{_webhook(webhook_id)}/test", body)
        return tested

    def test_draft(self, body: Mapping[str, object]) -> Document:
        """What a test of a draft came to."""
        tested: Document = self._client.send("POST", "/api/webhooks/test", body)
        return tested

    def preview(self, body: Mapping[str, object]) -> Document:
        """What a draft would send."""
        shown: Document = self._client.send("POST", "/api/webhooks/preview", body)
        return shown

    def deliveries(self, webhook_id: str, asked: Mapping[str, object]) -> Iterator[Document]:
        """A webhook's deliveries, the newest event first."""
        return self._all(f"{_webhook(webhook_id)}/deliveries", asked)

    def delivery(self, delivery_id: str) -> Document:
        """One delivery, with its attempts and its event."""
        found: Document = self._client.get(f"/api/deliveries/{quote(delivery_id, safe='')}")
        return found

    def replay(self, delivery_id: str) -> Document:
        """Have a delivery sent again."""
        found: Document = self._client.send("POST", f"/api/deliveries/{quote(delivery_id, safe='')}/replay")
        return found

    def replay_failed(self, webhook_id: str, wish: Mapping[str, object]) -> Document:
        """How many deliveries of a time range have failed, and the job that sends them again."""
        found: Document = self._client.send("POST", f"{_webhook(webhook_id)}/replays", wish)
        return found

    def replay_job(self, job_id: str) -> Document:
        """How far a job is."""
        found: Document = self._client.get(f"/api/replays/{quote(job_id, safe='')}")
        return found

    def cancel_replay(self, job_id: str) -> Document:
        """Stop a job."""
        found: Document = self._client.send("POST", f"/api/replays/{quote(job_id, safe='')}/cancel")
        return found

    def put_event(self, event: Mapping[str, object]) -> Document:
        """Put an event on the bus."""
        accepted: Document = self._client.send("POST", "/api/events", event)
        return accepted

    def _all(self, path: str, query: Mapping[str, object]) -> Iterator[Document]:
        """Every item of every page; the next page is asked for when its first item is."""
        cursor: Any = None
        while True:
            page = self._client.get(path, {**query, "cursor": cursor})
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise ApiError(200, f"{self._client.address.url}{path} answered not as Grantwire's API does")
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return


def _webhook(webhook_id: str) -> str:
    return f"/api/webhooks/{quote(webhook_id, safe='')}"


def _if_match(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}
