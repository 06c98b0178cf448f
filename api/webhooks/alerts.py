"""Deliveries of alerts to the webhooks that wait for them: once when one is raised, once when it is cleared."""

from collections.abc import Callable, Sequence

from api.pilots.alerts import Alert
from api.webhooks.register import Webhooks
from api.webhooks.trackers import delivery_of
from api.webhooks.webhook import Webhook
from zenata.city.clock import Clock, format_time


class AlertDeliverer:
    """Records deliveries of alerts. What is looked at twice is delivered once, also after a restart.

    Parameters
    ----------
    hooks : Webhooks
    sees_all : callable
        Whether a pilot receives the alerts of all, as engineers and administrators are.
    clock : Clock
        The wall's.
    """

    def __init__(self, hooks: Webhooks, sees_all: Callable[[str], bool], clock: Clock) -> None:
        self._hooks, self._sees_all, self._clock = hooks, sees_all, clock
        self._seen: set[tuple[str, int, str, bool]] = set()

    def deliver(self, alerts: Sequence[Alert]) -> None:
        """Record what has become of alerts, newest first, since a webhook was made or restarted.

        Raises
        ------
        SQLAlchemyError
            If the database is away: call it again.
        """
        hooks = [hook for hook in self._hooks.webhooks() if hook.enabled and hook.condition["type"] == "alert"]
        news = {
            (hook.id, hook.begun, alert.id, is_over): (hook, alert)
            for hook in hooks
            for alert in reversed(alerts)
            if self._is_meant(hook, alert)
            for is_over in ((False, True) if alert.cleared else (False,))
        }
        for key, (hook, alert) in news.items():
            if key not in self._seen:
                self._record(hook, alert, is_over=key[-1])
        self._seen = set(news)  # what is no longer looked at need not be remembered

    def _is_meant(self, hook: Webhook, alert: Alert) -> bool:
        severities = hook.condition["severity"]
        if severities and alert.severity not in severities:
            return False
        if alert.cleared is not None and alert.cleared < hook.begun:
            return False
        return alert.pilot == hook.pilot or self._sees_all(hook.pilot)

    def _record(self, hook: Webhook, alert: Alert, *, is_over: bool) -> None:
        data = {
            "id": alert.id,
            "pilot": alert.pilot,
            "kind": alert.kind,
            "severity": alert.severity,
            "detail": alert.detail,
            "time": format_time(alert.raised),
            "cleared": format_time(alert.cleared) if is_over and alert.cleared else None,
        }
        word = "alert.cleared" if is_over else "alert.raised"
        delivery = delivery_of(hook, word, {"alert": data}, self._clock.now(), alert.id, subject=alert.id)
        self._hooks.record(hook, {}, [delivery])
