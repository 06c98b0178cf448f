"""Runs benchmarks and prints one table: ``python -m benchmarks [names] [--minutes N] [--days N]``."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    abuse,
    api,
    audits,
    backfill,
    influx,
    ingest,
    live,
    page,
    queries,
    requests,
    scaling,
    simulators,
    soak,
    stack,
    store,
    streams,
    trials,
    walk,
    worlds,
)
from benchmarks.table import Row, print_table


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure; nothing is asserted.")
    parser.add_argument("names", nargs="*", metavar="name", help="of a benchmark; all without")
    parser.add_argument(
        "--minutes", type=float, default=1.0, help="how long the whole stack, worlds and the page run [default: 1]"
    )
    parser.add_argument("--days", type=float, default=7.0, help="how long a past is backfilled [default: 7]")
    parser.add_argument(
        "--backlog",
        type=int,
        default=ingest.SINGLES,
        help="how many single messages are drained [default: %(default)s]",
    )
    parser.add_argument(
        "--abuses", default="", metavar="WORDS", help="with commas: only abuses with one of these in their name"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures, version and machine as JSON")
    options = parser.parse_args()
    benchmarks: dict[str, Callable[[], list[Row]]] = {
        "abuse": partial(abuse.run, options.abuses.split(",")),
        "simulators": simulators.run,
        "store": store.run,
        "influx": influx.run,
        "backfill": partial(backfill.run, options.days),
        "ingest": partial(ingest.run, options.backlog),
        "api": api.run,
        "requests": requests.run,
        "queries": queries.run,
        "live": live.run,
        "streams": streams.run,
        "scaling": scaling.run,
        "page": partial(page.run, options.minutes),
        "audits": audits.run,
        "stack": partial(stack.run, options.minutes),
        "soak": partial(soak.run, options.minutes),
        "trials": trials.run,
        "walk": walk.run,
        "worlds": partial(worlds.run, options.minutes * 60),
    }
    if unknown := set(options.names) - set(benchmarks):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(benchmarks)}")
    rows = []
    for name in options.names or benchmarks:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += benchmarks[name]()
    about = {
        "version": version("zenata-sandbox"),
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
    print(", ".join(f"{name} {value}" for name, value in about.items()), end="\n\n")
    print_table(rows)
    if options.json:
        document = about | {"figures": [row._asdict() for row in rows]}
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
