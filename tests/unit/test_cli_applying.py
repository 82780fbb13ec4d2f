"""What the command line plans, without a file or an API."""

from typing import Any

import pytest

from cli import MASK
from cli.applying import Action, Local, Remote, Step, Wishes, plan, to_prune
from grantwire.configurations import parse_webhook, public_document

TOKEN = "dG9ycS10b2tlbg"
SECRET = [{"name": "Authorization", "value": "Bearer ${TORQ_TOKEN}", "secret": True}]
KEPT = [{"name": "Authorization", "value": MASK, "secret": True}]
GIVEN = [{"name": "Authorization", "value": f"Bearer {TOKEN}", "secret": True}]
BEARER = {"kind": "bearer", "token": MASK}
OAUTH = {
    "kind": "oauth2_client_credentials",
    "token_url": "https://id.example.com/token",
    "client_id": "grantwire",
    "client_secret": MASK,
}


def guide(**fields: Any) -> dict[str, Any]:
    return {"name": "Torq", "url": "https://hooks.torq.io/v1/webhooks/1/", "triggers": ["RequestCreated"]} | fields


def stored(**fields: Any) -> Remote:
    """A webhook as the API shows it: with every field, secrets masked."""
    given = guide(**fields)
    parsed = parse_webhook(given, webhook_id="wh_1", now=0.0, version=3, masked_secrets=True)
    shown = public_document(parsed) | {"id": "wh_1", "version": 3, "inactive_reason": None, "health": {}}
    return Remote(id="wh_1", name=given["name"], version=3, document=shown)


def planned(document: dict[str, Any], remote: Remote | None = None, **wishes: Any) -> Step:
    environment = wishes.pop("environment", {"TORQ_TOKEN": TOKEN})
    remotes = [remote] if remote else []
    [step] = plan([Local(source="torq.json", document=document)], remotes, Wishes(environment=environment, **wishes))
    return step


def problems(step: Step) -> list[str]:
    assert step.action is Action.REFUSE
    return [str(one) for one in step.problems]


class TestWhetherAnythingHasChanged:
    def test_a_name_that_is_not_there_is_created(self) -> None:
        step = planned(guide(headers=SECRET))
        assert (step.action, step.document) == (Action.CREATE, guide(headers=GIVEN))

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"active": False, "method": "POST", "timeout_seconds": 10, "retry": {"max_attempts": 11}},
            {"body_template": None, "headers": None, "filters": None, "authentication": None, "retry": None},
            {"triggers": ["RequestCreated", "RequestCreated"]},
            {"timeout_seconds": 10.0, "retry": {}},
            {"deliveries_per_second": None},
        ],
    )
    def test_a_default_is_as_good_written_as_left_out(self, fields: dict[str, Any]) -> None:
        assert planned(guide() | fields, stored()).action is Action.LEAVE

    def test_spellings_that_the_api_keeps_in_its_own_way_are_no_change(self) -> None:
        fields = {
            "triggers": ["RequestRejected", "RequestCreated"],
            "headers": [{"name": "X-Plain", "value": "a", "secret": False}, {"name": "Authorization", "value": MASK}],
            "filters": [{"field": "duration", "operator": "greater_than", "values": [60]}],
            "response_validators": [{"json_path": "$.ok", "expected_values": [True, 1]}],
            "authentication": None,
            "signing": {"kind": "standard_webhooks"},
        }
        assert planned(guide(**fields), stored(**fields | {"signing": {**SIGNING}})).action is Action.LEAVE

    def test_credentials_of_oauth_in_short(self) -> None:
        spelled = OAUTH | {"client_authentication": "basic", "scope": ""}
        assert planned(guide(authentication=spelled), stored(authentication=OAUTH)).action is Action.LEAVE

    def test_what_show_prints_can_be_applied(self) -> None:
        remote = stored(headers=KEPT, authentication={"kind": "api_key", "header": "X-Key", "value": MASK})
        assert remote.document is not None
        assert planned(remote.document, remote).action is Action.LEAVE

    def test_fields_that_differ_are_named(self) -> None:
        step = planned(guide(url="https://hooks.torq.io/2", active=True, name="TORQ"), stored())
        assert (step.action, step.changed) == (Action.UPDATE, ("name", "active", "url"))
        assert step.stored is not None
        assert step.stored.version == 3

    def test_one_is_not_true(self) -> None:
        one = guide(response_validators=[{"json_path": "$.ok", "expected_values": [1]}])
        true = stored(response_validators=[{"json_path": "$.ok", "expected_values": [True]}])
        assert planned(one, true).changed == ("response_validators",)
        assert planned(guide(active=0), stored()).changed == ("active",)

    def test_what_no_webhook_has_is_left_to_the_api(self) -> None:
        step = planned(guide(colour="red", headers=7, filters=[None], timeout_seconds="x"), stored())
        assert step.changed == ("headers", "filters", "timeout_seconds", "colour")

    def test_one_that_cannot_be_read_is_replaced_as_a_whole(self) -> None:
        remote = Remote(id="wh_1", name="Torq", version=3, document=None)
        assert planned(guide(), remote).action is Action.UPDATE
        assert problems(planned(guide(headers=KEPT), remote))


SIGNING = {"kind": "standard_webhooks", "secret": MASK}


class TestSecrets:
    def test_one_from_the_environment_is_a_change(self) -> None:
        step = planned(guide(headers=SECRET), stored(headers=KEPT))
        assert (step.action, step.changed) == (Action.UPDATE, ("headers (secret given)",))
        assert step.document["headers"] == GIVEN
        assert set(step.secrets) == {TOKEN, f"Bearer {TOKEN}"}

    def test_unless_stored_ones_are_kept(self) -> None:
        step = planned(guide(headers=SECRET), stored(headers=KEPT), keep_secrets=True, environment={})
        assert step.action is Action.LEAVE

    def test_only_what_is_stored_can_be_kept(self) -> None:
        step = planned(guide(headers=SECRET), stored(), keep_secrets=True)
        assert (step.changed, step.document["headers"]) == (("headers",), GIVEN)

    @pytest.mark.parametrize("environment", [{}, {"TORQ_TOKEN": ""}])
    def test_a_variable_that_is_missing_is_named(self, environment: dict[str, str]) -> None:
        step = planned(guide(headers=SECRET), environment=environment)
        assert problems(step) == ["headers[0].value: ${TORQ_TOKEN} is not set in the environment"]

    def test_every_missing_variable_is_named(self) -> None:
        authentication = {"kind": "bearer", "token": "${A}"}
        signing = {"kind": "standard_webhooks", "secret": "${B}"}
        step = planned(guide(authentication=authentication, signing=signing, url="https://${C}/"))
        assert [one.partition(":")[0] for one in problems(step)] == ["url", "authentication.token", "signing.secret"]

    def test_a_mask_keeps_what_is_stored(self) -> None:
        fields = {"headers": KEPT, "authentication": {"kind": "api_key", "header": "X-Key", "value": MASK}}
        assert planned(guide(**fields), stored(**fields)).action is Action.LEAVE

    def test_a_mask_for_nothing_is_refused(self) -> None:
        step = planned(guide(headers=KEPT, authentication=BEARER), stored(authentication=OAUTH))
        assert [one.partition(":")[0] for one in problems(step)] == ["headers[0].value", "authentication.token"]

    def test_a_mask_goes_to_no_other_host(self) -> None:
        moved = {"headers": KEPT, "url": "https://elsewhere.example.com/"}
        rule = "must be entered again, because the host it is sent to has changed"
        assert problems(planned(guide(**moved), stored(headers=KEPT))) == [f"headers[0].value: {rule}"]
        token_url = OAUTH | {"token_url": "https://elsewhere.example.com/token"}
        step = planned(guide(authentication=token_url), stored(authentication=OAUTH))
        assert problems(step) == [f"authentication.client_secret: {rule}"]
        assert planned(guide(signing=SIGNING, url="https://x.example.com/"), stored(signing=SIGNING)).changed == (
            "url",
        )

    def test_keeping_secrets_does_not_take_them_to_another_host(self) -> None:
        moved = guide(headers=SECRET, url="https://elsewhere.example.com/")
        assert planned(moved, stored(headers=KEPT), keep_secrets=True).document["headers"] == GIVEN

    def test_a_header_filled_from_the_environment_must_be_secret(self) -> None:
        step = planned(guide(headers=[{"name": "X-Tenant", "value": "${TORQ_TOKEN}"}]))
        [problem] = problems(step)
        assert problem.startswith("headers[0].value: takes its value from the environment")
        assert TOKEN not in problem

    def test_a_name_that_says_so_is_secret_without_a_mark(self) -> None:
        step = planned(guide(headers=[{"name": "authorization", "value": "${TORQ_TOKEN}"}]))
        assert step.document["headers"][0]["value"] == TOKEN

    def test_templates_and_other_fields_are_left_as_they_are(self) -> None:
        step = planned(guide(body_template='{"a": "${TORQ_TOKEN}"}'))
        assert step.document["body_template"] == '{"a": "${TORQ_TOKEN}"}'

    def test_a_signing_secret_that_would_be_made_needs_a_place(self) -> None:
        signing = {"kind": "standard_webhooks"}
        [problem] = problems(planned(guide(signing=signing)))
        assert problem.startswith("signing.secret: would be made and shown once")
        assert planned(guide(signing=signing), makes_signing=True).action is Action.CREATE
        assert planned(guide(signing=signing), stored(signing=SIGNING)).action is Action.LEAVE

    def test_the_document_of_the_file_is_left_alone(self) -> None:
        document = guide(headers=[dict(SECRET[0])])
        planned(document)
        assert document == guide(headers=SECRET)


class TestLeavingSecretsOut:
    """An export has masks only; nothing may be sent without what they stand for."""

    def test_what_is_not_there_yet_is_inactive_and_says_what_it_lacks(self) -> None:
        plain = {"name": "X-Plain", "value": "a"}
        document = guide(active=True, headers=[*KEPT, plain], authentication=BEARER, signing=SIGNING)
        step = planned(document, leave_out=True)
        assert step.action is Action.CREATE
        assert step.missing == (
            "headers[0].value (Authorization)",
            "authentication.token (bearer)",
            "signing.secret (standard_webhooks)",
        )
        assert step.document == guide(active=False, headers=[plain], authentication=None, signing=None)

    def test_a_second_time_nothing_changes(self) -> None:
        step = planned(guide(active=True, headers=KEPT), stored(), leave_out=True)
        assert (step.action, step.missing) == (Action.LEAVE, ("headers[0].value (Authorization)",))

    def test_one_in_use_is_not_switched_off(self) -> None:
        step = planned(guide(active=True, headers=KEPT), stored(active=True), leave_out=True)
        assert problems(step)[0].startswith("headers[0].value: is a mask, and nothing is stored")

    def test_what_is_stored_is_kept(self) -> None:
        document = guide(active=True, headers=KEPT)
        step = planned(document, stored(active=True, headers=KEPT), leave_out=True)
        assert (step.action, step.missing) == (Action.LEAVE, ())

    def test_a_host_that_has_changed_is_refused(self) -> None:
        moved = guide(headers=KEPT, url="https://elsewhere.example.com/")
        assert problems(planned(moved, stored(headers=KEPT), leave_out=True))


class TestNames:
    def test_of_two_files_with_one_name_neither_wins(self) -> None:
        locals_ = [Local(source=one, document=guide(name=name)) for one, name in (("a", "Torq"), ("b", " TORQ "))]
        steps = plan(locals_, [], Wishes(environment={}))
        assert [problems(step) for step in steps] == [
            ["name: is the name in b too, and names are unique"],
            ["name: is the name in a too, and names are unique"],
        ]

    @pytest.mark.parametrize("name", [None, 7, "", []])
    def test_without_a_name_the_api_says_what_is_wrong(self, name: object) -> None:
        assert planned(guide(name=name), stored()).action is Action.CREATE

    def test_what_no_file_names_is_pruned(self) -> None:
        summaries = [{"id": f"wh_{name}", "name": name, "version": 2} for name in ("Torq", "Slack")]
        [step] = to_prune([Local(source="a", document=guide(name="TORQ"))], summaries)
        assert (step.action, step.name) == (Action.DELETE, "Slack")
        assert step.stored is not None
        assert (step.stored.id, step.stored.version) == ("wh_Slack", 2)
