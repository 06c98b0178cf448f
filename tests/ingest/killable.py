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
from zenata.store import open_store
from zenata.wire.address import Address

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
        threading.Thread(target=tell, args=(ingest, folder / "progress"), daemon=True).start()
        ingest.run(threading.Event())


def tell(ingest: Ingest, file: Path) -> None:
    """Write how many messages and repetitions this process has seen, and how many it holds back, again and again."""
    while True:
        file.write_text(f"{ingest.counters.messages} {ingest.counters.duplicates} {len(ingest._order._held)}")
        time.sleep(0.2)
