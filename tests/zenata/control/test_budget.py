"""Budgets, in both databases."""

from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import Engine

from tests.waiting import at_once
from zenata.contract.pilots import MAX_GRANTS
from zenata.control.audit import Audit
from zenata.control.budget import Budget
from zenata.control.database import open_database
from zenata.control.pilot import PilotError
from zenata.control.register import Register

DAY = "2026-11-23"


@pytest.fixture
def budget(engine: Engine) -> Budget:
    Register(engine).add("aqua", by="root")
    return Budget(engine)


def test_entries_are_dated_and_noted(budget: Budget, engine: Engine) -> None:
    budget.enter("aqua", Decimal("150000.50"), day=DAY, note="first grant", by="root")
    budget.enter("aqua", Decimal(-99), day="2026-10-01", by="root")
    assert [(one.date, one.centimes, one.note, one.by) for one in budget.entries("aqua")] == [
        ("2026-10-01", -9900, "", "root"),
        (DAY, 15000050, "first grant", "root"),
    ]
    assert [entry.detail["dh"] for entry in Audit(engine).entries(limit=2)] == ["-99", "150000.50"]


@pytest.mark.parametrize(
    ("amount", "day", "reason"),
    [
        ("0", DAY, "invalid"),
        ("0.001", DAY, "invalid"),
        ("NaN", DAY, "invalid"),
        ("sNaN", DAY, "invalid"),
        ("1e300", DAY, "limit"),
        ("1e999999", DAY, "limit"),
        ("200000.01", DAY, "limit"),
        ("100000.01", DAY, "limit"),  # on top of the grant that is there
        ("-100000.01", DAY, "limit"),
        ("1", "23.11.2026", "invalid"),
        ("1", "20261123", "invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_not_entered(
    budget: Budget, engine: Engine, amount: str, day: str, reason: str
) -> None:
    budget.enter("aqua", Decimal(MAX_GRANTS) / 2, day=DAY, by="root")
    with pytest.raises(PilotError) as refused:
        budget.enter("aqua", Decimal(amount), day=day, by="root")
    assert refused.value.reason == reason
    assert len(budget.entries("aqua")) == 1
    assert [entry.what for entry in Audit(engine).entries()] == ["budget.enter", "pilot.add"]


def test_nobody_has_no_budget(budget: Budget) -> None:
    with pytest.raises(PilotError, match="no pilot 'ben'"):
        budget.enter("ben", Decimal(1), day=DAY, by="root")


def test_of_two_at_once_one_has_the_last_dirham(budget: Budget, fresh: str) -> None:
    budget.enter("aqua", Decimal(10), day=DAY, by="root")
    engines = [open_database(fresh) for _ in range(2)]

    def spend(engine: Engine) -> str:
        try:
            Budget(engine).enter("aqua", Decimal(-10), day=DAY, by="root")
        except PilotError as error:
            return error.reason
        return "spent"

    outcomes = at_once(*(partial(spend, engine) for engine in engines))
    for engine in engines:
        engine.dispose()
    assert sorted(outcomes) == ["limit", "spent"]
    assert sum(one.centimes for one in budget.entries("aqua")) == 0
