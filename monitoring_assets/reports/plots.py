"""Small SVG plots as Markdown images: what the Dagster UI shows of a materialization.

The UI strips scripts and SVG tags from Markdown and keeps images with a data address.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from monitoring_assets.domain.evaluation import Histogram
from monitoring_assets.domain.measurement import Measurement, Status

REFERENCE, CURRENT, BAD, INK = "#b6bcc8", "#4f7cff", "#d64545", "#4a5160"
_PANEL_WIDTH, _PANEL_HEIGHT, _GAP, _COLUMNS = 300, 150, 24, 3
# Room for the label of the first bar.
_MARGIN = 16
_STATUS_COLOURS = {
    Status.OK: "#3c9d63",
    Status.BAD: BAD,
    Status.ERROR: BAD,
    Status.WARN: "#d98e1f",
    Status.UNJUDGED: "#9aa1ad",
    Status.INFO: CURRENT,
}


def distributions(histograms: Sequence[Histogram], drifted: Sequence[str]) -> str:
    """Return the reference and the window side by side, one panel per column."""
    panels = [
        _panel(index, histogram, is_bad=histogram.column in drifted)
        for index, histogram in enumerate(histograms)
    ]
    rows = -(-len(panels) // _COLUMNS)
    height = rows * (_PANEL_HEIGHT + _GAP) + 24
    legend = (
        f'<rect x="0" y="2" width="10" height="10" fill="{REFERENCE}"/>'
        f'<text x="15" y="11" font-size="11" fill="{INK}">reference</text>'
        f'<rect x="85" y="2" width="10" height="10" fill="{CURRENT}"/>'
        f'<text x="100" y="11" font-size="11" fill="{INK}">this window</text>'
        f'<rect x="180" y="2" width="10" height="10" fill="{BAD}"/>'
        f'<text x="195" y="11" font-size="11" fill="{INK}">this window, drifted</text>'
    )
    width = _MARGIN + _COLUMNS * (_PANEL_WIDTH + _GAP)
    return _image("distributions", width, height, legend + "".join(panels))


def _panel(index: int, histogram: Histogram, *, is_bad: bool) -> str:
    left = _MARGIN + (index % _COLUMNS) * (_PANEL_WIDTH + _GAP)
    top = 24 + (index // _COLUMNS) * (_PANEL_HEIGHT + _GAP)
    mark = " ▲ drift" if is_bad else ""
    parts = [
        f'<text x="{left}" y="{top + 11}" font-size="12" fill="{BAD if is_bad else INK}" '
        f'font-weight="600">{escape(_short(histogram.column, 36))}{mark}</text>'
    ]
    highest = max(*histogram.reference, *histogram.current, 1e-9)
    slot = _PANEL_WIDTH / len(histogram.labels)
    floor, room = top + _PANEL_HEIGHT - 18, _PANEL_HEIGHT - 36
    for shares, shift, colour in (
        (histogram.reference, 0.08, REFERENCE),
        (histogram.current, 0.5, BAD if is_bad else CURRENT),
    ):
        tall = [room * share / highest for share in shares]
        parts.append(_bars(tall, left + shift * slot, floor, slot, colour))
    parts.append(
        f'<line x1="{left}" y1="{floor}" x2="{left + _PANEL_WIDTH}" y2="{floor}" stroke="{INK}"/>'
    )
    parts += _labels(histogram.labels, left, floor, slot)
    return "".join(parts)


def _bars(tall: Sequence[float], left: float, floor: float, slot: float, colour: str) -> str:
    """Return all bars of one side as one path: an event log keeps every picture."""
    width = f"{slot * 0.42:.1f}"
    path = "".join(
        f"M{left + i * slot:.1f} {floor}v-{up:.1f}h{width}v{up:.1f}z" for i, up in enumerate(tall)
    )
    return f'<path d="{path}" fill="{colour}"/>'


def _labels(labels: Sequence[str], left: float, floor: float, slot: float) -> list[str]:
    step = max(1, round(len(labels) / 6))
    return [
        f'<text x="{left + (i + 0.5) * slot:.1f}" y="{floor + 12}" font-size="9" fill="{INK}" '
        f'text-anchor="middle">{escape(_short(label, max(4, int(slot * step / 5))))}</text>'
        for i, label in enumerate(labels)
        if i % step == 0
    ]


def against_thresholds(measurements: Sequence[Measurement]) -> str:
    """Return a bar for each judged number with its interval and its threshold."""
    shown = [m for m in measurements if m.value is not None]
    if not shown:
        return ""
    line, left, wide = 22, 230, 560
    highest = max(max(m.value or 0, m.upper or 0, m.threshold or 0) for m in shown) or 1.0
    scale = wide / highest
    parts = []
    for row, m in enumerate(shown):
        y = 8 + row * line
        name = m.metric if not m.column else f"{m.column} {m.metric}"
        parts.append(
            f'<text x="{left - 8}" y="{y + 12}" font-size="11" fill="{INK}" text-anchor="end">'
            f"{escape(_short(name, 38))}</text>"
            f'<rect x="{left}" y="{y + 2}" width="{max(1.0, scale * max(m.value or 0, 0)):.1f}" '
            f'height="12" fill="{_STATUS_COLOURS[m.status]}"/>'
            f'<text x="{left + wide + 8}" y="{y + 12}" font-size="11" fill="{INK}">'
            f"{m.value:.4g} {m.status}</text>"
        )
        if m.lower is not None and m.upper is not None:
            low, high = (left + scale * max(end, 0) for end in (m.lower, m.upper))
            parts.append(
                f'<line x1="{low:.1f}" y1="{y + 8}" x2="{high:.1f}" y2="{y + 8}" '
                f'stroke="{INK}" stroke-width="2"/>'
            )
        if m.threshold is not None:
            x = left + scale * max(m.threshold, 0)
            parts.append(
                f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 16}" stroke="#111" '
                f'stroke-dasharray="3 2" stroke-width="1.5"/>'
            )
    return _image("thresholds", left + wide + 130, 16 + len(shown) * line, "".join(parts))


def _image(name: str, width: int, height: int, body: str) -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{body}</svg>'
    )
    return f"![{name}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
