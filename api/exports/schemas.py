"""The JSON documents about exports."""

from typing import Literal

from api.city.schemas import Document


class ExportDocument(Document):
    """An export: `progress` from 0 to 1, and `file` once it is done; `reason` if it failed."""

    id: str
    pilot: str
    state: Literal["queued", "running", "done", "failed"]
    progress: float
    rows: int
    bytes: int
    format: Literal["csv", "parquet", "arrow"]
    worlds: list[str]
    start: str
    end: str
    made: str
    expires: str | None
    file: str | None
    reason: str | None


class ExportPage(Document):
    """Exports, newest first."""

    items: list[ExportDocument]
    next: None
