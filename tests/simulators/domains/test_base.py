"""What holds for several domains: whatever stands in a city without a table for it is named."""

from dataclasses import replace

import pytest

from simulators.domains.registry import DOMAINS
from zenata.errors import CityError


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ("charger", r"no \[\[charger.uses\]\] for district category moon"),
        ("parking", r"no \[\[parking.uses\]\] for district category moon"),
        ("meter", r"no \[\[meter.uses\]\] for business in moon, household in moon"),
        ("waste", r"\[waste\] equivalents lacks moon"),
    ],
)
def test_a_district_of_which_no_table_speaks_is_named(city, conditions, domain, message):
    districts = tuple(replace(district, category="moon", population=0) for district in city.districts)
    with pytest.raises(CityError, match=f"city.toml of small: {message}"):
        DOMAINS[domain](replace(city, districts=districts), conditions)


@pytest.mark.parametrize(("domain", "attribute", "table"), [("crowd", "place", "places"), ("bus", "line", "lines")])
def test_an_attribute_of_which_no_table_speaks_is_named(city, conditions, domain, attribute, table):
    strays = (replace(one, attributes={attribute: "moon"}) for one in city.sensors if one.kind == domain)
    with pytest.raises(CityError, match=rf"city.toml of small: no \[\[{domain}.{table}\]\] for {attribute} moon"):
        DOMAINS[domain](replace(city, sensors=tuple(strays)), conditions)
