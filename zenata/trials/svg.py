"""SVG of trial reports: a time line, a chart with bands, a map, and points beside those of the baselines.

Plain text without scripts, fonts or links, so that a report is one file. What hits and what misses differ in shape as well as in
colour; the colours are those of Okabe and Ito (2008), which people with colour blindness tell apart. In Arabic what names a row, a
curve or a level stands at the right, where reading begins, and bars grow from there; time runs from left to right in every
language, and a map is a map.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from math import cos, floor, isfinite, log10, radians

from zenata.city.sentences import Language, numeral
from zenata.contract.reports import Chart, Curve, Exhibit, HiddenEvent, Place

WIDTH = 600
"""Width of a drawing [px]."""

MAX_ROWS = 40
"""Hidden events of a time line, the others are left out (default)."""

MAX_POINTS = 400
"""Points of a curve; of longer ones each so many-th is drawn (default)."""

COLOURS = {"hit": "#0072B2", "missed": "#D55E00", "false": "#CC79A7", "hidden": "#767676"}
_CURVES = {
    "truth": "#222222",
    "reading": "#0072B2",
    "forecast": "#0072B2",
    "with": "#0072B2",
    "without": "#D55E00",
    "best": "#009E73",
}
_DASHES = {"without": "6 3", "best": "2 2"}
_LABELS, _MARGIN, _ROW, _LETTERS = 195, 16, 20, 30  # px, and how many letters a label has
_MAX_DAYS = 8  # labels on an axis of time

Words = Mapping[str, str]


class Sheet:
    """The paper that is drawn on: a column of labels where reading begins, and beside it what is drawn.

    Parameters
    ----------
    words : mapping of str to str
        Texts of the language.
    language : str
    """

    def __init__(self, words: Words, language: Language) -> None:
        self.words, self.language = words, language
        self.is_rtl = language == "ar"
        self.left, self.right = (_MARGIN, WIDTH - _LABELS) if self.is_rtl else (_LABELS, WIDTH - _MARGIN)

    def number(self, text: str) -> str:
        """Return a number as the language writes it."""
        return numeral(text, self.language)

    def label(self, y: float, text: str, *, inset: float = 4, size: int = 12) -> str:
        """Return a text in the column of labels, so far from the edge where reading begins [px]; what is too long is cut."""
        text = _cut(text, _LETTERS)
        x, direction = (WIDTH - inset, ' direction="rtl"') if self.is_rtl else (inset, "")
        return f'<text x="{x:g}" y="{y:.1f}" font-size="{size}"{direction}>{escape(text)}</text>'

    def level(self, y: float, text: str) -> str:
        """Return the number of a level, beside what is drawn."""
        return _text(*((self.right + 6, y, text, "start") if self.is_rtl else (self.left - 6, y, text, "end")))

    def sample(self, y: float, colour: str, text: str, dash: str = "") -> str:
        """Return what a curve looks like, and what it is called, in the column of labels."""
        begin, end = (WIDTH - 4, WIDTH - 24) if self.is_rtl else (4, 24)
        return _line(begin, y - 4, end, y - 4, colour, 3, dash) + self.label(y, text, inset=30, size=11)


def _cut(text: str, letters: int) -> str:
    """Return a text of so many letters at most."""
    return text if len(text) <= letters else f"{text[: max(letters - 1, 0)]}…"


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" direction="ltr">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#dddddd", width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"{dashes}/>'


def _mark(x: float, y: float, verdict: str, title: str) -> str:
    """Return a mark: a disc of a hit, a cross of a false alarm."""
    colour = COLOURS[verdict]
    about = f"<title>{escape(title)}</title>"
    if verdict == "hit":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}">{about}</circle>'
    cross = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
    return f'<path d="{cross}" stroke="{colour}" stroke-width="2" fill="none">{about}</path>'


class _Time:
    """The axis of time of a drawing."""

    def __init__(self, exhibit: Exhibit, sheet: Sheet) -> None:
        self._start, self._end, self._sheet = exhibit.start, exhibit.end, sheet
        self._span = max((exhibit.end - exhibit.start).total_seconds(), 1.0)

    def at(self, time: datetime) -> float:
        """Return where a time lies [px]."""
        share = min(max((time - self._start).total_seconds() / self._span, 0.0), 1.0)
        return self._sheet.left + share * (self._sheet.right - self._sheet.left)

    def axis(self, height: float) -> list[str]:
        """Return the lines of midnights (UTC), and their dates."""
        day = self._start.replace(hour=0, minute=0, second=0, microsecond=0)
        days = max(int((self._end - day).total_seconds() // 86_400), 1)
        every = -(-days // _MAX_DAYS)
        parts = []
        for number in range(0, days + 1, every):
            time = day + timedelta(days=number)
            if self._start <= time <= self._end:
                parts.append(_line(self.at(time), 0, self.at(time), height))
                parts.append(_text(self.at(time), height + 13, f"{time:%m-%d}", "middle"))
        return parts


def timeline(exhibit: Exhibit, name_of: Mapping[str, str], sheet: Sheet) -> str:
    """Return what was hidden as bars by event, what was found, and below them the false detections.

    Parameters
    ----------
    exhibit : Exhibit
    name_of : mapping of str to str
        What types of events are called.
    sheet : Sheet
    """
    events = sorted(exhibit.events, key=lambda one: one.start)[:MAX_ROWS]
    false = [one for one in exhibit.detections if not one.hit]
    height = _ROW * (len(events) + bool(false)) + 6
    time = _Time(exhibit, sheet)
    parts = time.axis(height)
    for row, event in enumerate(events):
        parts += _event(event, time, row * _ROW + _ROW / 2, name_of, sheet)
    middle = len(events) * _ROW + _ROW / 2
    if false:
        parts.append(sheet.label(middle + 4, sheet.words["false"]))
        parts += [_mark(time.at(one.time), middle, "false", f"{one.target} {one.time:%m-%d %H:%M}") for one in false]
    return _svg(height + 20, sheet.words["timeline"], parts)


def _event(event: HiddenEvent, time: _Time, middle: float, name_of: Mapping[str, str], sheet: Sheet) -> list[str]:
    words, verdict = sheet.words, event.verdict
    target = event.targets[0] if event.targets else ""
    name = name_of.get(event.type, event.type)
    about = f"{name} {target} {event.start:%m-%d %H:%M} - {event.end:%m-%d %H:%M}: {words[verdict]}"
    left, right = time.at(event.start), time.at(event.end)
    bar = (
        f'<rect x="{left:.1f}" y="{middle - 5:.1f}" width="{max(right - left, 2):.1f}" height="10" '
        f'fill="{COLOURS[verdict]}" fill-opacity="0.35"><title>{escape(about)}</title></rect>'
    )
    parts = [sheet.label(middle + 4, f"{_cut(name, _LETTERS - len(target) - 1)} {target}"), bar]
    if event.found is not None:
        parts.append(_mark(time.at(event.found), middle, "hit", f"{words['found']} {event.found:%m-%d %H:%M}"))
    return parts


def line_chart(chart: Chart, exhibit: Exhibit, title: str, unit: str, sheet: Sheet) -> str:
    """Return a chart of curves over time, a forecast with its band.

    Parameters
    ----------
    chart : Chart
    exhibit : Exhibit
        Whose times those of the chart are.
    title, unit : str
        As people write them.
    sheet : Sheet
    """
    height, top = 190.0, 6.0
    values = [
        value
        for curve in chart.curves
        for column in (curve.values, curve.low or (), curve.high or ())
        for value in column
        if value is not None
    ]
    low, high = (min(values), max(values)) if len(values) > 1 else (0.0, 1.0)
    low = low if low > high / 2 else min(low, 0.0)  # what stays far above 0 shows little from there
    ticks = _ticks(low, high if high > low else low + 1)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    count = max((len(curve.values) for curve in chart.curves), default=1)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * (height - top)

    def x(index: int) -> float:
        return sheet.left + index / max(count - 1, 1) * (sheet.right - sheet.left)

    parts = _Time(exhibit, sheet).axis(height)
    for tick in ticks:
        parts += [_line(sheet.left, y(tick), sheet.right, y(tick)), sheet.level(y(tick) + 4, sheet.number(_tick(tick)))]
    every = max(-(-count // MAX_POINTS), 1)
    for number, curve in enumerate(chart.curves):
        parts += _curve(curve, every, x, y)
        colour = _CURVES.get(curve.name, "#767676")
        parts.append(sheet.sample(40 + 16 * number, colour, sheet.words[curve.name], _DASHES.get(curve.name, "")))
    parts.append(sheet.label(14, f"[{unit}]" if unit else ""))
    return _svg(height + 20, title, parts)


def _curve(curve: Curve, every: int, x: Callable[[int], float], y: Callable[[float], float]) -> list[str]:
    colour, parts = _CURVES.get(curve.name, "#767676"), []
    if curve.low is not None and curve.high is not None:
        band = [(at, one) for at, one in enumerate(curve.high) if one is not None][::every]
        band += [(at, one) for at, one in enumerate(curve.low) if one is not None][::every][::-1]
        points = " ".join(f"{x(at):.1f},{y(one):.1f}" for at, one in band)
        parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.2"/>')
    points = " ".join(
        f"{x(at):.1f},{y(one):.1f}" for at, one in list(enumerate(curve.values))[::every] if one is not None
    )
    dash = f' stroke-dasharray="{_DASHES[curve.name]}"' if curve.name in _DASHES else ""
    parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>')
    return parts


def _ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return round values that span a range."""
    rough = (high - low) / count
    size = 10.0 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = floor(low / step)
    return [round(step * (first + number), 12) for number in range(count + 2) if step * (first + number) <= high + step]


def _tick(value: float) -> str:
    """Return a round value with the digits that it has."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def map_of(outline: Sequence[Sequence[tuple[float, float]]], places: Sequence[Place], words: Words) -> str:
    """Return the districts, and over them hits, misses and false detections."""
    points = [point for ring in outline for point in ring] + [point for place in places for point in place.line]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    shrink = cos(radians((south + north) / 2))  # equirectangular: the city is small
    scale = min((WIDTH - 8) / max((east - west) * shrink, 1e-9), 480 / max(north - south, 1e-9))
    height = (north - south) * scale + 8

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return 4 + (point[0] - west) * shrink * scale, 4 + (north - point[1]) * scale

    def path(line: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, line))

    parts = [f'<polygon points="{path(ring)}" fill="#f3f3f3" stroke="#bbbbbb"/>' for ring in outline]
    for place in sorted(places, key=lambda one: ("false", "hidden", "missed", "hit").index(one.verdict)):
        about = f"{place.target}: {words[place.verdict]}"
        x, y = at(place.line[len(place.line) // 2])
        if len(place.line) > 1:
            parts.append(
                f'<polyline points="{path(place.line)}" fill="none" stroke="{COLOURS[place.verdict]}" '
                f'stroke-width="4"><title>{escape(about)}</title></polyline>'
            )
            x, y = ((a + b) / 2 for a, b in zip(at(place.line[0]), at(place.line[-1]), strict=True))
        if place.verdict in ("hit", "false"):
            parts.append(_mark(x, y, place.verdict, about))
        else:
            parts.append(
                f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="none" stroke-width="2" '
                f'stroke="{COLOURS[place.verdict]}"><title>{escape(about)}</title></rect>'
            )
    return _svg(height, words["map"], parts)


def points_chart(rows: Sequence[tuple[str, float, float | None, float | None]], sheet: Sheet) -> str:
    """Return points as bars, with intervals: name, mean and both ends each.

    The scale ends at 100, where the oracle stands; harm goes below 0, to -100 at most.
    """
    known = [value for _, *row in rows for value in row if value is not None and isfinite(value)]
    low = max(min(0.0, *known), -100.0) if len(known) > 1 else 0.0
    height, room = 24 * len(rows), 44  # room for a number behind each bar

    def x(value: float) -> float:
        along = (min(max(value, low), 100) - low) / (100 - low) * (WIDTH - _LABELS - room)
        return WIDTH - _LABELS - along if sheet.is_rtl else _LABELS + along

    end, anchor = (2, "start") if sheet.is_rtl else (WIDTH - 2, "end")
    parts = [_line(x(tick), 0, x(tick), height) for tick in (0, 25, 50, 75, 100)]
    parts += [_text(x(tick), height + 13, f"{tick}", "middle") for tick in (0, 25, 50, 75, 100)]
    for row, (name, mean, lower, upper) in enumerate(rows):
        middle = row * 24 + 12
        left, right = sorted((x(0), x(mean)))
        colour = COLOURS["hit"] if row == 0 else COLOURS["hidden"]
        parts.append(sheet.label(middle + 4, name))
        parts.append(
            f'<rect x="{left:.1f}" y="{middle - 7}" width="{max(right - left, 1):.1f}" height="14" fill="{colour}"/>'
        )
        if lower is not None and upper is not None:
            parts.append(_line(x(lower), middle, x(upper), middle, "#222222", 2))
        parts.append(_text(end, middle + 4, sheet.number(f"{mean:.1f}"), anchor, 12))
    return _svg(height + 20, sheet.words["points"], parts)
