from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zenata.city.readings import Catalog, Selection, Series

WORDS = st.sampled_from(("a", "b", "c"))
SERIES = st.builds(Series, *[WORDS] * 6)
CHOICE = st.lists(st.sampled_from(("a", "b", "c", "nothing")), max_size=3).map(tuple)
SELECTIONS = st.builds(Selection, worlds=CHOICE, sensors=CHOICE, kinds=CHOICE, districts=CHOICE, properties=CHOICE)


def catalog_of(series: Sequence[Series]) -> Catalog:
    catalog = Catalog()
    for one in series:
        catalog.intern(one)
    return catalog


def test_series_are_numbered_in_order_of_first_sight() -> None:
    one, two = (Series("zenata", "air-0001", name, "air", "la-ferme", "ug/m3") for name in ("no2", "o3"))
    catalog = Catalog()
    assert [catalog.intern(series) for series in (one, two, one)] == [0, 1, 0]
    assert len(catalog) == 2
    assert catalog[1] is two
    assert catalog.since(1) == [two]
    assert catalog.find("zenata", "air-0001", "o3") == 1
    assert catalog.find("zenata", "air-0001", "so2") is None


def test_first_description_of_a_series_stays() -> None:
    catalog = catalog_of([Series("zenata", "air-0001", "no2", "air", "la-ferme", "ug/m3")])
    assert catalog.intern(Series("zenata", "air-0001", "no2", "noise", "coast", "dB")) == 0
    assert catalog[0].unit == "ug/m3"
    assert catalog.select(Selection(districts=("coast",))).tolist() == []
    assert catalog.select(Selection(districts=("la-ferme",), kinds=("air",))).tolist() == [0]


@given(st.lists(SERIES), SELECTIONS)
def test_selection_means_all_of_its_filters(series: list[Series], selection: Selection) -> None:
    catalog = catalog_of(series)
    pairs = (
        ("world", "worlds"),
        ("sensor", "sensors"),
        ("kind", "kinds"),
        ("district", "districts"),
        ("property", "properties"),
    )
    expected = [
        number
        for number, one in enumerate(catalog.since(0))
        if all(getattr(one, name) in (getattr(selection, names) or "abc") for name, names in pairs)
    ]
    chosen = catalog.select(selection)
    assert chosen.tolist() == expected
    assert chosen.dtype == np.int32


def test_selection_follows_a_growing_catalog() -> None:
    catalog = Catalog()
    for number in range(3000):
        catalog.intern(Series("zenata", f"air-{number}", "no2", "air", f"d{number % 3}", "ug/m3"))
        if number % 500 == 0:
            assert len(catalog.select(Selection())) == number + 1
    assert catalog.select(Selection(districts=("d1",))).tolist() == list(range(1, 3000, 3))
    assert catalog.select(Selection(sensors=("air-2999", "air-7"))).tolist() == [7, 2999]


@given(st.lists(SERIES), SELECTIONS, st.sets(st.sampled_from("abc"), max_size=2), st.lists(SERIES))
def test_removed_series_are_never_found_and_their_numbers_not_given_out_again(
    series: list[Series], selection: Selection, worlds: set[str], more: list[Series]
) -> None:
    catalog = catalog_of(series)
    count = len(catalog)
    gone = catalog.select(Selection(worlds=tuple(worlds))) if worlds else np.empty(0, dtype=np.int32)
    catalog.remove(gone)
    assert len(catalog) == count
    assert not set(catalog.select(Selection())) & set(gone.tolist())
    assert all((catalog[number].world in worlds, catalog[number].sensor) == (True, "") for number in gone.tolist())
    new = [catalog.intern(one) for one in more]
    assert all(number >= count or number not in gone for number in new)
    left = [number for number in range(len(catalog)) if number not in gone]
    fresh = catalog_of([catalog[number] for number in left])
    assert catalog.select(selection).tolist() == [left[number] for number in fresh.select(selection).tolist()]
    assert [catalog.find(one.world, one.sensor, one.property) for one in more] == new
