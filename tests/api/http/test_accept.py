"""Content negotiation: the media type that a header Accept prefers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.accept import choose, preferred
from api.http.problems import Problem

REPORT = {"json": "application/json", "html": "text/html"}
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
TYPES = ["application/json", "text/csv", "text/html"]


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        pytest.param(None, "json", id="none"),
        pytest.param("", "json", id="empty"),
        pytest.param("*/*", "json", id="curl, fetch, requests"),
        pytest.param("application/json, text/plain, */*", "json", id="axios"),
        pytest.param("application/json, text/javascript, */*; q=0.01", "json", id="jQuery"),
        pytest.param("application/json", "json", id="one type"),
        pytest.param("application/*", "json", id="a family"),
        pytest.param(CHROME, "html", id="Chrome"),
        pytest.param("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html", id="Firefox, Safari"),
        pytest.param("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "html", id="Java"),
        pytest.param("text/*;q=0.5, application/json;q=0.4", "html", id="a family by weight"),
        pytest.param("text/html, application/json", "html", id="of equal weights the first named"),
        pytest.param("application/json, text/html", "json", id="and the other way round"),
        pytest.param("*/*, text/html", "html", id="of equal weights the one that is named"),
        pytest.param("text/html;q=0.9, application/json", "json", id="by weight, not by order"),
        pytest.param("text/html;q=0, */*", "json", id="one that is refused"),
        pytest.param("application/json;q=0, */*;q=0.1", "html", id="the other one refused"),
        pytest.param('text/html;x="a,b;q=0";q=0.9, application/json;q=0.1', "html", id="a comma in quotes"),
        pytest.param(" , TEXT/HTML ;\tQ = 0.5 ,", "html", id="spaces and capitals"),
        pytest.param("text/*;q=0.3, text/html;q=0.7, text/html;level=1;q=0.1, */*;q=0.5", "html", id="RFC 9110"),
    ],
)
def test_programs_get_json_and_browsers_get_html(accept: str | None, name: str) -> None:
    assert choose(None, accept, REPORT) == name


@pytest.mark.parametrize(
    "accept", ["image/png", "text/csv", "*/*;q=0", "text/html;q=0", "text/html;q=2", "text/html;q=nan"]
)
def test_what_takes_none_of_those_offered_is_406_with_advice(accept: str) -> None:
    with pytest.raises(Problem, match=r"Print it\.") as problem:
        choose(None, accept, REPORT, "Print it.")
    assert problem.value.members["allowed"] == list(REPORT.values())


@given(st.permutations(TYPES), st.lists(st.integers(1, 9), min_size=3, max_size=3, unique=True))
def test_the_greatest_weight_wins_in_any_order(order: list[str], weights: list[int]) -> None:
    accept = ",".join(f"{media};q=0.{weight}" for media, weight in zip(order, weights, strict=True))
    assert preferred(accept, TYPES) == order[weights.index(max(weights))]
    assert preferred(f"*/*;q=0.05,{accept}", TYPES) == order[weights.index(max(weights))]


@given(st.text(max_size=50) | st.text('*/texhml;,q=.01 "', max_size=50))
def test_any_header_is_answered(accept: str) -> None:
    assert preferred(accept, TYPES) in (*TYPES, None)
