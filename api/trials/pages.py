"""Reports and scorecards as HTML: whether a request asks for HTML or JSON, and the answer with a page."""

from fastapi.responses import Response

from api.http.accept import choose
from api.http.formats import JSON

HTML = "text/html"

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # it loads nothing; its style stands in it
)


def choose_report(name: str | None, accept: str | None) -> str:
    """Return ``json`` or ``html``, as a request asks for it by `format` or Accept (see `api.http.accept.choose`)."""
    advice = "For a PDF print the HTML: `zenata trial report --format pdf`, or any browser."
    return choose(name, accept, {"json": JSON, "html": HTML}, advice)


def page_response(text: str, name: str) -> Response:
    """Return the answer with a page, which a browser shows, and saves under a name."""
    headers = {"Content-Security-Policy": _POLICY, "Content-Disposition": f'inline; filename="{name}.html"'}
    return Response(text, headers=headers, media_type=HTML)
