"""The description as a page to read: plain HTML, made here, with no script and nothing from any other place."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

Document = Mapping[str, Any]
_STYLE: Final = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #8886;padding:.5rem 0}h3{font-size:1rem}code,pre{font-family:ui-monospace,monospace}
pre{overflow:auto;padding:.5rem;background:#8882}table{border-collapse:collapse}td,th{padding:.1rem .8rem .1rem 0;
text-align:left;vertical-align:top}.scope{font-weight:normal;opacity:.75}
h1,h2,h3,p,code,a{overflow-wrap:anywhere}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page(document: Document) -> str:
    """The whole page."""
    title = f"{document['info']['title']} {document['info']['version']}"
    body = "\n".join([*_operations(document), *_schemas(document)])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f"<p>{_text(document['info']['description'])}</p>"
        f'<p>As OpenAPI: <a href="openapi.json">openapi.json</a></p>\n{body}\n</main></body></html>'
    )


def _operations(document: Document) -> Iterator[str]:
    group = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != group:
                group = operation["tags"][0]
                yield f"<h2>{escape(group)}</h2>"
            yield _operation(method.upper(), path, operation)


def _operation(method: str, path: str, operation: Document) -> str:
    heading = (
        f'<h3><code>{method} {escape(path)}</code> <span class="scope">scope {escape(operation["x-scope"])}</span>'
    )
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    takes = f"<p>Body: {_schema(body)}</p>" if body else ""
    parameters = _table(
        (one["name"], f"{one['in']}{', required' if one.get('required') else ''}", _text(one.get("description", "")))
        for one in operation.get("parameters", [])
    )
    answers = _table((status, "", _answer(one)) for status, one in operation["responses"].items())
    meaning = _text(f"{operation['summary']}. {operation['description']}")
    return f"<section>{heading}</h3><p>{meaning}</p>{parameters}{takes}<p>Answers:</p>{answers}</section>"


def _answer(response: Document) -> str:
    schemas = [one["schema"] for one in response.get("content", {}).values()]
    return _text(response["description"]) + "".join(f" {_schema(one)}" for one in schemas)


def _text(markdown: str) -> str:
    """A description's only Markdown is code between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown))


def _schema(schema: Document) -> str:
    """A link where it has a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_schema(one) for one in schema["anyOf"])
    return f"<code>{escape(json.dumps(schema))}</code>"


def _table(rows: Any) -> str:
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(what)}</td><td>{text}</td></tr>" for name, what, text in rows
    )
    return f"<table>{cells}</table>" if cells else ""


def _schemas(document: Document) -> Iterator[str]:
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
        yield f'<section id="{escape(name)}"><h3>{escape(name)}</h3><pre>{text}</pre></section>'
