"""Svix: endpoints as `GET /api/v1/app/{app_id}/endpoint` lists them.

An endpoint may carry what two further routes tell of it: `headers` (`…/endpoint/{id}/headers`) and `transformation`
(`…/endpoint/{id}/transformation`). Fields: EndpointOut, EndpointHeadersOut
and EndpointTransformationOut of svix-webhooks.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from cli import Document
from cli.moving.draft import TRIGGERS, Draft, Names, list_in, object_in, rows_of
from cli.secret_places import host_of

_DROPPED: Final = ("id", "uid", "version", "createdAt", "updatedAt", "description", "url", "disabled", "filterTypes")
_KNOWN: Final = (*_DROPPED, "headers", "transformation", "channels", "rateLimit", "throttleRate", "metadata")


def drafts(files: Mapping[str, object], names: Names, renamed: Mapping[str, str]) -> Iterator[Draft]:
    """A webhook for each endpoint."""
    for file, document in files.items():
        for index, row in enumerate(rows_of(document)):
            yield _draft(f"{file}: endpoint {row.get('id') or index}", row, names, renamed)


def _draft(source: str, row: Document, names: Names, renamed: Mapping[str, str]) -> Draft:
    draft = Draft(source=source, name=names.name(row.get("description"), row.get("uid"), host_of(row.get("url"))))
    draft.set_url(row.get("url"), "url")
    draft.set_triggers(list_in(row, "filterTypes") or TRIGGERS, renamed, "filterTypes")
    secret = draft.secret("signing secret", f"whsec_…: Svix's GET …/endpoint/{row.get('id') or '{id}'}/secret")
    draft.document["signing"] = {"kind": "standard_webhooks", "secret": secret}
    draft.leave("svix-id, svix-timestamp, svix-signature", "are called webhook-id, … here; the scheme is the same")
    _read_headers(draft, row)
    _read_rest(draft, row)
    draft.leave_rest(row, _KNOWN)
    return draft


def _read_headers(draft: Draft, row: Document) -> None:
    headers = object_in(row, "headers")
    if not headers:
        draft.leave("headers", "are not in this export: GET …/endpoint/{id}/headers has them")
        return
    for name, value in object_in(headers, "headers").items():
        draft.add_header(name, value, f"headers.headers.{name}")
    for name in list_in(headers, "sensitive"):
        draft.add_header(str(name), None, f"headers.sensitive: {name}", secret=True)


def _read_rest(draft: Draft, row: Document) -> None:
    if row.get("disabled"):
        draft.leave("disabled", "it was disabled: leave it inactive, unless you know why")
    if row.get("channels"):
        draft.leave("channels", f"{row['channels']}: there are none here; a filter can take their place")
    if rate := row.get("throttleRate") or row.get("rateLimit"):
        draft.set_pace(rate, "throttleRate")
    if metadata := object_in(row, "metadata"):
        draft.leave("metadata", f"{', '.join(metadata)}: a webhook keeps none")
    transformation = object_in(row, "transformation")
    if transformation.get("code") and transformation.get("enabled", True):
        draft.leave(
            "transformation", "is JavaScript: write what it makes as body_template; the whole payload is sent now"
        )
