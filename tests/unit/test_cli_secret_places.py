"""Where the command line looks for secrets: where the API has them."""

from typing import Any

import pytest

from cli import MASK
from cli.comparing import FIELDS, SHOWN_ONLY
from cli.secret_places import has_moved, host_of, is_secret_header, masked, places, with_stand_ins
from grantwire import managing, urls
from grantwire.configurations import EDITABLE, header_is_always_secret, parse_webhook, public_document
from grantwire.models import MASK as THE_APIS_MASK

HEADERS = [
    {"name": "X-Plain", "value": "plain"},
    {"name": "X-Marked", "value": "secret-1", "secret": True},
    {"name": "Authorization", "value": "secret-2"},
]
AUTHENTICATIONS = [
    {"kind": "bearer", "token": "secret-3"},
    {"kind": "basic", "username": "ana", "password": "secret-3"},
    {"kind": "api_key", "header": "X-Api-Key", "value": "secret-3"},
    {
        "kind": "oauth2_client_credentials",
        "token_url": "https://id.example.com/token",
        "client_id": "grantwire",
        "client_secret": "secret-3",
    },
]


def document(**fields: Any) -> dict[str, Any]:
    return {"name": "Torq", "url": "https://hooks.torq.io/1", "triggers": ["RequestCreated"]} | fields


def test_the_mask_and_the_fields_are_the_apis() -> None:
    """A field that is new there is compared and exported here, and what is only shown is not."""
    assert (MASK, FIELDS) == (THE_APIS_MASK, EDITABLE)
    assert set(SHOWN_ONLY) == {*managing.SHOWN_ONLY, "id", "version", "created_at", "updated_at"}


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "Cookie", "X-Token", "X-SECRET", "password", "X-Passwd", "credentials", "X-Signature"),
        *("x-api-key", "X-ApiKey", "Access-Key", "X-Plain", "Content-Type", "X-Keyboard", "Accept"),
    ],
)
def test_a_name_says_the_same_to_both(name: str) -> None:
    assert is_secret_header({"name": name}) == header_is_always_secret(name)


@pytest.mark.parametrize("authentication", AUTHENTICATIONS, ids=lambda one: one["kind"])
def test_what_is_masked_is_what_the_api_masks(authentication: dict[str, Any]) -> None:
    """Each kind of secret that a webhook can have."""
    headers = HEADERS if authentication["kind"] in ("api_key",) else HEADERS[:2]
    given = document(headers=headers, authentication=authentication)
    shown = public_document(parse_webhook(given, webhook_id="wh_1", now=0.0))
    hidden = masked(given)
    assert [row["value"] for row in hidden["headers"]] == [row["value"] for row in shown["headers"]]
    assert hidden["authentication"].items() <= shown["authentication"].items()
    assert "secret-" not in str(hidden)
    assert "secret-" in str(given)


def test_a_place_is_named_as_a_problem_names_it() -> None:
    signing = {"kind": "standard_webhooks", "secret": "whsec_1"}
    found = places(document(headers=HEADERS, authentication=AUTHENTICATIONS[1], signing=signing))
    assert [(one.path, one.name, one.value) for one in found] == [
        ("headers[1].value", "X-Marked", "secret-1"),
        ("headers[2].value", "Authorization", "secret-2"),
        ("authentication.password", "basic", "secret-3"),
        ("signing.secret", "standard_webhooks", "whsec_1"),
    ]


@pytest.mark.parametrize("wrong", [None, 7, "x", [7], [None], {"kind": []}, {"kind": "bearer"}, [{"value": 7}]])
def test_what_is_malformed_is_passed_over(wrong: object) -> None:
    assert list(places(document(headers=wrong, authentication=wrong, signing=wrong))) == []


@pytest.mark.parametrize("authentication", AUTHENTICATIONS, ids=lambda one: one["kind"])
def test_with_stand_ins_a_document_can_be_checked(authentication: dict[str, Any]) -> None:
    """The API finds nothing wrong with a document that lacks nothing but its secrets."""
    signing = {"kind": "standard_webhooks", "secret": MASK}
    hidden = masked(document(headers=HEADERS[:2], authentication=authentication, signing=signing))
    parse_webhook(with_stand_ins(hidden), webhook_id="wh_1", now=0.0)
    named = document(headers=[{"name": "X-Token", "value": "Bearer ${TOKEN}"}])
    assert with_stand_ins(named)["headers"][0]["value"] == "not-entered"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.torq.io/1",
        "https://HOOKS.torq.io:443/1",
        "https://hooks.torq.io.:8443/{{event_type}}",
        "https://hooks.torq.io?a={{data.id}}",
    ],
)
def test_a_host_is_what_it_is_to_the_api(url: str) -> None:
    assert host_of(url) == urls.host_of(url)


@pytest.mark.parametrize("url", [None, 7, "", "https://[", "https://a:b/"])
def test_a_url_without_a_host(url: object) -> None:
    assert host_of(url) == ""


def test_a_signing_secret_moves_with_its_webhook() -> None:
    """It is sent nowhere."""
    here, there = document(signing={"kind": "x", "secret": MASK}), document(url="https://elsewhere.example.com/")
    [place] = places(here)
    assert not has_moved(place, here, there)
