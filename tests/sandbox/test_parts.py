"""Parts that programs are composed from."""

import pytest

from sandbox.parts import city_of, subscription_of
from sandbox.settings import Settings
from zenata.errors import CityError
from zenata.wire.address import Address


def test_a_city_is_read_once_so_that_forks_share_it():
    assert city_of("zenata") is city_of("zenata")


def test_a_city_that_is_not_there_is_named_each_time():
    for _ in range(2):
        with pytest.raises(CityError, match="atlantis"):
            city_of("atlantis")


def test_a_damaged_note_of_what_is_subscribed_to_stops_nobody(tmp_path):
    settings = Settings(data_dir=tmp_path)
    settings.subscribed_file().write_bytes(b"\xff")
    with subscription_of(settings, Address(host="127.0.0.1", port=1), "ingest", ("#",), lambda: None):
        pass
