"""`linting`: what is probably a mistake is named with its place, and what is right is left alone."""

from dataclasses import replace

import pytest

from grantwire.configurations import parse_webhook
from grantwire.linting import LintWarning, warnings
from grantwire.models import Header, PlainSecret
from grantwire.recipes import recipes
from tests.unit.conftest import webhook_of


def said(template: str) -> list[str]:
    """The warnings of a body."""
    return [one.message for one in warnings(replace(webhook_of(), body_template=template, headers=()))]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{data.requestr.name}}", "no event is known to have 'data.requestr.name'; did you mean data.requester.name?"),
        ("{{foo}}", "no event is known to have 'foo'"),
        ("{{data.access_groups.0.integration.nam}}", "did you mean data.access_groups.0.integration.name?"),
        ("{{#each data.acces_groups}}{{this.id}}{{/each}}", "did you mean data.access_groups?"),
        (
            "{{#each data.access_groups}}{{integration.colour}}{{/each}}",
            "no event is known to have 'integration.colour'",
        ),
        ("{{#each data.approvals}}{{approver.nme}}{{/each}}", "'approver.nme'; did you mean approver.name?"),
        ("{{#each data.approvals}}{{this.approver.nme}}{{/each}}", "'approver.nme'; did you mean approver.name?"),
        ("{{#data.requester}}{{nme}}{{/data.requester}}", "'nme'; did you mean name?"),
        ("{{#each data.approvals}}{{data.requester.nme}}{{/each}}", "did you mean data.requester.name?"),
        (
            "{{#each data.approvals}}{{#approver}}{{../stats}}{{/approver}}{{/each}}",
            "'../stats'; did you mean ../status?",
        ),
        ("{{#if data.approvd}}x{{/if}}", "no event is known to have 'data.approvd'"),
        ("{{#data.justification}}x{{/data.justification}}", "is a text, which has no elements or fields"),
        ("{{#each event_time}}x{{/each}}", "'event_time' is a number, which has no elements or fields"),
        ("[{{#each data.approvals}}{{status}},{{/each}}]", "write {{#unless @last}},{{/unless}} in its place"),
        ('{"a": "{{#each data.approvals}}{{name}}, {{/each}}}"}', "the last element is followed by a comma"),
        ('{"a": "{{#each data.approvals}}{{name}}, {{/each}}"}', "the last element is followed by a comma"),
        ("{{#data.approvals}}{{name}}, {{/data.approvals}}\n", "the last element is followed by a comma"),
    ],
)
def test_a_mistake_is_named(template: str, expected: str) -> None:
    """One warning, which says what is meant or what helps."""
    [message] = said(template)
    assert expected in message


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{{event_type}} {{data.requester.name}} {{data.custom_fields.[any thing]}}",
        "{{.}} {{this.data.id}} {{@root.data.id}}",
        "{{#each data.access_groups}}{{integration.name}} {{../event_type}} {{event_type}} {{@index}}{{/each}}",
        "{{#data.access_groups}}{{#access_units}}{{resource.type.name}}{{/access_units}}{{/data.access_groups}}",
        "{{#each data.custom_fields}}{{@key}}: {{this}}{{/each}}",
        "{{#if data.justification}}{{data.justification}}{{else}}{{data.friendly_id}}{{/if}}",
        "{{#data.requester}}{{name}} {{data.id}}{{/data.requester}}{{^data.approvals}}none{{/data.approvals}}",
        "[{{#each data.approvals}}{{status}}{{#unless @last}},{{/unless}}{{/each}}]",
        '{ {{#each data.approvals}}"{{name}}": 1, {{/each}} "last": 2}',
        "{{#each data.approvals}}{{name}}, {{/each}} {{event_type}}",
        "{{#each data.approvals}}{{name}}, {{/each}} and nobody else",
        "({{#if data.justification}}{{data.justification}}, {{/if}})",
        "{{not closed",
    ],
)
def test_what_is_right_is_left_alone(template: str) -> None:
    """No warning; what cannot be read at all is refused elsewhere."""
    assert said(template) == []


@pytest.mark.parametrize(
    "template",
    ["{{#each data.approvals}}{{this.data.requester.name}}{{/each}}", "{{#each data.approvals}}{{weather}}{{/each}}"],
)
def test_nothing_is_guessed_that_would_be_wrong_there(template: str) -> None:
    """A path of the payload is none of an element's own."""
    [message] = said(template)
    assert "did you mean" not in message


def test_inside_something_unknown_nothing_is_said() -> None:
    """One warning for the section, none for what stands in it."""
    assert said("{{#each data.extras}}{{name}} {{this.id}}{{/each}}") == ["no event is known to have 'data.extras'"]


@pytest.mark.parametrize(
    ("url", "column", "reason"),
    [
        ("https://10.0.0.1/hook", 9, "10.0.0.1 is a private or reserved address"),
        ("https://127.0.0.1:8443/", 9, "127.0.0.1 is a loopback address"),
        ("https://169.254.169.254/latest/{{data.id}}", 9, "is a link-local address, where clouds keep credentials"),
        ("https://[fd00::1]:8443/", 10, "fd00::1 is a private or reserved address"),
    ],
)
def test_an_address_that_will_not_be_called_is_named(url: str, column: int, reason: str) -> None:
    """Before every delivery fails."""
    [found] = warnings(webhook_of(url=url))
    assert (found.path, found.line, found.column) == ("url", 1, column)
    assert reason in found.message


@pytest.mark.parametrize("url", ["https://hooks.torq.io/", "https://93.184.215.14:8443/", "https://[2606:4700::1111]/"])
def test_a_name_and_a_public_address_are_left_alone(url: str) -> None:
    """Where a name leads is known only when it is called."""
    assert warnings(webhook_of(url=url)) == ()


def test_url_and_plain_headers_are_looked_at_and_secrets_are_not() -> None:
    """Each with the path of its field; a secret's text is nobody's business."""
    headers = (Header(name="X-A", value="{{nope}}"), Header(name="X-B", value=PlainSecret("{{secret}}")))
    webhook = replace(webhook_of(), url="https://a.example/{{dta.id}}", body_template="", headers=headers)
    first, second = warnings(webhook)
    assert (first.path, first.line, first.column) == ("url", 1, 19)
    message = "no event is known to have 'nope'"
    assert LintWarning(path="headers[0].value", line=1, column=1, message=message) == second


def test_no_recipe_has_a_warning() -> None:
    """They are what people start from."""
    found = {one.id: warnings(parse_webhook(one.webhook, webhook_id="wh_1", now=1.0)) for one in recipes()}
    assert found == dict.fromkeys(found, ())
