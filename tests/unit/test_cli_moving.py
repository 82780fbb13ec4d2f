"""What other systems export becomes webhooks that the API takes, and nothing is left behind in silence."""

import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.applying import Action, Local, Wishes, plan
from cli.commands.moving_in import SYSTEMS
from cli.errors import FileError
from cli.moving import draft as drafting
from cli.moving.draft import TRIGGERS, Draft, Names, rows_of
from cli.moving.filters import of_operators, of_pattern
from cli.moving.transforming import path_of
from cli.running import run
from cli.terminal import Terminal
from grantwire import configurations, credentials, models
from grantwire.configurations import parse_webhook
from grantwire.filters import first_unmet
from grantwire.models import RequestEvent, Webhook
from grantwire.rendering import render
from grantwire.samples import sample_payload

EXPORTS = Path(__file__).parent / "moving_in"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# Every secret in the exports: none of them may be written anywhere.
SECRETS = (
    SECRET,
    "k-very-secret-key",
    "outpost-own-secret",
    "not-for-print",
    "Vuk5LM0uujddIsqO5v_eSuz88",
    "convoy-key-value",
)


def exported(system: str) -> dict[str, Any]:
    files = sorted((EXPORTS / system).glob("*.json")) or [EXPORTS / f"{system}.json"]
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def drafts(
    system: str, files: dict[str, Any] | None = None, renamed: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Draft]:
    made = SYSTEMS[system](exported(system) if files is None else files, Names(), renamed)
    return {one.name: one for one in made}


def saved(draft: Draft) -> Webhook:
    """The webhook that `apply` makes of a draft when its variables are set: the API takes it."""
    environment = {name: SECRET if "SIGNING" in name else "entered" for name in draft.variables}
    [step] = plan([Local(source=draft.source, document=draft.document)], [], Wishes(environment=environment))
    assert (step.action, step.problems) == (Action.CREATE, ())
    return parse_webhook(step.document, webhook_id="wh_1", now=0.0)


def left(draft: Draft) -> dict[str, str]:
    return {one.path: one.rule for one in draft.left}


def test_what_the_command_line_knows_is_what_the_api_knows() -> None:
    assert set(drafting.TRIGGERS) == set(models.TRIGGERS)
    assert set(drafting._OURS) == set(credentials._OURS)
    ours = (drafting.LEAST_PER_SECOND, drafting.MOST_PER_SECOND)
    assert ours == (configurations.LEAST_PER_SECOND, configurations.MOST_PER_SECOND)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_file_can_be_applied(system: str) -> None:
    """Each is inactive, so that nobody gets an event twice while the other system still sends."""
    made = [one for one in drafts(system).values() if not one.refused]
    assert made
    for one in made:
        assert not saved(one).active
        assert set(re.findall(r"\$\{(\w+)\}", json.dumps(one.document))) == set(one.variables)


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_secret_of_an_export_is_written(system: str, tmp_path: Path) -> None:
    terminal = Terminal(out=io.StringIO(), err=io.StringIO())
    files = sorted((EXPORTS / system).glob("*.json")) or [EXPORTS / f"{system}.json"]
    arguments = ["move-in", system, *map(str, files), "--into", str(tmp_path / "into")]
    run(arguments, environment={}, terminal=terminal, ask=input, wait=lambda _: None)
    written = [file.read_text() for file in (tmp_path / "into").glob("*.json")]
    assert written
    for text in (*written, terminal.out.getvalue(), terminal.err.getvalue()):  # type: ignore[attr-defined]
        assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(("system", "place"), [("svix", "data"), ("outpost", "models")])
@given(key=st.text(min_size=1, max_size=12), value=st.integers(1, 9) | st.just("x") | st.just([1]))
def test_a_field_that_nobody_knows_is_told(system: str, place: str, key: str, value: Any) -> None:
    """An export may be newer than this code."""
    files = exported(system)
    new = f"new {key}"  # hypothesis also tries the words of the code, which it knows
    files[f"{system}.json"][place][0][new] = value
    assert left(next(iter(drafts(system, files).values())))[new] == "is not known here"


class TestSvix:
    def test_an_endpoint(self) -> None:
        one = drafts("svix")["Torq access requests"]
        webhook = saved(one)
        assert webhook.triggers == ("RequestCreated", "RequestGranted")
        assert webhook.deliveries_per_second == 25
        assert [row["name"] for row in one.document["headers"]] == ["x-team", "Authorization"]
        assert left(one).keys() == {
            *("filterTypes", "svix-id, svix-timestamp, svix-signature", "headers.headers.host"),
            "transformation",
        }

    def test_headers_that_were_not_exported_are_told(self) -> None:
        assert "GET …/endpoint/{id}/headers" in left(drafts("svix")["http-intake logs datadoghq eu"])["headers"]

    def test_an_endpoint_of_other_events_is_refused(self) -> None:
        refused = drafts("svix")["Torq access requests 2"]
        assert refused.refused == "filterTypes: names none of the six triggers"

    def test_an_endpoint_without_an_id(self) -> None:
        one = drafts("svix", {"a.json": [{"id": None, "url": "https://a.example/"}]})["a example"]
        assert one.source == "a.json: endpoint 0"
        assert list(one.variables.values()) == ["whsec_…: Svix's GET …/endpoint/{id}/secret"]

    def test_an_event_type_can_be_named(self) -> None:
        made = drafts("svix", renamed={"invoice.paid": "RequestExpired"})
        assert saved(made["Torq access requests 2"]).triggers == ("RequestExpired",)


class TestOutpost:
    def test_a_destination(self) -> None:
        one = drafts("outpost")["des_torq"]
        assert saved(one).triggers == ("RequestCreated", "RequestRejected")
        assert one.document["signing"] == {"kind": "standard_webhooks", "secret": "${DES_TORQ_SIGNING_SECRET}"}
        assert one.document["filters"] == [
            {"field": "data.integration.type", "operator": "is", "values": ["postgresql", "mysql"]},
            {"field": "data.duration", "operator": "greater_than", "values": ["3600"]},
            {"field": "data.custom_fields.[Cost center]", "operator": "is", "values": ["4711"]},
        ]
        assert {"filter.data.duration.$lte", "filter.metadata", "delivery_metadata"} <= left(one).keys()

    def test_its_own_signature_cannot_be_made(self) -> None:
        one = drafts("outpost")["des_all"]
        assert "signing" not in one.document
        assert "x-outpost-signature" in left(one)["credentials.secret"]
        assert saved(one).triggers == TRIGGERS

    def test_a_queue_is_no_webhook(self) -> None:
        assert drafts("outpost")["des_queue"].refused == "type: 'aws_sqs' is no webhook"


class TestConvoy:
    def test_a_subscription(self) -> None:
        one = drafts("convoy")["torq-granted"]
        webhook = saved(one)
        assert (webhook.timeout_seconds, webhook.max_attempts) == (30, 11)
        assert webhook.deliveries_per_second == 16.667
        assert one.document["authentication"]["header"] == "X-Api-Key"
        assert one.document["filters"] == [
            {"field": "data.requester.email", "operator": "ends_with", "values": ["@example.com"]}
        ]
        assert {"function", "endpoint.secrets", "filter_config.filter.body.$or", "endpoint.http_timeout"} <= left(
            one
        ).keys()

    def test_an_endpoints_rate_counts_when_the_subscription_has_none(self) -> None:
        files = exported("convoy")
        row = files["convoy.json"]["data"]["content"][0]
        row["rate_limit_config"] = None
        assert saved(drafts("convoy", files)["torq-granted"]).deliveries_per_second == 83.333
        row["endpoint_metadata"] |= {"rate_limit": 90_000, "rate_limit_duration": "1m0s"}
        capped = drafts("convoy", files)["torq-granted"]
        assert saved(capped).deliveries_per_second == 500
        assert left(capped)["endpoint.rate_limit"] == "1500 a second: from 0.1 to 500 can be set"

    @pytest.mark.parametrize(("kind", "told"), [("linear", "20 retries, linear: the"), (None, "20 retries: the")])
    def test_its_retries_are_told(self, kind: str | None, told: str) -> None:
        files = exported("convoy")
        files["convoy.json"]["data"]["content"][0]["retry_config"] = {"retry_count": 20, "type": kind}
        assert left(drafts("convoy", files)["torq-granted"])["retry_config"].startswith(told)

    def test_an_incoming_one_is_refused(self) -> None:
        assert drafts("convoy")["from-github"].refused.startswith("type: an incoming subscription")

    def test_an_endpoint_of_another_file(self) -> None:
        files = exported("convoy")
        row = files["convoy.json"]["data"]["content"][0]
        endpoint = row.pop("endpoint_metadata")
        row["endpoint_id"] = endpoint["uid"]
        again = drafts("convoy", files | {"endpoints.json": {"status": True, "data": {"content": [endpoint]}}})
        assert again["torq-granted"].document == drafts("convoy")["torq-granted"].document


class TestEventBridge:
    def test_a_target(self) -> None:
        """The body that EventBridge's own transformer would have made."""
        one = drafts("eventbridge")["torq 2"]
        webhook = saved(one)
        event = RequestEvent(id="evt_1", trigger="RequestCreated", time=1.0, payload=sample_payload("RequestCreated"))
        who, groups = event.payload["data"]["requester"]["name"], event.payload["data"]["access_groups"]  # type: ignore[index]
        sent = render(webhook, event, secret_values={"X-Extra": "e"}, sent_at=1.0)
        assert json.loads(sent.body) == {
            "body": {
                "event": f"New Apono RequestCreated request made by {who} for {groups[0]['integration']['name']}",
                "request": event.payload,
            }
        }
        assert sent.url == "https://hooks.torq.io/v1/webhooks/1f0c-2222/?kind=RequestCreated&from=event%20bridge"
        assert one.document["authentication"] == {
            "kind": "api_key",
            "header": "Authorization",
            "value": "${TORQ_2_API_KEY}",
        }
        assert [row["name"] for row in one.document["headers"]] == ["X-Request", "X-Tenant", "X-Extra"]
        assert webhook.max_attempts == 6

    def test_an_event_that_is_not_transformed_keeps_its_envelope(self) -> None:
        one = drafts("eventbridge")["torq"]
        event = RequestEvent(id="evt_1", trigger="RequestExpired", time=1.0, payload=sample_payload("RequestExpired"))
        sent = render(saved(one), event, secret_values={"X-Extra": "e"}, sent_at=1.0)
        assert json.loads(sent.body) == {
            "detail-type": "RequestExpired",
            "source": "access-portal",
            "detail": event.payload,
        }
        assert {"InvocationEndpoint", "EventBusName", "EventPattern.source", "State"} <= left(one).keys()

    def test_a_destination_without_a_rule(self) -> None:
        files = {"destination.json": exported("eventbridge")["destination.json"]}
        one = drafts("eventbridge", files)["torq"]
        assert saved(one).triggers == TRIGGERS
        assert {"EventPattern", "ConnectionArn"} <= left(one).keys()

    def test_a_rate_that_somebody_has_set(self) -> None:
        files = exported("eventbridge")
        assert saved(drafts("eventbridge", files)["torq"]).deliveries_per_second is None
        files["destination.json"]["InvocationRateLimitPerSecond"] = 20
        assert saved(drafts("eventbridge", files)["torq"]).deliveries_per_second == 20

    @pytest.mark.parametrize(
        ("auth", "kind"),
        [
            ({"BasicAuthParameters": {"Username": "ana"}}, "basic"),
            (
                {
                    "OAuthParameters": {
                        "ClientParameters": {"ClientID": "c-1"},
                        "AuthorizationEndpoint": "https://id.example.com/token",
                        "HttpMethod": "POST",
                        "OAuthHttpParameters": {
                            "BodyParameters": [
                                {"Key": "grant_type", "Value": "client_credentials", "IsValueSecret": False},
                                {"Key": "scope", "Value": "hooks", "IsValueSecret": False},
                                {"Key": "resource", "Value": "r", "IsValueSecret": False},
                            ]
                        },
                    }
                },
                "oauth2_client_credentials",
            ),
        ],
    )
    def test_a_connections_credentials(self, auth: dict[str, Any], kind: str) -> None:
        files = exported("eventbridge")
        files["connection.json"]["AuthParameters"] = auth
        one = drafts("eventbridge", files)["torq 2"]
        authentication = saved(one).authentication
        assert authentication is not None
        assert authentication.kind == kind
        assert ("OAuthParameters.BodyParameters.resource" in left(one)) is (kind != "basic")

    def test_a_file_of_something_else_is_told(self) -> None:
        assert "is none of the answers" in drafts("eventbridge", {"what.json": {"Buses": []}})["what"].refused

    @pytest.mark.parametrize("path", ["$.id", "$.time", "$.detail[*].x", "$.detail..x", "$.detailed", "detail.x"])
    def test_what_no_template_sees(self, path: str) -> None:
        with pytest.raises(ValueError, match="templates see the event's detail only"):
            path_of(path)


PATTERNS: list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any], bool]] = [
    (of_pattern, {"data": {"a": ["x", 2]}}, {"a": 2}, True),
    (of_pattern, {"data": {"a": ["x"]}}, {"a": "y"}, False),
    (of_pattern, {"data": {"a": [{"prefix": "x"}, {"prefix": "y"}]}}, {"a": "yz"}, True),
    (of_pattern, {"data": {"a": [{"wildcard": "x*z"}]}}, {"a": "xyz"}, True),
    (of_pattern, {"data": {"a": [{"anything-but": "x"}]}}, {}, False),
    (of_pattern, {"data": {"a": [{"anything-but": ["x"]}]}}, {"a": "y"}, True),
    (of_pattern, {"data": {"a": [{"exists": False}]}}, {}, True),
    (of_pattern, {"data": {"a": [{"numeric": [">", 1, "<", 5]}]}}, {"a": 5}, False),
    (of_pattern, {"data": {"a.b": [{"equals-ignore-case": "X"}]}}, {"a.b": "x"}, True),
    (of_operators, {"a": {"b": True}}, {"a": {"b": True}}, True),
    (of_operators, {"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 3}}]}, {"a": 2}, True),
    (of_operators, {"a": {"$nin": ["x", "y"]}}, {"a": "y"}, False),
    (of_operators, {"a": {"$in": "es"}}, {"a": "test"}, True),
    (of_operators, {"a": {"$exist": True}}, {"a": 0}, True),
    (of_operators, {"data.a": {"$startsWith": "x"}}, {"a": "xy"}, True),
]


@pytest.mark.parametrize(("read", "rule", "data", "passes"), PATTERNS)
def test_a_filter_means_the_same_here(read: Any, rule: dict[str, Any], data: dict[str, Any], passes: bool) -> None:
    base = {"name": "n", "url": "https://a.example.com/", "triggers": ["RequestCreated"]}
    webhook = parse_webhook(base | {"filters": list(read(rule))}, webhook_id="wh_1", now=0.0)
    event = RequestEvent(id="evt_1", trigger="RequestCreated", time=1.0, payload={"data": data})
    assert (first_unmet(webhook.filters, event) is None) is passes


@pytest.mark.parametrize(
    ("read", "rule"),
    [
        (of_pattern, {"a": [{"prefix": "x"}, {"suffix": "y"}]}),
        (of_pattern, {"a": [{"wildcard": "x?"}]}),
        (of_pattern, {"a": [None]}),
        (of_pattern, {"a": [{"numeric": [">=", 3]}]}),
        (of_pattern, {"$or": [{"a": ["x"]}, {"b": ["y"]}]}),
        (of_operators, {"a": {"$gte": 3}}),
        (of_operators, {"$or": [{"a": 1}]}),
        (of_operators, {"a": {"$not": {"$in": ["x"]}}}),
        (of_operators, {"a": None}),
        (of_operators, {"a": {"$regex": "x"}}),
    ],
)
def test_a_filter_that_has_none_like_it_is_left(read: Any, rule: dict[str, Any]) -> None:
    """With the reason; never one that means something else."""
    [problem] = read(rule)
    assert "has no filter like it here" in problem.rule


@given(st.lists(st.text(max_size=70) | st.none(), max_size=6))
def test_every_webhook_has_a_name_of_its_own(wishes: list[str | None]) -> None:
    """One that the API takes, and the files differ too."""
    names = Names()
    made = [names.name(one) for one in wishes]
    assert len({drafting.slug(one) for one in made}) == len(made)
    for name in made:
        parse_webhook(
            {"name": name, "url": "https://a.example.com/", "triggers": ["RequestCreated"]}, webhook_id="w", now=0
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("system", SYSTEMS)
@settings(deadline=None)
@given(data=st.data())
def test_a_broken_export_is_told_and_no_crash(system: str, data: st.DataObject) -> None:
    """Whatever stands in any field of it, at most a FileError."""
    files = deepcopy(exported(system))
    for row in [*rows_of(next(iter(files.values()))), *files.values()]:
        for key in row:
            if data.draw(st.integers(0, 5)) == 0:
                row[key] = data.draw(JSON)
    with suppress(FileError):
        drafts(system, files)


class TestTheCommand:
    def run(self, *arguments: object) -> tuple[int, str, str]:
        terminal = Terminal(out=io.StringIO(), err=io.StringIO())
        code = run([*map(str, arguments)], environment={}, terminal=terminal, ask=input, wait=lambda _: None)
        return code, terminal.out.getvalue(), terminal.err.getvalue()  # type: ignore[attr-defined]

    def test_the_report(self, tmp_path: Path) -> None:
        code, out, _ = self.run("move-in", "outpost", EXPORTS / "outpost.json", "--into", tmp_path)
        assert code == 1  # a queue is none
        assert f"written  des_torq  {tmp_path / 'des-torq.json'}" in out
        assert "    DES_TORQ_SIGNING_SECRET: whsec_…: credentials.secret of the destination" in out
        assert "refused  des_queue" in out
        assert sorted(file.name for file in tmp_path.iterdir()) == ["des-all.json", "des-torq.json"]

    def test_as_json(self, tmp_path: Path) -> None:
        _, out, _ = self.run("--output", "json", "move-in", "convoy", EXPORTS / "convoy.json", "--into", tmp_path)
        first, second = json.loads(out)
        assert (first["file"], second["file"]) == (str(tmp_path / "torq-granted.json"), None)
        assert first["variables"] == {"TORQ_GRANTED_API_KEY": "the value of header X-Api-Key"}

    def test_a_file_is_never_written_over(self, tmp_path: Path) -> None:
        self.run("move-in", "convoy", EXPORTS / "convoy.json", "--into", tmp_path)
        (tmp_path / "torq-granted.json").write_text("mine")
        code, out, _ = self.run("move-in", "convoy", EXPORTS / "convoy.json", "--into", tmp_path)
        assert (code, (tmp_path / "torq-granted.json").read_text()) == (1, "mine")
        assert "exists already: choose another folder with --into" in out

    @pytest.mark.parametrize("pair", ["invoice.paid", "x=Created", "=RequestCreated"])
    def test_a_map_that_is_none(self, pair: str, tmp_path: Path) -> None:
        code, _, err = self.run("move-in", "svix", EXPORTS / "svix.json", "--into", tmp_path, "--map", pair)
        assert (code, "must be TYPE=TRIGGER" in err) == (2, True)

    def test_an_export_with_nothing_in_it(self, tmp_path: Path) -> None:
        empty = tmp_path / "empty.json"
        empty.write_text('{"data": [], "done": true}')
        code, _, err = self.run("move-in", "svix", empty)
        assert (code, "nothing of svix is in there; docs/moving-in.md says what to export" in err) == (1, True)

    @pytest.mark.parametrize("system", ["svix", "outpost", "convoy"])
    @pytest.mark.parametrize("row", ["ep_1", None, ["ep_1"]])
    def test_an_element_that_is_no_object_is_told(self, system: str, row: object, tmp_path: Path) -> None:
        file = tmp_path / "export.json"
        file.write_text(json.dumps({"data": [{"url": "https://a.example/"}, row]}))
        code, _, err = self.run("move-in", system, file, "--into", tmp_path / "into")
        assert (code, "element 1 of the list: must be an object, and is" in err) == (1, True)
        assert not (tmp_path / "into").exists()
