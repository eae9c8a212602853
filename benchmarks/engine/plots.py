"""Bar charts on a logarithmic axis, as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_OURS, _OTHERS, _INK, _LINES = "#4f7cff", "#b6bcc8", "#4a5160", "#e6e8ec"
_SMALL = 1e-3  # below it, numbers are written with an exponent
_LEFT, _WIDE, _RIGHT, _LINE, _HEAD = 210, 520, 100, 20, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value above zero."""

    label: str
    value: float
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars under one title."""

    title: str
    bars: Sequence[Bar]


def bar_chart(panels: Sequence[Panel], unit: str) -> str:
    """Return panels below each other, all on one axis from power of ten to power of ten."""
    values = [bar.value for panel in panels for bar in panel.bars]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    scale = _WIDE / max(high - low, 1)
    parts, top = [], 0
    for panel in panels:
        parts.append(_panel(panel, top, low, scale, unit))
        top += _HEAD + len(panel.bars) * _LINE
    height = top + _LINE
    grid = "".join(_tick(power, low, scale, height, unit) for power in range(low, high + 1))
    return _image(_LEFT + _WIDE + _RIGHT, height, grid + "".join(parts))


def _panel(panel: Panel, top: int, low: int, scale: float, unit: str) -> str:
    title = (
        f'<text x="8" y="{top + 20}" font-size="13" font-weight="600" fill="{_INK}">'
        f"{escape(panel.title)}</text>"
    )
    bars = [
        _bar(bar, top + _HEAD + place * _LINE, scale * (math.log10(bar.value) - low), unit)
        for place, bar in enumerate(panel.bars)
    ]
    return title + "".join(bars)


def _bar(bar: Bar, y: int, length: float, unit: str) -> str:
    wide = max(length, 1.0)
    return (
        f'<text x="{_LEFT - 8}" y="{y + 12}" font-size="12" fill="{_INK}" text-anchor="end">'
        f"{escape(bar.label)}</text>"
        f'<rect x="{_LEFT}" y="{y + 1}" width="{wide:.1f}" height="14" '
        f'fill="{_OURS if bar.is_ours else _OTHERS}"/>'
        f'<text x="{_LEFT + wide + 6:.1f}" y="{y + 12}" font-size="11" fill="{_INK}">'
        f"{digits(bar.value)} {unit}</text>"
    )


def _tick(power: int, low: int, scale: float, height: int, unit: str) -> str:
    x = _LEFT + scale * (power - low)
    return (
        f'<line x1="{x:.1f}" y1="{_HEAD}" x2="{x:.1f}" y2="{height - _LINE}" stroke="{_LINES}"/>'
        f'<text x="{x:.1f}" y="{height - 6}" font-size="10" fill="{_INK}" text-anchor="middle">'
        f"{10.0**power:g} {unit}</text>"
    )


def _image(width: int, height: int, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>\n'
    )


def digits(value: float) -> str:
    """Return a number as text of three digits."""
    if value == 0:
        return "0"
    if abs(value) < _SMALL:
        return f"{value:.2g}"
    places = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"
