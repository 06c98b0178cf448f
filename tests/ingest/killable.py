"""Ingest of the devices of a test, as a process that can be killed."""

import threading
import time
from pathlib import Path

from ingest.arrivals import OVER_MQTT, ArrivalClock, ArrivalLog
from ingest.devices import DeviceDecoder
from ingest.service import FILTERS, Ingest
from sandbox.parts import subscription_of
from sandbox.settings import Settings
from tests.api.running import small_city
from tests.ingest.devices import Table, device
from tests.zenata.broker.running import HOST, password
from zenata.city.clock import WallClock
from zenata.city.readings import Selection
from zenata.process.files import replaced
from zenata.store import open_store
from zenata.store.base import Query
from zenata.wire.address import Address

EVERYTHING = Query(selection=Selection(), start=0, end=2**60, limit=10**6)
"""All readings of a store."""

CODECS = {"plain": "auto", "senml": "auto", "lines": "influx", "bytes": "cayenne", "same": "auto"}
"""Codec by device."""


def payload_of(name: str, number: int) -> bytes:
    """Return message number `number` of a device, without a time; those of ``same`` do not differ."""
    value = number / 100
    return {
        "plain": f'{{"analog_in_1": {value}}}'.encode(),
        "senml": f'[{{"n": "analog_in_1", "v": {value}}}]'.encode(),
        "lines": f"device analog_in_1={value}".encode(),
        "bytes": b"\x01\x02" + number.to_bytes(2, "big"),
        "same": b'{"analog_in_1": true}',
    }[name]


def main(folder: Path, port: int, store_url: str) -> None:
    """Ingest until somebody kills us."""
    settings = Settings(data_dir=folder)
    address = Address(host=HOST, port=port, username="ingest", password=password("ingest"))
    table = Table(*(device(name, pilot="demo", codec=codec) for name, codec in CODECS.items()))
    store = open_store(store_url, settings.store_token)
    with subscription_of(settings, address, "ingest", FILTERS) as subscription:
        subscription.connect(30)
        ingest = Ingest(
            city=small_city(),
            store=store,
            subscription=subscription,
            clock=WallClock(),
            devices=lambda catalog: DeviceDecoder(table, catalog, store.catalog),
            arrivals=ArrivalLog(ArrivalClock(WallClock(), OVER_MQTT), settings.arrivals_file()),
        )
        before = len(store.query(EVERYTHING))
        threading.Thread(target=tell, args=(ingest, before, folder / "progress"), daemon=True).start()
        ingest.run(threading.Event())


def tell(ingest: Ingest, before: int, file: Path) -> None:
    """Write how many readings are stored, with those of before, and how many messages and repetitions came, again and again."""
    while True:
        counters = ingest.counters
        with replaced(file) as content:
            content.write(f"{before + counters.readings} {counters.messages} {counters.duplicates}".encode())
        time.sleep(0.2)
