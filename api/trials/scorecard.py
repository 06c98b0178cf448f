"""Scorecard of a pilot: the checks of its edition, each with what says so, and the exceptions to them.

Exceptions are entries of the audit log, which only grows: the newest entry of a check counts.
"""

from collections.abc import Mapping, Sequence
from html import escape
from string import Formatter

from api.http.context import Context
from api.pilots.activity import HOUR
from api.pilots.alerts import Alert
from api.trials.documents import LAST, difference_of
from zenata.city.clock import SECOND, WallClock, time_of
from zenata.city.sentences import LANGUAGES, Language, numeral, translations
from zenata.contract.scorecards import Check, CheckException, CheckVerdict, Scorecard
from zenata.control.audit import AuditEntry
from zenata.control.pilot import Pilot
from zenata.control.trial_tables import TrialRow
from zenata.trials.registry import CHALLENGES
from zenata.trials.report import colon_in, ltr, page, table, texts, words

WAIVED, WITHDRAWN = "scorecard.waive", "scorecard.withdraw"
"""What the audit log calls an exception, and its end."""

WINDOW = 30 * 86_400 * SECOND
"""Over which requests are counted [us]. A default."""

ERRORS, ENOUGH = 0.05, 20
"""Share of a pilot's requests that may be wrong, and how many requests say so. Defaults."""

_EXCEPTIONS = 10_000  # newest entries of the audit log that are looked at

Detail = dict[str, str]
"""What was found, by language."""

Finding = tuple[CheckVerdict, Detail, list[str]]
"""Verdict, detail and evidence."""


class _Numerals(Formatter):
    """Formats numbers as a language writes them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: object, format_spec: str) -> str:
        text: str = super().format_field(value, format_spec)
        return numeral(text, self._language) if isinstance(value, int | float) else text


def _detail(name: str, **values: float | str) -> Detail:
    text = texts()[f"detail_{name}"]
    return {language: _Numerals(language).format(text[language], **values) for language in LANGUAGES}


def scorecard_of(context: Context, pilot: Pilot, challenges: Sequence[str] = ()) -> Scorecard:
    """Return the scorecard of a pilot.

    Parameters
    ----------
    context : Context
    pilot : Pilot
    challenges : sequence of str
        In which it has to be above the reference; if left out those that it has taken graded trials in.
    """
    register = context.trials.register
    graded = [row for row in register.trials(pilot.name) if row.mode == "graded" and row.edition == pilot.edition]
    tried = dict.fromkeys(row.challenge for row in graded if row.phase == "done" or row.is_given_up)
    names = list(challenges or tried)
    attempts = {
        name: [row for row in register.ranked(name, pilot.edition) if row.pilot == pilot.name] for name in names
    }
    found: dict[str, Finding] = {f"reference:{name}": _reference(own) for name, own in attempts.items()}
    if not names:
        found["reference"] = "unknown", _detail("no_trial_of_edition"), ["/v1/trials"]
    found["commands"] = _commands([row for own in attempts.values() for row in own[-LAST:]])
    found["freshness"] = _freshness(context, pilot)
    found["error-budget"] = _errors(context, pilot)
    found["findings"] = _findings(context, pilot)
    exceptions = _exceptions(context, pilot.name)
    checks = [_check(name, finding, exceptions.get(name)) for name, finding in found.items()]
    return Scorecard(
        pilot=pilot.name,
        edition=pilot.edition,
        made=time_of(WallClock().now()),
        ready=all(one.verdict in ("passed", "waived") for one in checks),
        challenges=names,
        checks=checks,
    )


def _check(name: str, finding: Finding, exception: AuditEntry | None) -> Check:
    verdict, detail, evidence = finding
    return Check(
        check=name,
        verdict="waived" if exception is not None and verdict != "passed" else verdict,
        detail=detail["en"],
        evidence=evidence,
        exception=None
        if exception is None
        else CheckException(
            time=time_of(exception.time),
            by=exception.who,
            name=exception.detail["name"],
            reason=exception.detail["reason"],
        ),
        details=detail,
    )


def _reference(attempts: Sequence[TrialRow]) -> Finding:
    """Say whether the lower bound of the points over those of the reference, seed by seed and less luck, is above 0."""
    if not attempts:
        return "unknown", _detail("no_trial_of_challenge"), ["/v1/trials"]
    last = attempts[-LAST:]
    evidence = [f"/v1/trials/{row.id}{'' if row.is_given_up else '/receipt'}" for row in last]
    score = difference_of(attempts)
    if score is None or score.low is None or score.high is None:
        return "unknown", _detail("no_reference"), evidence
    interval = {"mean": score.mean, "low": score.low, "high": score.high}
    detail = _detail("reference", trials=len(last), last=LAST, **interval)
    return ("passed" if score.low > 0 else "failed"), detail, evidence


def _commands(rows: Sequence[TrialRow]) -> Finding:
    """Say whether any command of graded trials was refused as unsafe: out of range, or out of reach."""
    if not (rows := [row for row in rows if not row.is_given_up]):
        return "unknown", _detail("no_trial"), ["/v1/trials"]
    unsafe = {row.id: sum(result.get("rejected", 0) for result in row.results) for row in rows}
    if any("rejected" not in result for row in rows for result in row.results):
        return "unknown", _detail("rejected_not_counted"), _receipts(unsafe)
    sent = sum(result["commands"] for row in rows for result in row.results)
    detail = _detail("commands", rejected=sum(unsafe.values()), sent=sent)
    return ("failed" if any(unsafe.values()) else "passed"), detail, _receipts(unsafe)


def _receipts(trials: Mapping[str, int]) -> list[str]:
    return [f"/v1/trials/{id_}/receipt" for id_ in trials]


def _freshness(context: Context, pilot: Pilot) -> Finding:
    """Say whether all devices of a pilot have sent something lately."""
    now = WallClock().now()
    states = {device.id: device.state(now) for device in context.devices.devices(pilot.name)}
    silent = [id_ for id_, state in states.items() if state != "online"]
    evidence = [f"/v1/pilots/{pilot.name}/activity"]
    if not states:
        return "passed", _detail("no_devices"), evidence
    counts = {"online": len(states) - len(silent), "devices": len(states)}
    if not silent:
        return "passed", _detail("devices_online", **counts), evidence
    named = ", ".join(silent[:10]) + (" ..." if len(silent) > 10 else "")
    return "failed", _detail("devices_silent", silent=named, **counts), evidence


def _errors(context: Context, pilot: Pilot) -> Finding:
    """Say whether few requests of a pilot were wrong."""
    now = WallClock().now()
    context.history.store()
    hours = context.history.between([pilot.name], now - WINDOW, now + HOUR)[pilot.name]
    answered, wrong = (sum(getattr(hour, part) for _, hour in hours) for part in ("answered", "wrong"))
    evidence = [f"/v1/pilots/{pilot.name}/activity"]
    detail = _detail("errors", wrong=wrong, answered=answered, percent=100 * ERRORS, enough=ENOUGH)
    if answered < ENOUGH:
        return "unknown", detail, evidence
    return ("passed" if wrong <= ERRORS * answered else "failed"), detail, evidence


def _findings(context: Context, pilot: Pilot) -> Finding:
    """Say whether nothing is open that somebody should look at."""
    now = WallClock().now()
    alerts = [one for one in context.alerts.between(now, now + 1) if one.pilot == pilot.name and one.cleared is None]
    serious = [one for one in alerts if one.severity != "info" or one.kind == "suspended"]
    if not serious:
        return "passed", _detail("no_alert"), ["/v1/alerts"]
    named = {
        language: text.format(alerts="; ".join(_text_of(one, language) for one in serious[:5]))
        for language, text in texts()["detail_alerts"].items()
    }
    return "failed", named, ["/v1/alerts"]


def _text_of(alert: Alert, language: str) -> str:
    return f"{alert.kind}: {alert.detail}" if language == "en" else translations(alert.detail)[language]


def _exceptions(context: Context, pilot: str) -> dict[str, AuditEntry]:
    """Return the exceptions of a pilot that stand, by check."""
    newest: dict[str, AuditEntry] = {}
    for entry in context.audit.entries(what=(WAIVED, WITHDRAWN), limit=_EXCEPTIONS):
        if entry.target == pilot:
            newest.setdefault(entry.detail["check"], entry)
    return {check: entry for check, entry in newest.items() if entry.what == WAIVED}


def scorecard_html(card: Scorecard, language: Language) -> str:
    """Return a scorecard as one HTML page that prints."""
    text = words(language)
    title = f"{text['scorecard']} - {card.pilot}"
    rows = [
        [
            f"<bdi>{escape(_title(one.check, text, language))}</bdi>",
            f"<strong>{text[one.verdict]}</strong>",
            f"<bdi>{escape(one.details[language])}</bdi>{_exception(one.exception)}",
            "<br>".join(f'<code dir="ltr">{escape(path)}</code>' for path in one.evidence),
        ]
        for one in card.checks
    ]
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{text['edition']}{colon_in(language)}<bdi>{escape(card.edition)}</bdi> - {ltr(f'{card.made:%Y-%m-%d %H:%M} UTC')}</p>",
        f"<h2>{text['ready' if card.ready else 'not_ready']}</h2>",
        table([text["check"], text["verdict"], text["detail"], text["evidence"]], rows, numbers=False),
    ]
    return page(language, title, body)


def _title(check: str, text: Mapping[str, str], language: Language) -> str:
    name, _, challenge = check.partition(":")
    of = f"{colon_in(language)}{CHALLENGES[challenge].titles[language]}" if challenge else ""
    return text[f"check_{name.replace('-', '_')}"] + of


def _exception(exception: CheckException | None) -> str:
    if exception is None:
        return ""
    waived = f"{exception.reason} ({exception.name}, {exception.by}, {exception.time:%Y-%m-%d})"
    return f"<br><em><bdi>{escape(waived)}</bdi></em>"
