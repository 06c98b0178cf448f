"""Fingerprint of what a world published, by which two runs are compared."""

import hashlib
import struct

from simulators.world.emission import Emission


class Digest:
    """A chain of SHA-256 over emissions in canonical little-endian bytes: each link is hashed with the one before.

    Values are quantised before they get here, so equal readings are equal bytes; stopping, saving
    and restoring a run leaves no trace.

    Parameters
    ----------
    last : bytes
        The link to go on from.
    """

    def __init__(self, last: bytes = bytes(32)) -> None:
        self.last = last

    def update(self, emission: Emission) -> None:
        """Add a tick."""
        link = hashlib.sha256(self.last)
        link.update(struct.pack("<qq", emission.time, len(emission.sensors)))
        link.update(emission.sensors.astype("<i4").tobytes())
        link.update(emission.seq.astype("<i8").tobytes())
        link.update(emission.times.astype("<i8").tobytes())
        link.update(emission.values.astype("<f8").tobytes())
        self.last = link.digest()

    def hexdigest(self) -> str:
        """Return the fingerprint of everything so far."""
        return self.last.hex()
