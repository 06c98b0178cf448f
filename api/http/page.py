"""The page of the city: serves the built dashboard from memory, precompressed, with its content security policy.

The build is the folder ``dashboard/dist`` of the repository, or ``api/dashboard`` of an installed package. Beside a file
may stand the same in a coding (``app.js.br``, ``.zst``, ``.gz``), made by the build. Files under ``assets/`` have a hash of
their contents in their names, and never change.

Every address that is no file, and whose first part is none of the API, is a view of the page, which its script tells
apart; programs, which do not accept HTML, get the API's 404.

References
----------
RFC 9110 sections 8.8.3 (ETag), 12.5.3 (Accept-Encoding) and 13.1.2 (If-None-Match); RFC 8246 (immutable); Content
Security Policy Level 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.compress import coding_of
from api.http.formats import is_known
from api.http.weights import weights

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing but what this server sends: images and workers that a script makes, and attributes of style, aside."""

_FOLDERS = (Path(__file__).parents[1] / "dashboard", Path(__file__).parents[2] / "dashboard" / "dist")
_CODINGS = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
_TYPES = {  # those of the machine may differ
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".glb": "model/gltf-binary",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the build: its bytes by coding (``identity`` among them), and their hash."""

    name: str
    bodies: Mapping[str, bytes]
    digest: str

    def response(self, headers: Headers) -> Response:
        """Return the answer to a request with these headers."""
        coding = coding_of(headers.get("accept-encoding", ""), tuple(one for one in _CODINGS if one in self.bodies))
        tag = f'"{self.digest}{_CODINGS[coding] if coding else ""}"'
        about = {
            "ETag": tag,
            "Vary": "Accept-Encoding",
            "Cache-Control": "public, max-age=31536000, immutable" if "/assets/" in self.name else "no-cache",
            "Content-Security-Policy": POLICY,
        }
        if is_known(headers, tag):
            return Response(status_code=304, headers=about)
        if coding:
            about["Content-Encoding"] = coding
        body = self.bodies[coding or "identity"]
        return Response(body, headers=about, media_type=_TYPES.get(Path(self.name).suffix, "application/octet-stream"))


class Page:
    """ASGI middleware that answers what the build of the page has, and leaves the rest to the API.

    Parameters
    ----------
    app : ASGIApp
    folder : Path or None
        The build; where it is by default, if None.
    """

    def __init__(self, app: ASGIApp, folder: Path | None = None) -> None:
        self._app = app
        self._folders = _FOLDERS if folder is None else (folder,)
        self._files: dict[str, _File] = {}
        self._stamp: tuple[Path, int] | None = None
        self._taken: frozenset[str] | None = None  # first parts of the addresses of the API

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI has it."""
        file = self._find(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        app = self._app if file is None else file.response(Headers(scope=scope))
        await app(scope, receive, send)

    def _find(self, scope: Scope) -> _File | None:
        path = scope["path"]
        if self._taken is None:
            self._taken = _first_parts(scope["app"])
        if path != "/" and path[1:].partition("/")[0] in self._taken:
            return None  # of the API
        is_view = path == "/" or _is_view(scope, path)
        # Files too: a page that stands open asks for them first when the API has been started again.
        if is_view or self._stamp is None:
            self._look()
        return self._files.get("/index.html" if is_view else path)

    def _look(self) -> None:
        """Read the build, if there is another one than before."""
        index = next((found for one in self._folders if (found := one / "index.html").is_file()), None)
        stamp = None if index is None else (index, index.stat().st_mtime_ns)
        if stamp != self._stamp:
            self._files = {} if index is None else _read(index.parent)
            self._stamp = stamp


def _read(folder: Path) -> dict[str, _File]:
    """Return the files of a build by path."""
    content = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    files = {}
    for path, body in content.items():
        if path.suffix in _CODINGS.values():
            continue
        coded = {one: path.with_name(path.name + end) for one, end in _CODINGS.items()}
        bodies = {one: content[other] for one, other in coded.items() if other in content}
        name = f"/{path.relative_to(folder).as_posix()}"
        files[name] = _File(name, {"identity": body, **bodies}, sha256(body).hexdigest()[:16])
    return files


def _is_view(scope: Scope, path: str) -> bool:
    """Return whether a browser asks for a view of the page, and for no file."""
    if "." in path.rpartition("/")[2]:
        return False
    return weights(Headers(scope=scope).get("accept", "")).get("text/html", 0) > 0


def _first_parts(app: FastAPI) -> frozenset[str]:
    paths = [str(route.path) for route in iter_route_contexts(app.routes) if hasattr(route, "path")]
    mounts = [str(getattr(route, "path", "")) for route in app.routes]
    return frozenset(path.split("/")[1] for path in (*paths, *mounts) if path.count("/"))
