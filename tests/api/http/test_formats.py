import pytest

from api.http.formats import FORMATS, choose_format
from api.http.problems import Problem


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("text/html, */*;q=0.1", "json"),
        ("application/json;q=0.2, text/csv;q=0.9", "csv"),
        ("application/json;q=0, */*", "csv"),
        ("application/vnd.apache.arrow.stream", "arrow"),
        ("application/vnd.apache.parquet", "parquet"),
    ],
)
def test_accept_chooses(accept: str | None, name: str) -> None:
    assert choose_format(None, accept).name == name


@pytest.mark.parametrize("name", FORMATS)
def test_the_parameter_wins_over_accept(name: str) -> None:
    assert choose_format(name, "text/html").name == name


@pytest.mark.parametrize(("name", "accept"), [("xml", None), ("", None), (None, "text/html"), (None, "text/csv;q=0")])
def test_what_is_not_there_is_406_with_the_allowed(name: str | None, accept: str | None) -> None:
    with pytest.raises(Problem) as problem:
        choose_format(name, accept)
    assert problem.value.name == "unsupported-format"
    assert problem.value.members["allowed"]
