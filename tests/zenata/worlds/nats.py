"""NATS servers with JetStream for tests: one, or a cluster of three."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from zenata.broker.nats import program
from zenata.process.ports import free_ports

HOST = "127.0.0.1"


@dataclass
class Servers:
    """Servers that run, and where they answer."""

    processes: list[subprocess.Popen[bytes]]
    ports: list[int]

    @property
    def urls(self) -> str:
        return ",".join(f"nats://{HOST}:{port}" for port in self.ports)


@contextmanager
def servers(folder: Path, count: int = 1) -> Iterator[Servers]:
    ports = free_ports(HOST, {f"{kind}{number}": 0 for number in range(count) for kind in ("client", "route")})
    routes = ",".join(f"nats-route://{HOST}:{ports[f'route{number}']}" for number in range(count))
    clients = [ports[f"client{number}"] for number in range(count)]
    with ExitStack() as stack:
        running = []
        for number, port in enumerate(clients):
            arguments = ["-js", "-sd", folder / f"node-{number}", "-a", HOST, "-p", port, "-n", f"node-{number}"]
            if count > 1:
                cluster = f"nats://{HOST}:{ports[f'route{number}']}"
                arguments += ["--cluster_name", "tests", "--cluster", cluster, "--routes", routes]
            folder.mkdir(parents=True, exist_ok=True)
            log = stack.enter_context((folder / f"node-{number}.log").open("wb"))
            process = subprocess.Popen([program(), *map(str, arguments)], stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)
            running.append(process)
        yield Servers(running, clients)
