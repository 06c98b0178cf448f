import pytest

from api.http.problems import KINDS as PROBLEMS
from sandbox.parts import city_of
from simulators.events.registry import EVENTS
from zenata.city.kinds import KINDS
from zenata.city.quantities import QUANTITIES
from zenata.city.titles import titles, translations
from zenata.trials.registry import CHALLENGES

NAMED = {
    "kinds": set(KINDS),
    "properties": set(QUANTITIES),
    "settings": {f"{kind.name}.{one.name}" for kind in KINDS.values() for one in kind.settings},
    "events": set(EVENTS),
    "challenges": set(CHALLENGES),
    "problems": set(PROBLEMS),
}


@pytest.mark.parametrize("subject", NAMED)
def test_everything_that_people_read_has_a_title_in_every_language(subject):
    known = translations()[subject]
    assert set(known) == NAMED[subject]
    for name, words in known.items():
        assert set(words) == {"fr", "ar"}, name
        assert any("\u0600" <= letter <= "\u06ff" for letter in words["ar"]), name
        assert not any("\u0660" <= letter <= "\u0669" for letter in words["ar"]), "digits are the western ones"
    assert all(len({one[language] for one in known.values()}) > len(known) * 0.9 for language in ("fr", "ar"))


def test_what_is_not_translated_is_said_in_english():
    assert titles("kinds", "submarine", "submarine") == dict.fromkeys(("fr", "en", "ar"), "submarine")


def test_districts_of_the_city_have_names_in_every_language():
    for district in city_of("zenata").districts:
        assert district.titles["en"] == district.name
        assert district.name_fr
        assert district.name_ar
    assert all(set(one.titles.values()) == {one.name} for one in city_of("valdeira").districts)
