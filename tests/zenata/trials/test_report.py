"""Reports of trials as HTML, and the exhibits that they show."""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from zenata.city.sentences import LANGUAGES, numeral
from zenata.city.titles import translations
from zenata.contract.answers import LeakAnswer, ParkingAnswer, ParkingForecast
from zenata.contract.reports import Exhibit, TrialReport
from zenata.contract.trials import Baseline, Measure, SeedResult, Trial, TrialScore, TrialTopics
from zenata.trials import exhibits, leaks, parking
from zenata.trials.challenge import Command
from zenata.trials.registry import CHALLENGES
from zenata.trials.report import _translated, report_html, texts, words
from zenata.trials.svg import MAX_POINTS, WIDTH, Sheet, map_of, points_chart

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 6, 8, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'
MEASURES = {"water": Measure(value=12.5, unit="m3"), "delay": Measure(value=None, unit="h")}


def trial(**members) -> Trial:
    baseline = Baseline(points=30.0, measures=MEASURES, impact=MEASURES)
    results = [
        SeedResult(seed=number, points=40.0 + number, answers=3, commands=0, measures=MEASURES, impact=MEASURES,
                   baselines={"reference": baseline, "oracle": baseline})
        for number in (1, 2)
    ]  # fmt: skip
    score = TrialScore(mean=41.5, low=35.1, high=47.9, seeds=2)
    values = {
        "trial": "t-1", "pilot": "aqua", "challenge": "leak-detection", "mode": "practice", "variant": "plain", "clock": "lock-step",
        "speed": None, "name": "", "edition": "2026", "phase": "done", "place": None, "reason": None, "made": NOW,
        "heartbeat": NOW, "deadline": NOW, "ended": NOW, "kinds": [], "districts": [], "seeds": 2, "seeds_done": 2,
        "seed": 2, "world": None, "time": None, "step": 0, "steps": 960, "warm_up": 288, "every": 900.0,
        "topics": TrialTopics(readings=None, clock=None, commands=None, responses=None, answers="a"),
        "step_url": "/v1", "commitment": "ab" * 32, "numbers": [1, 2], "results": results, "score": score,
        "baselines": {"naive": score, "reference": score}, "above_reference": score,
    }  # fmt: skip
    return Trial(**values | members)


def report(*shown: Exhibit, **members) -> TrialReport:
    return TrialReport(
        title=leaks.CHALLENGE.titles,
        trial=trial(**members),
        factors=list(leaks.CHALLENGE.factors),
        outline=[[(0, 0), (1, 0), (1, 1), (0, 0)]],
        exhibits=list(shown),
    )


@pytest.fixture
def leak(leaking) -> Exhibit:
    run = leaking((0, 30, 10.0), (4, 60, 5.0))
    answers = [
        (int(run.times[hour * 4]), LeakAnswer(streets=(street,)))
        for hour, street in ((40, "street-1"), (30, "street-3"), (41, "street-0"))
    ]
    return leaks.exhibit(replace(run, answers=answers))


def test_leaks_are_found_by_the_first_true_detection_and_missed_without_one(leak):
    first, second = leak.events
    assert (first.targets, second.targets) == (["street-0"], ["street-4"])
    assert first.found == leak.start + timedelta(hours=40 - 24)
    assert second.found is None
    assert (first.verdict, second.verdict) == ("hit", "missed")
    assert [(one.target, one.hit) for one in leak.detections] == [
        ("street-3", False),
        ("street-1", True),
        ("street-0", True),
    ]
    assert {one.target: one.verdict for one in leak.places} == {
        "street-0": "hit",
        "street-4": "missed",
        "street-3": "false",
    }
    assert leak.charts[0].curves[0].values[-1] == 15.0


def test_forecasts_are_shown_with_their_band_and_the_truth(parked):
    time = int(parked.times[parked.first + 5])
    answer = ParkingForecast(district="west", minutes=60, quantiles=tuple(np.arange(1, 10) / 10))
    shown = parking.exhibit(replace(parked, answers=[(time, ParkingAnswer(forecasts=(answer,)))]))
    assert {chart.of for chart in shown.charts} == {"west", "east"}
    truth, forecast = next(chart for chart in shown.charts if chart.of == "west").curves
    assert (forecast.low[5], forecast.values[5], forecast.high[5]) == (0.1, 0.5, 0.9)
    assert truth.values[5] == round(
        float(parking.shares(parked.city, parked.truth["occupied"])[parked.first + 9, 0]), 5
    )


def test_any_challenge_shows_what_commands_have_changed(parked):
    table = parked.truth["occupied"]
    changed = {"occupied": replace(table, values=table.values / 2)}
    run = replace(parked, truth=changed, commands=[Command(time=0, sensor="parking-0", set={})])
    with_, without = exhibits.general(run).charts[0].curves
    assert (with_.name, without.name) == ("with", "without")
    assert with_.values == pytest.approx([value / 2 for value in without.values], abs=1e-4)
    assert exhibits.general(parked).charts == []


def test_an_exhibit_of_very_many_detections_is_short(parked):
    shown = exhibits.exhibit(parked, detections=((step, "x", False) for step in range(300)))
    many = exhibits.exhibit(parked, detections=((300, f"s{number}", False) for number in range(1000)))
    assert (len(shown.detections), shown.more) == (300, 0)
    assert (len(many.detections), many.more) == (exhibits.MAX_DETECTIONS, 500)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_one_file_in_each_language_that_loads_and_runs_nothing(leak, language):
    page = report_html(report(leak, leak), language)
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert leaks.CHALLENGE.titles[language] in page
    assert not re.search(r"<script|<link|<img|@import|url\(|(src|href)=", page)
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)  # noqa: S314 - our own text; fails unless it is well formed
    assert page.count("<svg") == 1 + 2 * 3
    assert numeral("41.5", language) in page
    assert numeral("0.80 EUR/m", language) in page
    assert texts()["oracle"][language] in page


@pytest.mark.parametrize(
    ("language", "value", "money"),
    [
        ("en", 122_500.4, "122,500"),
        ("fr", 122_500.4, "122.500"),
        ("ar", 122_500.4, "122.500"),
        ("en", 999.7, "1,000"),
    ],
)
def test_the_head_says_the_score_and_what_was_saved_in_whole_figures(language, value, money):
    shown = report()
    for result in shown.trial.results:
        result.impact["money"] = Measure(value=value, unit="DH")
    head = report_html(shown, language).partition('class="head"')[2].partition("</div>")[0]
    figures = (numeral(value, language) for value in ("41.5", "35.1", "47.9"))
    assert all(part in head for part in (*figures, texts()["of_100"][language], money, "DH", "m³"))
    assert "e+0" not in report_html(shown, language)


def drawings(page: str) -> list[ET.Element]:
    """Return the SVG of a page, without its namespace."""
    found = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    return [ET.fromstring(one.replace("xmlns=", "x=")) for one in found]  # noqa: S314 - our own text


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_tables_and_charts_are_written_as_the_language_does(leak, language):
    shown = report(leak)
    for result in shown.trial.results:
        result.measures["delay"] = Measure(value=1234.5, unit="h")
    curve = msgspec.structs.replace(leak.charts[0].curves[0], values=[0.25, 0.5])
    small = msgspec.structs.replace(leak.charts[0], curves=[curve])
    shown = msgspec.structs.replace(shown, exhibits=[msgspec.structs.replace(leak, charts=[small], more=1500)])
    page = report_html(shown, language)
    visible = re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    point, group = (".", ",") if language == "en" else (",", ".")
    assert not re.search(rf"\d[{group}]\d(?!\d\d)", visible), "a fraction is written in another way"
    assert all(f"1{group}{hundreds}" in visible for hundreds in ("234", "500"))
    assert {f"0{point}2", f"0{point}4"} <= {text.text for drawing in drawings(page) for text in drawing.iter("text")}


@pytest.mark.parametrize(("language", "is_right"), [("en", False), ("fr", False), ("ar", True)])
def test_in_arabic_labels_stand_at_the_right_and_time_still_runs_to_the_right(leak, language, is_right):
    points, line, chart, *_ = drawings(report_html(report(leak), language))
    for drawing in (points, line, chart):
        labels = [text for text in drawing.iter("text") if text.get("text-anchor") is None]
        assert labels
        assert all((float(text.get("x")) > WIDTH / 2) is is_right for text in labels)
        assert all((text.get("direction") == "rtl") is is_right for text in labels)
    bar = next(points.iter("rect"))
    begin = float(bar.get("x")) + (float(bar.get("width")) if is_right else 0)
    assert begin == (WIDTH - 195 if is_right else 195)
    xs = [float(point.split(",")[0]) for point in next(chart.iter("polyline")).get("points").split()]
    assert xs == sorted(xs)
    assert xs[0] < WIDTH / 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_harm_is_drawn_from_zero_away_from_the_points(language):
    words = {name: text[language] for name, text in texts().items()}
    rows = [("harm", -50.0, None, None), ("good", 50.0, None, None)]
    (drawing,) = drawings(points_chart(rows, Sheet(words, language)))
    harm, good = ((float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))) for bar in drawing.iter("rect"))
    meet = (good[1], harm[0]) if language == "ar" else (harm[1], good[0])
    assert meet[0] == pytest.approx(meet[1], abs=0.2)


def test_texts_of_pilots_and_places_are_escaped(leak):
    evil = msgspec.structs.replace(leak.detections[0], target=EVIL)
    exhibit = msgspec.structs.replace(leak, detections=[evil], places=[])
    chart = msgspec.structs.replace(leak.charts[0], name=EVIL, of=EVIL, unit=EVIL)
    event = msgspec.structs.replace(leak.events[0], type=EVIL, targets=[EVIL])
    exhibit = msgspec.structs.replace(exhibit, charts=[chart], events=[event])
    page = report_html(report(exhibit, exhibit, name=EVIL, pilot=EVIL, edition=EVIL), "en")
    assert "<script" not in page
    assert "&lt;script" in page


def test_of_a_long_name_the_target_stays(leak):
    event = msgspec.structs.replace(leak.events[0], type="a_type_of_event_with_a_very_long_name")
    _, line, *_ = drawings(report_html(report(msgspec.structs.replace(leak, events=[event])), "en"))
    (label,) = [text.text for text in line.iter("text") if (text.text or "").endswith(event.targets[0])]
    assert label == f"a_type_of_event_with… {event.targets[0]}"
    assert len(label) == 30


def test_hidden_seeds_show_scores_alone(leak):
    hidden = msgspec.structs.replace(report(leak), exhibits=None)
    page = report_html(hidden, "fr")
    assert words("fr")["sealed"] in page
    assert "street-0" not in page
    assert words("fr")["gone"] in report_html(report(), "fr")


def test_curves_have_so_many_points_at_most(leak):
    curve = msgspec.structs.replace(leak.charts[0].curves[0], values=[float(n) for n in range(10_000)])
    chart = msgspec.structs.replace(leak.charts[0], curves=[curve])
    page = report_html(report(msgspec.structs.replace(leak, charts=[chart], places=[])), "en")
    points = re.search(r'<polyline points="([^"]*)"', page)
    assert points is not None
    assert len(points[1].split()) <= MAX_POINTS


def test_a_map_of_nothing_but_the_city_is_drawn():
    drawing = ET.fromstring(map_of([[(0, 0), (1, 0), (1, 1), (0, 0)]], [], {"map": "map"}))  # noqa: S314 - our own text
    assert drawing.attrib["direction"] == "ltr"


def test_every_text_is_there_in_every_language():
    for name, text in texts().items():
        assert set(text) == set(LANGUAGES), name
        assert all(text.values()), name


def measures_in(source: str) -> set[str]:
    """Return the names of the measures and impacts that a module writes out: of values with a unit."""
    pairs = [
        pair
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Dict)
        for pair in zip(node.keys, node.values, strict=True)
    ]
    return {
        key.value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(value, ast.Tuple)
        and len(value.elts) == 2 and isinstance(value.elts[1], ast.Constant) and isinstance(value.elts[1].value, str)
    }  # fmt: skip


def measures_played() -> dict[str, set[str]]:
    """Return the measures that each challenge had when it was played for docs/challenges.md."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs/challenges.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: set(re.findall(r"\| (\w+) \[", text)) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_every_measure_of_every_challenge_has_a_name_in_every_language():
    played = measures_played()
    names = set()
    for name, challenge in CHALLENGES.items():
        written = measures_in(Path(challenge.score.__code__.co_filename).read_text(encoding="utf-8"))
        assert written | played[name], name
        names |= written | played[name]
    assert {"false_alarm_rate", "skill_no2", "patrols_in_vain", "money"} <= names
    assert not {name for name in names if f"measure_{name}" not in texts()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_calls_measures_and_checks_as_reports_do(language):
    page = "".join(one.read_text(encoding="utf-8") for one in (ROOT / f"dashboard/src/texts/{language}").iterdir())
    shown = dict(re.findall(r'^  ((?:measure|check)_\w+): "(.*)",$', page, re.MULTILINE))
    for name, text in texts().items():
        if name.startswith("measure_"):
            assert shown[name] == text[language]
        elif name.startswith("check_"):
            assert shown[name]


@pytest.mark.parametrize("name", CHALLENGES)
def test_every_factor_has_a_source_or_is_a_default(name):
    for factor in CHALLENGES[name].factors:
        assert factor.value > 0
        assert factor.unit
        assert factor.source
        assert f"factor_{factor.name}" in texts() or factor.name in translations()["properties"]
        for language in ("fr", "ar"):
            assert _translated(factor.source, language) != factor.source
            assert (_translated(factor.unit, language) != factor.unit) is ("mean" in factor.unit)
