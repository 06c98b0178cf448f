"""JSON Schema of documents, for OpenAPI and AsyncAPI."""

import inspect
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import msgspec

from .base import Document

_PREFIX = "#/components/schemas/"
_PAGE = re.compile(r"(?:.*\.)?Page_(?:.*\.)?(\w+)_")


class Schemas:
    """Collects the types that an API document refers to.

    Parameters
    ----------
    omit : str
        What is left out of names of classes that only their module distinguishes.
    """

    def __init__(self, omit: str = "zenata.contract.") -> None:
        self._omit = omit
        self._types: dict[str, Any] = {}
        self._references: dict[str, dict[str, Any]] = {}

    def reference(self, type_: Any) -> dict[str, Any]:  # noqa: ANN401 - any type that msgspec describes
        """Return the schema of a type; its parts are among the `components`."""
        key = str(type_)
        if key not in self._references:  # a hundred routes refer to problems, seven times each
            self._types[key] = type_
            (schema,), components = msgspec.json.schema_components([type_], ref_template=_PREFIX + "{name}")
            self._references[key] = _renamed(schema, {name: self._public(name) for name in components})
        return deepcopy(self._references[key])

    def components(self) -> dict[str, Any]:
        """Return every schema that is referred to, by name."""
        _, components = msgspec.json.schema_components(list(self._types.values()), ref_template=_PREFIX + "{name}")
        closed = {cls.__name__ for cls in _subclasses(Document)}
        schemas = {}
        for name, schema in components.items():
            schemas[name] = _described(schema)
            if name.rpartition(".")[2] in closed or _PAGE.fullmatch(name):
                schemas[name]["additionalProperties"] = False
        renamed: dict[str, Any] = _renamed(schemas, {name: self._public(name) for name in components})
        return renamed

    def _public(self, name: str) -> str:
        """Return the public name of a class: of a page ``DevicePage``, of two of one name with their modules."""
        if page := _PAGE.fullmatch(name):
            return f"{page[1]}Page"
        return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]+", name.removeprefix(self._omit)))


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for one in type.__subclasses__(cls):
        yield one
        yield from _subclasses(one)


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a class with what its numpydoc docstring says, of the class and of each member."""
    summary, _, rest = inspect.cleandoc(schema.get("description", "")).partition("\n\n")
    texts = {
        name: " ".join(text.split())
        for names, text in re.findall(r"^(\w+(?:, \w+)*) : .*\n((?: {4}.*\n?)*)", rest + "\n", flags=re.MULTILINE)
        for name in names.split(", ")
        if text
    }
    members = {
        name: {"description": texts[name], **about} if name in texts else about
        for name, about in schema.get("properties", {}).items()
    }
    described = {name: part for name, part in schema.items() if name not in {"title", "description"}}
    if summary:
        described["description"] = " ".join(summary.split())
    return described | ({"properties": members} if members else {})


def _renamed(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with references and keys of schemas by their new names."""
    if isinstance(node, list | tuple):
        return [_renamed(part, names) for part in node]
    if isinstance(node, dict):
        if (items := node.get("prefixItems")) and items.count(items[0]) == len(items):  # a tuple of one type
            node = {name: part for name, part in node.items() if name != "prefixItems"} | {"items": items[0]}
        return {names.get(key, key): _renamed(part, names) for key, part in node.items()}
    if isinstance(node, str) and node.startswith(_PREFIX):
        return _PREFIX + names[node.removeprefix(_PREFIX)]
    return node
