"""A fingerprint of what a world published, to say whether two runs were the same."""

import hashlib
import struct

from simulators.world import Emission


class Digest:
    """SHA-256 over emissions in canonical little-endian bytes.

    Values are quantised before they get here, so equal readings are equal bytes; how a run was cut into pieces, saved
    and restored leaves no trace.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, emission: Emission) -> None:
        """Take in one tick."""
        self._hash.update(struct.pack("<qq", emission.time, len(emission.sensors)))
        self._hash.update(emission.sensors.astype("<i4").tobytes())
        self._hash.update(emission.seq.astype("<i8").tobytes())
        self._hash.update(emission.values.astype("<f8").tobytes())

    def hexdigest(self) -> str:
        """Return the fingerprint of everything so far."""
        return self._hash.hexdigest()
