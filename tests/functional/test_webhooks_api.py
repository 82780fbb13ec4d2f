"""The function `webhooks` behind its HTTP API: what is managed, what is refused and how, and what it says of itself."""

import base64
import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from grantwire.configurations import EDITABLE, parse_webhook
from grantwire.errors import InvalidWebhookError, StaleVersionError, StoreError
from grantwire.managing import WebhookKeeper, copy_name, merged
from grantwire.models import TRIGGERS
from grantwire.samples import sample_payload
from grantwire.stores.webhooks import WebhookStore
from tests.functional.conftest import Answered, World, event_file, wakeup_of
from tests.project.documents import template
from tests.receivers import Authority, answer, answering, receiving

MARKER = "c2VjcmV0LW1hcmtlcg"  # no answer, row or log line may have it


def guide(**fields: Any) -> dict[str, Any]:
    """The guide's webhook."""
    return {
        "name": "Torq",
        "url": "https://hooks.torq.io/v1/webhooks/1/",
        "body_template": '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}',
        "headers": [{"name": "Authorization", "value": f"Bearer {MARKER}", "secret": True}],
        "triggers": ["RequestCreated"],
    } | fields


def created(world: World, **fields: Any) -> dict[str, Any]:
    """A webhook as the API shows it once it is stored."""
    made = world.api("POST", "/api/webhooks", guide(**fields))
    assert made.status == 201, made.text
    document: dict[str, Any] = made.json
    return document


def at(version: object) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def paths(answered: Answered) -> list[str]:
    return [one["path"] for one in answered.json["problems"]]


def events_to(world: World) -> Callable[[], list[dict[str, Any]]]:
    """The events that reach the deployment's rule from now on, as `dispatch` gets them."""
    events, sqs = world.aws.events, world.aws.sqs
    url = sqs.create_queue(QueueName="rule")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [rule] = world.template.function("DispatchFunction").rules
    events.put_rule(Name="requests", EventBusName=rule.bus, EventPattern=json.dumps(rule.pattern))
    events.put_targets(Rule="requests", EventBusName=rule.bus, Targets=[{"Id": "1", "Arn": arn}])

    def taken() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in messages]

    return taken


class TestTheWalkOfTheGuide:
    """Create, test, look at what was sent, save changes, put an event, see it delivered."""

    def test_from_nothing_to_a_delivered_event(self, world: World, authority: Authority) -> None:
        arrived = events_to(world)
        with receiving(answering(*[answer()] * 3), authority.server_context()) as receiver:
            webhook = created(world, url=receiver.url)
            path = f"/api/webhooks/{webhook['id']}"
            assert (webhook["active"], webhook["version"]) == (False, 1)

            status, tested = world.http(f"{path}/test", {}, id=webhook["id"])
            assert (status, tested["outcome"]) == (200, "successful")
            assert tested["request"]["body"].endswith('request made by Ana Lima"}}')

            saved = world.api("PATCH", path, {"active": True, "triggers": ["RequestGranted"]}, headers=at(1))
            assert (saved.status, saved.headers["ETag"], saved.json["active"]) == (200, '"2"', True)

            put = world.api("POST", "/api/events", sample_payload("RequestGranted"))
            assert put.status == 202
            [event] = arrived()
            assert (event["source"], event["detail-type"]) == ("apono", "RequestGranted")
            world.dispatch(event)
            assert [row["sk"].rpartition("#")[2] for row in self._rows(world)] == [put.json["event_id"]]
            assert [row["state"] for row in self._rows(world)] == ["succeeded"]
            assert b"New Apono RequestGranted request made by Ana Lima" in receiver.bodies[-1]
            assert f"Bearer {MARKER}".encode() in receiver.requests[-1]

            found = world.api("GET", f"/api/events/{put.json['event_id']}/deliveries")
            assert [one["state"] for one in found.json["items"]] == ["succeeded"]

    def _rows(self, world: World) -> list[dict[str, Any]]:
        rows = world.rows("DeliveriesTable")
        return [{k: next(iter(v.values())) for k, v in row.items()} for row in rows if "state" in row]


class TestCreating:
    def test_the_answer_says_where_it_is_and_which_version(self, world: World) -> None:
        made = world.api("POST", "/api/webhooks", guide())
        webhook = made.json
        assert made.status == 201
        assert made.headers["Location"] == f"/api/webhooks/{webhook['id']}"
        assert made.headers["ETag"] == '"1"'
        assert made.headers["Cache-Control"] == "no-store"
        assert webhook["headers"] == [{"name": "Authorization", "value": "••••", "secret": True}]
        assert re.fullmatch(r"wh_[0-9a-z]{26}", webhook["id"])
        assert webhook["created_at"] == webhook["updated_at"]
        assert webhook["created_at"].endswith("Z")

    def test_a_signing_secret_is_rotated(self, world: World, authority: Authority) -> None:
        """The new one is shown once; until tomorrow a delivery bears both signatures, the new one first."""
        with receiving(answering(answer()), authority.server_context()) as receiver:
            signs = {"signing": {"kind": "standard_webhooks"}}
            made = world.api("POST", "/api/webhooks", guide(url=receiver.url, active=True, **signs)).json
            path = f"/api/webhooks/{made['id']}/signing/rotate"
            assert world.api("POST", path).status == 428
            rotated = world.api("POST", path, headers={"If-Match": '"1"'})
            assert (rotated.status, rotated.headers["ETag"]) == (200, '"2"')
            assert rotated.json["new_signing_secret"].startswith("whsec_")
            assert rotated.json["new_signing_secret"] != made["new_signing_secret"]
            world.dispatch(event_file("request_created"))
            [request] = receiver.requests
        [line] = [line for line in request.decode().split("\r\n") if line.lower().startswith("webhook-signature:")]
        assert line.count("v1,") == 2
        assert "new_signing_secret" not in world.api("GET", f"/api/webhooks/{made['id']}").text

    def test_a_second_rotation_within_a_day_is_refused(self, world: World) -> None:
        """It would end the secret that receivers hold; one of their own can be entered."""
        made = world.api("POST", "/api/webhooks", guide(signing={"kind": "standard_webhooks"})).json
        path = f"/api/webhooks/{made['id']}/signing/rotate"
        assert world.api("POST", path, headers={"If-Match": "*"}).status == 200
        again = world.api("POST", path, headers={"If-Match": "*"})
        assert again.status == 422
        assert "has two secrets until" in again.json["message"]

    def test_what_is_too_large_to_be_stored_is_a_422(self, world: World) -> None:
        """Encrypted secrets take more room than the masks by which an update is measured."""
        headers = [{"name": f"X-Token-{number}", "value": "s" * 4096} for number in range(50)]
        made = world.api("POST", "/api/webhooks", guide(headers=headers))
        assert made.status == 201
        filters = [{"field": "justification", "operator": "is", "values": ["v" * 4000]} for _ in range(40)]
        patch = {"filters": filters, "body_template": "x" * 60_000}
        patch |= {"headers": [*made.json["headers"][:49], {"name": "Content-Type", "value": "text/plain"}]}
        answer = world.api("PATCH", f"/api/webhooks/{made.json['id']}", patch, headers={"If-Match": "*"})
        assert answer.status == 422
        assert "bytes with its secrets encrypted" in answer.json["message"]

    def test_an_answer_names_a_hundred_problems_at_most(self, world: World) -> None:
        """Lambda's answers end at 6 MB; the rest is counted."""
        answer = world.api("POST", "/api/webhooks", guide(triggers=[""] * 60_000))
        assert answer.status == 422
        assert len(answer.json["problems"]) == 101
        assert answer.json["problems"][-1]["rule"] == "and 59900 more problems"

    def test_what_does_not_sign_has_nothing_to_rotate(self, world: World) -> None:
        """The field and the way out are named."""
        made = world.api("POST", "/api/webhooks", guide()).json
        answer = world.api("POST", f"/api/webhooks/{made['id']}/signing/rotate", headers={"If-Match": "*"})
        assert answer.status == 422
        assert answer.json["problems"][0]["path"] == "signing"

    def test_what_is_probably_a_mistake_is_told(self, world: World) -> None:
        """It is stored all the same; what was read or answered can be sent back."""
        body = '{"who": "{{data.requestor.name}}"}'
        made = world.api("POST", "/api/webhooks", guide(body_template=body))
        assert made.status == 201
        [warning] = made.json["warnings"]
        assert (warning["path"], warning["line"], warning["column"]) == ("body_template", 1, 10)
        path = f"/api/webhooks/{made.json['id']}"
        assert world.api("PUT", path, made.json, headers={"If-Match": '"1"'}).status == 200

    def test_a_signing_secret_that_was_made_is_shown_once(self, world: World) -> None:
        made = created(world, signing={"kind": "standard_webhooks"})
        assert made["new_signing_secret"].startswith("whsec_")
        assert made["signing"] == {"kind": "standard_webhooks", "secret": "••••"}
        again = world.api("GET", f"/api/webhooks/{made['id']}")
        assert "new_signing_secret" not in again.json
        assert made["new_signing_secret"] not in again.text + json.dumps(world.rows("WebhooksTable"), default=str)

    def test_every_wrong_field_is_named_with_value_and_rule(self, world: World) -> None:
        wrong = guide(name="!", url="http://x.example/", triggers=[], timeout_seconds=31, colour="red")
        refused = world.api("POST", "/api/webhooks", wrong)
        assert refused.status == 422
        assert paths(refused) == ["name", "url", "triggers", "timeout_seconds", "colour"]
        assert {"path": "timeout_seconds", "value": "31", "rule": "must be a number from 1 to 30"} in refused.json[
            "problems"
        ]
        assert refused.json["statusCode"] == 422
        assert world.rows("WebhooksTable") == []

    def test_a_name_that_is_taken_whatever_its_case_names_who_has_it(self, world: World) -> None:
        first = created(world)
        refused = world.api("POST", "/api/webhooks", guide(name="TORQ"))
        assert refused.status == 409
        assert refused.json["problems"] == [
            {
                "path": "name",
                "value": '"TORQ"',
                "rule": f"is the name of another webhook, {first['id']}; names differ by more than their case",
            }
        ]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (None, "the request has no body; it must be a JSON object"),
            ("  ", "the request has no body; it must be a JSON object"),
            ("{", "the body is not JSON: Expecting property name enclosed in double quotes"),
            ('{"a": NaN}', "the body is not JSON: NaN is not a JSON number"),
            ('{"a": 1e999}', "the body is not JSON: 1e999 is too large a number"),
            ("[" * 200_000, "the body is not JSON: "),
            ("[1]", "the body is [1]; it must be a JSON object"),
        ],
    )
    def test_a_body_that_is_no_json_object(self, world: World, body: Any, message: str) -> None:
        for method, path in (("POST", "/api/webhooks"), ("POST", "/api/events"), ("PUT", f"/api/webhooks/{'wh_1'}")):
            refused = world.api(method, path, body, headers={"If-Match": "*"})
            assert refused.status == 400
            assert refused.json["message"].startswith(message)

    def test_a_body_over_256_kb_is_refused_in_our_words(self, world: World) -> None:
        refused = world.api("POST", "/api/webhooks", " " * (256 * 1024) + "{}")
        assert refused.status == 413
        assert refused.json["message"] == "the body has 262146 bytes; it must have at most 262144 (256 KB)"

    def test_of_two_who_create_one_name_at_once_one_wins(self, world: World) -> None:
        race = Race(world)
        outcomes = race.run(lambda keeper, number: keeper.create(guide(name=("Torq", "TORQ")[number])))
        assert sorted(type(one).__name__ for one in outcomes) == ["NameTakenError", "Saved"]
        assert len([row for row in world.rows("WebhooksTable") if row["sk"]["S"] == "CONFIG"]) == 1
        assert len(world.rows("WebhooksTable")) == 3


class TestReading:
    def test_one_webhook_with_its_health(self, world: World) -> None:
        webhook = created(world)
        for _ in range(3):
            world.store.add_failure(webhook["id"], now=1795000000.0)
        found = world.api("GET", f"/api/webhooks/{webhook['id']}")
        assert (found.status, found.headers["ETag"]) == (200, '"1"')
        health = {"failures": 3, "failing_since": "2026-11-18T11:06:40.000000Z", "last_success_at": None}
        assert found.json == webhook | {"health": health}

    @pytest.mark.parametrize("webhook_id", ["wh_none", "x" * 3000, "wh_01m85vkphdz51cd2n3nnx15qag", "a b", "é"])
    def test_one_that_is_not_there(self, world: World, webhook_id: str) -> None:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            found = world.api(method, f"/api/webhooks/{webhook_id}", {}, headers={"If-Match": "*"})
            assert (found.status, found.json["message"]) == (404, f"there is no webhook {webhook_id}")
        assert world.api("POST", f"/api/webhooks/{webhook_id}/duplicate").status == 404

    def test_one_that_was_changed_by_hand_can_be_mended_or_deleted(self, world: World) -> None:
        first, second = created(world), created(world, name="Another")
        for webhook in (first, second):
            [row] = [
                row
                for row in world.rows("WebhooksTable")
                if row["sk"]["S"] == "CONFIG" and row["pk"]["S"].endswith(webhook["id"])
            ]
            world.aws.dynamodb.put_item(
                TableName=world.template.names["WebhooksTable"], Item=row | {"document": {"S": "{"}}
            )
        found = world.api("GET", f"/api/webhooks/{first['id']}")
        assert found.status == 409
        assert "cannot be read; PUT a whole one in its place, or delete it" in found.json["message"]
        listed = world.api("GET", "/api/webhooks").json["items"]
        assert all(one["problem"].startswith("the stored webhook is not JSON") for one in listed)
        assert world.api("PUT", f"/api/webhooks/{first['id']}", guide(), headers=at(1)).status == 200
        assert world.api("DELETE", f"/api/webhooks/{second['id']}", headers=at(1)).status == 204
        assert [one["name"] for one in world.api("GET", "/api/webhooks").json["items"]] == ["Torq"]


class TestListing:
    def test_by_name_with_search_and_status(self, world: World) -> None:
        for name, active in (("beta Torq", True), ("Alpha", False), ("gamma TORQ", False)):
            created(world, name=name, active=active)

        def names(**query: str) -> list[str]:
            return [one["name"] for one in world.api("GET", "/api/webhooks", query=query).json["items"]]

        assert names() == ["Alpha", "beta Torq", "gamma TORQ"]
        assert names(search="tOrQ") == ["beta Torq", "gamma TORQ"]
        assert names(search="torq", status="inactive") == ["gamma TORQ"]
        assert names(status="active") == ["beta Torq"]
        [one] = world.api("GET", "/api/webhooks", query={"search": "alpha"}).json["items"]
        assert one.keys() == {
            *("id", "name", "active", "inactive_reason", "method", "url", "host", "triggers"),
            *("version", "created_at", "updated_at", "problem"),
        }
        assert one["host"] == "hooks.torq.io"

    def test_with_how_each_did_of_late(self, world: World, authority: Authority) -> None:
        """In the last day, beside what a table needs; one that got nothing is not left out."""
        with receiving(answering(answer(), answer("410 Gone")), authority.server_context()) as receiver:
            busy = created(world, name="Busy", url=receiver.url, active=True)
            created(world, name="Idle")
            event = event_file("request_created")
            for request in ("1", "2"):
                event["detail"]["event_time"] += 1
                event["detail"]["data"]["id"] = request
                world.dispatch(event)
        first, second = world.api("GET", "/api/webhooks", query={"with": "recent"}).json["items"]
        recent = first["recent"]
        assert (recent["succeeded"], recent["failed"], recent["unfinished"], recent["complete"]) == (1, 1, 0, True)
        last = recent["last_delivery"]
        assert (last["state"], last["code"], last["trigger"]) == ("failed", "http_410", "RequestCreated")
        [newest, _] = world.api("GET", f"/api/webhooks/{busy['id']}/deliveries").json["items"]
        assert last.items() <= newest.items()
        assert second["recent"]["last_delivery"] is None
        assert "recent" not in world.api("GET", "/api/webhooks").json["items"][0]
        described = world.api("GET", "/api/openapi.json").json
        schema = {"$ref": "#/components/schemas/WebhookPage", "components": described["components"]}
        Draft202012Validator(schema).validate(world.api("GET", "/api/webhooks", query={"with": "recent"}).json)

    def test_pages_stay_right_while_rows_come_and_go(self, world: World) -> None:
        """Whoever was there all the time is seen once; the row at which a page ended may be deleted."""
        ids = {name: created(world, name=name)["id"] for name in ("b", "d", "f", "h", "j")}
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for come, gone in (("ae", "d"), ("ci", "f"), ("", None), ("z", None)):
            page = world.api("GET", "/api/webhooks", query={"limit": "2", **cursor}).json
            seen += [one["name"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
            for name in come:
                created(world, name=name)
            if gone:
                world.api("DELETE", f"/api/webhooks/{ids[gone]}", headers={"If-Match": "*"})
        assert seen == ["b", "d", "e", "f", "h", "i", "j"]

    @pytest.mark.parametrize(
        ("query", "problem"),
        [
            ({"limit": "0"}, {"path": "limit", "value": '"0"', "rule": "must be at least 1"}),
            ({"limit": "101"}, {"path": "limit", "value": '"101"', "rule": "must be at most 100"}),
            ({"limit": "ten"}, {"path": "limit", "value": '"ten"', "rule": "must be a whole number"}),
            (
                {"serach": "torq"},
                {
                    "path": "serach",
                    "value": "",
                    "rule": "is not known here; the fields are search, status, limit, cursor, with",
                },
            ),
            ({"with": "all"}, {"path": "with", "value": '"all"', "rule": "must be 'recent'"}),
            ({"status": "on"}, {"path": "status", "value": '"on"', "rule": "must be 'active' or 'inactive'"}),
            (
                {"cursor": "%%"},
                {
                    "path": "cursor",
                    "value": '"%%"',
                    "rule": "is no cursor: pass on next_cursor as it came, or begin without one",
                },
            ),
        ],
    )
    def test_a_wrong_question(self, world: World, query: dict[str, str], problem: dict[str, str]) -> None:
        refused = world.api("GET", "/api/webhooks", query=query)
        assert (refused.status, refused.json["problems"]) == (422, [problem])

    def test_all_wrong_parameters_are_named(self, world: World) -> None:
        refused = world.api("GET", "/api/webhooks", query={"limit": "x", "status": "y", "search": "z" * 65})
        assert sorted(paths(refused)) == ["limit", "search", "status"]


class TestChanging:
    def test_what_was_read_can_be_sent_back_as_it_is(self, world: World) -> None:
        """Masks keep the secrets; what is shown only is ignored."""
        webhook = created(world, active=True, signing={"kind": "standard_webhooks"})
        before = stored(world, webhook["id"])
        read = world.api("GET", f"/api/webhooks/{webhook['id']}")
        put = world.api("PUT", f"/api/webhooks/{webhook['id']}", read.json, headers={"If-Match": read.headers["ETag"]})
        assert (put.status, put.headers["ETag"]) == (200, '"1"')
        assert stored(world, webhook["id"]) == before

    def test_a_patch_is_a_merge_patch(self, world: World) -> None:
        webhook = created(world, filters=[{"field": "requester", "operator": "exists"}], timeout_seconds=5)
        patch = {"timeout_seconds": None, "retry": {"max_attempts": 3}, "name": "Torq EU"}
        changed = world.api("PATCH", f"/api/webhooks/{webhook['id']}", patch, headers=at(1)).json
        assert (changed["timeout_seconds"], changed["retry"], changed["name"]) == (10, {"max_attempts": 3}, "Torq EU")
        assert changed["filters"] == webhook["filters"]
        assert changed["created_at"] == webhook["created_at"]
        assert changed["updated_at"] > webhook["updated_at"]

    @pytest.mark.parametrize("active", [True, False])
    def test_what_changes_nothing_makes_no_version(self, world: World, active: bool) -> None:
        """What is shown stays as it is, and whoever has seen it may still change it; yet no stale version passes."""
        secret = {"name": "X-Token", "value": "t0k3n-of-torq"}
        webhook = created(world, active=active, headers=[secret], signing={"kind": "standard_webhooks"})
        path, before = f"/api/webhooks/{webhook['id']}", world.rows("WebhooksTable")
        read = world.api("GET", path).json
        for method, document in (("PATCH", {}), ("PATCH", {"name": read["name"], "retry": None}), ("PUT", read)):
            same = world.api(method, path, document, headers=at(1))
            assert (same.status, same.headers["ETag"]) == (200, '"1"')
            assert same.json == {name: value for name, value in read.items() if name != "health"}
            assert world.api(method, path, document, headers=at(2)).status == 412
        assert world.rows("WebhooksTable") == before
        entered = world.api("PATCH", path, {"headers": [secret]}, headers=at(1))
        assert entered.json["version"] == 2

    def test_a_renamed_webhook_gives_its_name_free(self, world: World) -> None:
        webhook = created(world)
        world.api("PATCH", f"/api/webhooks/{webhook['id']}", {"name": "Other"}, headers=at(1))
        created(world, name="torq")
        refused = world.api("PATCH", f"/api/webhooks/{webhook['id']}", {"name": "TORQ"}, headers=at(2))
        assert refused.status == 409
        same = world.api("PATCH", f"/api/webhooks/{webhook['id']}", {"name": "OTHER"}, headers=at(2))
        assert (same.status, same.json["name"]) == (200, "OTHER")

    def test_copies_follow_triggers_and_state(self, world: World) -> None:
        webhook = created(world, triggers=["RequestCreated", "RequestGranted"], active=True)

        def copies() -> dict[str, bool]:
            found = [(trigger, world.store.subscriptions(trigger)) for trigger in TRIGGERS]
            return {trigger: some[0].active for trigger, some in found if some}

        assert copies() == {"RequestCreated": True, "RequestGranted": True}
        path = f"/api/webhooks/{webhook['id']}"
        world.api("PATCH", path, {"triggers": ["RequestGranted", "RequestFailed"]}, headers=at(1))
        assert copies() == {"RequestGranted": True, "RequestFailed": True}
        world.api("PATCH", path, {"active": False}, headers=at(2))
        assert copies() == {"RequestGranted": False, "RequestFailed": False}

    def test_if_match_is_required(self, world: World) -> None:
        webhook = created(world)
        for method in ("PUT", "PATCH", "DELETE"):
            refused = world.api(method, f"/api/webhooks/{webhook['id']}", guide())
            assert (refused.status, refused.json["message"]) == (
                428,
                'the header If-Match is missing: read the webhook and send its ETag, as in If-Match: "3"',
            )

    @pytest.mark.parametrize("stale", ['"2"', 'W/"1"', "1", '"x"', "none"])
    def test_a_stale_version_is_told_the_one_that_is_there(self, world: World, stale: str) -> None:
        webhook = created(world)
        for method in ("PUT", "PATCH", "DELETE"):
            refused = world.api(method, f"/api/webhooks/{webhook['id']}", guide(), headers={"If-Match": stale})
            assert refused.status == 412
            assert refused.json["message"] == (
                f"webhook {webhook['id']} has version 1 by now, which is not the one in If-Match: read it again, "
                'and make your change to that with If-Match: "1"'
            )

    def test_a_patch_that_nests_without_end_is_refused(self, world: World) -> None:
        webhook = created(world)
        deep = '{"retry":' * 700 + "1" + "}" * 700
        refused = world.api("PATCH", f"/api/webhooks/{webhook['id']}", deep, headers=at(1))
        assert refused.status in (400, 422)

    def test_of_two_who_change_one_version_one_wins(self, world: World) -> None:
        webhook = created(world)
        race = Race(world)
        outcomes = race.run(lambda keeper, number: keeper.change(webhook["id"], {"name": f"Name {number}"}, 1))
        assert sorted(type(one).__name__ for one in outcomes) == ["Saved", "StaleVersionError"]
        [loser] = [one for one in outcomes if isinstance(one, StaleVersionError)]
        assert f"webhook {webhook['id']} has version 2 by now" in str(loser)
        names = [row["pk"]["S"] for row in world.rows("WebhooksTable") if row["sk"]["S"] == "NAME"]
        assert names == [f"NAME#{stored(world, webhook['id'])['name'].lower()}"]

    def test_of_a_change_and_a_deletion_one_wins(self, world: World) -> None:
        webhook = created(world)

        def act(keeper: WebhookKeeper, number: int) -> object:
            if number:
                return keeper.delete(webhook["id"], 1)
            return keeper.change(webhook["id"], {"triggers": ["RequestFailed"]}, 1)

        outcomes = Race(world).run(act)
        assert len([one for one in outcomes if isinstance(one, StaleVersionError)]) == 1
        assert len(world.rows("WebhooksTable")) in (0, 3)

    def test_a_transaction_that_met_another_is_tried_again(self, world: World) -> None:
        """DynamoDB cancels one of two that touch one row at a time, whatever their conditions."""
        race = Race(world)
        race.client.conflicts = 3
        race.keeper.create(guide())
        race.client.conflicts = 4
        with pytest.raises(StoreError, match="TransactionCanceledException"):
            race.keeper.create(guide(name="Another"))


class TestHealthAndActivity:
    def test_why_it_was_switched_off_is_shown_until_it_is_switched_on(self, world: World) -> None:
        webhook = created(world, active=True)
        path = f"/api/webhooks/{webhook['id']}"
        loaded = world.store.get(webhook["id"])
        assert loaded is not None
        world.store.note_success(webhook["id"], now=1794000000.0)
        world.store.add_failure(webhook["id"], now=1795000000.0)
        assert world.store.deactivate(loaded, reason="the receiver answered 410", now=time.time())

        found = world.api("GET", path)
        assert (found.json["inactive_reason"], found.json["version"]) == ("the receiver answered 410", 2)
        assert world.api("GET", "/api/webhooks").json["items"][0]["inactive_reason"] == "the receiver answered 410"
        edited = world.api("PATCH", path, {"timeout_seconds": 5}, headers=at(2))
        assert edited.json["inactive_reason"] == "the receiver answered 410"
        assert world.api("GET", path).json["health"]["failures"] == 1

        on = world.api("PATCH", path, {"active": True}, headers=at(3))
        assert on.json["inactive_reason"] is None
        found = world.api("GET", path)
        assert found.json["health"] == {
            "failures": 0,
            "failing_since": None,
            "last_success_at": "2026-11-06T21:20:00.000000Z",
        }
        off = world.api("PATCH", path, {"active": False}, headers=at(4))
        assert off.json["inactive_reason"] is None


class TestDeleting:
    def test_nothing_of_it_stays_and_its_name_is_free(self, world: World) -> None:
        webhook = created(world, active=True, triggers=list(TRIGGERS))
        world.store.add_failure(webhook["id"], now=1.0)
        gone = world.api("DELETE", f"/api/webhooks/{webhook['id']}", headers=at(1))
        assert (gone.status, gone.text) == (204, "")
        assert world.rows("WebhooksTable") == []
        assert world.api("DELETE", f"/api/webhooks/{webhook['id']}", headers=at(1)).status == 404
        created(world)

    def test_what_waits_for_it_ends_with_that_reason(self, world: World, authority: Authority) -> None:
        with receiving(answering(answer("503 Busy", b"")), authority.server_context()) as receiver:
            webhook = created(world, url=receiver.url, active=True)
            loaded = world.store.get(webhook["id"])
            assert loaded is not None
            world.dispatch({"detail-type": "RequestCreated", "id": "1", "detail": sample_payload("RequestCreated")})
            world.api("DELETE", f"/api/webhooks/{webhook['id']}", headers=at(1))
            world.shift(loaded, 60)
            world.redeliver(wakeup_of(world, loaded))
        [row] = world.deliveries(loaded)
        assert (row["state"], row["code"]) == ("failed", "webhook_deleted")


class TestDuplicating:
    def test_a_copy_is_inactive_and_says_which_secrets_it_lacks(self, world: World) -> None:
        webhook = created(
            world,
            active=True,
            headers=[{"name": "X-Token", "value": MARKER}, {"name": "X-Team", "value": "access"}],
            authentication={"kind": "basic", "username": "ana", "password": MARKER},
            signing={"kind": "standard_webhooks"},
        )
        copied = world.api("POST", f"/api/webhooks/{webhook['id']}/duplicate")
        copy = copied.json
        assert (copied.status, copied.headers["Location"]) == (201, f"/api/webhooks/{copy['id']}")
        assert (copy["name"], copy["active"], copy["version"]) == ("Torq copy", False, 1)
        assert copy["headers"] == [{"name": "X-Team", "value": "access"}]
        assert copy["authentication"] is None
        assert copy["missing_secrets"] == [
            {"field": "headers", "without_secret": {"name": "X-Token", "secret": True}},
            {"field": "authentication", "without_secret": {"kind": "basic", "username": "ana"}},
        ]
        assert copy["new_signing_secret"] != webhook["new_signing_secret"]

    def test_each_copy_has_a_name_of_its_own(self, world: World) -> None:
        webhook = created(world, name="T" * 64)
        names = [world.api("POST", f"/api/webhooks/{webhook['id']}/duplicate").json["name"] for _ in range(3)]
        assert names == ["T" * 59 + " copy", "T" * 57 + " copy 2", "T" * 57 + " copy 3"]

    def test_names_of_copies(self) -> None:
        assert copy_name("Torq", 1) == "Torq copy"
        assert copy_name("Torq", 12) == "Torq copy 12"
        assert copy_name("a" * 58 + " b", 1) == "a" * 58 + " copy"


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_rfc_7396(target: object, patch: object, result: object) -> None:
    """Its appendix A."""
    assert merged(target, patch) == result


class TestPuttingEvents:
    def test_the_id_is_the_one_it_will_have(self, world: World) -> None:
        """With what identifies a request, and without, when EventBridge's id does."""
        arrived = events_to(world)
        without = {"trigger": "AccessRequestFailed", "data": {"requester": {"name": "Bo"}}}
        for body in (sample_payload("RequestCreated"), without):
            put = world.api("POST", "/api/events", body)
            assert put.status == 202
            [event] = arrived()
            world.webhook("https://localhost:1/", triggers=[put.json["trigger"]])
            world.dispatch(event)
            ids = {row["sk"]["S"].rpartition("#")[2] for row in world.rows("DeliveriesTable") if "state" in row}
            assert put.json["event_id"] in ids
        assert event["detail"]["event_type"] == "AccessRequestFailed"
        assert "trigger" not in event["detail"]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, ["event_type", "data"]),
            ({"event_type": "RequestLost", "data": 5}, ["event_type", "data"]),
            ({"event_type": "RequestCreated", "data": []}, ["data"]),
            ({"event_type": "RequestCreated", "trigger": "RequestFailed", "data": {}}, ["trigger"]),
            ({"event_type": {"a": 1}, "trigger": 1, "data": {}}, ["event_type", "trigger"]),
            ({"event_type": "RequestCreated", "event_time": 1795000000123, "data": []}, ["event_time", "data"]),
            ({"event_type": "RequestCreated", "event_time": "now", "data": {}}, ["event_time"]),
            ({"event_type": "RequestCreated", "event_time": True, "data": {}}, ["event_time"]),
        ],
    )
    def test_every_wrong_field_is_named(self, world: World, body: object, expected: list[str]) -> None:
        arrived = events_to(world)
        refused = world.api("POST", "/api/events", body)
        assert (refused.status, paths(refused)) == (422, expected)
        assert arrived() == []

    def test_what_no_bus_could_carry_is_refused(self, world: World) -> None:
        half = world.api("POST", "/api/events", '{"event_type": "RequestCreated", "data": {"id": "\\ud800"}}')
        assert (half.status, half.json["problems"][0]["rule"]) == (
            422,
            "holds half of a surrogate pair, which is no character",
        )
        body = json.dumps({"event_type": "RequestCreated", "data": {"id": ""}}, separators=(",", ":"))
        full = body.replace('"id":""', f'"id":"{"x" * (262_144 - len(body))}"')
        large = world.api("POST", "/api/events", full)
        assert (large.status, large.json["message"]) == (
            422,
            ": the event has 262163 bytes; EventBridge takes at most 262144",
        )

    def test_an_entry_that_the_bus_did_not_take_is_a_503(self, world: World) -> None:
        """PutEvents answers 200 all the same."""
        producer = world.app("webhooks").event_routes.producer()
        bus = replace(producer.bus, client=lambda: Refusing())
        with pytest.raises(StoreError, match="events PutEvents: InternalFailure"):
            replace(producer, bus=bus).put(sample_payload("RequestCreated"))

    def test_what_of_aws_cannot_be_used_is_a_503_and_its_reason_is_in_the_log(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRETS_KEY", "00000000-0000-0000-0000-000000000000")
        refused = world.api("POST", "/api/webhooks", guide())
        assert (refused.status, refused.json["message"]) == (
            503,
            "a table, key or bus of this deployment cannot be used at the moment; try again",
        )
        assert "kms Encrypt: NotFoundException" in [one.get("reason") for one in world.logged()]
        assert world.rows("WebhooksTable") == []


class Refusing:
    """EventBridge on a bad day."""

    def put_events(self, **_: object) -> dict[str, Any]:
        return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "x"}]}


class TestReference:
    def test_the_schema_is_the_payloads(self, world: World) -> None:
        schema = world.api("GET", "/api/schema").json
        for sample in world.api("GET", "/api/samples").json["items"][: len(TRIGGERS)]:
            Draft202012Validator(schema).validate(sample["payload"])

    def test_filters_and_recipes_can_be_used_as_they_are(self, world: World) -> None:
        filters = world.api("GET", "/api/filters").json
        assert {one["name"] for one in filters["fields"]} >= {"integration", "requester", "custom_fields.<key>"}
        assert {"name": "exists", "takes_values": False} in filters["operators"]
        recipes = world.api("GET", "/api/recipes").json["items"]
        assert recipes[0]["id"] == "torq"
        assert "webhook_json" not in recipes[0]
        for one in recipes:
            parse_webhook(one["webhook"], webhook_id="wh_1", now=0.0)


class TestSecrets:
    def test_no_answer_row_or_log_line_has_one(self, world: World) -> None:
        """Whatever is asked, right or wrong."""
        secret = {
            "headers": [{"name": "X-Token", "value": MARKER}],
            "authentication": {"kind": "bearer", "token": MARKER},
            "signing": {
                "kind": "standard_webhooks",
                "secret": f"whsec_{base64.b64encode(MARKER.encode() * 2).decode()}",
            },
        }
        answers = [world.api("POST", "/api/webhooks", guide(**secret, active=True))]
        path = f"/api/webhooks/{answers[0].json['id']}"
        wrong = guide(**secret, timeout_seconds=99, method="SEND")
        wrong["authentication"] = {"kind": MARKER, "token": MARKER, MARKER: MARKER}
        wrong["signing"] = {"kind": "standard_webhooks", "secret": MARKER}
        for method, where, body in (
            ("POST", "/api/webhooks", wrong),
            ("POST", "/api/webhooks", guide(**secret)),
            ("PUT", path, wrong),
            ("PUT", path, guide(**secret, url="https://elsewhere.example/")),
            ("PATCH", path, {"authentication": {"kind": "bearer", "token": [MARKER]}}),
            ("PATCH", path, {"headers": [MARKER]}),
            ("GET", path, None),
            ("GET", "/api/webhooks", None),
            ("POST", f"{path}/duplicate", None),
            ("DELETE", path, None),
        ):
            answers.append(world.api(method, where, body, headers={"If-Match": "*"}))
        assert [one.status for one in answers] == [201, 422, 409, 422, 200, 422, 422, 200, 200, 201, 204]
        shown = json.dumps([one.text for one in answers]) + str([dict(one.headers) for one in answers])
        kept = json.dumps(world.rows("WebhooksTable"), default=str)
        logged = json.dumps(world.logged())
        found = [name for name, text in (("answers", shown), ("rows", kept), ("log", logged)) if MARKER in text]
        assert found == []

    def test_a_secret_stays_where_it_was_entered_for(self, world: World) -> None:
        """Whoever may edit a webhook, and not read its secret, cannot have it sent elsewhere."""
        webhook = created(world)
        moved = {"url": "https://elsewhere.example/"}
        refused = world.api("PATCH", f"/api/webhooks/{webhook['id']}", moved, headers=at(1))
        assert (refused.status, paths(refused)) == (422, ["headers[0].value"])

    def test_this_function_may_seal_and_not_open(self) -> None:
        policies = template()["Resources"]["WebhooksRole"]["Properties"]["Policies"]
        statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        actions = {action for one in statements for action in _texts(one["Action"])}
        assert {one for one in actions if one.startswith("kms:")} == {"kms:Encrypt"}
        [put] = [one for one in statements if "events:PutEvents" in _texts(one["Action"])]
        assert put["Condition"] == {"StringEquals": {"events:source": {"Ref": "EventSource"}}}


class TestDescription:
    def test_routes_scopes_and_descriptions_are_the_same(self, world: World) -> None:
        """template.yaml, the table of scopes and the OpenAPI document."""
        functions = template()["Resources"]
        events = [
            one["Properties"]
            for function in ("WebhooksFunction", "TestWebhookFunction")
            for one in functions[function]["Properties"]["Events"].values()
        ]
        deployed = {(one["Method"], _shape(one["Path"])) for one in events}
        world.app("webhooks")
        scopes = sys.modules["operations"].SCOPES
        described = world.api("GET", "/api/openapi.json").json["paths"]
        assert deployed == {(method, _shape(path)) for method, path in scopes}
        assert deployed == {(method.upper(), _shape(path)) for path, one in described.items() for method in one}
        assert {one["x-scope"] for path in described.values() for one in path.values()} == {"read", "write", "test"}

    def test_every_operation_says_what_it_is(self, world: World) -> None:
        document = world.api("GET", "/api/openapi.json").json
        assert document["openapi"].startswith("3.1")
        operations = [one for path in document["paths"].values() for one in path.values()]
        assert len({one["operationId"] for one in operations}) == len(operations)
        references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
        assert references <= document["components"]["schemas"].keys()
        for schema in document["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)
        for path, methods in document["paths"].items():
            for one in methods.values():
                named = {parameter["name"] for parameter in one.get("parameters", []) if parameter["in"] == "path"}
                assert named == set(re.findall(r"\{(\w+)\}", path)), path

    def test_the_schema_of_a_webhook_has_its_fields(self, world: World) -> None:
        schemas = world.api("GET", "/api/openapi.json").json["components"]["schemas"]
        assert tuple(schemas["WebhookDocument"]["properties"]) == EDITABLE
        for one in world.api("GET", "/api/recipes").json["items"]:
            Draft202012Validator(schemas["WebhookDocument"]).validate(one["webhook"])

    def test_the_page_loads_nothing_and_runs_nothing(self, world: World) -> None:
        page = world.api("GET", "/api/docs")
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script|<link|<img|<iframe|\son\w+=|\sstyle=|https?://", page.text)
        [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        for path in world.api("GET", "/api/openapi.json").json["paths"]:
            assert path in page.text

    def test_every_answer_is_as_described_whatever_is_asked(self, world: World) -> None:
        """Requests made from the description, right and wrong ones: no 5xx, and each answer fits what is said of it."""
        document = world.api("GET", "/api/openapi.json").json
        asker = Asker(world, document, created(world)["id"])

        @settings(
            max_examples=60,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],  # a failure names its request; making it small would take minutes
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def ask(data: st.DataObject) -> None:
            asker.ask(data)

        ask()
        assert len(asker.asked) == len(asker.operations)


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["", "a", "https://a.example/{{x}}", "{{data.requester.name}}", "{{", "$.a", "é\ud800"]),
    "integer": st.integers(-1, 40),
    "number": st.integers(-1, 40) | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "null": st.none(),
}


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What fits a schema, as far as types and names go; each part may be something else altogether."""
    if "anyOf" in schema:
        return st.one_of([fitting(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | JUNK
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return st.one_of([LEAVES[one] for one in kind])
    if kind == "array":
        return st.lists(fitting(schema["items"]), max_size=2)
    if kind == "object":
        fields = {name: fitting(one) | JUNK for name, one in schema.get("properties", {}).items()}
        required = {name: fields.pop(name) for name in schema.get("required", [])}
        return st.fixed_dictionaries(required, optional=fields)
    return LEAVES[kind]


@dataclass
class Asker:
    """Asks what the description allows, and a little more."""

    world: World
    document: dict[str, Any]
    webhook_id: str
    asked: set[str] = field(default_factory=set)
    _bodies: dict[str, st.SearchStrategy[Any]] = field(default_factory=dict)

    @property
    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Those of the function `webhooks`."""
        return [
            (method.upper(), path, one)
            for path, methods in self.document["paths"].items()
            for method, one in methods.items()
            if one["operationId"] not in ("test_webhook", "test_draft", "preview_draft")
        ]

    def ask(self, data: st.DataObject) -> None:
        """Each operation once."""
        for method, path, operation in self.operations:
            given_path = path
            query: dict[str, str] = {}
            headers: dict[str, str] = {}
            for parameter in operation.get("parameters", []):
                value = data.draw(self._parameter(parameter))
                if parameter["in"] == "path":
                    given_path = given_path.replace(f"{{{parameter['name']}}}", value)
                elif value is not None:
                    (query if parameter["in"] == "query" else headers)[parameter["name"]] = value
            body = data.draw(self._body(operation)) if "requestBody" in operation else None
            answered = self.world.api(method, given_path, body, headers=headers, query=query)
            self._check(operation, answered)
            self.asked.add(operation["operationId"])

    def _parameter(self, parameter: dict[str, Any]) -> st.SearchStrategy[Any]:
        segment = st.text("abc_0-%é", min_size=1, max_size=8)
        if parameter["in"] == "path":
            return st.sampled_from([self.webhook_id, "wh_none"]) | segment
        if parameter["name"] == "if-match":
            return st.sampled_from([None, "*", '"1"', '"2"', "x"])
        texts = st.sampled_from(["1", "100", "active", "x", "RequestCreated", "failed"]) | st.text(max_size=5)
        return st.none() | texts

    def _body(self, operation: dict[str, Any]) -> st.SearchStrategy[Any]:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else "object"
        if name not in self._bodies:
            whole = {**self.document["components"]["schemas"].get(name, {"type": "object"})}
            valid = st.builds(guide, name=st.text("abc", min_size=1, max_size=3)) if "Webhook" in name else st.nothing()
            self._bodies[name] = valid | fitting(whole) | st.sampled_from([None, "{", "[]"])
        return self._bodies[name]

    def _check(self, operation: dict[str, Any], answered: Answered) -> None:
        name = operation["operationId"]
        assert answered.status < 500, (name, answered.text)
        assert str(answered.status) in operation["responses"], (name, answered)
        content = operation["responses"][str(answered.status)].get("content", {})
        if not content:
            assert answered.text == ""
            return
        [(kind, described)] = content.items()
        assert answered.headers["Content-Type"].partition(";")[0] == kind
        if kind == "application/json":
            schema = {**described["schema"], "components": self.document["components"]}
            Draft202012Validator(schema).validate(answered.json)


@dataclass
class Atomic:
    """DynamoDB whose transactions are atomic, which moto's are not between threads; and that cancels some."""

    client: Any
    meeting: threading.Barrier | None = None
    conflicts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def transact_write_items(self, **arguments: Any) -> Any:
        if self.meeting is not None:
            with suppress(threading.BrokenBarrierError):
                self.meeting.wait(timeout=10)  # everybody has read before anybody writes
        with self._lock:
            if self.conflicts:
                self.conflicts -= 1
                reasons = [{"Code": "TransactionConflict"} for _ in arguments["TransactItems"]]
                details: Any = {
                    "Error": {"Code": "TransactionCanceledException", "Message": "x"},
                    "CancellationReasons": reasons,
                }
                raise self.client.exceptions.TransactionCanceledException(details, "TransactWriteItems")
            return self.client.transact_write_items(**arguments)


class Race:
    """Two who do the same at once."""

    def __init__(self, world: World) -> None:
        self.client = Atomic(world.aws.dynamodb)
        store = WebhookStore(client=self.client, table_name=world.template.names["WebhooksTable"])  # type: ignore[arg-type]
        self.keeper = WebhookKeeper(webhooks=store, secrets=world.secrets, clock=time.time)

    def run(self, act: Callable[[WebhookKeeper, int], object]) -> list[object]:
        """What each gets: a value, or an exception."""
        self.client.meeting = threading.Barrier(2)
        outcomes: list[object] = []

        def one(number: int) -> None:
            try:
                outcomes.append(act(self.keeper, number))
            except (InvalidWebhookError, StoreError) as exc:
                outcomes.append(exc)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 2
        return outcomes


def stored(world: World, webhook_id: str) -> dict[str, Any]:
    """The document in a webhook's own row."""
    key = {"pk": {"S": f"WEBHOOK#{webhook_id}"}, "sk": {"S": "CONFIG"}}
    row = world.aws.dynamodb.get_item(TableName=world.template.names["WebhooksTable"], Key=key)["Item"]
    document: dict[str, Any] = json.loads(row["document"]["S"])
    return document


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _shape(path: str) -> str:
    """A path whatever its placeholders are called."""
    return re.sub(r"\{\w+\}", "{}", path)
