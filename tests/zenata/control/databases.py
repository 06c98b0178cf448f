"""New control data, on both databases: migrated once, and copied, as each migration takes longer than most tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.waiting import wait_until
from zenata.control.database import open_database
from zenata.process.ports import free_ports

HOST = "127.0.0.1"


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run Debian's PostgreSQL, which refuses to be run by root, until the end of the block; return its URL.

    It is not there to outlive a power cut: it waits for no disk.
    """
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    port = free_ports(HOST, {"port": 0})["port"]
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    as_postgres = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    if as_postgres:
        shutil.chown(folder, "postgres")
    secret = folder.with_suffix(".secret")
    secret.write_text("only-here")
    secret.chmod(0o644)
    initdb = f"{programs}/initdb -D {folder} -U zenata -A scram-sha-256 --no-sync --pwfile={secret}"
    subprocess.run([*as_postgres, *initdb.split()], check=True, stdout=subprocess.DEVNULL, cwd="/")
    # The memory that its processes share is in its folder, and goes with it.
    memory = "-c dynamic_shared_memory_type=mmap -c shared_buffers=16MB -c fsync=off"
    postgres = f"{programs}/postgres -D {folder} -h {HOST} -p {port} -k {folder} {memory}"
    server = subprocess.Popen(
        [*as_postgres, *postgres.split()],
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        ready = [str(programs / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL is ready")
        yield f"postgresql+psycopg://zenata:only-here@{HOST}:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)
        secret.unlink()


@cache
def migrated() -> bytes:
    """Return a file of SQLite with the tables, and nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        open_database(f"sqlite:///{folder}/control.db").dispose()
        return Path(folder, "control.db").read_bytes()


def sqlite_in(folder: str | Path) -> str:
    """Make control data in a folder; return their URL."""
    file = Path(folder, "control.db")
    file.write_bytes(migrated())
    return f"sqlite:///{file}"
