"""Deliveries of alerts: once when one is raised, once when it is cleared, to those who may see it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.pilots.alerts import Alerts, Finding
from api.webhooks.alerts import AlertDeliverer
from api.webhooks.register import Webhooks
from tests.api.webhooks.rig import HOOK
from tests.clocks import StandingClock
from tests.zenata.control.databases import sqlite_in
from zenata.city.clock import SECOND
from zenata.control.database import open_database

SILENT = Finding(pilot="aqua", kind="devices-silent", detail="3 devices are silent")
DOWN = Finding(pilot=None, kind="not-ready", detail="ingest has stopped", subject="ingest")


class Alerting:
    """Alerts, and the webhooks of an administrator and of two pilots that wait for them."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_database(sqlite_in(folder))
        self.clock = StandingClock()
        self.alerts, self.hooks = Alerts(self.engine, self.clock), Webhooks(self.engine)
        self.deliverer = self.restarted()
        self.add("root"), self.add("aqua"), self.add("lumen"), self.add("urgent", pilot="root", severity=["critical"])
        self.clock.time += SECOND

    def restarted(self) -> AlertDeliverer:
        return AlertDeliverer(self.hooks, lambda pilot: pilot == "root", self.clock)

    def add(self, name: str, *, pilot: str = "", severity: list[str] | None = None) -> None:
        now, condition = self.clock.time, {"type": "alert", "severity": severity or []}
        self.hooks.add(replace(HOOK, id=f"wh_{name}", pilot=pilot or name, condition=condition, made=now, begun=now))

    def look(self, *findings: Finding) -> dict[str, list[str]]:
        """Take findings, and return the types of all deliveries so far, by webhook."""
        self.alerts.take(findings)
        self.deliverer.deliver(self.alerts.newest())
        names = ("root", "aqua", "lumen", "urgent")
        return {name: [one.type for one in reversed(self.hooks.deliveries(f"wh_{name}", limit=100))] for name in names}


@pytest.fixture
def alerting(tmp_path: Path) -> Iterator[Alerting]:
    alerting = Alerting(tmp_path)
    yield alerting
    alerting.engine.dispose()


def test_an_alert_is_told_once_to_its_pilot_and_to_administrators(alerting: Alerting) -> None:
    raised = {"root": ["alert.raised"], "aqua": ["alert.raised"], "lumen": [], "urgent": []}
    assert alerting.look(SILENT) == raised
    assert alerting.look(SILENT) == raised
    alerting.deliverer = alerting.restarted()
    assert alerting.look(SILENT) == raised
    alerting.clock.time += SECOND
    both = ["alert.raised", "alert.cleared"]
    assert alerting.look() == {"root": both, "aqua": both, "lumen": [], "urgent": []}
    alerting.clock.time += SECOND
    assert alerting.look(SILENT)["aqua"] == [*both, "alert.raised"]


def test_what_is_nobodys_is_told_to_administrators_by_severity(alerting: Alerting) -> None:
    assert alerting.look(DOWN) == {"root": ["alert.raised"], "aqua": [], "lumen": [], "urgent": ["alert.raised"]}


def test_a_webhook_is_told_what_is_open_when_it_is_made_and_not_what_was_over(alerting: Alerting) -> None:
    alerting.look(SILENT)
    alerting.clock.time += SECOND
    alerting.look(DOWN)
    alerting.clock.time += SECOND
    alerting.add("late", pilot="root")
    alerting.look(DOWN)
    bodies = [one.body for one in alerting.hooks.deliveries("wh_late", limit=100)]
    assert len(bodies) == 1
    assert "ingest has stopped" in bodies[0]
