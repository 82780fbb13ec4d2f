"""How long a template of 1 KB takes for an event of 2 KB, beside chevron's own renderer and a Jinja2 sandbox.

One template has strings, bare values, an `each` over two groups and an `if`; the other has no sections. All come from a
cache: ours and Jinja2's compiled, chevron's as text, since it has nothing to compile. They take turns, and the fastest
round of each counts, since whatever else the machine does only adds. All must write the same JSON, though chevron
escapes nothing: the event is one that needs no escaping.
"""

import argparse
import copy
import importlib.util
import json
import re
import time
from collections.abc import Callable
from typing import Any, Final

from bench.filtering import payload
from grantwire.templates import Place, compile_template

TARGET_US: Final = 60.0
TEMPLATE_BYTES: Final = 1024
_CALLS: Final = 20  # few, so that some rounds pass undisturbed

# <x> inside a string, <"x"> a bare text, <=x> a bare number, <each x> … <end each>, <if x> … <end if>.
_HEAD: Final = """{
  "title": "New <event_type> request <data.friendly_id> made by <data.requester.name>",
  "requester": {"id": <"data.requester.id">, "name": <"data.requester.name">, "mail": "mailto:<data.requester.email>"},
  "flow": {"id": <"data.access_flow.id">, "name": <"data.access_flow.name">},
  "seconds": <=data.access_duration_in_seconds>,
  "summary": "<data.requester.name> (<data.grantee.type>) asks: <data.justification>",
"""
_WITHOUT_SECTIONS: Final = f"""{_HEAD}
  "first": "<data.access_groups.0.integration.name> of type <data.access_groups.0.integration.type>",
  "second": "<data.access_groups.1.integration.name> of type <data.access_groups.1.integration.type>",
  "ticket": <"data.custom_fields.ticket">, "note": "NOTE"
}}
"""
_WITH_SECTIONS: Final = f"""{_HEAD}
  "groups": [
    <each data.access_groups>
    {{"name": <".integration.name">, "text": "<.integration.name> of type <.integration.type>"}},
    <end each>
    null
  ],
  <if data.custom_fields.ticket>
  "ticket": <"data.custom_fields.ticket">,
  <end if>
  "note": "NOTE"
}}
"""
_MARK: Final = re.compile(r'<(?P<kind>each |if |end |=|"?)(?P<name>[.\w]+)"?>')
_OURS: Final = {
    "": "{{%s}}",
    '"': "{{%s}}",
    "=": "{{%s}}",
    "each ": "{{#each %s}}",
    "if ": "{{#if %s}}",
    "end ": "{{/%s}}",
}
_CHEVRON: Final = {"": "{{{%s}}}", '"': '"{{{%s}}}"', "=": "{{{%s}}}", "each ": "{{#%s}}", "if ": "{{#%s}}"}
_JINJA: Final = {
    "": "{{ %s|inside }}",
    '"': "{{ %s|bare }}",
    "=": "{{ %s|bare }}",
    "each ": "{%% for group in %s %%}",
    "if ": "{%% if %s %%}",
    "each": "{% endfor %}",
    "if": "{% endif %}",
}

Render = Callable[[], str]


def grantwire(source: str, event: dict[str, Any]) -> Render:
    """Ours."""
    text = _written(source, lambda kind, name: _OURS[kind] % name.removeprefix("."))

    def render() -> str:
        return compile_template(text, Place.JSON).render(event)

    return render


def chevron(source: str, event: dict[str, Any]) -> Render:
    """chevron's renderer, with the braces that keep it from escaping HTML."""
    import chevron

    sections = [match["name"] for match in _MARK.finditer(source) if match["kind"] in ("each ", "if ")]
    ends = iter(f"{{{{/{name}}}}}" for name in sections)  # one after the other, none in another
    text = _written(
        source, lambda kind, name: next(ends) if kind == "end " else _CHEVRON[kind] % name.removeprefix(".")
    )
    return lambda: str(chevron.render(text, event))


def jinja(source: str, event: dict[str, Any]) -> Render:
    """A compiled template of the sandbox, with the quickest filters that do what ours does."""
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters |= {"bare": json.dumps, "inside": lambda value: json.dumps(value)[1:-1]}

    def tag(kind: str, name: str) -> str:
        return _JINJA[name] if kind == "end " else _JINJA[kind] % (f"group{name}" if name[0] == "." else name)

    template = environment.from_string(_written(source, tag))
    return lambda: template.render(event)


def _written(source: str, tag: Callable[[str, str], str]) -> str:
    padded = source.replace("NOTE", "." * (TEMPLATE_BYTES - len(_MARK.sub(lambda match: match[0] + "--", source))))
    return _MARK.sub(lambda match: tag(match["kind"], match["name"]), padded)


def event_payload() -> dict[str, Any]:
    """An event of 2 KB with two groups."""
    event = payload()
    groups = event["data"]["access_groups"]
    groups.append({**copy.deepcopy(groups[0]), "access_units": groups[0]["access_units"][-1:]})
    del groups[0]["access_units"][-1]
    groups[1]["integration"]["name"] = "staging-db"
    return event


def fastest(cases: dict[str, Render], rounds: int) -> dict[str, float]:
    """Microseconds of each case's fastest round; they take turns."""
    taken = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, render in cases.items():
            started = time.perf_counter()
            for _ in range(_CALLS):
                render()
            taken[name] = min(taken[name], (time.perf_counter() - started) / _CALLS * 1e6)
    return taken


def main() -> None:
    """Print the figures, ours first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=300)
    given = arguments.parse_args()
    event = event_payload()
    engines = {"grantwire": grantwire, "chevron": chevron}
    if importlib.util.find_spec("jinja2"):
        engines["jinja2, sandboxed"] = jinja
    slowest = 0.0
    for label, source in (("with sections", _WITH_SECTIONS), ("without sections", _WITHOUT_SECTIONS)):
        cases = {name: engine(source, event) for name, engine in engines.items()}
        expected = json.loads(cases["grantwire"]())
        for name, render in cases.items():
            assert json.loads(render()) == expected, f"{name} writes something else"
        figures = fastest(cases, given.rounds)
        for name, taken in figures.items():
            print(f"{name + ', ' + label:40} {taken:7.1f} µs, {taken / figures['grantwire']:.1f} times ours")
        slowest = max(slowest, figures["grantwire"])
    if "jinja2, sandboxed" not in engines:
        print(f"{'jinja2, sandboxed':40} not measured: jinja2 is not installed here")
    verdict = "met" if slowest <= TARGET_US else "MISSED"
    print(f"{'grantwire, target':40} {slowest:7.1f} µs (target ≤ {TARGET_US:g}: {verdict})")


if __name__ == "__main__":
    main()
