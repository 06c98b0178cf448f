"""Opening the store, for programs that read or write readings; it loads numpy, so others do without it."""

import logging
import time
from contextlib import suppress

from sandbox.settings import Settings
from zenata.errors import StoreAwayError, StoreError
from zenata.process.backoff import Backoff
from zenata.store import open_store
from zenata.store.base import Store
from zenata.wire.bulk import BulkClient

log = logging.getLogger(__name__)

_STORE = Backoff(first=0.5, limit=5.0)  # between two attempts to open a store that is away


def open_sink(settings: Settings) -> BulkClient | Store:
    """Open the store for backfilled readings: by the bulk server of the process that has it open, or itself.

    Raises
    ------
    StoreError
        If neither can be.
    """
    with suppress(StoreError):
        return BulkClient(settings.bulk_file)
    return open_store(settings.store_url, settings.store_token)


def open_store_when_there(settings: Settings) -> Store:
    """Open the store, waiting for a server that is away: one that starts again holds us up, and ends nothing.

    Raises
    ------
    StoreError
        If it cannot be opened for another reason.
    """
    failures = 0
    while True:
        try:
            return open_store(settings.store_url, settings.store_token)
        except StoreAwayError as error:
            failures += 1
            log.warning("%s; trying again", error)
            time.sleep(_STORE.pause(failures))
