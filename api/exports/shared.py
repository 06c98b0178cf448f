"""Exports of several servers of the API: each keeps its own files, and says in the control data what it has."""

from collections.abc import Iterator, Mapping

import httpcore
import msgspec
from sqlalchemy import Engine, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.exports.export import Export
from zenata.control.database import Base

_DELETED = ""  # the document of an export that its server is to delete

_PASSED_ON = ("authorization", "cookie", "x-api-key", "host", "range", "if-range", "user-agent")
_FILE_HEADERS = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified")
_RETURNED = {*_FILE_HEADERS, "content-disposition", "retry-after"}
_TIMEOUT = {"connect": 5.0, "read": 60.0, "write": 60.0, "pool": 5.0}  # of another server [s]


class ExportRow(Base):
    """An export, which server has its file, and the document as it last saved it."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    pilot: Mapped[str] = mapped_column(String(32), index=True)
    server: Mapped[str] = mapped_column(String(64), index=True)
    document: Mapped[str] = mapped_column(Text)


class SharedExports:
    """What servers say of their exports. Methods may be called from any thread.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        As `zenata.control.database.open_database` returns it.
    server : str
        This one.
    """

    def __init__(self, engine: Engine, server: str) -> None:
        self._engine, self._server = engine, server

    def save(self, export: Export) -> None:
        """Say how an export of this server is; one that was deleted meanwhile stays so."""
        document = msgspec.json.encode(export).decode()
        with Session(self._engine) as session, session.begin():
            row = session.get(ExportRow, export.id, with_for_update=True)
            if row is None:
                session.add(ExportRow(id=export.id, pilot=export.pilot, server=self._server, document=document))
            elif row.document != _DELETED:
                row.document = document

    def forget(self, id_: str) -> None:
        """Remove what this server has deleted."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(ExportRow).where(ExportRow.id == id_))

    def delete(self, id_: str) -> None:
        """Let the server that has an export delete it."""
        with Session(self._engine) as session, session.begin():
            session.execute(update(ExportRow).where(ExportRow.id == id_).values(document=_DELETED))

    def deleted(self) -> list[str]:
        """Return the exports of this server that it is to delete."""
        with Session(self._engine) as session:
            mine = (ExportRow.server == self._server, ExportRow.document == _DELETED)
            return list(session.scalars(select(ExportRow.id).where(*mine)))

    def others(self, pilot: str | None = None) -> list[Export]:
        """Return the exports of other servers, of one pilot or of all."""
        chosen = select(ExportRow.document).where(ExportRow.server != self._server, ExportRow.document != _DELETED)
        if pilot is not None:
            chosen = chosen.where(ExportRow.pilot == pilot)
        with Session(self._engine) as session:
            return [msgspec.json.decode(document, type=Export) for document in session.scalars(chosen)]

    def find(self, id_: str) -> tuple[Export, str] | None:
        """Return an export of another server, and which it is; None if there is none."""
        with Session(self._engine) as session:
            row = session.get(ExportRow, id_)
            if row is None or row.server == self._server or row.document == _DELETED:
                return None
            return msgspec.json.decode(row.document, type=Export), row.server


class RemoteFile:
    """The file of an export at another server, asked for as a client has asked here; that checks the key again.

    Parameters
    ----------
    url : str
        Of the file there.
    headers : mapping
        Of the request here.

    Raises
    ------
    httpcore.NetworkError, httpcore.TimeoutException
        If the server does not answer.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._pool = httpcore.ConnectionPool(max_keepalive_connections=0)
        passed = [(name, headers[name]) for name in _PASSED_ON if name in headers]
        request = httpcore.Request("GET", url, headers=passed, extensions={"timeout": _TIMEOUT})
        try:
            self._response = self._pool.handle_request(request)
        except BaseException:
            self._pool.close()
            raise
        self.status = self._response.status
        found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._response.headers}
        self.headers = {name: value for name, value in found.items() if name in _RETURNED}

    def parts(self) -> Iterator[bytes]:
        """Yield what it holds."""
        try:
            yield from self._response.iter_stream()
        finally:
            self._response.close()
            self._pool.close()
