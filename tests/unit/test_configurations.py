"""`configurations`: a user's JSON becomes a webhook, or the list of everything that is wrong with it."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantwire.configurations import (
    EDITABLE,
    METHODS,
    document_of,
    header_is_always_secret,
    parse_webhook,
    public_document,
)
from grantwire.errors import InvalidWebhookError, Problem
from grantwire.filters import OPERATORS, WITHOUT_VALUES
from grantwire.models import (
    MASK,
    TRIGGERS,
    ApiKey,
    Authentication,
    Basic,
    Bearer,
    ClientCredentials,
    Filter,
    Header,
    MaskedSecret,
    PlainSecret,
    ResponseValidator,
    SealedSecret,
    Signing,
    Webhook,
)
from grantwire.reading import unstorable
from grantwire.request_events import parse
from grantwire.saving import seal
from tests.fakes import FakeSecrets
from tests.unit.conftest import document, json_values, texts, webhook_of

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-s3cr3t"  # what must not be repeated by any problem
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOT_EMPTY: list[Any] = [["a"], [""], "a", "", 0, False, {}]
FULL: dict[str, Any] = {
    "name": "Torq Production-1_a",
    "active": True,
    "method": "PUT",
    "url": "https://hooks.torq.io/v1/{{data.id}}?who={{ data.requester.name }}",
    "body_template": '{"event": "{{event_type}}", "groups": {{data.access_groups}}}',
    "headers": [
        {"name": "Authorization", "value": f"Bearer {SECRET}"},
        {"name": "X-Plain", "value": "by {{data.requester.name}}"},
        {"name": "X-Marked", "value": "also secret", "secret": True},
        {"name": "X-Empty", "value": ""},
    ],
    "authentication": {"kind": "api_key", "header": "X-Api-Key", "value": SECRET},
    "signing": {"kind": "standard_webhooks", "secret": SIGNING_SECRET},
    "triggers": ["RequestGranted", "RequestCreated"],
    "filters": [{"field": "integration", "operator": "is_not", "values": ["a", 5, True]}],
    "timeout_seconds": 2.5,
    "response_validators": [{"json_path": "$.data.status", "expected_values": ["accepted", 1, False, None]}],
    "retry": {"max_attempts": 3},
    "deliveries_per_second": 20,
}


def problems(given_document: object, **how: Any) -> tuple[Problem, ...]:
    """What is wrong with a document; none when nothing is."""
    try:
        parse_webhook(given_document, webhook_id="wh_1", now=1.0, **how)
    except InvalidWebhookError as exc:
        return exc.problems
    return ()


def header(**row: Any) -> dict[str, Any]:
    return {"headers": [row]}


def filtered(**row: Any) -> dict[str, Any]:
    return {"filters": [{"field": "integration", "operator": "is", "values": ["a"]} | row]}


def validated(**row: Any) -> dict[str, Any]:
    return {"response_validators": [{"json_path": "$.data", "expected_values": ["a"]} | row]}


def proven(kind: str = "bearer", **row: Any) -> dict[str, Any]:
    return {"authentication": {"kind": kind} | row}


def by_client(**row: Any) -> dict[str, Any]:
    fields = {"token_url": "https://auth.example.com/token", "client_id": "grantwire", "client_secret": SECRET}
    return proven("oauth2_client_credentials", **fields | row)


def signs(**row: Any) -> dict[str, Any]:
    return {"signing": {"kind": "standard_webhooks"} | row}


def test_every_field_is_read() -> None:
    """In their types; triggers once each and in one order; values by their JSON spelling."""
    webhook = parse_webhook(FULL, webhook_id="wh_1", now=5.0, version=3, created_at=2.0)
    assert webhook == Webhook(
        id="wh_1",
        name="Torq Production-1_a",
        active=True,
        method="PUT",
        url=FULL["url"],
        body_template=FULL["body_template"],
        headers=(
            Header(name="Authorization", value=PlainSecret(f"Bearer {SECRET}")),
            Header(name="X-Plain", value="by {{data.requester.name}}"),
            Header(name="X-Marked", value=PlainSecret("also secret")),
            Header(name="X-Empty", value=""),
        ),
        authentication=ApiKey(header="X-Api-Key", secret=PlainSecret(SECRET)),
        signing=Signing(secret=PlainSecret(SIGNING_SECRET)),
        triggers=("RequestCreated", "RequestGranted"),
        filters=(Filter(field="integration", operator="is_not", values=("a", "5", "true")),),
        timeout_seconds=2.5,
        response_validators=(
            ResponseValidator(json_path="$.data.status", expected_values=("accepted", "1", "false", "null")),
        ),
        max_attempts=3,
        deliveries_per_second=20.0,
        version=3,
        created_at=2.0,
        updated_at=5.0,
    )
    assert set(FULL) == set(EDITABLE)


def test_what_is_left_out_has_its_default() -> None:
    """Inactive, POST, ten seconds, eleven attempts; a draft has version 0."""
    webhook = webhook_of()
    assert (webhook.active, webhook.method, webhook.timeout_seconds, webhook.max_attempts) == (False, "POST", 10.0, 11)
    assert (webhook.body_template, webhook.headers, webhook.filters, webhook.response_validators) == ("", (), (), ())
    assert (webhook.version, webhook.created_at, webhook.updated_at) == (0, 1795000000.0, 1795000000.0)
    assert (webhook.authentication, webhook.signing, webhook.deliveries_per_second) == (None, None, None)
    left_empty = dict.fromkeys(
        (
            "authentication",
            "signing",
            "headers",
            "filters",
            "response_validators",
            "retry",
            "deliveries_per_second",
            "timeout_seconds",
            "body_template",
        )
    )
    assert webhook == webhook_of(**left_empty)


@pytest.mark.parametrize(
    ("fields", "path", "rule"),
    [
        ({"name": ...}, "name", "is required"),
        ({"name": ""}, "name", "is required"),
        ({"name": 5}, "name", "must be text"),
        ({"name": " "}, "name", "must start with a letter or digit"),
        ({"name": "-a"}, "name", "must start with a letter or digit"),
        ({"name": "_a"}, "name", "must start with a letter or digit"),
        ({"name": "a" * 65}, "name", "at most 64"),
        ({"name": "a/b"}, "name", "must start with a letter or digit"),
        ({"name": "a\nb"}, "name", "must start with a letter or digit"),
        ({"name": "größe"}, "name", "must start with a letter or digit and go on with letters (A-Z, a-z), digits"),
        ({"active": "true"}, "active", "must be true or false"),
        ({"active": 1}, "active", "must be true or false"),
        ({"active": None}, "active", "must be true or false"),
        ({"method": "post"}, "method", "must be one of POST, PUT, PATCH, DELETE, GET"),
        ({"method": "TRACE"}, "method", "must be one of"),
        ({"method": ["POST"]}, "method", "must be one of"),
        ({"url": ...}, "url", "is required"),
        ({"url": 5}, "url", "must be text"),
        ({"url": "http://a.example/"}, "url", "the URL does not start with https://"),
        ({"url": "https://user@a.example/"}, "url", "the URL holds a user name or password"),
        ({"url": "https://{{data.host}}/"}, "url", "must not hold a placeholder in its host"),
        ({"url": "https://a.example{{data.host}}/"}, "url", "must not hold a placeholder in its host"),
        ({"url": "https://a.example:{{data.port}}/"}, "url", "must not hold a placeholder in its host"),
        ({"url": "{{data.url}}"}, "url", "the URL does not start with https://"),
        ({"url": "https://a.example/{{"}, "url", "line 1, column 19: a placeholder is not closed"),
        ({"url": "https://a.example/{{>a}}"}, "url", "line 1, column 19: partials are not available"),
        *(
            ({"url": f"https://a.example/{end}"}, "url", "has a fragment, which no request carries; leave # and what")
            for end in ("#", "a?b=c#part", "{{data.id}}#{{data.id}}", "{{#if data.id}}a#b{{/if}}")
        ),
        ({"url": "https://a.example/a b"}, "url", "the URL holds a space"),
        ({"body_template": 5}, "body_template", "must be text"),
        ({"body_template": "{"}, "body_template", "is not JSON"),
        ({"body_template": '{\n "a": "{{>p}}"}'}, "body_template", "line 2, column 8: partials are not available"),
        ({"body_template": '"' + "a" * 65_535 + '"'}, "body_template", "longer than 64 KB"),
        ({"headers": {}}, "headers", "must be a list of at most 50 objects"),
        ({"headers": [{"name": f"X-{n}", "value": ""} for n in range(51)]}, "headers", "must be a list of at most 50"),
        ({"headers": [5]}, "headers[0]", "must be an object"),
        (header(value="a"), "headers[0].name", "is required"),
        (header(name="X Y", value="a"), "headers[0].name", "must be a header name"),
        (header(name="X:Y", value="a"), "headers[0].name", "must be a header name"),
        (header(name="X\n", value="a"), "headers[0].name", "must be a header name"),
        (header(name="Größe", value="a"), "headers[0].name", "must be a header name"),
        *(
            (header(name=name, value="a"), "headers[0].name", "is set by Grantwire")
            for name in ("Host", "CONTENT-LENGTH", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Keep-Alive")
        ),
        *(
            (header(name=name, value="a"), "headers[0].name", "is set by Grantwire")
            for name in ("webhook-id", "Webhook-Timestamp", "webhook-signature", "Trailer", "Proxy-Connection")
        ),
        (header(name="X-A", value=5), "headers[0].value", "must be text of at most 4096 bytes"),
        (header(name="X-A", value="é" * 2049), "headers[0].value", "must be text of at most 4096 bytes"),
        (header(name="X-A", value="a\r\nX-B: c"), "headers[0].value", "holds a line break, which a header cannot"),
        *(
            (header(name="X-A", value=f"a{control}b", **secret), "headers[0].value", "holds a control character, which")
            for control in ("\0", "\x01", "\x0b", "\x1b", "\x7f")
            for secret in ({}, {"secret": True})
        ),
        (header(name="X-A", value="{{a"), "headers[0].value", "line 1, column 1: a placeholder is not closed"),
        (header(name="X-A", value="a", secret="yes"), "headers[0].secret", "must be true or false"),
        (header(name="X-A", value="a", kind="b"), "headers[0].kind", "is not known here; the fields are name, value"),
        (header(name="X-A", sealed="a"), "headers[0].sealed", "is not known here"),
        (header(name="Authorization"), "headers[0].value", "is required: a secret header needs its value"),
        (header(name="Authorization", value=MASK), "headers[0].value", "is required: a secret header"),
        (
            {"headers": [{"name": "X-A", "value": ""}, {"name": "x-a", "value": ""}]},
            "headers[1].name",
            "is there twice",
        ),
        (
            {"headers": [{"name": "x-a", "value": ""}, {"name": "X-A", "value": ""}]},
            "headers[1].name",
            "is there twice",
        ),
        *(
            ({"authentication": value}, "authentication", 'must be an object such as {"kind": "bearer", "token": …}')
            for value in (f"Bearer {SECRET}", [SECRET], 5, True)
        ),
        ({"authentication": {}}, "authentication.kind", "must be one of bearer, basic, api_key, oauth2_client_cred"),
        (proven("digest"), "authentication.kind", "must be one of bearer, basic, api_key, oauth2_client_credentials"),
        (proven(token=SECRET, user="a"), "authentication.user", "is not known here; the fields are kind, token"),
        *((proven(token=value), "authentication.token", "is required") for value in (None, "", MASK)),
        (proven(token=5), "authentication.token", "must be text of at most 4096 bytes"),
        (proven(token="a" * 4097), "authentication.token", "must be text of at most 4096 bytes"),
        (proven(token="Bearer a"), "authentication.token", "must be the token alone, without the word Bearer"),
        (proven(token="ä"), "authentication.token", "ASCII characters without a space"),
        (proven(token={"sealed": "a"}), "authentication.token", "must be text"),
        (proven("basic", password=SECRET), "authentication.username", "is required"),
        (proven("basic", username="a"), "authentication.password", "is required"),
        (proven("basic", username="a:b", password=SECRET), "authentication.username", "must not hold ':'"),
        (proven("basic", username="a\n", password=SECRET), "authentication.username", "must not hold a line break"),
        (proven("basic", username="a" * 1025, password=SECRET), "authentication.username", "at most 1024 characters"),
        (proven("basic", username="a", password="b\n"), "authentication.password", "must not hold a line break"),
        (proven("api_key", value=SECRET), "authentication.header", "is required"),
        (proven("api_key", header="X Y", value=SECRET), "authentication.header", "must be a header name"),
        (proven("api_key", header="webhook-id", value=SECRET), "authentication.header", "is set by Grantwire"),
        (proven("api_key", header="Content-Type", value=SECRET), "authentication.header", "how values are escaped"),
        (proven("api_key", header="X-Key", value="a\r\nb"), "authentication.value", "must not hold a line break"),
        (by_client(token_url=None), "authentication.token_url", "is required"),
        (by_client(token_url="http://a.example/"), "authentication.token_url", "the URL does not start with https://"),
        (by_client(token_url="https://a@b.example/"), "authentication.token_url", "holds a user name or password"),
        (by_client(token_url="https://a.example/{{x}}"), "authentication.token_url", "must not hold a placeholder"),
        (by_client(token_url="https://a.example/" + "a" * 5000), "authentication.token_url", "at most 4096 characters"),
        (by_client(client_id=None), "authentication.client_id", "is required"),
        (by_client(client_secret=None), "authentication.client_secret", "is required"),
        (by_client(scope=["a"]), "authentication.scope", "must be text"),
        (by_client(audience="a" * 1025), "authentication.audience", "at most 1024 characters"),
        (by_client(client_authentication="post"), "authentication.client_authentication", "must be one of basic, body"),
        (by_client(token="a"), "authentication.token", "is not known here; the fields are kind, token_url"),
        (
            proven(token=SECRET) | header(name="AUTHORIZATION", value=SECRET),
            "headers[0].name",
            "is set by authentication too; leave it out of headers, or authentication away",
        ),
        (
            proven("api_key", header="x-key", value=SECRET) | header(name="X-Key", value="a"),
            "headers[0].name",
            "is set by authentication too",
        ),
        ({"signing": True}, "signing", 'must be an object such as {"kind": "standard_webhooks"}'),
        (signs(kind="hmac"), "signing.kind", "must be standard_webhooks"),
        (signs(secret="whsec_short"), "signing.secret", "must be whsec_ and the base64 of 24 to 64 random bytes"),
        (signs(secret=5), "signing.secret", "must be text"),
        (signs(secret=MASK), "signing.secret", "is required"),
        (signs(previous_secret=SIGNING_SECRET), "signing.previous_secret", "is not known here; the fields are kind"),
        (signs(previous_until=5), "signing.previous_until", "is not known here"),
        ({"triggers": ...}, "triggers", "needs at least one of RequestCreated"),
        ({"triggers": []}, "triggers", "needs at least one of RequestCreated"),
        ({"triggers": "RequestCreated"}, "triggers", "needs at least one of RequestCreated"),
        ({"triggers": ["RequestCreated", "AccessRequestCreated"]}, "triggers[1]", "must be one of RequestCreated"),
        ({"triggers": [["RequestCreated"]]}, "triggers[0]", "must be one of RequestCreated"),
        ({"filters": "a"}, "filters", "must be a list of at most 50 objects"),
        (filtered(field="colour"), "filters[0].field", "must be one of integration, integration_type"),
        (filtered(field="custom_fields."), "filters[0].field", "did you mean custom_fields.<key>? It must be one of"),
        (filtered(field="Integrations"), "filters[0].field", "did you mean integration? It must be one of"),
        (filtered(field="data.a["), "filters[0].field", "has a '[' at character 7 that is not closed; close it with ]"),
        (filtered(field="data" + ".a" * 32), "filters[0].field", "must have at most 32 steps; it has 33"),
        (filtered(field="data." + "a" * 512), "filters[0].field", "must be at most 512 characters long"),
        (filtered(field=5), "filters[0].field", "must be text"),
        *(
            (filtered(operator=operator, values=values), "filters[0].values", f"left out or empty: {operator} asks")
            for operator in ("exists", "does_not_exist")
            for values in NOT_EMPTY
        ),
        *(
            (filtered(operator=operator, values=["5", value]), "filters[0].values[1]", "must be a number, such as 3600")
            for operator in ("greater_than", "less_than")
            for value in ("many", "", True, "1e999", "0x10", "1,000")
        ),
        *(
            (filtered(operator=operator, values=["5", None]), "filters[0].values[1]", "does_not_exist asks whether")
            for operator in OPERATORS
            if operator not in WITHOUT_VALUES
        ),
        *(
            (filtered(operator=operator, values=[""]), "filters[0].values[0]", "exists asks whether there is a value")
            for operator in ("contains", "does_not_contain", "starts_with", "ends_with")
        ),
        (filtered(field=None), "filters[0].field", "is required"),
        (filtered(operator="like"), "filters[0].operator", "must be one of is, is_not"),
        (filtered(operator=None), "filters[0].operator", "must be one of is, is_not"),
        (filtered(values=[]), "filters[0].values", "must be a list of 1 to 100 values"),
        (filtered(values="a"), "filters[0].values", "must be a list of 1 to 100 values"),
        (filtered(values=None), "filters[0].values", "must be a list of 1 to 100 values"),
        (filtered(values=["a"] * 101), "filters[0].values", "must be a list of 1 to 100 values"),
        (filtered(values=[["a"]]), "filters[0].values", "must hold texts, numbers or booleans"),
        (filtered(values=["a" * 4097]), "filters[0].values", "at most 4096 characters"),
        (filtered(value="a"), "filters[0].value", "is not known here; the fields are field, operator, values"),
        *(
            ({"timeout_seconds": seconds}, "timeout_seconds", "must be a number from 1 to 30")
            for seconds in (0, 0.9, 30.1, -1, "10", True, float("nan"), float("inf"))
        ),
        (validated(json_path="status"), "response_validators[0].json_path", "does not start at $"),
        (validated(json_path=None), "response_validators[0].json_path", "is required"),
        (validated(expected_values=[]), "response_validators[0].expected_values", "must be a list of 1 to 100"),
        (validated(expected_values=[{}]), "response_validators[0].expected_values", "must hold texts, numbers"),
        (validated(path="$"), "response_validators[0].path", "is not known here"),
        ({"retry": 3}, "retry", 'must be an object such as {"max_attempts": 11}'),
        *(
            ({"retry": {"max_attempts": attempts}}, "retry.max_attempts", "must be a number from 1 to 11")
            for attempts in (0, 12, "3", True)
        ),
        *(
            ({"deliveries_per_second": pace}, "deliveries_per_second", "must be a number from 0.1 to 500")
            for pace in (0, 0.05, 501, "20", True)
        ),
        ({"retry": {"max_attempts": 2.5}}, "retry.max_attempts", "must be a whole number"),
        ({"retry": {"attempts": 3}}, "retry.attempts", "is not known here"),
        ({"retries": 3}, "retries", "is not a field of a webhook; the fields are name, active"),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(fields: dict[str, Any], path: str, rule: str) -> None:
    """Its path and the way out, and nothing about fields that are right."""
    given_document = {key: value for key, value in document(**fields).items() if value is not ...}
    [problem] = problems(given_document)
    assert path == problem.path
    assert rule in problem.rule


@pytest.mark.parametrize("given_document", [None, [], "text", 5, [FULL]])
def test_what_is_no_object_is_no_webhook(given_document: object) -> None:
    """And says what it is."""
    [problem] = problems(given_document)
    assert (problem.path, problem.rule) == ("", "must be a JSON object with the webhook's fields")
    assert problem.value == json.dumps(given_document)[:77] + ("…" if len(json.dumps(given_document)) > 80 else "")


def test_every_wrong_field_is_told_in_the_order_of_the_form() -> None:
    """Never only the first one."""
    wrong = {**dict.fromkeys(reversed(EDITABLE), object.__name__), "surprise": 1, "url": "x", "name": "!"}
    paths = [problem.path for problem in problems(wrong)]
    assert paths == [*EDITABLE, "surprise"]
    with pytest.raises(InvalidWebhookError) as caught:
        parse_webhook(wrong, webhook_id="wh_1", now=1.0)
    assert str(caught.value) == "; ".join(map(str, caught.value.problems))


def test_a_template_that_cannot_work_is_told_by_its_place() -> None:
    """For machines too, where it is a place in the template; what was rendered has other lines."""
    body, value = '{\n "a": "{{>p}}"}', "a\t{{>p}}"
    found = problems(document(body_template=body, headers=[{"name": "X-A", "value": value}], timeout_seconds=99))
    places = [(one.path, one.line, one.column) for one in found]
    assert places == [("body_template", 2, 8), ("headers[0].value", 1, 3), ("timeout_seconds", 0, 0)]
    assert found[0].document.items() >= {"path": "body_template", "line": 2, "column": 8}.items()
    assert found[2].document.keys() == {"path", "value", "rule"}
    [broken] = problems(document(body_template='{\n "a": "{{x}}" "b"}'))
    assert (broken.line, broken.column) == (0, 0)
    assert "is not JSON in its line 2, column 10: Expecting ',' delimiter" in broken.rule


def test_the_value_is_shown_as_far_as_a_person_will_read() -> None:
    """As JSON, cut after eighty characters."""
    assert str(problems(document(timeout_seconds="10"))[0]) == 'timeout_seconds is "10": must be a number from 1 to 30'
    assert str(problems(document(name=...))[0]).startswith("name is ")
    [problem] = problems(document(name="!" * 1000))
    assert (len(problem.value), problem.value[-1]) == (78, "…")


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "apikey", "X-Auth-Token"),
        *("X-Secret", "Password", "X-Signature", "X-Access-Key", "X-Amz-Security-Token", "X-Credential", "X-Passwd"),
    ],
)
def test_a_credentials_header_is_secret_marked_or_not(name: str) -> None:
    """Even where the document says that it is none."""
    assert header_is_always_secret(name)
    webhook = webhook_of(headers=[{"name": name, "value": SECRET, "secret": False}])
    assert webhook.headers == (Header(name=name, value=PlainSecret(SECRET)),)
    assert SECRET not in repr(webhook)


@pytest.mark.parametrize("name", ["Accept", "User-Agent", "X-Request-Id", "X-Team"])
def test_an_ordinary_header_is_not_secret(name: str) -> None:
    """It can be read again."""
    assert not header_is_always_secret(name)
    assert webhook_of(headers=[{"name": name, "value": "a"}]).headers == (Header(name=name, value="a"),)


@pytest.mark.parametrize(
    "headers",
    [
        [{"name": "Authorization", "value": f"Bearer {SECRET}\r\n"}],
        [{"name": "Authorization", "value": f"Bearer {SECRET}{{{{oops"}],
        [{"name": "Authorization", "value": f"{{{{{SECRET}!}}}}"}],
        [{"name": "Authorization", "value": SECRET * 1000}],
        [{"name": "Authorization", "value": [SECRET]}],
        [{"name": "Authorization", "value": {"token": SECRET}}],
        [{"name": "Authorization", "values": SECRET}],
        [{"name": "X-Thing", "value": f"{SECRET}\n", "secret": True}],
        [{"name": "X-Thing", "value": f"{SECRET}\n", "secret": "yes"}],
        [{"name": "X-Thing", "value": f"{SECRET}\n", "secret": 1}],
        [{"name": "Authorization:", "value": f"{SECRET}\n"}],
        [{"name": "Authorization", "value": SECRET}, {"name": "authorization", "value": SECRET}],
        [f"Authorization: Bearer {SECRET}"],
        [["Authorization", f"Bearer {SECRET}"]],
        {"Authorization": f"Bearer {SECRET}"},
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_no_problem_repeats_a_secret(headers: Any) -> None:
    """Wherever it was put: problems are shown, logged and kept."""
    found = problems(document(headers=headers))
    assert found
    assert SECRET not in "; ".join(map(str, found))


@pytest.mark.parametrize(
    "fields",
    [
        {"authentication": f"Bearer {SECRET}"},
        {"authentication": {"kind": SECRET}},
        {"authentication": {"kind": ["bearer", SECRET]}},
        proven(token=f"Bearer {SECRET}"),
        proven("basic", username=f"ana:{SECRET}", password=SECRET),
        proven("api_key", header=f"X-Key: {SECRET}", value=SECRET),
        proven("api_key", header="X-Key", value=f"{SECRET}\n"),
        by_client(token_url=f"https://ana:{SECRET}@auth.example.com/"),
        by_client(client_id=f"{SECRET}\n"),
        by_client(client_authentication=SECRET),
        {"signing": SECRET},
        signs(kind=SECRET),
        signs(secret=f"whsec_{SECRET}"),
        proven(token=SECRET) | header(name="Authorization", value=SECRET),
    ],
)
def test_no_problem_repeats_a_secret_of_these_fields(fields: dict[str, Any]) -> None:
    """Nor what stands in a field next to it: that is where secrets are put by mistake."""
    found = problems(document(**fields))
    assert found
    assert SECRET not in "; ".join(map(str, found))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (by_client(token_url="http://auth.example.com/token"), 'token_url is "http://auth.example.com/token": the URL'),
        (by_client(token_url=f"http://auth.example.com/?key={SECRET}"), "token_url: the URL does not"),
        (by_client(token_url=f"https:/ana:{SECRET}@auth.example.com/"), "token_url: the URL does not"),
        (by_client(token_url=SECRET), "token_url: the URL does not"),
        (proven("api_key", header="webhook-id", value=SECRET), 'header is "webhook-id": is set by Grantwire'),
        (proven("api_key", header=f"X-Key: {SECRET}", value=SECRET), "header: must be a header name"),
        (proven("basic", username=f"ana:{SECRET}", password=SECRET), "username: must not hold"),
    ],
)
def test_what_can_be_no_secret_is_told_with_its_value(fields: dict[str, Any], told: str) -> None:
    """Beside a secret too."""
    [problem] = problems(document(**fields))
    assert str(problem).startswith(f"authentication.{told}")
    assert SECRET not in str(problem)


@given(texts(40).filter(lambda text: len(text) > 6 and "•" not in text))
def test_no_problem_repeats_a_secret_whatever_it_is(secret: str) -> None:
    """A secret header's value, right or wrong, beside a field that is wrong."""
    wrong = document(name="!", headers=[{"name": "Authorization", "value": secret}, {"name": "Cookie", "value": 1}])
    told = "; ".join(map(str, problems(wrong)))
    right = "; ".join(map(str, problems(document(name="!", headers=[{"name": "Cookie", "value": 1}]))))
    assert (secret in told) is (secret in right.replace("[0]", "[1]"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([14400], ("14400",)),
        ([14400.0], ("14400",)),
        ([1e-7, 1e21, 0.5], ("1e-7", "1e+21", "0.5")),
        ([True, False, "null"], ("true", "false", "null")),
        (["True", "", "ü"], ("True", "", "ü")),
    ],
)
def test_an_expected_value_is_spelled_as_what_is_found(values: list[object], expected: tuple[str, ...]) -> None:
    """A number counts by its JSON spelling, which is JavaScript's everywhere: otherwise 3.0 would never equal 3.0."""
    webhook = webhook_of(**filtered(values=values), **validated(expected_values=values))
    assert expected == webhook.filters[0].values
    assert expected == webhook.response_validators[0].expected_values


@pytest.mark.parametrize("field", ["approval", "custom_fields.a b", "data.access_groups[0].integration.name", "[x].y"])
def test_any_operator_goes_with_any_field(field: str) -> None:
    """Two of them take no values, which may be left out; what is stored says so and reads back."""
    for operator in OPERATORS:
        values = [] if operator in WITHOUT_VALUES else ["5", 6.5]
        webhook = webhook_of(**filtered(field=field, operator=operator, values=values))
        assert webhook.filters == (Filter(field=field, operator=operator, values=tuple(map(str, values))),)
        stored = document_of(webhook)
        assert webhook == parse_webhook(stored, webhook_id=webhook.id, now=webhook.updated_at, stored=True)
    for absent in ({"values": None}, {}):
        row = {"field": field, "operator": "exists"} | absent
        assert webhook_of(filters=[row]).filters == (Filter(field=field, operator="exists", values=()),)


def test_a_filters_problem_names_the_value_and_the_way_out() -> None:
    """Whichever of its parts is wrong, and each of them."""
    wrong = [
        {"field": "Integration", "operator": "greater_than", "values": ["many", 5, "more"]},
        {"field": "data.a[", "operator": "exists", "values": ["a"]},
    ]
    told = {problem.path: problem for problem in problems(document(filters=wrong))}
    assert sorted(told) == [
        *("filters[0].field", "filters[0].values[0]", "filters[0].values[2]"),
        *("filters[1].field", "filters[1].values"),
    ]
    assert str(told["filters[0].field"]).startswith('filters[0].field is "Integration": did you mean integration?')
    assert str(told["filters[0].values[2]"]).startswith('filters[0].values[2] is "more": must be a number')
    [null] = problems(document(**filtered(values=[None])))
    assert str(null).startswith("filters[0].values[0] is null: is no value to compare with: does_not_exist asks")
    assert str(told["filters[1].field"]) == (
        "filters[1].field is \"data.a[\": has a '[' at character 7 that is not closed; close it with ]"
    )
    assert str(told["filters[1].values"]).startswith('filters[1].values is ["a"]: must be left out or empty')


def test_a_headers_problem_names_the_value_and_the_way_out() -> None:
    """Not that of a secret. A tab is no problem: it is the one control character that a header can carry."""
    wrong = {"name": "X-A", "value": "a\x01b"}
    [plain] = problems(document(headers=[wrong]))
    [secret] = problems(document(headers=[wrong | {"secret": True}]))
    rule = "holds a control character, which a header cannot carry; leave it out"
    assert str(plain) == f'headers[0].value is "a\\u0001b": {rule}'
    assert str(secret) == f"headers[0].value: {rule}"
    assert webhook_of(headers=[{"name": "X-A", "value": "a\tb"}]).headers == (Header(name="X-A", value="a\tb"),)


def sealed(webhook: Webhook) -> Webhook:
    """The webhook as it is saved."""
    return seal(webhook, secrets=FakeSecrets()).webhook


def test_what_is_stored_reads_back_as_it_was() -> None:
    """Through JSON, with sealed secrets in place of plain ones."""
    webhook = sealed(parse_webhook(FULL, webhook_id="wh_1", now=5.0, version=3, created_at=2.0))
    stored = json.loads(json.dumps(document_of(webhook)))
    assert webhook == parse_webhook(stored, webhook_id="wh_1", now=5.0, version=3, created_at=2.0, stored=True)
    ciphertext = f"Bearer {SECRET}"[::-1]
    assert stored["headers"][0] == {"name": "Authorization", "sealed": ciphertext, "secret": True}
    assert stored["authentication"] == {"kind": "api_key", "header": "X-Api-Key", "value": {"sealed": SECRET[::-1]}}
    assert stored["signing"] == {"kind": "standard_webhooks", "secret": {"sealed": SIGNING_SECRET[::-1]}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (proven(token=SECRET), Bearer(secret=PlainSecret(SECRET))),
        (proven("basic", username="ä b", password=SECRET), Basic(username="ä b", secret=PlainSecret(SECRET))),
        (
            by_client(),
            ClientCredentials(
                token_url="https://auth.example.com/token", client_id="grantwire", secret=PlainSecret(SECRET)
            ),
        ),
        (
            by_client(scope="a b", audience="https://api.example.com", client_authentication="body"),
            ClientCredentials(
                token_url="https://auth.example.com/token",
                client_id="grantwire",
                secret=PlainSecret(SECRET),
                scope="a b",
                audience="https://api.example.com",
                secret_in_body=True,
            ),
        ),
    ],
)
def test_every_kind_of_authentication_is_read_and_stored(fields: dict[str, Any], expected: Authentication) -> None:
    """As it was given, its secret sealed; shown with the mask, and no mask is taken for a secret."""
    webhook = webhook_of(**fields)
    assert webhook.authentication == expected
    stored = json.loads(json.dumps(document_of(sealed(webhook))))
    again = parse_webhook(stored, webhook_id=webhook.id, now=webhook.updated_at, stored=True)
    assert again.authentication == replace(expected, secret=SealedSecret(SECRET[::-1]))
    default = {"client_authentication": "basic"} if isinstance(expected, ClientCredentials) else {}
    shown = default | fields["authentication"] | {expected.hidden_field: MASK}
    assert public_document(again)["authentication"] == shown
    [problem] = problems(public_document(again))
    assert str(problem) == f"authentication.{expected.hidden_field}: is required"


def test_a_document_that_is_shown_holds_masks_where_secrets_are() -> None:
    """And is else what was saved; an update may send it back."""
    shown = json.loads(json.dumps(public_document(sealed(parse_webhook(FULL, webhook_id="wh_1", now=5.0)))))
    assert [row.get("value") for row in shown["headers"]] == [MASK, "by {{data.requester.name}}", MASK, ""]
    assert shown["authentication"] == {"kind": "api_key", "header": "X-Api-Key", "value": MASK}
    assert shown["signing"] == {"kind": "standard_webhooks", "secret": MASK}
    assert list(shown) == list(EDITABLE)
    assert problems(shown, masked_secrets=True) == ()
    paths = [problem.path for problem in problems(shown)]
    assert paths == ["headers[0].value", "headers[2].value", "authentication.value", "signing.secret"]


def test_a_masked_secret_cannot_be_stored() -> None:
    """Whoever forgets to put the stored secret in its place is stopped."""
    webhook = parse_webhook(document(**proven(token=MASK)), webhook_id="wh_1", now=1.0, masked_secrets=True)
    assert webhook.authentication == Bearer(secret=MaskedSecret())
    with pytest.raises(TypeError, match="must be sealed"):
        document_of(sealed(webhook))


def test_the_mask_of_a_secret_is_no_plain_value() -> None:
    """A header that was secret and is not marked any more: its mask would be sent."""
    [problem] = problems(document(**header(name="X-A", value=MASK)), masked_secrets=True)
    assert str(problem) == "headers[0].value: is the mask of a secret: mark it secret, or enter the value"


@pytest.mark.parametrize(
    "fields",
    [
        {"authentication": {"kind": "bearer", "token": "a"}},
        {"authentication": {"kind": "bearer", "token": {"sealed": ""}}},
        {"authentication": {"kind": "bearer", "token": {"sealed": ["a"]}}},
        {"signing": {"kind": "standard_webhooks"}},
        {"signing": {"kind": "standard_webhooks", "secret": SIGNING_SECRET}},
        {"signing": {"kind": "standard_webhooks", "secret": {"sealed": "a"}, "previous_secret": {"sealed": "b"}}},
        {
            "signing": {
                "kind": "standard_webhooks",
                "secret": {"sealed": "a"},
                "previous_secret": "b",
                "previous_until": 1,
            }
        },
    ],
)
def test_a_stored_secret_is_a_sealed_one(fields: dict[str, Any]) -> None:
    """A row that was changed by hand is refused, and what stands there is not repeated."""
    [problem] = problems(document(**fields), stored=True)
    assert problem.value == ""


def test_a_plain_secret_is_never_stored() -> None:
    """It has to be sealed first."""
    with pytest.raises(TypeError, match="must be sealed"):
        document_of(webhook_of(headers=[{"name": "Authorization", "value": SECRET}]))


def test_a_fragment_that_was_stored_keeps_no_webhook_from_being_read() -> None:
    """It was accepted once, and never sent. A `#` in a placeholder is none."""
    stored = document_of(webhook_of()) | {"url": "https://a.example/#part"}
    assert parse_webhook(stored, webhook_id="wh_1", now=0.0, stored=True).url == "https://a.example/#part"
    assert webhook_of(url="https://a.example/{{#if data.id}}a%23{{/if}}").url.endswith("a%23{{/if}}")


def test_a_users_document_cannot_hold_a_sealed_secret() -> None:
    """It could be one that was copied from elsewhere."""
    stored = document_of(sealed(webhook_of(headers=[{"name": "Authorization", "value": SECRET}])))
    assert problems(stored, stored=True) == ()
    [problem] = problems(stored)
    assert problem.path == "headers[0].sealed"


def test_a_stored_webhook_is_read_strictly_too() -> None:
    """A row that was changed by hand is refused in the same words; only the samples are not rendered again."""
    stored = document_of(webhook_of()) | {"method": "TRACE", "body_template": "{{>p}}"}
    assert [problem.path for problem in problems(stored, stored=True)] == ["method", "body_template"]
    assert problems(stored | {"method": "POST", "body_template": "{"}, stored=True) == ()


def test_what_we_keep_ourselves_may_be_sent_back() -> None:
    """A client that reads a webhook and writes it again has these fields in it; ours are taken."""
    webhook = webhook_of(id="wh_other", version=9, created_at="then", updated_at=None)
    assert webhook == webhook_of()


NAMES = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,62}[A-Za-z0-9]", re.ASCII), fullmatch=True)


@given(
    st.fixed_dictionaries(
        {"name": NAMES, "triggers": st.lists(st.sampled_from(TRIGGERS), min_size=1)},
        optional={
            "active": st.booleans(),
            "method": st.sampled_from(METHODS),
            "timeout_seconds": st.floats(1, 30),
            "deliveries_per_second": st.none() | st.floats(0.1, 500),
            "retry": st.builds(lambda attempts: {"max_attempts": attempts}, st.integers(1, 11)),
            "filters": st.lists(
                st.builds(
                    lambda values: filtered(values=values)["filters"][0],
                    st.lists(texts().filter(lambda text: not unstorable(text)), min_size=1, max_size=3),
                ),
                max_size=3,
            ),
        },
    )
)
def test_whatever_is_accepted_survives_being_stored(fields: dict[str, Any]) -> None:
    """Written as JSON and read again, it is the same webhook."""
    webhook = webhook_of(**fields)
    stored = json.loads(json.dumps(document_of(webhook)))
    assert webhook == parse_webhook(stored, webhook_id=webhook.id, now=webhook.updated_at, stored=True)
    assert set(webhook.triggers) == set(fields["triggers"])


@given(
    st.one_of(
        json_values(),
        st.dictionaries(st.sampled_from([*EDITABLE, "id", "other"]), json_values(), max_size=5),
        st.tuples(st.sampled_from(EDITABLE), json_values()).map(lambda field: FULL | {field[0]: field[1]}),
        st.tuples(st.sampled_from(["headers", "filters", "response_validators"]), json_values()).map(
            lambda field: FULL | {field[0]: [field[1]]}
        ),
        st.tuples(st.sampled_from(["kind", "header", "value", "other"]), json_values()).map(
            lambda field: FULL | {"authentication": FULL["authentication"] | {field[0]: field[1]}}
        ),
        st.tuples(st.sampled_from(["kind", "secret", "previous_until"]), json_values()).map(
            lambda field: FULL | {"signing": FULL["signing"] | {field[0]: field[1]}}
        ),
        st.tuples(st.sampled_from(["name", "value", "secret"]), json_values()).map(
            lambda field: FULL | {"headers": [FULL["headers"][1] | {field[0]: field[1]}]}
        ),
    )
)
def test_any_json_is_a_webhook_or_a_list_of_problems(given_document: Any) -> None:
    """Nothing else is raised, and every problem has a rule."""
    for how in ({}, {"masked_secrets": True}, {"stored": True}):
        assert all(problem.rule for problem in problems(given_document, **how))


@pytest.mark.parametrize(
    "url", ["https://a.example/" + "{{" * 12_000, "https://" + "{" * 60_000, "https://a.example/" + "{{a}}" * 12_000]
)
def test_no_url_takes_long(url: str) -> None:
    """Placeholders that are never closed make a pattern try again from each of them."""
    started = time.process_time()
    assert problems(document(url=url))
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "fields",
    [
        {"body_template": '"a \ud800"'},
        {"url": "https://a.example/\ud800"},
        header(name="X-A", value="a \ud800"),
        header(name="X-A", value="a \ud800", secret=True),
        filtered(values=["a \ud800"]),
        validated(expected_values=["a \ud800"]),
    ],
    ids=["body_template", "url", "header", "secret", "filter", "validator"],
)
def test_half_a_character_cannot_be_stored(fields: dict[str, Any]) -> None:
    """A lone surrogate is no text that UTF-8 could carry: to the table, to KMS, or over the wire."""
    assert problems(document(**fields))


@pytest.mark.parametrize("file", sorted((ROOT / "webhooks").glob("*.json")), ids=lambda file: file.name)
def test_the_webhooks_that_come_with_the_project_are_valid(file: Path) -> None:
    """With any value for the names in `${…}` that the local stack fills in."""
    text = re.sub(r"\$\{LOCAL_\w*TOKEN\w*\}", "t0k3n", file.read_text(encoding="utf-8"))
    text = re.sub(r"\$\{LOCAL_\w+\}", "https://localhost:8443/", text)
    assert "${" not in text
    assert problems(json.loads(text)) == ()


@pytest.mark.parametrize("file", sorted((ROOT / "events").glob("*.json")), ids=lambda file: file.stem)
def test_the_events_that_come_with_the_project_are_valid(file: Path) -> None:
    """A request event can be read; a test's draft is a webhook, and its trigger is one."""
    event = json.loads(file.read_text(encoding="utf-8"))
    if "detail-type" in event:
        assert parse(event) is not None
        return
    body = json.loads(event["body"])
    assert body.get("trigger", "RequestCreated") in TRIGGERS
    if "webhook" in body:
        assert problems(body["webhook"]) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"secret": True},
        {"value": "{{data.kind}}"},
        {"value": "application/{{! x }}json"},
        {"value": ""},
        {"value": "json"},
    ],
    ids=["secret", "placeholder", "comment", "empty", "no media type"],
)
def test_a_content_type_is_plain(fields: dict[str, Any]) -> None:
    """It decides how values are escaped in the body: what cannot be read when it is saved could turn that off."""
    plain = {"name": "content-Type", "value": "application/json"}
    assert problems(document(headers=[plain])) == ()
    found = problems(document(headers=[plain | fields]))
    assert {one.path for one in found} == {"headers[0].value"}
    value = "" if fields.get("secret") else json.dumps(fields["value"])
    rule = "must be a plain media type such as application/json, not secret: it decides how values are escaped"
    assert (value, rule) in {(one.value, one.rule) for one in found}


def test_a_webhook_fits_into_its_row() -> None:
    """A table's row holds 400 KB; a webhook that could not be saved is refused with words."""
    values = ["x" * 4000] * 90
    rows = [{"field": "integration", "operator": "is", "values": values}]
    [problem] = problems(document(filters=rows))
    assert "must be at most 250000 characters" in problem.rule
