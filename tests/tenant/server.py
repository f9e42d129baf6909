"""The tenant over HTTPS: Entra, Graph and the Outlook page on one origin, with a certificate authority of its own.

`TenantApp` is plain WSGI. Further pages hang themselves in with `mount(prefix, wsgi_app)`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tests.tenant import outlook, persist
from tests.tenant.clock import RealClock
from tests.tenant.errors import AnswerLost

if TYPE_CHECKING:
    from tests.tenant.tenant import Tenant

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
OUTLOOK_PREFIX = "/outlook"
TICK_SECONDS = 0.2
_REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
    412: "Precondition Failed", 429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class TenantApp:
    """The WSGI application of a tenant."""

    def __init__(self, tenant: Tenant, hold_seconds: float) -> None:
        self.tenant = tenant
        self.hold_seconds = hold_seconds
        self.released = threading.Event()
        self._mounted: list[tuple[str, WsgiApp]] = []

    def mount(self, prefix: str, app: WsgiApp) -> None:
        """Let another WSGI app answer below a path; it sees SCRIPT_NAME and PATH_INFO as usual."""
        self._mounted.append((prefix.rstrip("/"), app))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        for prefix, app in self._mounted:
            if path == prefix or path.startswith(f"{prefix}/"):
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                return app(environ, start_response)
        return self._answer(environ, start_response)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, out, content = self.tenant.handle(
                environ["REQUEST_METHOD"], environ["REQUEST_URI"], headers, body
            )
        except AnswerLost as lost:
            self._lose(environ, lost)
        out["Content-Length"] = str(len(content))
        start_response(f"{status} {_REASONS.get(status, 'Status')}", list(out.items()))
        return [content]

    def _lose(self, environ: dict[str, Any], lost: AnswerLost) -> None:
        """Say nothing for as long as a client could wait, then close the connection."""
        if not lost.dropped:
            self.released.wait(self.hold_seconds)
        with contextlib.suppress(OSError):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log(self, type: str, message: str, *args: Any) -> None:
        """Silent: the tenant has its own log of requests."""


class _Server(ThreadedWSGIServer):
    """Does each TLS handshake in the connection's own thread, so that no client can block the others."""

    daemon_threads = True
    request_queue_size = 256

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self.ssl_context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """One connection, from handshake to close."""
        assert isinstance(self.ssl_context, ssl.SSLContext)
        with contextlib.suppress(OSError), self.ssl_context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is the client's business."""


class TenantServer:
    """A tenant behind HTTPS in a thread. With `data_dir` its state and its authority outlive the process."""

    def __init__(
        self,
        tenant: Tenant,
        host: str = "127.0.0.1",
        port: int = 0,
        data_dir: str | Path | None = None,
        hold_seconds: float = 40.0,
        throttling: bool = True,
        ca: trustme.CA | None = None,
    ) -> None:
        self.tenant = tenant
        self.ca = ca or trustme.CA(organization_name="Simulated tenant")
        self.app = TenantApp(tenant, hold_seconds)
        self.app.mount(OUTLOOK_PREFIX, outlook.create_app(tenant))
        self._keep_in = Path(data_dir) if data_dir is not None else None
        self._scratch = None if self._keep_in else tempfile.TemporaryDirectory(prefix="tenant-ca-")
        folder = self._keep_in or Path(self._scratch.name)  # type: ignore[union-attr]
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_path = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.ca_path))
        self._server = _Server(host, port, self.app, handler=_Handler)
        self._server.secure(self._context(host))
        self.port = self._server.server_port
        self.origin = f"https://{host}:{self.port}"
        self.outlook_url = f"{self.origin}{OUTLOOK_PREFIX}/"
        tenant.authority_origin = tenant.graph_origin = self.origin
        tenant.throttle.enabled = throttling
        self._keeper: persist.Keeper | None = None
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
            threading.Thread(target=self._tick, daemon=True),
        ]

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(host, "localhost").configure_cert(context)
        return context

    def _tick(self) -> None:
        """Under a real clock assistants act although nobody asks."""
        while not self._stopping.wait(TICK_SECONDS):
            if isinstance(self.tenant.clock, RealClock):
                with self.tenant.lock:
                    self.tenant.run_due()

    def start(self) -> TenantServer:
        """Serve from now on."""
        if self._keep_in is not None:
            secret = self.ca.private_key_pem.bytes()
            beside = {"ca_cert": self.ca.cert_pem.bytes(), "ca_key": secret, "port": self.port}
            self._keeper = persist.Keeper(self._keep_in, self.tenant, **beside)
            self._keeper.start()
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Answer nothing any more, let go of held connections, keep the state."""
        self._stopping.set()
        self.app.released.set()
        self._server.shutdown()
        self._server.server_close()
        if self._keeper is not None:
            self._keeper.stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> TenantServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
