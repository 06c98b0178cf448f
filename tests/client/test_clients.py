"""Both clients have the same calls, with names, words and help that a person can read."""

import inspect
import re
from urllib.parse import unquote

import pytest

from zenata_client import AsyncClient, Client, calls
from zenata_client.calls import city, worlds

NOT_CALLED = {"/v1/frame", "/v1/frame/stream", "/v1/session"}
"""Paths of the API that the client has no call for: they are for pages in browsers."""


def public(client):
    return {name for name in dir(client) if not name.startswith("_")}


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


def requests_of(name):
    """Return method and path of what a call may send first, whatever it is given."""
    call = next(vars(module)[name] for module in vars(calls).values() if name in getattr(module, "__dict__", {}))
    words = {"amount": 1.0, "settings": {"a": 1}, "condition": {}, "message": {"a": 1}, "commands": []}
    needed = {
        one.name: words.get(one.name, f"{{{one.name}}}")
        for one in inspect.signature(call).parameters.values()
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    }
    step = next(call(**needed, **({"steps": 1} if name == "advance" else {})))
    send = getattr(step, "send", step)
    return send.method, unquote(send.path)


def test_every_route_has_a_call(api):
    with api.client(None) as plain:
        document = plain.get("/openapi.json").json()
    known = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/v1/")
    }
    routes = {requests_of(name) for name in public(Client) - {"close", "export", "pandas", "polars", "arrow"}}
    routes |= {("GET", "/v1/exports/{}/file"), ("GET", "/v1/exports/{}")}  # of `download`
    missing = known - {(method, re.sub(r"{\w+}", "{}", path)) for method, path in routes}
    assert {path for _, path in missing} <= NOT_CALLED
