"""Selection of what a world computes and publishes: domains made on demand, kinds and districts."""

from collections.abc import Collection, Iterator, Mapping

from simulators.domains.base import Domain
from simulators.domains.registry import DOMAINS
from simulators.world.conditions import Conditions
from zenata.city.model import City


class LazyDomains(Mapping[str, Domain]):
    """The domains of a world as events see them: one that the world does not compute is made on demand."""

    def __init__(self, city: City, seed: int, computed: Mapping[str, Domain]) -> None:
        self._city, self._seed = city, seed
        self._domains = dict(computed)

    def __getitem__(self, name: str) -> Domain:
        if name not in self._domains:
            self._domains[name] = DOMAINS[name](self._city, Conditions.of(self._city, seed=self._seed))
        return self._domains[name]

    def __iter__(self) -> Iterator[str]:
        return iter(DOMAINS)

    def __len__(self) -> int:
        return len(DOMAINS)


def is_listed(kind: str, district: str, kinds: Collection[str], districts: Collection[str]) -> bool:
    """Return whether a sensor is among those that publish; no kinds or districts mean all."""
    return (not kinds or kind in kinds) and (not districts or district in districts)
