"""Sleep of private worlds: one that nobody uses for long is stopped, until somebody asks it for something."""

import threading

from simulators.host.control import WorldControl
from simulators.host.service import Simulation
from zenata.worlds.index import WorldIndex


def run_until_idle(
    simulation: Simulation, control: WorldControl, index: WorldIndex, stop: threading.Event, name: str, idle: float
) -> None:
    """Run a private world until `stop` is set, or nobody has used it for long: then it is asleep.

    Parameters
    ----------
    simulation : Simulation
    control : WorldControl
        Knows when somebody used it last. A world that is under way to a time is used.
    index : WorldIndex
        Where it is marked as asleep.
    stop : threading.Event
    name : str
        Of the world.
    idle : float
        How long it may be unused [s].
    """

    def on_turn() -> None:
        control.activity.see(simulation.running.time)
        if simulation.fast_forward and simulation.fast_forward.under_way:
            control.activity.touch()
        if control.activity.idle > idle:
            stop.set()

    simulation.run(stop, on_turn)
    if control.activity.idle > idle:
        index.mark(name, "asleep")
