"""Writes the documents that are made from the code: `make docs`.

They are checked in, so that they can be read without running anything; a test says when one is out of date.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from grantwire.payload_schema import FieldType, PayloadField, fields
from grantwire.samples import Sample, samples
from local import ROOT, api_document
from local.recipe_documents import recipe_documents

COMMAND: Final = "make docs"
_SHOWN: Final = ("RequestCreated", "RequestGranted")  # the samples that docs/payload.md shows whole
_PAYLOAD_INTRODUCTION: Final = """\
<!-- Made by `make docs` of grantwire/payload_schema.json and grantwire/samples.py: edit those. -->

# The payload

What an event says, and so what a template and a filter can use: `{{data.requester.name}}`. [Webhooks](webhooks.md)
says how both are written.

- `[]` stands for each element of a list. A template names one of them by its index, from 0:
  `{{data.access_groups.0.integration.name}}`.
- `<key>` stands for the name of one of your custom fields: `{{data.custom_fields.ticket}}`, or, with spaces or dots in
  it, `{{data.custom_fields.[Cost center]}}`.
- A field that *may be missing* is null or absent in some events. A placeholder for it leaves nothing inside a JSON
  string, and `null` where a whole value stands.
- A list can be empty; its first element is missing then.
- Times are seconds since 1970 (UTC), not milliseconds, and can have decimals.
- A producer may send fields that are not listed here. They can be used in the same way.

## Fields

| field | type | meaning | example |
|---|---|---|---|
"""


def payload_document() -> str:
    """docs/payload.md: every field of a payload, and two payloads."""
    rows = "".join(_row(field) for field in fields())
    shown = "".join(_sample(one) for one in samples() if one.name in _SHOWN)
    return f"{_PAYLOAD_INTRODUCTION}{rows}{shown}"


DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = {
    "docs/payload.md": payload_document,
    api_document.PATH: api_document.api_document,
    **recipe_documents(),
}


def write(root: Path) -> list[str]:
    """Brings the documents in a project's folder up to date. Returns the paths of those that were not."""
    written = []
    for path, document in DOCUMENTS.items():
        file, text = root / path, document()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def main(arguments: list[str]) -> int:
    """Exit status: 0."""
    argparse.ArgumentParser(prog=COMMAND, description=__doc__).parse_args(arguments)
    written = write(ROOT)
    print(f"Written: {', '.join(written)}." if written else "Every document is up to date.")
    return 0


def _row(field: PayloadField) -> str:
    kind = f"{field.type}, may be missing" if field.optional else field.type
    meaning = f"{field.meaning} One of {', '.join(field.values)}." if field.values else field.meaning
    holds_others = field.type in (FieldType.LIST, FieldType.OBJECT)
    example = "" if holds_others else f" `{json.dumps(field.example, ensure_ascii=False)}`"
    return f"| `{field.path}` | {kind} | {meaning.replace('|', chr(92) + '|')} |{example} |\n"


def _sample(sample: Sample) -> str:
    payload = json.dumps(sample.payload, indent=2, ensure_ascii=False)
    return f"\n## A {sample.trigger} event\n\n{sample.meaning}\n\n```json\n{payload}\n```\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
