"""Channels of MQTT: every family of topics, and the types of its payloads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zenata.contract.trials import NewAnswers
from zenata.contract.worlds import Label
from zenata.wire.bulletins import Announcement, Clock
from zenata.wire.commands import Command, Response
from zenata.wire.senml import Record
from zenata.wire.topics import Pattern
from zenata.wire.uplinks.chirpstack import Event as ChirpstackUplink
from zenata.wire.uplinks.things import Up as ThingsUplink


@dataclass(frozen=True, slots=True)
class Payload:
    """What a message may hold.

    Parameters
    ----------
    name, summary : str
    type : Any
        What the code reads or writes it as; None where it is no JSON of ours to describe.
    example : Any
        JSON.
    media : str
    """

    name: str
    summary: str
    type: Any = None
    example: Any = None
    media: str = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A family of topics.

    Parameters
    ----------
    action : str
        What the sandbox does: ``send`` or ``receive``.
    summary : str
    payloads : sequence of Payload
    retained : bool
    """

    action: str
    summary: str
    payloads: Sequence[Payload]
    retained: bool = False


_SENML = "application/senml+json"
_PACK = [
    {"bn": "air-0042/", "bt": 1767225600, "seq": 17, "n": "pm25", "u": "ug/m3", "v": 12.3},
    {"n": "no2", "u": "ug/m3", "v": 31.0},
]
_AT = "2026-07-01T06:00:00Z"
_UNTIL = "2026-07-01T08:00:00Z"
_LEAK = {"type": "leak", "targets": ["water-0010"], "start": _AT, "end": _UNTIL}
_DEVICE_PACK = [{"bn": "roof/", "bt": 1769846400, "n": "temperature", "u": "Cel", "v": 21.5}]
_CHIRPSTACK = {
    "deviceInfo": {"devEui": "70b3d57ed0051234"},
    "object": {"temperature": 27.2},
    "rxInfo": [{"rssi": -48, "snr": 9}],
}
_THINGS = {
    "end_device_ids": {"device_id": "roof-1"},
    "uplink_message": {"decoded_payload": {"temperature": 27.2}, "rx_metadata": [{"rssi": -35, "snr": 5}]},
}

CHANNELS: Mapping[Pattern, Channel] = {
    Pattern.TELEMETRY: Channel(
        action="send",
        retained=True,
        summary="What one sensor observes; `seq` numbers its messages from 1.",
        payloads=[Payload("telemetry", "A SenML pack (RFC 8428).", list[Record], _PACK, media=_SENML)],
    ),
    Pattern.PACK: Channel(
        action="send",
        summary="Every reading of a district and tick, in a world that was made with `packs`.",
        payloads=[Payload("pack", "A SenML pack (RFC 8428).", list[Record], _PACK, media=_SENML)],
    ),
    Pattern.COMMAND: Channel(
        action="receive",
        summary="Setpoints for a device; `/v1/kinds` lists those of each kind.",
        payloads=[
            Payload(
                "command",
                "Values by setting; null gives one back to the device's own control.",
                Command,
                {"id": "a1", "set": {"dim": 0.4}},
            )
        ],
    ),
    Pattern.RESPONSE: Channel(
        action="send",
        summary="What became of a command, with the next tick of the world.",
        payloads=[
            Payload(
                "response",
                "Whether it was applied, and when.",
                Response,
                {"id": "a1", "status": "applied", "at": _AT, "reason": None},
            )
        ],
    ),
    Pattern.CLOCK: Channel(
        action="send",
        retained=True,
        summary="The time of a world, at each of its ticks. An empty message means that the world is no more.",
        payloads=[
            Payload(
                "clock", "Time and pace.", Clock, {"time": _AT, "speed": 60.0, "state": "running", "messages": 10000}
            )
        ],
    ),
    Pattern.EVENTS: Channel(
        action="send",
        summary="Public events: what a city would announce.",
        payloads=[Payload("announcement", "An event as it begins.", Announcement, {"id": "e1"} | _LEAK)],
    ),
    Pattern.DEVICE: Channel(
        action="receive",
        summary="What a device of a pilot says, in any of these forms.",
        payloads=[
            Payload(
                "properties",
                "A JSON object of properties; `time` may be a text or seconds since 1970.",
                dict[str, Any],
                {"temperature": 21.5, "door": True},
            ),
            Payload("deviceTelemetry", "A SenML pack (RFC 8428).", list[Record], _DEVICE_PACK, media=_SENML),
            Payload("chirpstackUplink", "An uplink as ChirpStack v4 has it.", ChirpstackUplink, _CHIRPSTACK),
            Payload("thingsUplink", "An uplink as The Things Stack v3 has it.", ThingsUplink, _THINGS),
            Payload("cayenne", "Cayenne LPP, of a device with the codec `cayenne`.", media="application/octet-stream"),
            Payload("lines", "InfluxDB line protocol, of a device with the codec `influx`.", media="text/plain"),
        ],
    ),
    Pattern.ANSWER: Channel(
        action="receive",
        summary="What a pilot's service answers in a trial.",
        payloads=[
            Payload(
                "answers",
                "Answers to the step that was made last, as the challenge has them; with `next`, the next step is made.",
                NewAnswers,
                {"step": 200, "next": True, "answers": [{"streets": ["street-0033"]}]},
            )
        ],
    ),
    Pattern.TRUTH: Channel(
        action="send",
        retained=True,
        summary="What really happened; for administrators and engineers alone.",
        payloads=[
            Payload(
                "truth",
                "An event with the sensors that it affected.",
                Label,
                {
                    "event": "e1",
                    **_LEAK,
                    "cause": {"area": 0.002},
                    "severity": 0.5,
                    "public": False,
                    "affected": [
                        {"sensor": "water-0010", "property": "pressure", "start": _AT, "end": _UNTIL, "largest": -3.2}
                    ],
                },
            )
        ],
    ),
}
"""Every family of topics, with its payloads."""
