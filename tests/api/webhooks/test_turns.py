"""A webhook that is made while its pilot's turn is behind."""

import pytest

from api.webhooks import evaluator as module
from tests.api.webhooks.rig import FIRES, Rig


def test_a_webhook_made_while_its_pilot_is_behind_delivers_nothing_of_before(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TURN", 60.0)
    rig.add("wh_1")
    evaluator = rig.watch()
    evaluator._lead()
    with monkeypatch.context() as patch:
        patch.setattr(module, "_TURN", 0.0)
        for minute, value in enumerate((10, 90, 10)):
            rig.store_and_publish(("air-1", minute, value))
        evaluator._follow()
        rig.add("wh_2")
        evaluator._lead()
    for act in (evaluator._follow, evaluator._revise, evaluator._follow, evaluator._write):
        act()
    assert len(rig.delivered("wh_1")) == 2
    assert rig.delivered("wh_2") == []
    rig.store_and_publish(("air-1", 3, 90))
    evaluator._follow()
    assert rig.delivered("wh_2") == [("00:03", "air-1", FIRES)]
