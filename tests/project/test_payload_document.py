"""Promises of the documents that are made from the code: they are up to date, and they say what they are for."""

from pathlib import Path

import pytest

from grantwire.payload_schema import fields
from local.documents import COMMAND, DOCUMENTS, main, payload_document, write
from tests.project.documents import ROOT


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_up_to_date(path: str) -> None:
    """What is checked in is what the code makes."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert DOCUMENTS[path]() == text, f"{path} is out of date; write it anew: {COMMAND}"


def test_only_a_document_that_is_out_of_date_is_written(tmp_path: Path) -> None:
    """Missing or changed; the command that does it stands in the document's first line."""
    for path in DOCUMENTS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    assert list(DOCUMENTS) == write(tmp_path)
    assert write(tmp_path) == []
    (tmp_path / "docs/payload.md").write_text("changed", encoding="utf-8")
    assert write(tmp_path) == ["docs/payload.md"]
    assert f"`{COMMAND}`" in (tmp_path / "docs/payload.md").read_text(encoding="utf-8").splitlines()[0]


def test_the_command_says_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing, when all is up to date."""
    assert main([]) == 0
    assert capsys.readouterr().out == "Every document is up to date.\n"


def test_the_payload_document_has_a_row_for_every_field() -> None:
    """Four cells in each, so that the table is one."""
    rows = [line for line in payload_document().splitlines() if line.startswith("| `")]
    assert [f"`{field.path}`" for field in fields()] == [row.split(" | ")[0].removeprefix("| ") for row in rows]
    assert {5} == {row.replace("\\|", "").count("|") for row in rows}
