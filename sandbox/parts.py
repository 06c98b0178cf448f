"""Parts that more than one program of ours is composed from.

Nothing here needs the API, ingest, the simulators or the store: each program loads only what it runs.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from secrets import token_hex

from sandbox.settings import Settings
from zenata.broker.keeper import Keeper, SessionCopy
from zenata.city.clock import WallClock, parse_moment
from zenata.city.model import City
from zenata.control.peers import SharedValues
from zenata.errors import SetupError
from zenata.process.files import write_private
from zenata.wire.address import Address, parse_url
from zenata.wire.mqtt import Subscription
from zenata.worlds.folders import WorldFolders
from zenata.worlds.index import WorldIndex

_SECRET = re.compile(r"[\w.-]+-[0-9a-f]{32}")

AWAITED_FILE = "ZENATA_AWAITED_FILE"
"""Environment variable with which `zenata up` names the file that there is once ingest has subscribed."""

PATIENCE = 20.0
"""Time the broker has to appear when a service starts [s]."""


@cache
def city_of(name: str) -> City:
    """Return the city that this process works with, read once; forks of a template that has read it share it.

    Raises
    ------
    CityError
        If there is none, or it does not hold together.
    """
    from zenata.city.pack import load_city  # here alone: it loads shapely, which `zenata up` itself does not need

    return load_city(name)


def broker_of(settings: Settings) -> Address:
    """Return where the broker is, or raise if no setting says so."""
    if settings.broker is None:
        raise SetupError("where is the broker? Say --broker mqtt://user:password@host:port, or set ZENATA_BROKER")
    return parse_url(settings.broker)


def index_of(settings: Settings) -> WorldIndex:
    """Return the worlds of this machine, or those of a cluster; to look and to call."""
    if settings.join is None:
        return WorldFolders(settings.worlds_dir, host=settings.world)
    from zenata.worlds.bucket import Bucket  # here alone: it loads the client of NATS
    from zenata.worlds.cluster import WorldCluster

    return WorldCluster(Bucket(settings.join))


def moment(option: str, text: str | None, now: int | None = None) -> int | None:
    """Read the time of an option [us since the Unix epoch]; relative ones count from `now`, or the time of day."""
    if text is None:
        return None
    try:
        return parse_moment(text, WallClock().now() if now is None else now)
    except ValueError as error:
        raise SetupError(f"{option}: {error}") from None


def subscription_of(
    settings: Settings,
    address: Address,
    name: str,
    filters: Sequence[str],
    on_lost: Callable[[], object] = lambda: None,
    shared: SharedValues | None = None,
) -> Subscription:
    """Return a session of the broker that lasts, by its name in the data directory, or one that several servers share.

    A broker gives a session to whoever connects with its name, whatever the user; so the name is a secret. `on_lost` is
    called if the broker no longer has the session; the embedded one has it back from our copy of its record, if that is damaged.
    """
    if shared is not None:
        wanted, known = "\n".join(filters), shared.get(f"{name}.subscribed")
        return Subscription(
            address,
            client_id=shared.keep(f"{name}.session", stored_secret(settings.data_dir / f"{name}.session")),
            filters=filters,
            subscribed=None if known is None else known == wanted,
            on_subscribed=lambda: shared.set(f"{name}.subscribed", wanted),
            on_lost=on_lost,
        )
    confirmed = settings.subscribed_file(name)
    subscribed = "\n".join((address.host, *filters))  # without the port, which of an embedded broker may change
    client_id = stored_secret(settings.data_dir / f"{name}.session")
    copy = None
    if settings.broker_monitor:
        copy = SessionCopy(Keeper(settings.broker_monitor), client_id, settings.data_dir / f"{name}.record")

    def confirm() -> None:
        if copy:
            copy.keep()
        confirmed.write_text(subscribed)

    def lose() -> None:
        confirmed.unlink(missing_ok=True)  # whoever is killed before it is confirmed again begins anew
        on_lost()

    return Subscription(
        address,
        client_id=client_id,
        filters=filters,
        subscribed=confirmed.read_bytes() == subscribed.encode() if confirmed.exists() else None,
        on_subscribed=confirm,
        on_lost=lose,
        before_resuming=copy.mend if copy else lambda: None,
    )


def stored_secret(file: Path) -> str:
    """Return the name of a file and 128 random bits, made once and stored in it.

    Raises
    ------
    SetupError
        If it cannot be written.
    """
    try:
        if not file.exists():
            write_private(file, f"{file.stem}-{token_hex(16)}", replace=False)  # another process may be doing so too
        secret = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read or written: {error}") from error
    if not _SECRET.fullmatch(secret):
        raise SetupError(
            f"{file} holds no secret (it is {'empty' if not secret else 'damaged'}): put it back from a backup, or delete "
            "it to have a new one made; a session of the broker then starts again, and cursors given out end"
        )
    return secret
