"""Webhooks from files: what is stored, and what is said of those that cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest

from grantwire.models import TRIGGERS, PlainSecret
from local import ROOT
from local.errors import WebhookFilesError
from local.webhook_files import WebhookFile, load_webhooks

PLACEHOLDERS = {
    "LOCAL_TORQ": "https://127.0.0.1:9/v1/webhooks/wh/",
    "LOCAL_TORQ_BUSY": "https://127.0.0.1:9/v1/webhooks/busy/",
    "LOCAL_TORQ_TOKEN": "t0ken",
}
RIGHT = {"name": "One", "url": "https://example.com/", "triggers": ["RequestCreated"]}


def load(folder: Path) -> tuple[WebhookFile, ...]:
    return load_webhooks(folder, placeholders=PLACEHOLDERS, now=1795000000.0)


def write(folder: Path, **files: Any) -> None:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def problems(folder: Path) -> list[str]:
    """What is said of the files in a folder, without the folder's own name."""
    with pytest.raises(WebhookFilesError) as caught:
        load(folder)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_the_webhook_of_the_guide_is_valid_and_leads_to_the_local_torq() -> None:
    (file,) = load(ROOT / "webhooks" / "torq.json")
    webhook = file.webhook
    assert (webhook.name, webhook.active, webhook.method) == ("Torq", True, "POST")
    assert webhook.url == PLACEHOLDERS["LOCAL_TORQ"]
    assert (
        webhook.body_template
        == '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}'
    )
    assert [(header.name, header.value) for header in webhook.headers] == [
        ("Authorization", PlainSecret("Bearer t0ken"))
    ]
    assert webhook.triggers == TRIGGERS


def test_the_busy_torq_is_the_same_webhook_for_one_trigger_at_another_path() -> None:
    torq, busy = load(ROOT / "webhooks")
    assert (busy.webhook.name, busy.webhook.url) == ("Busy Torq", PLACEHOLDERS["LOCAL_TORQ_BUSY"])
    assert busy.webhook.triggers == ("RequestCreated",)
    assert (busy.webhook.body_template, busy.webhook.headers) == (torq.webhook.body_template, torq.webhook.headers)


def test_files_are_taken_by_name_and_others_ignored(tmp_path: Path) -> None:
    write(tmp_path, b={**RIGHT, "name": "B"}, a={**RIGHT, "name": "A"})
    (tmp_path / "README.md").write_text("not a webhook")
    assert [file.webhook.name for file in load(tmp_path)] == ["A", "B"]
    assert len({file.webhook.id for file in load(tmp_path)}) == 2


def test_placeholders_are_filled_in_in_url_and_header_values_only(tmp_path: Path) -> None:
    write(
        tmp_path,
        one={
            **RIGHT,
            "url": "${LOCAL_TORQ}?a=b",
            "body_template": '"${LOCAL_TORQ_TOKEN}"',
            "headers": [{"name": "X-Token", "value": "${LOCAL_TORQ_TOKEN} ${OTHER}", "secret": True}],
        },
    )
    (file,) = load(tmp_path)
    assert file.webhook.url == "https://127.0.0.1:9/v1/webhooks/wh/?a=b"
    assert file.webhook.body_template == '"${LOCAL_TORQ_TOKEN}"'
    assert file.webhook.headers[0].value == PlainSecret("t0ken ${OTHER}")
    assert isinstance(file.document, dict)
    assert file.document["url"] == file.webhook.url


def test_every_problem_of_every_file_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        a={**RIGHT, "url": "http://example.com/", "triggers": ["Nothing"]},
        b='{"name": "B",\n "url": }',
        c={**RIGHT, "headers": "none"},
        d=[RIGHT],
    )
    found = problems(tmp_path)
    assert [line.partition(": ")[0] for line in found] == ["a.json", "a.json", "b.json", "c.json", "d.json"]
    assert found[0].startswith("a.json: url ")
    assert found[1].startswith("a.json: triggers[0] ")
    assert found[2] == "b.json: line 2, column 9: is not JSON: Expecting value"
    assert found[3].startswith("c.json: headers")


@pytest.mark.parametrize("content", ["null", "3", '"${LOCAL_TORQ}"', '{"url": 3, "headers": [3, {"name": "A"}]}', "{}"])
def test_json_of_any_shape_is_refused_and_not_an_accident(content: str, tmp_path: Path) -> None:
    write(tmp_path, a=content)
    assert problems(tmp_path)


def test_a_file_that_is_not_text_says_where(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"name": "\xff"}')
    assert problems(tmp_path) == ["a.json: byte 11: is not UTF-8"]


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(RIGHT), encoding="utf-8-sig")
    assert [file.webhook.name for file in load(tmp_path)] == ["One"]


def test_two_files_cannot_have_one_name_whatever_its_case(tmp_path: Path) -> None:
    write(tmp_path, a=RIGHT, b={**RIGHT, "name": "ONE"})
    assert problems(tmp_path) == ['b.json: name is "ONE": a.json has that name too, and names are unique']


def test_one_file_is_enough(tmp_path: Path) -> None:
    write(tmp_path, a=RIGHT, b="{")
    assert [file.webhook.name for file in load(tmp_path / "a.json")] == ["One"]


def test_an_empty_folder_a_missing_one_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert problems(tmp_path) == [f"{tmp_path}: holds no .json file; put one in for each webhook"]
    assert problems(tmp_path / "missing") == [f"{tmp_path}/missing: does not exist"]
    (problem,) = problems(tmp_path / "file")
    assert problem.startswith(f"{tmp_path}/file: line 1, column 1: is not JSON")
