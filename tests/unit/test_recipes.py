"""`recipes`: each one can be saved, sends what its target documents, and lets through the events that are meant."""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from grantwire.configurations import header_is_always_secret, parse_webhook
from grantwire.filters import explain
from grantwire.models import TRIGGERS, HttpRequest, HttpResponse, PlainSecret, RequestEvent, Webhook
from grantwire.recipes import PLACEHOLDER, Recipe, recipes
from grantwire.rendering import render
from grantwire.samples import Sample, sample_payload, samples
from grantwire.spelling import json_text
from grantwire.urls import parse_url
from grantwire.validators import judge
from local import ROOT
from local.recipe_documents import FOLDER, recipe_documents
from tests.unit.conftest import joined, json_values
from tests.unit.conftest import texts as some_texts
from tests.unit.recipe_shapes import MOST_BYTES, NOT_TAKEN, SHAPES, TAKEN

RECIPES = recipes()
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: one.id)
BY_ID = {one.id: one for one in RECIPES}
FILLED_IN = {"YOUR-INTEGRATION": "prod-db"}  # any other placeholder becomes 32 digits, as long as PagerDuty's keys are
GONE = object()
TORQ = ["torq", "torq-authenticated", "torq-eu", "torq-per-workflow"]
OTHERS = ["datadog-logs", "google-chat", "jira", "microsoft-sentinel", "microsoft-teams", "okta-workflows", "pagerduty"]


def filled_in(recipe: Recipe) -> Webhook:
    """The webhook as somebody fills it in."""
    text = PLACEHOLDER.sub(lambda found: FILLED_IN.get(found[0], "0" * 32), recipe.webhook_json)
    return parse_webhook(json.loads(text), webhook_id="wh_1", now=1795000000.0)


def event(payload: Mapping[str, object]) -> RequestEvent:
    """An event with this payload."""
    return RequestEvent(id="evt_1", trigger="RequestGranted", time=1795000000.5, payload=payload)


def request(recipe: Recipe, payload: Mapping[str, object]) -> HttpRequest:
    """What is sent for this payload."""
    webhook = filled_in(recipe)
    secrets = {one.name: one.value.value for one in webhook.headers if isinstance(one.value, PlainSecret)}
    return render(webhook, event(payload), secret_values=secrets, sent_at=1795000001.0)


def passes(recipe: Recipe, payload: Mapping[str, object]) -> bool:
    """Whether an event with this payload is sent."""
    return all(one.holds for one in explain(filled_in(recipe).filters, event(payload)))


def granted(*, integration: str = "prod-db", approver: str | None = "Bo Chen") -> dict[str, Any]:
    """A granted request for one integration, approved by somebody or by nobody."""
    payload = sample_payload("RequestGranted")
    [first, *_] = payload["data"]["access_groups"]
    payload["data"]["access_groups"] = [first | {"integration": {"id": "int-1", "type": "db", "name": integration}}]
    someone = None if approver is None else {"id": "usr-1", "name": approver, "email": "bo.chen@example.com"}
    payload["data"]["approvals"] = [{"name": "Owners", "type": "group", "status": "Approved", "approver": someone}]
    return payload


def with_texts(value: Any, give: Callable[[str], str]) -> Any:
    """The value with every text in it, keys aside, replaced."""
    if isinstance(value, dict):
        return {key: with_texts(one, give) for key, one in value.items()}
    if isinstance(value, list):
        return [with_texts(one, give) for one in value]
    return give(value) if isinstance(value, str) else value


def replaced(text: str, marks: Mapping[str, str]) -> str:
    """The text with what each mark in it stands for: as JSON where it is in quotes, in an object within a text."""
    return joined(
        re.sub(
            r'"?(mark-\d{3}-)"?',
            lambda mark: json_text(marks[mark[1]]) if mark[0][0] == '"' else marks[mark[1]],
            text,
        )
    )


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """A sample with any texts in it, and here and there any value or nothing in a value's place."""
    given = iter(draw(st.lists(some_texts(), min_size=1, max_size=6)) * 200)
    others = draw(st.dictionaries(st.integers(0, 60), st.one_of(st.just(GONE), json_values()), max_size=4))
    count = itertools.count()

    def changed(value: Any) -> Any:
        if (number := next(count)) in others:
            return others[number]
        if isinstance(value, dict):
            return {key: new for key, one in value.items() if (new := changed(one)) is not GONE}
        if isinstance(value, list):
            return [new for one in value if (new := changed(one)) is not GONE]
        return next(given) if isinstance(value, str) else value

    sample = draw(st.sampled_from(samples()))
    return {key: new for key, one in sample.payload.items() if (new := changed(one)) is not GONE}


def texts(recipe: Recipe) -> list[str]:
    """Every sentence of a recipe."""
    meanings = [one.meaning for one in recipe.fill_in]
    single = [recipe.title, recipe.summary, recipe.url_shape, recipe.authentication, recipe.filters, recipe.success]
    return [*single, *recipe.set_up, *recipe.notes, *meanings]


def test_torq_comes_first() -> None:
    """Then the others, by title."""
    assert [*TORQ, *OTHERS, "servicenow", "slack", "splunk-hec", "sumo-logic"] == [one.id for one in RECIPES]
    assert set(SHAPES) == set(BY_ID)


def test_nobody_can_change_a_recipe_for_others() -> None:
    """It is frozen, and its webhook a copy each time."""
    recipe = BY_ID["torq"]
    recipe.webhook["headers"].clear()
    assert recipe.webhook["headers"]
    with pytest.raises(FrozenInstanceError):
        recipe.title = "other"  # type: ignore[misc]


@each_recipe
def test_a_recipe_says_all_it_has_to(recipe: Recipe) -> None:
    """Nothing is empty; sources are https addresses; the name of its webhook is nobody else's."""
    assert all(texts(recipe))
    assert recipe.set_up
    assert recipe.notes
    assert recipe.sources
    assert all(one.startswith("https://") for one in recipe.sources)
    assert recipe.summary.count(".") == 1
    assert [one.webhook["name"] for one in RECIPES].count(recipe.webhook["name"]) == 1


@each_recipe
def test_a_recipe_can_be_saved_and_is_inactive(recipe: Recipe) -> None:
    """As it is, and filled in; whoever takes it tests it before it is switched on."""
    webhook = parse_webhook(recipe.webhook, webhook_id="wh_1", now=0.0)
    assert not webhook.active
    assert not filled_in(recipe).active
    assert webhook.triggers


@each_recipe
def test_what_is_to_be_filled_in_is_listed(recipe: Recipe) -> None:
    """Every placeholder of the webhook, and none that is not in it; at the place that it is said to be at."""
    assert sorted(set(PLACEHOLDER.findall(recipe.webhook_json))) == sorted(one.placeholder for one in recipe.fill_in)
    webhook = recipe.webhook
    places = {"url": webhook["url"], "body": webhook["body_template"]}
    places |= {f"header {one['name']}": one["value"] for one in webhook["headers"]}
    places |= {f"filter {one['field']}": " ".join(one["values"]) for one in webhook["filters"]}
    for one in recipe.fill_in:
        assert one.placeholder in places[one.where]


@each_recipe
def test_what_is_filled_into_a_header_is_secret(recipe: Recipe) -> None:
    """Marked so, whatever the header's name says by itself."""
    for header in recipe.webhook["headers"]:
        holds_credential = bool(PLACEHOLDER.search(header["value"]))
        assert holds_credential is (header.get("secret", False) or header_is_always_secret(header["name"]))


@each_recipe
@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_what_is_sent_is_what_the_target_documents(recipe: Recipe, sample: Sample) -> None:
    """For every sample, those at the edge too: the body's shape, its limits, and a URL that can be called."""
    sent = request(recipe, sample.payload)
    Draft202012Validator.check_schema(SHAPES[recipe.id])
    assert [one.message for one in Draft202012Validator(SHAPES[recipe.id]).iter_errors(json.loads(sent.body))] == []
    assert len(sent.body) <= MOST_BYTES.get(recipe.id, 256 * 1024)
    assert (sent.method, dict(sent.headers)["Content-Type"]) == ("POST", "application/json")
    assert parse_url(sent.url).host


@each_recipe
@settings(max_examples=50)
@given(payloads())
def test_what_is_sent_is_json_and_holds_exactly_the_events_text(recipe: Recipe, payload: dict[str, Any]) -> None:
    """Any event: the body parses, and differs from that of the event's marked copy in what the marks are alone."""
    marks: dict[str, str] = {}

    def mark(text: str) -> str:
        name = f"mark-{len(marks):03}-" if text else ""
        marks[name] = text
        return name

    marked = json.loads(request(recipe, with_texts(payload, mark)).body)
    actual = json.loads(request(recipe, payload).body, parse_constant=pytest.fail)
    assert with_texts(marked, lambda text: replaced(text, marks)) == with_texts(actual, joined)


def test_a_log_message_is_one_line() -> None:
    """Sumo Logic takes each line for a message of its own."""
    for sample in samples():
        assert b"\n" not in request(BY_ID["sumo-logic"], sample.payload).body


@pytest.mark.parametrize("name", ["slack", "jira", "servicenow", "microsoft-teams", "google-chat"])
def test_people_are_told_who_what_why_and_how_long(name: str) -> None:
    """Every integration, resource and permission of a request that has several."""
    payload = sample_payload("RequestGranted")
    data = payload["data"] | {"justification": "To mend it", "access_duration_in_seconds": 14400}
    said = request(BY_ID[name], payload | {"data": data}).body.decode()
    assert len(data["access_groups"]) > 1
    expected = [data["friendly_id"], data["requester"]["email"], "To mend it", "14400"]
    for group in data["access_groups"]:
        units = group["access_units"]
        expected += [group["integration"]["name"], *(one["resource"]["name"] for one in units)]
        expected += [one["permission"]["name"] for one in units]
    assert [one for one in expected if json.dumps(one, ensure_ascii=False)[1:-1] not in said] == []


@pytest.mark.parametrize(("name", "key"), [("pagerduty", "dedup_key"), ("servicenow", "correlation_id")])
def test_the_targets_own_key_is_the_requests_id(name: str, key: str) -> None:
    """The same for every event of a request, so that the target can tell what belongs together."""
    payload = sample_payload("RequestFailed")
    assert payload["data"]["id"] == json.loads(request(BY_ID[name], payload).body)[key]


def test_a_thread_is_a_request() -> None:
    """In Google Chat the events of one request stand together."""
    keys = {
        json.loads(request(BY_ID["google-chat"], {"event_type": one, "data": {"id": "r-1"}}).body)["thread"][
            "threadKey"
        ]
        for one in TRIGGERS
    }
    assert keys == {"r-1"}


def test_nobody_can_call_everybody() -> None:
    """What people typed stands where Slack and Google Chat look for no mention."""
    payload = granted()
    payload["data"]["justification"] = "<!channel> <users/all>"
    slack, chat = (json.loads(request(BY_ID[name], payload).body) for name in ("slack", "google-chat"))
    assert "<" not in slack["text"]
    assert "<" not in chat["text"]
    assert "mrkdwn" not in json.dumps(slack)


@pytest.mark.parametrize("integration", ["prod", "prod-db", "PROD-eu", "production", "production-eu"])
def test_slack_is_told_of_production(integration: str) -> None:
    """Whatever the case; one integration of several is enough."""
    assert passes(BY_ID["slack"], granted(integration=integration))
    assert passes(BY_ID["slack"], sample_payload("RequestGranted"))


@pytest.mark.parametrize("integration", ["staging-db", "non-prod", "nonprod-db", "product-catalogue", "db-prod-copy"])
def test_slack_is_told_of_nothing_else(integration: str) -> None:
    """A name that only looks like production is none; nor is a request without any integration."""
    assert not passes(BY_ID["slack"], granted(integration=integration))
    assert not passes(BY_ID["slack"], {"data": {"access_groups": []}})


@pytest.mark.parametrize("name", ["jira", "servicenow"])
def test_a_ticket_is_for_what_a_person_approved(name: str) -> None:
    """What was granted by itself makes none."""
    assert passes(BY_ID[name], granted())
    assert not passes(BY_ID[name], granted(approver=None))
    assert filled_in(BY_ID[name]).triggers == ("RequestGranted",)


def test_a_flow_is_for_its_integration() -> None:
    """The one that was filled in; before that, for none."""
    recipe = BY_ID["okta-workflows"]
    assert passes(recipe, granted(integration="prod-db"))
    assert not passes(recipe, granted(integration="staging-db"))
    unfilled = parse_webhook(recipe.webhook, webhook_id="wh_1", now=0.0)
    assert not all(one.holds for one in explain(unfilled.filters, event(granted())))


@pytest.mark.parametrize("name", ["datadog-logs", "splunk-hec", "sumo-logic", "microsoft-sentinel"])
def test_a_log_is_complete(name: str) -> None:
    """All six triggers, and no filter."""
    webhook = filled_in(BY_ID[name])
    assert (webhook.triggers, webhook.filters) == (TRIGGERS, ())


@each_recipe
def test_validators_know_the_targets_answers(recipe: Recipe) -> None:
    """What says that the request was taken passes, and a 2xx that says otherwise does not."""
    validators = filled_in(recipe).response_validators
    assert bool(validators) is (recipe.id in TAKEN) is (recipe.id in NOT_TAKEN)
    for answers, expected in ((TAKEN, True), (NOT_TAKEN, False)):
        for status, body in [answers[recipe.id]] if validators else []:
            response = HttpResponse(status=status, headers=(), body=body.encode(), truncated=False)
            assert [expected] == [one.holds for one in judge(validators, response)]


@pytest.mark.parametrize("path", recipe_documents())
def test_the_pages_are_up_to_date(path: str) -> None:
    """`make docs` writes them."""
    assert (ROOT / path).read_text(encoding="utf-8") == recipe_documents()[path](), "out of date: run make docs"


def test_there_is_no_page_too_many() -> None:
    """One for each recipe, and the table."""
    pages = {str(file.relative_to(ROOT)) for file in (ROOT / FOLDER).iterdir()}
    assert set(recipe_documents()) == pages, "delete the page of a recipe that is gone"
