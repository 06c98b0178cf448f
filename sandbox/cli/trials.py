"""The commands `zenata trial`: challenges, trials of a service, their scores and receipts."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from sandbox.cli.options import USER, Ask, with_api, with_settings
from sandbox.screen import say, show_json, table
from sandbox.settings import Settings
from zenata.errors import SetupError

Language = Literal["en", "fr", "ar"]
VariantName = Literal["plain", "outage", "sensor-faults", "heat-wave", "ramadan"]
ReportFormat = Literal["html", "json", "pdf"]

trials_app = typer.Typer(
    help="Trials: test a service against a city that knows the truth (docs/trials.md).", no_args_is_help=True
)

Challenge = Annotated[str, typer.Argument(help="A challenge, such as leak-detection.")]
TrialId = Annotated[str, typer.Argument(help="Id of the trial, such as t-1a2b3c.")]
Mode = Annotated[str, typer.Option(help="practice, or graded for the leaderboard.")]
Clock = Annotated[str, typer.Option(help="lock-step: it moves when it is asked to; speed: it runs by itself.")]
SpeedNumber = Annotated[float | None, typer.Option(help="World seconds per second, 1 to 3600, with --clock speed.")]
Seeds = Annotated[
    list[int] | None, typer.Option("--seed", help="A practice seed, any number of times.", show_default="hidden ones")
]
Name = Annotated[str, typer.Option(help="Shown on the leaderboard.")]
Publish = Annotated[
    bool,
    typer.Option(
        "--publish/--no-publish",
        help="Publish and store the readings of steps over HTTP, too; those of steps asked for by MQTT always are.",
    ),
]
Parallel = Annotated[
    int,
    typer.Option(help="Seeds side by side: the trial has so many parts, and each is played by a service of its own."),
]

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest.")]

_HEADINGS = ("TRIAL", "CHALLENGE", "MODE", "PHASE", "SEEDS", "POINTS")
_FORMATS: dict[str, ReportFormat] = {".html": "html", ".json": "json", ".pdf": "pdf"}
_BESIDE = ("naive", "reference")  # policies that a seed's points are shown beside


def _at(*words: str) -> str:
    return "/".join(("/v1/trials", *(quote(word, safe="") for word in words)))


def _row(trial: dict[str, Any]) -> list[str]:
    points = f"{trial['score']['mean']:6.1f}" if trial["score"] else "     -"
    done = f"{trial['seeds_done']}/{trial['seeds']}"
    return [*(trial[member] for member in ("trial", "challenge", "mode", "phase")), done, points]


def _interval(score: dict[str, Any]) -> str:
    between = "" if score["low"] is None else f" (95 %: {score['low']:.1f} to {score['high']:.1f})"
    return f"{score['mean']:8.1f} points{between}"


def _new(
    challenge: str,
    mode: str,
    clock: str,
    speed: float | None,
    seeds: list[int] | None,
    name: str,
    publish: bool,
    parallel: int,
) -> dict[str, Any]:
    members = {"challenge": challenge, "mode": mode, "clock": clock, "speed": speed, "seeds": seeds, "name": name}
    known = {member: value for member, value in members.items() if value is not None}
    return known | {"publish": publish, "parallel": parallel}


def _writable(file: Path | None) -> Path | None:
    """Refuse a file that could not be written, before the work whose result it is for."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise typer.BadParameter(f"{file} cannot be written: name a file in a folder that exists")
    return file


@trials_app.command("challenges")
@with_api("demo")
def list_challenges(ask: Ask) -> None:
    """List the challenges, with what to do in each."""
    found = ask("/v1/challenges")["items"]
    table(("CHALLENGE", "WHAT TO DO"), ((one["challenge"], one["summary"]) for one in found))


@trials_app.command("list")
@with_api("demo")
def list_trials(ask: Ask, limit: Limit = 100) -> None:
    """List trials, newest first: id, challenge, mode, phase, seeds done and score."""
    found = ask(f"{_at()}?limit={limit}")["items"]
    if not found:
        typer.echo("there are no trials yet: `zenata trial run` begins one")
        return
    table(_HEADINGS, map(_row, found))


@trials_app.command()
@with_api("demo")
def start(
    ask: Ask,
    challenge: Challenge,
    mode: Mode = "practice",
    clock: Clock = "lock-step",
    speed: SpeedNumber = None,
    seed: Seeds = None,
    name: Name = "",
    publish: Publish = False,
    parallel: Parallel = 1,
) -> None:
    """Begin a trial, and print its id, or those of its parts: give it to a service as ZENATA_TRIAL."""
    new = _new(challenge, mode, clock, speed, seed, name, publish, parallel)
    trial = ask(_at(), "POST", new)
    typer.echo("\n".join(trial["parts"] or [trial["trial"]]))


@trials_app.command()
@with_api("demo")
def show(ask: Ask, trial: TrialId) -> None:
    """Show a trial as JSON: its phase, how far it is, and its scores."""
    show_json(ask(_at(trial)))


@trials_app.command()
@with_api("demo")
def cancel(ask: Ask, trial: TrialId) -> None:
    """Cancel a trial. A graded one counts among the attempts of its day."""
    table(_HEADINGS, [_row(ask(_at(trial), "DELETE"))])


@trials_app.command()
@with_settings("data_dir")
def run(
    settings: Settings,
    challenge: Challenge,
    exec_: Annotated[
        str | None,
        typer.Option(
            "--exec",
            help="Command that starts the service; it finds the trial in ZENATA_URL, _KEY, _MQTT, _USER and _TRIAL.",
            show_default="it is started by hand",
        ),
    ] = None,
    mode: Mode = "practice",
    clock: Clock = "lock-step",
    speed: SpeedNumber = None,
    seed: Seeds = None,
    name: Name = "",
    publish: Publish = False,
    parallel: Parallel = 1,
    variant: Annotated[
        VariantName,
        typer.Option(help="Practise the same seeds under other conditions: outage, sensor-faults, heat-wave, ramadan."),
    ] = "plain",
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness", help="Practise the same seeds again in each variant, and with the service killed midway."
        ),
    ] = False,
    at_least: Annotated[float, typer.Option(help="Points that the mean must have for the exit code 0.")] = 0.0,
    junit: Annotated[
        Path | None,
        typer.Option(callback=_writable, help="Write the result as JUnit XML, a test case for each seed."),
    ] = None,
    receipt: Annotated[Path | None, typer.Option(callback=_writable, help="Write the signed receipt.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            callback=_writable, help="Write the report: by its name .html (one file that works offline), .json or .pdf."
        ),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = "en",
    user: Annotated[str, typer.Option(help=USER)] = "demo",
) -> None:
    """Put a service through a trial, and end with its score: exit code 0 if it has the points, 1 if not, 2 if it failed.

    If no city is running, one is started for the trial, and stopped afterwards.
    """
    from sandbox.running import ask
    from sandbox.trials import city_for, run_trial, write_junit, write_report

    if robustness and (mode, variant) != ("practice", "plain"):
        raise typer.BadParameter("--robustness is for plain practice: leave --mode and --variant out")
    if robustness and exec_ is None:
        raise typer.BadParameter("--robustness starts the service several times: say how with --exec")
    if report and report.suffix not in _FORMATS:
        raise typer.BadParameter(f"--report: {report} ends with none of {', '.join(_FORMATS)}")
    new = {**_new(challenge, mode, clock, speed, seed, name, publish, parallel), "variant": variant}
    with city_for(settings, say):
        over = run_trial(settings, user, new, exec_, say)
        _say_results(over)
        if junit:
            write_junit(junit, over, at_least)
        if over["phase"] != "done":
            say(f"zenata: the trial {over['trial']} is {over['phase']}: {over['reason']}")
            raise typer.Exit(2)
        if robustness:
            _say_robustness(settings, user, {**new, "seeds": over["numbers"]}, exec_)
        if receipt:
            document = ask(settings, _at(over["trial"], "receipt"), user=user)
            receipt.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        if report:
            document = ask(settings, f"{_at(over['trial'], 'report')}?format=json", user=user)
            write_report(document, report, _FORMATS[report.suffix], lang)
    if over["score"]["mean"] < at_least:
        raise typer.Exit(1)


def _say_robustness(settings: Settings, user: str, new: dict[str, Any], exec_: str | None) -> None:
    """Practise again in each variant, and with the service killed midway; show the mean of each, or why there is none."""
    from sandbox.trials import KILLED, run_trial
    from zenata.trials.variants import VARIANTS

    for row in (*VARIANTS, KILLED):
        again = {**new, "variant": "plain" if row == KILLED else row}
        try:
            other = run_trial(settings, user, again, exec_, say, killed=row == KILLED)
        except SetupError as error:  # as a variant that the city lacks is refused; the others count none the less
            typer.echo(f"{row:9}    refused: {error}")
        else:
            result = _interval(other["score"]) if other["score"] else f"   {other['phase']}: {other['reason']}"
            typer.echo(f"{row:9} {result}")


def _say_results(over: dict[str, Any]) -> None:
    """Show the points of each seed, and the mean beside those of the baselines."""
    for result in over["results"]:
        beside = "".join(
            f", {name} {result['baselines'][name]['points']:.1f}" for name in _BESIDE if name in result["baselines"]
        )
        typer.echo(f"seed {result['seed']:2}  {result['points']:8.1f} points, {result['answers']:,} answers{beside}")
    if over["phase"] == "done":
        typer.echo(f"mean     {_interval(over['score'])}; 0 is doing nothing, 100 knows the truth")
        for name, theirs in over["baselines"].items():
            typer.echo(f"{name:9}{_interval(theirs)} in the same seeds")


@trials_app.command()
@with_api("demo")
def report(
    ask: Ask,
    trial: TrialId,
    output: Annotated[
        Path | None, typer.Option(callback=_writable, help="File to write.", show_default="TRIAL.html")
    ] = None,
    format_: Annotated[
        ReportFormat,
        typer.Option("--format", help="html: one file that works offline; json; pdf: by Chromium or Chrome."),
    ] = "html",
    lang: Annotated[Language, typer.Option(help="Language of html and pdf.")] = "en",
) -> None:
    """Write the report of a trial that is done: the truth, what was found, and scores beside those of the baselines."""
    from sandbox.trials import write_report

    document = ask(f"{_at(trial, 'report')}?format=json")
    file = output or Path(f"{trial}.{format_}")
    write_report(document, file, format_, lang)
    typer.echo(str(file))


@trials_app.command()
@with_settings("city")
def verify(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="A receipt.")],
    key: Annotated[
        str | None, typer.Option(help="Public key in hex that must have signed it.", show_default="that in the receipt")
    ] = None,
) -> None:
    """Check a receipt, and compute its scores again where its seeds are known. Needs no running city."""
    from sandbox.trials import verify_receipt

    if not verify_receipt(settings, file, key, typer.echo):
        raise typer.Exit(1)
