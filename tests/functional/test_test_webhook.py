"""`test_webhook` behind its HTTP API: saved webhooks and drafts, really sent."""

import json
import re
import socket
from typing import Any

import pytest

from tests.functional.conftest import ROOT, World
from tests.receivers import Authority, answer, answering, receiving

TOKEN = [{"name": "X-Token", "value": "t0ken-of-hers"}]
BODY = '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}'


def draft(url: str, **fields: Any) -> dict[str, Any]:
    """The guide's webhook, unsaved."""
    headers = [{"name": "Authorization", "value": "Bearer dG9ycS10b2tlbg", "secret": True}]
    return {
        "name": "Torq",
        "url": url,
        "body_template": BODY,
        "headers": headers,
        "triggers": ["RequestGranted"],
    } | fields


def test_a_draft_is_sent_for_real_and_answers_with_its_invocation_data(world: World, authority: Authority) -> None:
    """Event, request with its secret masked, response, validators, timings, and the outcome in a sentence."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        validators = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
        status, data = world.http(
            "/api/webhooks/test", {"webhook": draft(receiver.url, response_validators=validators)}
        )
        assert receiver.bodies == [b'{"body": {"event": "New Apono RequestGranted request made by Ana Lima"}}']
        assert b"Bearer dG9ycS10b2tlbg" in receiver.requests[0]
    assert status == 200
    assert data["outcome"] == "successful"
    assert data["sentence"] == "Test successful: the receiver answered 202 and every response validator holds."
    assert data["event"]["event_type"] == "RequestGranted"
    assert data["request"]["body"] == '{"body": {"event": "New Apono RequestGranted request made by Ana Lima"}}'
    assert {"name": "Authorization", "value": "••••"} in data["request"]["headers"]
    assert data["response"]["body"] == '{"status":"accepted"}'
    assert data["validators"] == [
        {"json_path": "$.data.status", "expected_values": ["accepted"], "found": ["accepted"], "holds": True}
    ]
    assert data["timings"]["total_ms"] > 0
    assert data["remote_address"] == "127.0.0.1"
    assert "dG9ycS10b2tlbg" not in json.dumps(data)
    assert world.rows("DeliveriesTable") == []


def test_a_saved_webhook_is_tested_whether_active_or_not(world: World, authority: Authority) -> None:
    """With the trigger asked for; its sealed secret is opened for the receiver and masked in the answer."""
    with receiving(answering(answer("401 Unauthorized", b"{}")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url, active=False)
        status, data = world.http(f"/api/webhooks/{webhook.id}/test", {"trigger": "RequestRejected"}, id=webhook.id)
        assert b"Bearer dG9ycS10b2tlbg" in receiver.requests[0]
    assert status == 200
    assert data["outcome"] == "failed"
    assert data["sentence"] == "Test failed: the receiver answered 401."
    assert data["event"]["data"]["approvals"][0]["status"] == "Rejected"


def test_an_event_of_ones_own_is_sent_and_filters_are_explained(world: World, authority: Authority) -> None:
    """Filters do not stop a test; the answer says what each would have decided."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        filters = [{"field": "integration", "operator": "is", "values": ["prod-db"]}]
        event = {"event_type": "RequestFailed", "data": {"requester": {"name": "Bo"}}}
        body = {"webhook": draft(receiver.url, filters=filters), "event": event}
        _, data = world.http("/api/webhooks/test", body)
        assert receiver.bodies == [b'{"body": {"event": "New Apono RequestFailed request made by Bo"}}']
    assert data["filters"] == [
        {"field": "integration", "operator": "is", "values": ["prod-db"], "found": [], "holds": False}
    ]


def test_a_failure_is_told_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that leads inside: no request is made, and the sentence says why."""
    monkeypatch.delenv("PERMIT_LOOPBACK")
    _, data = world.http("/api/webhooks/test", {"webhook": draft("https://localhost/")})
    assert data["outcome"] == "failed"
    assert data["response"] is None
    assert data["sentence"].startswith("Test failed: localhost resolves to ")
    assert data["sentence"].endswith("a loopback address: only public addresses may be called.")


def test_every_wrong_field_of_a_draft_is_named(world: World) -> None:
    """422 with path, value and rule of each, in the order of the form; a secret's value is never repeated."""
    wrong = draft(
        "http://hooks.torq.io/",
        name="!",
        body_template='{"a": "{{x}"}',
        timeout_seconds=31,
        triggers=["RequestLost"],
        headers=[{"name": "Authorization", "value": "Bearer {{oops"}],
        filters=[{"field": "colour", "operator": "like", "values": []}],
        response_validators=[{"json_path": "status", "expected_values": ["ok"]}],
        retries=3,
    )
    status, answer = world.http("/api/webhooks/test", {"webhook": wrong})
    assert status == 422
    assert [one["path"] for one in answer["problems"]] == [
        "name",
        "url",
        "body_template",
        "headers[0].value",
        "triggers[0]",
        "filters[0].field",
        "filters[0].operator",
        "filters[0].values",
        "timeout_seconds",
        "response_validators[0].json_path",
        "retries",
    ]
    assert "oops" not in json.dumps(answer)
    [template] = [one for one in answer["problems"] if one["path"] == "body_template"]
    assert (template["line"], template["column"]) == (1, 8)
    assert {"path": "timeout_seconds", "value": "31", "rule": "must be a number from 1 to 30"} in answer["problems"]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/api/webhooks/wh_none/test", {}, 404, "there is no webhook wh_none"),
        ("/api/webhooks/test", "{", 400, "the body is not JSON"),
        ("/api/webhooks/test", "[]", 400, "the body is []; it must be a JSON object"),
        ("/api/webhooks/test", {}, 422, "webhook: is required"),
        ("/api/webhooks/test", {"webhook": 5}, 422, "must be a JSON object"),
        ("/api/webhooks/test", {"webhook": draft("https://a.example/"), "trigger": "X"}, 422, 'trigger is "X"'),
        ("/api/webhooks/test", {"webhook": draft("https://a.example/"), "trigger": 0}, 422, "trigger is 0"),
        *(
            (f"/api/webhooks/{route}", {"webhook": draft("https://a.example/"), "event": payload}, 422, message)
            for route in ("test", "preview")
            for payload, message in (
                ({}, "event.data: must be an object: the access request"),
                ({"x": 1}, "event.data: must be an object: the access request"),
                ({"data": [1]}, "event.data is [1]: must be an object: the access request"),
                ([1], "event is [1]: must be an object: a payload with 'event_type', 'event_time' and 'data'"),
            )
        ),
    ],
)
def test_bad_requests_say_the_way_out(world: World, path: str, body: Any, status: int, message: str) -> None:
    """No 500, no silence."""
    got, answer = world.http(path, body)
    assert got == status
    assert message in answer["message"]


@pytest.mark.parametrize("path", ["/api/webhooks/test", "/api/webhooks/preview"])
def test_what_is_wrong_beside_the_webhook_is_named_with_it(world: World, path: str) -> None:
    """An `evnt` that were passed over would have the sample sent, and who wrote it would believe it was theirs."""
    body = {"webhook": draft("https://a.example/", timeout_seconds=31), "trigger": "RequestLost", "evnt": {}}
    status, answer = world.http(path, body)
    assert status == 422
    assert [one["path"] for one in answer["problems"]] == ["timeout_seconds", "trigger", "evnt"]


def test_a_body_over_256_kb_is_refused_in_our_words(world: World) -> None:
    """Whichever route it is for."""
    saved = world.webhook("https://a.example/").id
    body = {"webhook": draft("https://a.example/"), "event": {"data": {"a": "x" * 256 * 1024}}}
    for what in ("test", "preview", f"{saved}/test"):
        status, answer = world.http(f"/api/webhooks/{what}", body)
        assert status == 413
        assert answer["message"].endswith("bytes; it must have at most 262144 (256 KB)")


def test_a_row_that_was_changed_by_hand_is_a_conflict(world: World) -> None:
    """What is wrong with it is not what was asked."""
    webhook = world.webhook("https://hooks.torq.io/")
    key = {"pk": {"S": f"WEBHOOK#{webhook.id}"}, "sk": {"S": "CONFIG"}}
    world.aws.dynamodb.update_item(
        TableName=world.template.names["WebhooksTable"],
        Key=key,
        UpdateExpression="SET document = :broken",
        ExpressionAttributeValues={":broken": {"S": "{"}},
    )
    status, answer = world.http(f"/api/webhooks/{webhook.id}/test", {}, id=webhook.id)
    assert status == 409
    assert f"the stored webhook {webhook.id} cannot be read; PUT a whole one in its place" in answer["message"]


class TestChangesThatAreNotSaved:
    """A saved webhook is tested as a form shows it: changed, with masks where it has secrets."""

    def test_the_stored_secrets_are_sent(self, world: World, authority: Authority) -> None:
        """What was read, with another body, can be tested as it is; nothing of it is stored."""
        with receiving(answering(answer()), authority.server_context()) as receiver:
            webhook = world.webhook(receiver.url, signing={"kind": "standard_webhooks"})
            path = f"/api/webhooks/{webhook.id}"
            form = world.api("GET", path).json | {"body_template": '{"new": "{{event_type}}"}'}
            status, data = world.http(f"{path}/test", {"webhook": form}, id=webhook.id)
            assert receiver.bodies == [b'{"new": "RequestCreated"}']
            assert b"Bearer dG9ycS10b2tlbg" in receiver.requests[0]
            assert b"webhook-signature: v1," in receiver.requests[0]
        assert (status, data["outcome"]) == (200, "successful")
        assert "dG9ycS10b2tlbg" not in json.dumps(data)
        assert world.store.get(webhook.id) == webhook

    @pytest.mark.parametrize("url", ["https://hooks.torq.io/v1/webhooks/other/", "https://a.example/"])
    def test_to_their_own_url_only(self, world: World, url: str) -> None:
        """Who may test and not change webhooks could have a secret, or a signature, sent to others on the same host."""
        how = {"kind": "basic", "username": "ana", "password": "s3cret"}
        signs = {"kind": "standard_webhooks"}
        mine = "https://hooks.torq.io/v1/webhooks/mine/"
        webhook = world.webhook(mine, authentication=how, headers=TOKEN, signing=signs)
        path = f"/api/webhooks/{webhook.id}"
        form = world.api("GET", path).json | {"url": url}
        status, answer = world.http(f"{path}/test", {"webhook": form}, id=webhook.id)
        assert status == 422
        assert {one["path"]: one["rule"] for one in answer["problems"]} == dict.fromkeys(
            ("headers[0].value", "authentication.password", "signing.secret"),
            "must be entered again, because the URL it is sent to has changed",
        )

    def test_a_mask_needs_a_stored_secret(self, world: World) -> None:
        """A draft has none; a preview needs none."""
        form = draft("https://a.example/", headers=[{"name": "Authorization", "value": "••••", "secret": True}])
        assert world.http("/api/webhooks/test", {"webhook": form})[0] == 422
        status, data = world.http("/api/webhooks/preview", {"webhook": form})
        assert status == 200
        assert {"name": "Authorization", "value": "••••"} in data["request"]["headers"]


def test_each_failure_says_what_to_look_at(world: World, authority: Authority) -> None:
    """What stands in the way is named by its phase, with what was reached of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"https://localhost:{server.getsockname()[1]}/"
    answers = ("302 Found", "401 Unauthorized", "404 Not Found", "405 Method Not Allowed", "410 Gone", "500 Oops")
    script = answering(*(answer(one, b"{}") for one in answers), answer())
    validators = [{"json_path": "$.data.status", "expected_values": ["done"]}]
    with (
        receiving(script, authority.server_context()) as receiver,
        receiving(answering(), authority.server_context("other.example")) as stranger,
    ):
        drafts = [draft(receiver.url)] * len(answers)
        drafts += [draft(receiver.url, response_validators=validators), draft(closed)]
        drafts.append(draft(stranger.url))
        tested = [world.http("/api/webhooks/test", {"webhook": one})[1] for one in drafts]
    said = [one["sentence"] + " ".join(one["tips"]) for one in tested]
    expected = (
        *("Redirects are not followed", "wrong or expired", "path is not known", "does not take this method"),
        *("it is gone", "its log knows why", "Compare the path", "check the port", "made out for this host"),
    )
    assert [one for one, text in zip(expected, said, strict=True) if one not in text] == []
    states = [one["retry"]["state"] for one in tested]
    assert states == [*["waiting"] * 4, "failed", "waiting", "failed", "waiting", "waiting"]
    assert all(one["timings"]["total_ms"] > 0 and one["remote_address"] for one in tested)
    assert [one["timings"]["first_byte_ms"] is None for one in tested] == [False] * 7 + [True] * 2


def test_the_url_is_shown_as_it_is_sent(world: World, authority: Authority) -> None:
    """In a test as in a preview: what the receiver's log has."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        given = {"webhook": draft(f"{receiver.url}größe?who={{{{event_type}}}}")}
        shown = [world.http(f"/api/webhooks/{route}", given)[1]["request"]["url"] for route in ("test", "preview")]
    assert shown == [f"{receiver.url}gr%C3%B6%C3%9Fe?who=RequestGranted"] * 2


def test_a_failed_test_says_what_a_delivery_would_do_and_what_to_look_at(world: World, authority: Authority) -> None:
    """The schedule's first wait, `Retry-After` when it is longer, and the remedies of that very failure."""
    busy = answer("429 Too Many Requests", b"{}", "Retry-After: 120")
    with receiving(answering(answer("503 Busy", b"{}"), busy, answer()), authority.server_context()) as receiver:
        given = {"webhook": draft(receiver.url, retry={"max_attempts": 3})}
        _, first = world.http("/api/webhooks/test", given)
        _, second = world.http("/api/webhooks/test", given)
        _, third = world.http("/api/webhooks/test", given)
    assert first["retry"] == {
        "state": "waiting",
        "sentence": "A delivery would be sent again after 2.5 to 5 seconds, at most 3 times in all.",
        "after_seconds": [2.5, 5],
    }
    assert first["tips"] == ["The receiver failed by its own account: its log knows why."]
    assert second["retry"] == {
        "state": "waiting",
        "sentence": "A delivery would be sent again after 120 seconds, at most 3 times in all.",
        "after_seconds": [120, 120],
    }
    assert "Retry-After" in second["tips"][1]
    assert third["retry"] == {
        "state": "succeeded",
        "sentence": "A delivery would have succeeded.",
        "after_seconds": None,
    }
    assert third["tips"] == []


def test_a_preview_sends_nothing(world: World, authority: Authority) -> None:
    """The request as it would be, secrets masked; filters explained; what is probably a mistake, by its place."""
    with receiving(answering(answer()), authority.server_context()) as receiver:
        body = '{"who": "{{data.requestor.name}}"}'
        status, data = world.http("/api/webhooks/preview", {"webhook": draft(receiver.url, body_template=body)})
        assert receiver.requests == []
    assert status == 200
    assert data["request"]["body"] == '{"who": ""}'
    assert {"name": "Authorization", "value": "••••"} in data["request"]["headers"]
    assert data["problem"] is None
    [warning] = data["warnings"]
    assert (warning["path"], warning["line"], warning["column"]) == ("body_template", 1, 10)
    expected = "no event is known to have 'data.requestor.name'; did you mean data.requester.name?"
    assert expected == warning["message"]


def test_a_preview_shows_where_credentials_go(world: World) -> None:
    """The headers that prove who sent it, masked: neither secret is needed for a preview."""
    proofs = {"authentication": {"kind": "bearer", "token": "MARK"}, "signing": {"kind": "standard_webhooks"}}
    webhook = draft("https://hooks.torq.io/", headers=[], **proofs)
    _, data = world.http("/api/webhooks/preview", {"webhook": webhook})
    expected = [{"name": "Authorization", "value": "••••"}, {"name": "webhook-signature", "value": "••••"}]
    assert expected == data["request"]["headers"][-2:]
    assert "MARK" not in json.dumps(data)


def test_a_preview_tells_what_cannot_be_rendered(world: World) -> None:
    """This event's value cannot stand in a header: the placeholder is named, its value is not."""
    headers = [{"name": "X-Who", "value": "{{data.requester.name}}"}]
    event = {"event_type": "RequestFailed", "data": {"requester": {"name": "a\r\nb"}}}
    webhook = draft("https://hooks.torq.io/", headers=headers)
    _, data = world.http("/api/webhooks/preview", {"webhook": webhook, "event": event})
    assert data["request"] is None
    assert data["problem"] == "line 1, column 1: 'data.requester.name' holds a line break, which a header cannot carry"


def test_each_test_has_an_id_of_its_own(world: World, authority: Authority) -> None:
    """A receiver that drops doubles takes none for another, and none for the delivery of the event it was made of."""
    event = json.loads((ROOT / "events" / "request_created.json").read_text())
    with receiving(answering(answer()), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        for _ in range(2):
            world.http(f"/api/webhooks/{webhook.id}/test", {"event": event["detail"]}, id=webhook.id)
        world.dispatch(event)
        ids = {re.search(rb"webhook-id: (\S+)", request)[1] for request in receiver.requests}  # type: ignore[index]
    assert len(ids) == 3


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_json_number_is_refused(world: World, number: str) -> None:
    """The answer would hold it again, and be no JSON."""
    status, refused = world.http("/api/webhooks/preview", f'{{"event": {{"data": {{"x": {number}}}}}}}')
    assert status == 400
    assert "the body is not JSON" in refused["message"]
