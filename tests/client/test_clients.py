"""Both clients have the same calls, with names, words and help that a person can read."""

import inspect

import pytest

from zenata_client import AsyncClient, Client
from zenata_client.calls import city, worlds


def public(client):
    return {name for name in vars(client) if not name.startswith("_")}


def test_both_have_the_same_calls():
    assert public(Client) == public(AsyncClient)
    assert len(public(Client)) > 30


@pytest.mark.parametrize("name", sorted(public(Client) - {"close"}))
def test_a_call_has_its_own_name_and_help_in_both(name):
    method, awaited = getattr(Client, name), getattr(AsyncClient, name)
    assert method.__name__ == awaited.__name__ == name
    assert method.__doc__ == awaited.__doc__
    assert method.__doc__
    parameters = inspect.signature(method).parameters
    assert parameters == inspect.signature(awaited).parameters
    assert all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters.values()) or name == "add_event"
    described = method.__doc__.partition("Parameters\n")[2]
    assert all(one in described for one in [*parameters][1:] if len(parameters) > 3), "every parameter is described"
    assert "Plan" not in str(inspect.signature(method).return_annotation)


def test_a_call_shows_the_words_it_takes():
    with Client("http://127.0.0.1:1", "zk_any") as client:
        assert list(inspect.signature(client.sensors).parameters) == list(inspect.signature(city.sensors).parameters)
        assert list(inspect.signature(client.command).parameters) == list(inspect.signature(worlds.command).parameters)
