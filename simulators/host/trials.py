"""Trial worlds: how the world of a seed is made, moved on step by step, and scored when it has come to its end."""

import math
import threading
import time
from typing import Any

import msgspec
from msgspec.structs import replace

from simulators.events.scenario import events_of
from simulators.host.commands import response_to
from simulators.host.documents import Collected, Rows, array_of
from simulators.host.event_control import BetweenTicks
from simulators.host.requests import Arguments, NewTrialWorldRequest, TrialStepRequest, read_arguments
from simulators.host.service import Simulation
from simulators.host.tick_floor import TickFloor
from simulators.record.journal import Entry, Journal, Order
from simulators.record.record import Recipe, Record, seal_of
from simulators.record.run import Run
from simulators.trials import Recording, baselines, collect, networks_of
from simulators.world.world import TICK
from zenata.city.clock import SECOND, ZONE_RULES, format_time
from zenata.city.model import City
from zenata.errors import ControlError
from zenata.trials.challenge import Challenge, Command, Score, plan_of
from zenata.trials.challenge import Run as TrialRun
from zenata.trials.exhibits import exhibit_of
from zenata.trials.receipt import ReceiptError, SeedEvidence
from zenata.trials.registry import CHALLENGES
from zenata.trials.seeds import Seed

ANSWERS = "answers.json"
"""File of a trial world's folder with the answers of the service: a list of time [us since the Unix epoch] and answer."""

_REFUSED = ("pace", "advance", "backfill", "fork", "reveal", "event", "end-event", "repair", "repairs")
"""Verbs that would move the world, or say what is hidden in it: a crew says what it has found."""

_PATIENCE = 60.0  # with a world that was killed, and comes to where it was [s]
_LOOK = 0.02  # pause between two looks at whether it has [s]


def trial_recipe(city: City, request: NewTrialWorldRequest) -> Recipe:
    """Return how to make the world of a seed.

    Raises
    ------
    ControlError
        If there is no such challenge.
    ScenarioError
        If its events do not fit the city.
    """
    challenge = _challenge(request.challenge)
    plan = plan_of(challenge, request.seed)
    return Recipe(
        city=city.id,
        seed=request.seed.number,
        start=plan.start,
        live=False,
        events=tuple(events_of(plan.events, plan.start)),
        kinds=challenge.kinds,
        districts=challenge.districts,
        owner=request.owner,
        sealed=seal_of(request.seed.key),
        zone_rules=ZONE_RULES,
        trial=request.trial,
        challenge=challenge.name,
        variant=request.seed.variant,
        every=challenge.tick * SECOND,
    )


class TrialControl:
    """The verbs of a trial world: it moves by steps of the trial alone, and shows nothing of what is hidden.

    Parameters
    ----------
    simulation : Simulation
    record : Record
    name : str
        Of the world.
    between_ticks : callable
        Lets the thread of the world do something.

    Attributes
    ----------
    verbs : dict of str to callable
    """

    def __init__(self, simulation: Simulation, record: Record, name: str, between_ticks: BetweenTicks) -> None:
        self._simulation, self._run, self._record, self._name = simulation, simulation.running, record, name
        self._between_ticks, self._rows = between_ticks, Rows(simulation.running.world.city, name)
        self._challenge = _challenge(self._run.recipe.challenge)
        self._last: tuple[int, dict[str, Any]] | None = None  # number and document of the last step
        self._recording: Recording | None = None  # of a world whose every tick this process has made, a step at a time
        self._commands: list[Command] = []  # that were given in what is recorded
        if self._run.time < self._run.recipe.start and not self._challenge.evidence:
            networks = networks_of(self._run.city, self._challenge)
            self._recording = Recording(self._run.city, self._challenge, self._run.world, networks)
        simulation.floor = TickFloor(self._challenge.warm_up // self._challenge.tick, record)
        self._lock = threading.Lock()
        self.verbs = {
            "trial-step": self._step,
            "trial-score": self._score,
            **dict.fromkeys(_REFUSED, self._refuse),
        }

    def _refuse(self, _: dict[str, Any]) -> None:
        trial = self._run.recipe.trial
        raise ControlError(
            f"this is the world of the trial {trial}, which moves it: use /v1/trials/{trial}/step", "conflict"
        )

    def _step(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Make a step, or return the one just made again."""
        request, run = read_arguments(arguments, TrialStepRequest), self._run
        first, last = self._bounds(request.step)
        with self._lock:
            if self._simulation.pace.state != "paused":
                raise ControlError("this trial runs by itself, and has no steps to ask for", "conflict")
            self._await_catching_up()
            if not first <= run.time <= last:
                raise ControlError(f"the world stands at {format_time(run.time)}, not before this step", "conflict")
            if self._last is None or self._last[0] != request.step:
                self._publish(request.publish)
                self._last = request.step, self._made(request.orders, first, last)
            document = self._last[1]
            return {**document, "items": array_of(document["items"][: request.limit])}

    def _publish(self, publish: bool) -> None:
        """Publish readings from now on, or not; a process that comes after this one goes on so."""
        pace = self._simulation.pace
        if pace.publish != publish:
            self._between_ticks(lambda: self._simulation.set_pace(replace(pace, publish=publish)))

    def _await_catching_up(self) -> None:
        """Wait until a world whose process was killed has come to where it was."""
        deadline = time.monotonic() + _PATIENCE
        while not self._run.caught_up:
            if time.monotonic() > deadline:
                raise ControlError("the world is still coming to where it was; try again in a moment", "away")
            time.sleep(_LOOK)

    def _bounds(self, step: int) -> tuple[int, int]:
        """Return the times of the last tick before a step, and of its last [us since the Unix epoch]."""
        start, length = self._run.recipe.start, self._challenge.step * SECOND
        return start + (step - 1) * length if step > 1 else start - TICK, start + step * length

    def _made(self, orders: tuple[Order, ...], first: int, last: int) -> dict[str, Any]:
        """Return what the ticks after `first` up to `last` bring [us since the Unix epoch], which are made if they are not."""
        if self._run.time == first:
            return self._make(orders, last)
        self._make((), last)  # the rest of a step that a death has cut short
        return self._again(first, last)

    def _make(self, orders: tuple[Order, ...], last: int) -> dict[str, Any]:
        """Make the ticks of a step, the first with commands."""
        step = Collected(self._rows, self._run.time)

        def begin() -> None:
            for order in orders:
                if refusal := self._simulation.refusal(order):
                    raise ControlError(f"command to {order.sensor}: {refusal}", "invalid")
            for order in orders:
                self._simulation.order(order)

        def tick() -> None:
            before = self._run.time
            emission = self._simulation.tick()
            step.add(emission, self._simulation.outcomes)
            if self._recording:
                self._recording.tick(emission)
            for order, response in self._simulation.outcomes:
                given = Command(time=before, sensor=order.sensor, set=order.set, status=response.status)
                self._commands.append(given)

        self._between_ticks(begin)
        while self._run.time < last:
            self._between_ticks(tick)
            time.sleep(max(self._simulation.rest, 0.0))
        return _document(step, self._run.time)

    def _again(self, first: int, last: int) -> dict[str, Any]:
        """Make a step in another world that is the same, for what this one has forgotten with its process."""
        recipe = self._run.recipe
        entries = [entry for entry in self._run.journal.since(0) if entry.at < last]
        run = Run(self._run.city, recipe, Journal(None, entries), labelled=False, secret=self._record.secret())
        while run.time < first:
            run.step()
        step = Collected(self._rows, run.time)
        while run.time < last:
            orders = [entry.order for entry in entries if entry.at == run.time]
            refusals = run.obey()
            emission, answered = run.step(), zip(orders, refusals, strict=True)
            step.add(emission, [(one, response_to(one, run.time, why)) for one, why in answered if one is not None])
        return _document(step, run.time)

    def _score(self, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON can hold
        """Score the seed by the answers in the world's folder and the commands in its journal, beside the baselines."""
        read_arguments(arguments, Arguments)
        city, challenge, recipe = self._run.city, self._challenge, self._run.recipe
        secret = self._record.secret()
        if secret is None:
            raise ControlError("the secret of this trial world is missing; restore its folder", "conflict")
        seed = Seed(number=recipe.seed, secret=secret.hex(), variant=recipe.variant)
        evidence = SeedEvidence(
            seed=seed,
            points=math.nan,
            answers=msgspec.json.decode(self._record.files.read(ANSWERS) or b"[]"),
            entries=[msgspec.to_builtins(entry) for entry in self._run.journal.since(0)],
        )
        plan = plan_of(challenge, seed)
        made = self._recorded()
        without = made if made and not made.commands else collect(city, challenge, plan)
        run = run_of(city, challenge, evidence, without, made)
        score = msgspec.to_builtins(challenge.score(run))
        beside = msgspec.to_builtins(baselines(city, challenge, plan, without))
        shown = msgspec.to_builtins(exhibit_of(challenge, run))
        rejected = sum(command.status == "rejected" for command in run.commands)
        return {**score, "baselines": beside, "exhibit": shown, "entries": evidence.entries, "rejected": rejected}

    def _recorded(self) -> TrialRun | None:
        """Return what the world left behind, as `collect` would; None if it was not recorded from its first tick on."""
        recording = self._recording
        if recording is None or recording.steps < len(recording.times) or len(self._run.journal) != len(self._commands):
            return None
        return recording.made(self._commands)


def recomputed(city: City, challenge: Challenge, evidence: SeedEvidence) -> Score:
    """Return the score of a seed, by the answers of a service and by what it has done to the world.

    Raises
    ------
    ReceiptError
        As `run_of`.
    """
    return challenge.score(run_of(city, challenge, evidence))


def run_of(
    city: City,
    challenge: Challenge,
    evidence: SeedEvidence,
    without: TrialRun | None = None,
    made: TrialRun | None = None,
) -> TrialRun:
    """Run the world of a seed again, with the answers of a service and what it has done.

    Parameters
    ----------
    city : City
    challenge : Challenge
    evidence : SeedEvidence
    without : Run or None
        What `collect` returns of the seed without commands, if it is known.
    made : Run or None
        What the world left behind with them, if it was recorded.

    Raises
    ------
    ReceiptError
        If the seed is hidden, or the evidence is none.
    """
    if evidence.seed is None:
        raise ReceiptError("its seeds are hidden until its edition is closed")
    try:
        answers = [(time, msgspec.convert(answer, challenge.answer)) for time, answer in evidence.answers]
        entries = msgspec.convert(evidence.entries, list[Entry])
    except msgspec.ValidationError as error:
        raise ReceiptError(f"the evidence of a seed is none: {error}") from error
    orders = ((entry.at, entry.order) for entry in entries if entry.order is not None)
    commands = [Command(time=at, sensor=order.sensor, set=order.set) for at, order in orders]
    plan = plan_of(challenge, evidence.seed)
    return collect(city, challenge, plan, answers=answers, commands=commands, without=without, made=made)


def _document(step: Collected, now: int) -> dict[str, Any]:
    return {
        "from": format_time(step.before),
        "time": format_time(now),
        "rows": step.rows,
        "items": step.items,
        "outcomes": step.outcomes,
    }


def _challenge(name: str) -> Challenge:
    if name not in CHALLENGES:
        raise ControlError(f"there is no challenge {name[:80]!r}: use {', '.join(CHALLENGES)}", "invalid")
    return CHALLENGES[name]
