"""The running city: the file `run.json` that says where it answers, requests to it, and the banner of `zenata up`."""

import json
import os
import shlex
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec

from sandbox.init import PILOT, SHELL, read_key
from sandbox.screen import Say
from sandbox.settings import Settings
from zenata.control.pilot import PilotError
from zenata.control.register import Register
from zenata.control.web_sessions import WebSessions
from zenata.errors import SetupError
from zenata.process.files import write_private
from zenata.process.signals import process_exists
from zenata.process.tls import Certificate, Trust
from zenata.wire.address import Address, parse_url

BANNER_KINDS = ("air", "weather")
"""The kinds of which its calls show readings, and which are to be there before."""

_PATIENCE = 600.0  # for an answer [s]; many dead letters take long to decode, and a world to advance


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of `run.json`.

    Parameters
    ----------
    http, mqtt : str
        URLs.
    ws : str or None
        URL of MQTT over WebSocket, if the broker is the embedded one.
    world : str
    certificate : str or None
        File of what HTTP shows, if it is https.
    pids : dict of str to int
        Process ids by name.
    """

    http: str
    mqtt: str = ""
    ws: str | None = None
    world: str = ""
    certificate: str | None = None
    pids: dict[str, int] = {}

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return what a file tells, or None if it is not there, or none of ours."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return None

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote the file is there; one that says nothing of itself is taken for alive."""
        pid = self.pids.get("supervisor")
        return pid is None or process_exists(pid)

    def write(self, file: Path) -> None:
        """Write the file, whole or not at all."""
        write_private(file, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    def ask(
        self, path: str, *, key: str = "", method: str = "GET", body: object = None, timeout: float = 5
    ) -> dict[str, Any]:
        """Return the JSON object that the API answers with; `timeout` is the longest it may take [s].

        An answer without content is an empty object.

        Raises
        ------
        urllib.error.HTTPError
            If it refuses.
        OSError
            If it does not answer.
        ValueError
            If that is no JSON object.
        """
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None if body is None else msgspec.json.encode(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.http}{path}", data, headers, method=method)  # noqa: S310 - our own URL
        context = Trust(certificate=Path(self.certificate)).context() if self.certificate else None
        with urllib.request.urlopen(request, timeout=timeout, context=context) as response:  # noqa: S310 - our own URL
            content = response.read()
        answer = json.loads(content) if content else {}
        if not isinstance(answer, dict):
            raise ValueError("the answer is no JSON object")
        return answer


class RunFile:
    """run.json: where the city answers, and by which processes.

    Parameters
    ----------
    file : Path
    where : Running
    say : callable
        Takes, once, why it cannot be kept.
    """

    def __init__(self, file: Path, where: Running, say: Say) -> None:
        self._file, self._where, self._say = file, where, say
        self._written: dict[str, int] = {}
        self._refused = False

    def write(self, pids: dict[str, int]) -> None:
        """Write the file with these processes, or raise `SetupError`."""
        msgspec.structs.replace(self._where, pids={"supervisor": os.getpid(), **pids}).write(self._file)
        self._written, self._refused = pids, False

    def keep(self, pids: dict[str, int]) -> None:
        """Write it if a process is another, or somebody has removed it; the next call tries again what a full disk refuses."""
        if pids == self._written and self._file.exists():
            return
        try:
            self.write(pids)
        except SetupError as error:
            if not self._refused:
                self._say(f"{error}; it is written as soon as it can be")
            self._refused = True


def find(settings: Settings) -> Running:
    """Return the city that runs on a data directory.

    Raises
    ------
    SetupError
        If there is none.
    """
    running = Running.read(settings.run_file)
    if running is None or not running.is_alive:
        where = settings.data_dir.absolute()
        raise SetupError(f"no city is running in {where}; start it with `zenata up`, or use --data-dir")
    return running


def ask(settings: Settings, path: str, method: str = "GET", body: object = None, *, user: str = "admin") -> Any:  # noqa: ANN401 - any JSON
    """Return what the API of the running city answers, with the key of a user that is in a file.

    Raises
    ------
    SetupError
        If no city is running, it refuses, or there is no such key.
    """
    running = find(settings)
    file = settings.data_dir / f"{user}.key"
    if not file.exists():
        raise SetupError(f"there is no key in {file}; --user names whose key to take, such as admin or demo")
    try:
        return running.ask(path, key=read_key(file), method=method, body=body, timeout=_PATIENCE)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{running.http}{path} refused: {_detail(error)}") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"the city at {running.http} does not answer: {error}") from error


def reason_not_ready(running: Running) -> str:
    """Return why the API is not ready; nothing if it is."""
    try:
        running.ask("/readyz")
    except urllib.error.HTTPError as error:
        return _detail(error)
    except (OSError, ValueError) as error:
        return f"no: {error}"
    return ""


def _detail(error: urllib.error.HTTPError) -> str:
    """Return what the API says, with what is allowed where it points to that."""
    try:
        problem = json.load(error)
    except ValueError:
        return str(error.reason)
    allowed = ", ".join(map(str, problem.get("allowed", ())))
    return str(problem.get("detail", error.reason)).replace("'allowed'", allowed or "nothing")


def login_address(http: str, register: Register, pilot: str) -> str:
    """Return the address of the page that logs a browser in as a pilot, once.

    Its secret is behind a ``#``, so that no browser sends it with the address, and no log has it.

    Raises
    ------
    PilotError
        If the pilot cannot log in.
    """
    return f"{http}/#login={WebSessions(register).make_link(pilot, by=SHELL)}"


def banner(settings: Settings, where: Running, certificate: Certificate | None, register: Register) -> str:
    """Return where the city answers, and calls to copy."""
    http, ws = _named(where.http, settings, certificate), where.ws and _named(where.ws, settings, certificate)
    address = parse_url(where.mqtt)
    mqtt = _named(str(Address(host=address.host, port=address.port, tls=address.tls)), settings, certificate)
    key_file, page = shlex.quote(str(settings.data_dir / f"{PILOT}.key")), http
    trusted = f"--cacert {shlex.quote(str(certificate.cert))} " if certificate else ""
    with suppress(PilotError):  # it is suspended, or its keys are revoked
        page = f"{login_address(http, register, PILOT)}  (as {PILOT}, once, within 15 min; then `zenata open`)"
    curl = f'-H "Authorization: Bearer $(cat {key_file})"'
    return f"""
  The city is alive: world "{settings.world}"

    page       {page}
    HTTP       {http}  (try it at {http}/docs)
    MQTT       {mqtt}  (user {PILOT}, the key is the password)
    WebSocket  {ws or "as the broker has it"}
    TLS        {_tls(certificate)}
    users      {_users(settings)}
    keys       {settings.data_dir / f"{PILOT}.key"} for a pilot, {settings.data_dir / "admin.key"} for SAZ

  Three calls to copy:

    curl {trusted}{curl} "{http}/v1/latest?kind=air"
    curl {trusted}{curl} "{http}/v1/readings?kind=weather&property=temperature&every=1m&agg=mean,max"
    curl {trusted}-N {curl} "{http}/v1/stream?kind=traffic"

  and over MQTT:

    {_listening(settings, mqtt, address, certificate)}

  Ctrl-C stops everything; the data stay in {settings.data_dir}.
"""


def _listening(settings: Settings, mqtt: str, address: Address, certificate: Certificate | None) -> str:
    shown, key_file = parse_url(mqtt), shlex.quote(str(settings.data_dir / f"{PILOT}.key"))
    file = address.trust.ca or (certificate.cert if certificate and settings.broker is None else None)
    system = "--tls-use-os-certs " if address.tls else ""
    trusted = f"--cafile {shlex.quote(str(file))} " if file else system
    return (
        f"mosquitto_sub -h {shown.host} -p {shown.port} {trusted}-u {PILOT} "
        f"-P \"$(cat {key_file})\" -t '{settings.world}/telemetry/#' -v"
    )


def _named(url: str, settings: Settings, certificate: Certificate | None) -> str:
    """Return a URL by a name that its certificate has."""
    if certificate is None or settings.host in certificate.names or f"://{settings.host}:" not in url:
        return url
    names = [name for name in certificate.names if not name.startswith("*")]
    return url.replace(f"://{settings.host}:", f"://{names[0]}:", 1) if names else url


def _tls(certificate: Certificate | None) -> str:
    if certificate is None:
        return "off: passwords and keys travel as they are (--tls-cert, --tls-key)"
    return f"until {certificate.expires:%Y-%m-%d}; programs may need the authority of {certificate.cert} beside it"


def _users(settings: Settings) -> str:
    """Say who manages the users of the broker."""
    if settings.broker is None or settings.broker_admin:
        return "MQTT follows pilots, keys and worlds as they come and go"
    return "as the broker has them: pilots, keys and worlds are unknown to it (--broker-admin lets it follow them)"
