"""Report of a trial as HTML: one file that works offline, in English, French or Arabic, and prints.

All text from outside is escaped, and there are no scripts, so whoever opens a report runs nothing. The texts are in `report.toml`.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

from zenata.city.sentences import Language, numeral
from zenata.city.titles import titles, translations
from zenata.contract.challenges import Factor
from zenata.contract.reports import Exhibit, TrialReport
from zenata.contract.trials import Measure, Trial, TrialScore
from zenata.trials.svg import COLOURS, Sheet, line_chart, map_of, points_chart, timeline

STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans','Noto Sans Arabic',sans-serif;color:#222;max-width:46rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{padding:.25rem .5rem;border-bottom:1px solid #ddd;"
    "text-align:start;vertical-align:top}td.n,th.n{text-align:end;font-variant-numeric:tabular-nums}"
    "svg{width:100%;height:auto;font-family:inherit}.muted{color:#595959}code{overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}.wide svg{min-width:28rem}"
    "@media(max-width:30rem){table{font-size:.8rem}th,td{padding:.25rem .3rem}}"
    ".head{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;margin:1.25rem 0;padding:1rem 1.25rem;background:#eef4f9;"
    "border-inline-start:4px solid #0072b2;print-color-adjust:exact;-webkit-print-color-adjust:exact}.head p{margin:0}"
    ".head b{display:block;font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums}.head small{color:#595959}"
    "summary{font-weight:600;margin:1rem 0 .5rem;cursor:pointer}.key span{margin-inline-end:1rem}"
    "@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}svg,tr,.head{break-inside:avoid}"
    ".wide{overflow:visible}.wide svg{min-width:0}}"
)

_FRENCH = re.compile(" (?=[:;?!»%])")
_SHOWN = ("naive", "reference", "oracle")
_UNITS = {"1": "", "/": "", "count": "", "Cel": "°C"}  # shares and numbers have none


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return the texts of reports and scorecards, by name and language."""
    return tomllib.loads(Path(__file__).with_name("report.toml").read_text(encoding="utf-8"))


def words(language: Language) -> dict[str, str]:
    """Return the texts of one language, by name; in French no line begins with a colon."""
    found = {name: text[language] for name, text in texts().items()}
    return {name: _FRENCH.sub("\u00a0", text) for name, text in found.items()} if language == "fr" else found


def page(language: Language, title: str, body: Sequence[str]) -> str:
    """Return an HTML page without anything that must be loaded.

    Parameters
    ----------
    language : str
    title : str
        Plain text.
    body : sequence of str
        HTML.
    """
    direction = "rtl" if language == "ar" else "ltr"
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Return a table of HTML cells, the columns behind the first as numbers if asked."""
    kind = ' class="n"' if numbers else ""

    def row(tag: str, cells: Sequence[str]) -> str:
        first, *others = (
            ltr(cell) if numbers and number and tag == "td" else cell for number, cell in enumerate(cells)
        )
        return f"<tr><{tag}>{first}</{tag}>{''.join(f'<{tag}{kind}>{cell}</{tag}>' for cell in others)}</tr>"

    head, body = row("th", header), "".join(row("td", cells) for cells in rows)
    return _wide(f"<table><thead>{head}</thead><tbody>{body}</tbody></table>")


def _wide(part: str) -> str:
    """Let what is wider than a telephone move by itself beneath the finger, and the page stand."""
    return f'<div class="wide">{part}</div>'


def report_html(report: TrialReport, language: Language, *, unfolded: bool = False) -> str:
    """Return a report as HTML.

    Parameters
    ----------
    report : TrialReport
    language : str
    unfolded : bool
        Show all seeds, not the first alone: on paper nobody unfolds them.
    """
    text, trial = words(language), report.trial
    sheet = Sheet(text, language)
    title = f"{report.title[language]} - {trial.name or trial.pilot}"
    body = [
        f'<p class="muted">{text["report"]}</p><h1>{escape(title)}</h1>',
        _headline(trial, text, language),
        *_points(trial, sheet),
    ]
    body += _means(trial, text, "measures", language)
    body += _means(trial, text, "impact", language)
    if report.factors:
        factors = [_factor(one, text, language) for one in report.factors]
        body.append(f"<h2>{text['factors']}</h2>")
        body.append(table(["", text["value"], text["source"]], factors, numbers=False))
    if report.exhibits is None:
        body.append(f"<p><strong>{text['sealed']}</strong></p>")
    elif not report.exhibits:
        body.append(f"<p><strong>{text['gone']}</strong></p>")
    else:
        marks = "".join(
            f'<span><b style="color:{COLOURS[name]}">{sign}</b> {text[name]}</span>'
            for name, sign in (("hit", "●"), ("missed", "▢"), ("false", "✕"))
        )
        body.append(f'<p class="key">{marks}</p>')
        seeds = [_seed(number, one, report, sheet) for number, one in enumerate(report.exhibits, 1)]
        body += [f"<details{' open' if unfolded or seed is seeds[0] else ''}>{seed}</details>" for seed in seeds]
    body += [f"<h2>{text['about']}</h2>", _facts(trial, text)]
    receipt = f"/v1/trials/{trial.trial}/receipt"
    body.append(f'<p class="muted">{text["times"]} {text["verify"]} <code dir="ltr">{receipt}</code></p>')
    return page(language, title, body)


def _headline(trial: Trial, text: Mapping[str, str], language: Language) -> str:
    """Return the score and what the service would have changed, in large figures."""
    assert trial.score is not None  # noqa: S101 - of a trial that is done
    colon = colon_in(language)
    between = "".join(f"{ltr(f'95 %{colon}{between}')}<br>" for between in _between(trial.score, language))
    figures = [(_one(trial.score.mean, language), text["of_100"], f"{between}{text['seeds']}{colon}{trial.seeds}")]
    impacts = [result.impact for result in trial.results]
    for name, measure in trial.results[0].impact.items():
        figures.append((_mean(impacts, name, language), escape(_unit(measure.unit)), escape(_measure(name, language))))
    shown = (f"<p><b>{ltr(number)}</b>{unit}<br><small>{what}</small></p>" for number, unit, what in figures)
    return f'<div class="head">{"".join(shown)}</div><p class="muted">{text["impact"]}.</p>'


def _factor(factor: Factor, text: Mapping[str, str], language: Language) -> list[str]:
    """Return name, value and source of a factor: what its unit is of is a phrase of the language behind the number and the unit."""
    name = text.get(f"factor_{factor.name}") or _chart(factor.name, language)
    unit, comma, of = _translated(factor.unit, language).replace("،", ",").partition(",")
    comma = "،" if comma and language == "ar" else comma
    value = ltr(f"{numeral(f'{factor.value:,g}', language)} {escape(_unit(unit))}".strip())
    return [escape(name), f"{value}{comma}{escape(of)}", escape(_translated(factor.source, language))]


@cache
def _translations() -> Mapping[str, Mapping[str, str]]:
    """Return the sources and units of factors in all languages, by their English."""
    return {text["en"]: text for name, text in texts().items() if name.startswith(("source_", "unit_"))}


def _translated(english: str, language: Language) -> str:
    """Return a source or unit of a factor in a language; in English where it is not known."""
    return _translations().get(english, {}).get(language, english)


def _facts(trial: Trial, text: Mapping[str, str]) -> str:
    facts = [
        ("pilot", trial.pilot),
        ("trial", trial.trial),
        ("mode", text[trial.mode]),
        ("edition", trial.edition),
        ("ended", f"{trial.ended:%Y-%m-%d %H:%M} UTC" if trial.ended else ""),
        ("seeds", str(trial.seeds)),
        ("commitment", trial.commitment),
    ]
    rows = (
        f"<tr><th>{text[name]}</th><td><bdi><code>{escape(value)}</code></bdi></td></tr>"
        for name, value in facts
        if value
    )
    return f"<table>{''.join(rows)}</table>"


def _points(trial: Trial, sheet: Sheet) -> list[str]:
    assert trial.score is not None  # noqa: S101 - of a trial that is done
    text, language = sheet.words, sheet.language
    rows = [(text["you"], trial.score.mean, trial.score.low, trial.score.high)]
    rows += [(text[name], one.mean, one.low, one.high) for name, one in trial.baselines.items()]
    parts = [
        f"<h2>{text['points']}</h2>",
        _wide(points_chart([*rows, (text["oracle"], 100.0, None, None)], sheet)),
        f'<p class="muted">{text["scale"]}</p>',
    ]
    if (above := trial.above_reference) is not None:
        between = "".join(f" ({between})" for between in _between(above, language))
        shown = ltr(f"{_one(above.mean, language)}{between}")
        parts.append(f"<p>{text['above']}{colon_in(language)}{shown}</p>")
    beside = [name for name in _SHOWN if any(name in result.baselines for result in trial.results)]
    seeds = [
        [
            str(result.seed),
            _one(result.points, language),
            *(_one(result.baselines[name].points, language) if name in result.baselines else "" for name in beside),
        ]
        for result in trial.results
    ]
    return [*parts, table([text["seed"], text["you"], *(text[name] for name in beside)], seeds)]


def ltr(text: str) -> str:
    """Return numbers and signs that are read from left to right in every language: without letters they would turn in Arabic."""
    return f'<bdi dir="ltr">{text}</bdi>'


def colon_in(language: Language) -> str:
    """Return a colon and the space behind it, in French one before it, too."""
    return "\u00a0: " if language == "fr" else ": "


def _one(value: float, language: Language) -> str:
    """Return a number with one digit behind the point, never -0.0."""
    return numeral(f"{round(value, 1) + 0.0:,.1f}", language)


def _between(score: TrialScore, language: Language) -> list[str]:
    """Return the interval of a score, or none."""
    ends = (score.low, score.high)
    return [" ... ".join(_one(end, language) for end in ends if end is not None)] if None not in ends else []


def _means(trial: Trial, text: Mapping[str, str], part: Literal["measures", "impact"], language: Language) -> list[str]:
    """Return the means of measures over seeds, of the service and of the baselines beside it."""
    own: list[Mapping[str, Measure]] = [getattr(result, part) for result in trial.results]
    names = list(dict.fromkeys(name for one in own for name in one))
    if not names:
        return []
    beside = [name for name in _SHOWN if all(name in result.baselines for result in trial.results)]
    columns = [own] + [[getattr(result.baselines[name], part) for result in trial.results] for name in beside]
    unit = {name: measure.unit for one in own for name, measure in one.items()}
    rows = [
        [
            f"{escape(_measure(name, language))}{_in(unit[name])}",
            *(_mean(column, name, language) for column in columns),
        ]
        for name in names
    ]
    return [f"<h2>{text[part]}</h2>", table(["", text["you"], *(text[name] for name in beside)], rows)]


def _measure(name: str, language: Language) -> str:
    """Return what a measure is called; one that has no name yet by that of the API."""
    known = texts().get(f"measure_{name}")
    return known[language] if known else name.replace("_", " ")


def _chart(name: str, language: Language) -> str:
    """Return what a chart is called: it shows a property or a measure."""
    known = translations()["properties"].get(name)
    return titles("properties", name, name.replace("_", " "))[language] if known else _measure(name, language)


def _unit(unit: str) -> str:
    """Return a unit as people write it."""
    return _UNITS.get(unit, unit.replace("m3", "m³").replace("ug", "µg"))


def _in(unit: str) -> str:
    """Return the unit behind the name of a measure, in brackets."""
    return f" <bdi>({shown})</bdi>" if (shown := escape(_unit(unit))) else ""


def _mean(column: Sequence[Mapping[str, Measure]], name: str, language: Language) -> str:
    values = [one[name].value for one in column if name in one]
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = sum(known) / len(known)
    short = abs(mean) < 999.5  # else it is rounded to 1e+03
    return numeral(f"{mean:.3g}" if short else f"{mean:,.0f}", language)


def _seed(number: int, exhibit: Exhibit, report: TrialReport, sheet: Sheet) -> str:
    result, text, language = report.trial.results[number - 1], sheet.words, sheet.language
    parts = []
    if exhibit.events:
        name_of = {
            name: title.get(language, name.replace("_", " ")) for name, title in translations()["events"].items()
        }
        parts += [f"<h3>{text['timeline']}</h3>", _wide(timeline(exhibit, name_of, sheet))]
    if exhibit.more:
        parts.append(f"<p>{text['more']} {sheet.number(f'{exhibit.more:,}')}</p>")
    for chart in exhibit.charts:
        name = _chart(chart.name, language)
        of = numeral(_unit(chart.of), language) if chart.of.startswith(">") else chart.of  # a limit, or whose it is
        drawn = line_chart(chart, exhibit, f"{name} {of}".strip(), _unit(chart.unit), sheet)
        title = escape(name[:1].upper() + name[1:])
        parts += [f"<h3>{title}{f' - <bdi>{escape(of)}</bdi>' if of else ''}</h3>", _wide(drawn)]
    if exhibit.places:
        parts += [f"<h3>{text['map']}</h3>", map_of(report.outline, exhibit.places, text)]
    points = f"{colon_in(language)}{ltr(_one(result.points, language))}"
    return f"<summary>{text['seed']} {number}{points}</summary>{''.join(parts)}"
