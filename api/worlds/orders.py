"""Commands of pilots, as simulators take them."""

from typing import Any

from api.http.context import Context
from api.readings.selection import check_sensor
from zenata.control.keys import Principal


def order_of(context: Context, principal: Principal, command: dict[str, Any]) -> dict[str, Any]:
    """Return a command as simulators take it.

    Raises
    ------
    Problem
        If there is no such sensor.
    """
    check_sensor(context, command["sensor"])
    sensor = context.city.sensor_by_id[command["sensor"]]
    named = {"kind": sensor.kind, "sensor": sensor.id}
    return named | {"set": command["set"], "id": command.get("id"), "by": principal.pilot}
