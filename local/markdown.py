"""GitHub-flavoured Markdown, as far as the documents that are made from the code need it."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

_LINE_CHARACTERS: Final = 100


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a `|` in a cell stays in it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def listed(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def block(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def joined(*parts: str) -> str:
    """The parts that are not empty, each a paragraph, and a line's end."""
    return "\n\n".join(part for part in parts if part) + "\n"


def heading_link(heading: str, text: str = "") -> str:
    """A link to a heading of the same page, in the words of `text` or in its own."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"[{text or heading}](#{anchor})"


def json_text(value: Any, indent: str = "") -> str:
    """JSON in which what fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= _LINE_CHARACTERS or not isinstance(value, dict | list):
        return line
    deeper = f"{indent}  "
    if isinstance(value, list):
        parts, (opening, closing) = [json_text(one, deeper) for one in value], "[]"
    else:
        parts, (opening, closing) = [f"{json.dumps(key)}: {json_text(one, deeper)}" for key, one in value.items()], "{}"
    inner = f",\n{deeper}".join(parts)
    return f"{opening}\n{deeper}{inner}\n{indent}{closing}"
