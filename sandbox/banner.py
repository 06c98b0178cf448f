"""What `zenata up` tells a person once the city is alive."""

import shlex

from sandbox.init import PILOT
from sandbox.running import Running
from sandbox.settings import Settings
from zenata.process.tls import Certificate
from zenata.wire.address import Address, parse_url

ASKED = ("air", "weather")
"""The kinds of which its calls show readings, and which are to be there before."""


def banner(settings: Settings, where: Running, certificate: Certificate | None) -> str:
    """Return where the city answers, and calls to copy."""
    http, ws = _named(where.http, settings, certificate), where.ws and _named(where.ws, settings, certificate)
    address = parse_url(where.mqtt)
    mqtt = _named(str(Address(host=address.host, port=address.port, tls=address.tls)), settings, certificate)
    key_file = shlex.quote(str(settings.data_dir / f"{PILOT}.key"))
    trusted = f"--cacert {shlex.quote(str(certificate.cert))} " if certificate else ""
    curl = f'-H "Authorization: Bearer $(cat {key_file})"'
    return f"""
  The city is alive: world "{settings.world}"

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
