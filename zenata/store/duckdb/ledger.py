"""The tables of the ledger: accounts as of the last fold, and every entry since."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from zenata.store.ledger import AccountState, Entries, Ledger

_TYPES: dict[str, type] = dict.fromkeys(("world", "sensor", "beyond"), object)

_FOLD = 1_000_000
"""Entries after which they are folded into the accounts; some minutes of a busy city, and a second of starting."""


@dataclass(slots=True)
class LedgerTables:
    """A ledger, and what of it is on disk.

    Parameters
    ----------
    ledger : Ledger
    accounts : int
        How many of its accounts, by number, are in the table.
    entries : int
        How many entries are.
    """

    ledger: Ledger
    accounts: int = 0
    entries: int = 0

    def load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the accounts, and enter what has come since."""
        rows = connection.execute(
            "SELECT world, sensor, head, beyond, stored, numbered, unnumbered, repeated FROM accounts ORDER BY id"
        ).fetchall()
        self.ledger.restore(
            AccountState(world, sensor, head, json.loads(beyond), *counts)
            for world, sensor, head, beyond, *counts in rows
        )
        entries = connection.execute("SELECT account, seq, fate FROM entries ORDER BY rowid").fetchnumpy()
        fate = entries["fate"]
        begins = np.flatnonzero(np.diff(fate)) + 1  # what is replayed was rejected before: one kind after the other
        for part in np.split(np.arange(len(fate)), begins):
            self.ledger.enter(Entries(entries["account"][part], entries["seq"][part], fate[part]))
        self.accounts, self.entries = len(rows), len(fate)

    def insert(self, connection: duckdb.DuckDBPyConnection, entries: Entries) -> None:
        """Write entries, and the accounts that they are the first of."""
        new = [_empty(*name) for name in self.ledger.names(self.accounts)]
        _write(connection, new, self.accounts)
        if len(entries.seq):
            rows = entries._asdict()  # noqa: F841 - DuckDB finds it by its name
            connection.execute("INSERT INTO entries SELECT account, seq, fate FROM rows")

    def enter(self, entries: Entries) -> None:
        """Enter what has been written."""
        self.accounts = self.ledger.size
        self.entries += len(entries.seq)
        self.ledger.enter(entries)

    @property
    def is_full(self) -> bool:
        """Whether there are so many entries that they should be folded."""
        return self.entries >= _FOLD

    def fold(self, connection: duckdb.DuckDBPyConnection, without: str | None = None) -> None:
        """Replace entries and accounts by the accounts as they are, without those of a world that is deleted."""
        states = [one for one in self.ledger.states() if one.world != without]
        connection.execute("DELETE FROM accounts")
        connection.execute("DELETE FROM entries")
        _write(connection, states, 0)
        self.accounts, self.entries = len(states), 0


def _write(connection: duckdb.DuckDBPyConnection, states: Sequence[AccountState], first: int) -> None:
    """Write accounts, of which the first has the number `first`."""
    if not states:
        return
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in states] for name in AccountState._fields}
    columns["beyond"] = list(map(json.dumps, columns["beyond"]))
    rows: dict[str, npt.NDArray[Any]] = {
        name: np.array(column, dtype=_TYPES.get(name, np.int64)) for name, column in columns.items()
    }
    rows["id"] = np.arange(first, first + len(states), dtype=np.int32)
    connection.execute("INSERT INTO accounts BY NAME SELECT * FROM rows")


def _empty(world: str, sensor: str) -> AccountState:
    return AccountState(world, sensor, 0, [], 0, 0, 0, 0)
