"""`python -m tests.tenant --port P --data DIR`: the demo tenant as a process of its own.

Prints one JSON line with everything that is needed to connect to it, then serves until it is told to stop. Its last
line says how many requests to people's mailboxes there were, and which of them no setting ever allows.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

import trustme

from tests.tenant import demo, persist
from tests.tenant.personal import improper_requests
from tests.tenant.server import TenantServer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.tenant", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: the one of the last start, else a free one")
    parser.add_argument("--data", type=Path, default=None, help="folder that keeps the tenant between starts")
    parser.add_argument("--latency-ms", type=int, default=0, help="added to each request to Graph")
    return parser.parse_args()


def make_server(host: str, port: int, data: Path | None, latency_ms: int = 0) -> TenantServer:
    """The server of the kept tenant, or of a new demo tenant."""
    kept = persist.load(data) if data else None
    tenant = kept["tenant"] if kept else demo.build()
    authority = trustme.CA.from_pem(kept["ca_cert"], kept["ca_key"]) if kept else None
    tenant.latency = latency_ms / 1000
    return TenantServer(tenant, host, port or (kept["port"] if kept else 0), data, ca=authority)


def introduction(server: TenantServer) -> dict[str, str | int]:
    """What a client needs to know."""
    tenant = server.tenant
    app = next(iter(tenant.apps.values()))
    return {
        "origin": server.origin,
        "authority": tenant.authority_origin,
        "graph_base_url": tenant.graph_base_url,
        "ca_path": str(server.ca_path.resolve()),
        "tenant_id": tenant.tenant_id,
        "domain": tenant.domain,
        "client_id": app.client_id,
        "secret_id": app.secret_id,
        "secret": app.secret,
        "outlook_url": server.outlook_url,
        "port": server.port,
    }


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _arguments()
    server = make_server(options.host, options.port, options.data, options.latency_ms)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    with server:
        print(json.dumps(introduction(server)), flush=True)
        told.wait()
    tenant = server.tenant
    print(json.dumps({"personal": len(tenant.personal), "improper": improper_requests(tenant)}), flush=True)


if __name__ == "__main__":
    main()
