"""Worlds of a cluster in a backup: each as it was at one moment, in a file of its own.

All keys of a world are one history (`zenata.worlds.lease`), and are read in the order of writing: what is read is the world as it
was when the last of them was. A checkpoint that was replaced meanwhile leaves no object, and the world is read again.
"""

import time
from pathlib import Path

import msgspec

from zenata.errors import SetupError
from zenata.worlds.bucket import Bucket
from zenata.worlds.lease import Lease, lease_key, object_named_by, of_world

FOLDER = "cluster"
"""Folder of the worlds in a backup."""

_SECRET, _SUFFIX = "worlds.secret", ".world"
_PATIENCE, _PAUSE = 20.0, 0.2  # with an object that a key names and is not there, and between two looks for it [s]


class _World(msgspec.Struct, array_like=True):
    """What the bucket holds of a world: its keys in the order of writing, objects, and the keys of its marker and its owner."""

    values: list[tuple[str, bytes]]
    objects: list[tuple[str, bytes]]
    about: list[tuple[str, bytes]]


def save_worlds(join: str, folder: Path) -> int:
    """Write the worlds of a cluster into a folder, while they run or not; return how many there are.

    Raises
    ------
    SetupError
        If the cluster cannot be reached, or what a world needs is gone from it.
    """
    folder.mkdir(mode=0o700)
    with Bucket(join) as bucket:
        for one in bucket.values("secret"):
            (folder / _SECRET).write_bytes(one.content)
        count = 0
        for name in [one.key.removeprefix("owners.") for one in bucket.values("owners.*")]:
            if world := _read(bucket, name):
                (folder / f"{name}{_SUFFIX}").write_bytes(msgspec.msgpack.encode(world))
                count += 1
    return count


def load_worlds(join: str, folder: Path) -> int:
    """Put the worlds of a folder into a cluster that has none; return how many there are.

    Worlds may be there as they are in the folder: a restore that was broken off has put them there, and no host has taken them yet.

    Raises
    ------
    SetupError
        If the cluster cannot be reached, has worlds or another secret.
    """
    files = {file.name.removesuffix(_SUFFIX): file for file in sorted(folder.glob(f"*{_SUFFIX}"))}
    with Bucket(join) as bucket:
        secret = (folder / _SECRET).read_bytes() if (folder / _SECRET).exists() else b""
        known = [one.content for one in bucket.values("secret")]
        there = {one.key.removeprefix("owners.") for one in bucket.values("owners.*")}
        as_saved = all(name in files and _is_as_saved(bucket, name, files[name]) for name in there)
        if not as_saved or known not in ([], [secret]):
            raise SetupError(
                f"the cluster at {bucket.location} has worlds already: restore into one that no host has joined yet"
            )
        if secret and not known:
            bucket.put("secret", secret)
        about: list[tuple[str, bytes]] = []
        for name in [name for name in files if name not in there]:
            world = _world_in(files[name])
            bucket.purge(of_world(name))  # what a restore that was broken off has left
            for object_, content in world.objects:
                bucket.put_object(object_, content)
            for key, content in world.values:
                bucket.put(key, content)
            about += world.about
        for key, content in about:  # a world is there from when it has an owner
            bucket.put(key, content)
    return len(files)


def _world_in(file: Path) -> _World:
    return msgspec.msgpack.decode(file.read_bytes(), type=_World)


def _is_as_saved(bucket: Bucket, name: str, file: Path) -> bool:
    """Return whether nobody has written into a world since it was put there: whoever takes it does."""
    return [(one.key, one.content) for one in bucket.values(of_world(name))] == _world_in(file).values


def _read(bucket: Bucket, name: str) -> _World | None:
    """Return a world as it is now; None if it is being deleted."""
    missing, since = list[str](), time.monotonic()
    while True:
        values = bucket.values(of_world(name))
        about = [*bucket.values(f"markers.{name}"), *bucket.values(f"owners.{name}")]
        if not values or not about:
            return None
        pointed = {object_ for one in values if (object_ := object_named_by(one.content))}
        delivered = {object_ for object_ in bucket.object_names(f"{name}/") if object_.endswith(".json")}
        objects = {object_: bucket.object(object_) for object_ in sorted(pointed | delivered)}
        before, missing = missing, sorted(object_ for object_ in pointed if objects[object_] is None)
        if not missing:
            return _World(
                [(one.key, _given_up(one.content) if one.key == lease_key(name) else one.content) for one in values],
                [(object_, content) for object_, content in objects.items() if content is not None],
                [(one.key, one.content) for one in about],
            )
        if missing != before:
            since = time.monotonic()
            continue  # at once: each checkpoint has a name of its own, and another may have been written
        if time.monotonic() - since >= _PATIENCE:
            raise SetupError(
                f"the world {name} cannot be saved: {missing[0]}, which it names, is gone from {bucket.location}; let a host run "
                "it until it has written another checkpoint, or delete it"
            )
        time.sleep(_PAUSE)


def _given_up(lease: bytes) -> bytes:
    """Return a lease as whoever gives a world up leaves it."""
    return msgspec.json.encode(Lease(epoch=msgspec.json.decode(lease, type=Lease).epoch))
