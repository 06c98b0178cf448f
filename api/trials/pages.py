"""Pages of trials, reports and scorecards: whether one is wanted, or JSON, and the answer with it."""

from fastapi.responses import Response

from api.http.formats import JSON
from api.http.problems import Problem

HTML = "text/html"

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # it loads nothing; its style stands in it
)


def choose_report(name: str | None, accept: str | None) -> str:
    """Return ``html`` or ``json``, as a request for a page wants it: by its name, else by Accept; HTML if all is welcome.

    Raises
    ------
    Problem
        406 if it is to be something else, such as a PDF.
    """
    wanted = (name or accept or HTML).lower()
    if name is None and any(word in wanted for word in ("*/*", "text/*", HTML)):
        return "html" if JSON not in wanted or HTML in wanted else "json"
    if wanted == "html" or wanted == "json":
        return wanted
    if name is None and (JSON in wanted or "application/*" in wanted):
        return "json"
    detail = "It comes as html or json. For a PDF print the HTML: `zenata trial report --format pdf`, or any browser."
    raise Problem("unsupported-format", detail, allowed=["html", "json"])


def page_response(text: str, name: str) -> Response:
    """Return the answer with a page, which a browser shows, and saves under a name."""
    headers = {"Content-Security-Policy": _POLICY, "Content-Disposition": f'inline; filename="{name}.html"'}
    return Response(text, headers=headers, media_type=HTML)
