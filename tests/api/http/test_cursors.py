from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.http.cursors import Cursors
from api.http.problems import Problem

CURSORS = Cursors(b"secret")
POSITIONS = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8).map(tuple)


def refused(cursor: str, query: str, length: int, cursors: Cursors = CURSORS) -> None:
    with pytest.raises(Problem, match="no cursor of this query") as problem:
        cursors.decode(cursor, query, length)
    assert (problem.value.name, problem.value.members["parameter"]) == ("invalid-parameter", "cursor")


@given(POSITIONS, st.text())
def test_a_cursor_comes_back_as_it_was(position: tuple[int, ...], query: str) -> None:
    assert CURSORS.decode(CURSORS.encode(position, query), query, len(position)) == position


@given(POSITIONS, st.text(), st.text())
def test_a_cursor_belongs_to_its_query(position: tuple[int, ...], query: str, other: str) -> None:
    assume(query != other)
    refused(CURSORS.encode(position, query), other, len(position))


@given(POSITIONS, st.data())
def test_a_cursor_changed_anywhere_is_refused(position: tuple[int, ...], data: st.DataObject) -> None:
    cursor = CURSORS.encode(position, "q")
    begin = data.draw(st.integers(0, len(cursor)))
    changed = cursor[:begin] + data.draw(st.text(max_size=2)) + cursor[begin + data.draw(st.integers(0, 2)) :]
    assume(changed != cursor)
    refused(changed, "q", len(position))


@given(POSITIONS, st.data())
def test_a_bit_changed_anywhere_is_refused(position: tuple[int, ...], data: st.DataObject) -> None:
    cursor = CURSORS.encode(position, "q")
    sealed = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    refused(urlsafe_b64encode(sealed).rstrip(b"=").decode(), "q", len(position))


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    refused(text, "q", 1)


def test_a_cursor_of_another_length_is_refused() -> None:
    refused(CURSORS.encode((1, 2), "q"), "q", 1)


@given(POSITIONS)
def test_a_cursor_of_another_secret_is_refused(position: tuple[int, ...]) -> None:
    refused(CURSORS.encode(position, "q"), "q", len(position), Cursors(b"another"))


@given(st.integers(0, 2**63 - 2), st.text())
def test_a_cursor_shows_nothing_of_its_position(number: int, query: str) -> None:
    """Half of all bits differ between neighbours, five standard deviations and more allowed for."""
    one, other = (urlsafe_b64decode(CURSORS.encode((position,), query)) for position in (number, number + 1))
    different = sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))
    assert 48 < different < 144
