import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.cursors import decode_cursor, encode_cursor

POSITIONS = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=4).map(tuple)


@given(POSITIONS, st.text())
def test_a_cursor_comes_back_as_it_was(position: tuple[int, ...], query: str) -> None:
    assert decode_cursor(encode_cursor(position, query), query, len(position)) == position


@given(POSITIONS, st.text(), st.text())
def test_a_cursor_belongs_to_its_query(position: tuple[int, ...], query: str, other: str) -> None:
    assume(query != other)
    with pytest.raises(ValueError, match="no cursor of this query"):
        decode_cursor(encode_cursor(position, query), other, len(position))


@given(POSITIONS, st.data())
def test_a_cursor_changed_anywhere_is_refused(position: tuple[int, ...], data: st.DataObject) -> None:
    cursor = encode_cursor(position, "q")
    place = data.draw(st.integers(0, len(cursor)))
    changed = cursor[:place] + data.draw(st.text(max_size=2)) + cursor[place + data.draw(st.integers(0, 2)) :]
    assume(changed != cursor)
    with pytest.raises(ValueError, match="no cursor of this query"):
        decode_cursor(changed, "q", len(position))


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor of this query"):
        decode_cursor(text, "q", 1)


def test_a_cursor_of_another_kind_of_list_is_refused() -> None:
    with pytest.raises(ValueError, match="no cursor of this query"):
        decode_cursor(encode_cursor((1, 2), "q"), "q", 1)


def test_a_number_no_store_could_take_is_refused() -> None:
    with pytest.raises(ValueError, match="no cursor of this query"):
        decode_cursor(encode_cursor((2**63,), "q"), "q", 1)
