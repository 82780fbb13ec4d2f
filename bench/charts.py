"""Charts as SVG, for docs/performance.md: bars made of parts, and lines over time. Text adapts to dark pages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_COLOURS: Final = ("#2f6fb0", "#d9822b", "#4f9d57", "#b5495b", "#7d6bb0", "#8a8a8a", "#3aa6a0", "#c4a23a")
_STYLE: Final = (
    "<style>text{font:12px sans-serif;fill:#333}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}}.axis{stroke:#888;stroke-width:1}</style>"
)
_LEFT, _WIDTH = 190, 430


def bars(title: str, unit: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """A horizontal bar for each row, its parts side by side, its sum at its end."""
    names = list(dict.fromkeys(part for parts in rows.values() for part in parts))
    longest = max(sum(parts.values()) for parts in rows.values())
    drawn = [_text(0, 16, title)]
    for index, (row, parts) in enumerate(rows.items()):
        x, y = float(_LEFT), 32 + index * 28
        drawn.append(_text(_LEFT - 8, y + 14, row, "end"))
        for part, value in parts.items():
            width = value / longest * _WIDTH
            colour = _COLOURS[names.index(part) % len(_COLOURS)]
            drawn.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>')
            x += width
        drawn.append(_text(x + 6, y + 14, f"{sum(parts.values()):.2f} {unit}"))
    top = 44 + len(rows) * 28
    for index, name in enumerate(names if len(names) > 1 else []):
        x, y = 10 + index % 3 * 230, top + index // 3 * 20
        colour = _COLOURS[index % len(_COLOURS)]
        drawn += [f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>', _text(x + 18, y + 11, name)]
    return _svg(drawn, top + (len(names) + 2) // 3 * 20 if len(names) > 1 else top)


def lines(title: str, unit: str, series: Mapping[str, Sequence[float]], end: str = "") -> str:
    """A line for each series, a value a second; `end` is what stands at the axis' end if it is no time."""
    highest = max(max(values) for values in series.values()) or 1.0
    longest = max(len(values) for values in series.values())
    drawn = [_text(0, 16, title), '<path class="axis" d="M40 30V190H700" fill="none"/>']
    drawn += [
        _text(34, 36, f"{highest:.3g}", "end"),
        _text(34, 194, "0", "end"),
        _text(700, 208, end or f"{longest} s", "end"),
    ]
    for index, (name, values) in enumerate(series.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        points = " ".join(
            f"{40 + at / max(1, longest - 1) * 660:.1f},{190 - value / highest * 160:.1f}"
            for at, value in enumerate(values)
        )
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
        drawn += [f'<rect x="{50 + index * 230}" y="220" width="12" height="12" fill="{colour}"/>']
        drawn.append(_text(68 + index * 230, 231, f"{name}, {unit}"))
    return _svg(drawn, 244)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(drawn: Sequence[str], height: float) -> str:
    size = f'viewBox="0 0 720 {height:.0f}" width="720" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{_STYLE}{"".join(drawn)}</svg>\n'
