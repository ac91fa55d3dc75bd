# SPDX-License-Identifier: BSD-3-Clause
"""A small web server for one page: only for the user to whom its address was printed.

It listens on 127.0.0.1 only. Every path begins with a random token. A request with another Host than
this address is refused, so that no other site can have a browser ask in its name (DNS rebinding),
and so is one from a page of another origin. The page may load nothing from elsewhere.
"""

import contextlib
import hmac
import json
import secrets
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
MOST_CONNECTIONS = 32
MOST_OCTETS = 65536  # of a request's body
MOST_DIGITS = 10     # of its length
IDLE_S = 30
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Wrong(Exception):
    """A request that cannot be done: why, for the person at the page."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "timesync-lab", ""
    timeout = IDLE_S

    def log_message(self, *_args):
        """Nothing: the terminal is for the experiment."""

    def reply(self, status, kind, body):
        """Send an answer."""
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_json(self, status, content):
        """Send JSON."""
        self.reply(status, "application/json", json.dumps(content).encode())

    def refuse(self, status):
        """Refuse a request, and what follows it on this connection."""
        self.close_connection = True
        self.reply(status, "text/plain", f"{status.value} {status.phrase}\n".encode())

    def requested(self):
        """(the name, the query) behind the token; None if the request was refused."""
        site = self.server.site
        try:
            address = urlsplit(self.path)
        except ValueError:
            self.refuse(HTTPStatus.BAD_REQUEST)
            return None
        token, _, name = address.path.removeprefix("/").partition("/")
        if self.headers.get_all("Host", []) not in ([h] for h in site.hosts):
            self.refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif self.headers.get("Origin") not in (None, *(f"http://{h}" for h in site.hosts)):
            self.refuse(HTTPStatus.FORBIDDEN)
        elif not hmac.compare_digest(token.encode(), site.token.encode()):
            self.refuse(HTTPStatus.NOT_FOUND)
        else:
            self.server.trust(self.connection)
            return name, {key: values[-1] for key, values in parse_qs(address.query).items()}
        return None

    def answer(self, do, *args):
        """Do something, and send what comes of it."""
        try:
            self.reply_json(HTTPStatus.OK, do(*args))
        except Wrong as error:
            self.reply_json(HTTPStatus.CONFLICT, {"error": str(error)})

    def do_GET(self):
        """A file of the page, or something that the experiment knows."""
        found = self.requested()
        if not found:
            return
        name, query = found
        site = self.server.site
        if name in site.files:
            suffix = name[name.rfind("."):] if name else ".html"
            self.reply(HTTPStatus.OK, KINDS[suffix], site.files[name])
        elif name in site.getters:
            self.answer(site.getters[name], query)
        else:
            self.refuse(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET

    def do_POST(self):
        """Something that is to be done, as JSON."""
        found = self.requested()
        if not found:
            return
        length = self.headers.get("Content-Length", "")
        if found[0] not in self.server.site.posters:
            self.refuse(HTTPStatus.NOT_FOUND)
        elif not length.isascii() or not length.isdigit():
            self.refuse(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > MOST_DIGITS or int(length) > MOST_OCTETS:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self.post(found[0], self.rfile.read(int(length)))

    def post(self, name, body):
        """Do it."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        self.answer(self.server.site.posters[name], content)


class Server(ThreadingHTTPServer):
    """It serves no more connections at once than the page needs. One more ends the oldest that has not
    named the token, so that a stranger cannot keep the page out.
    """

    daemon_threads = True

    def __init__(self, site, port):
        self.site, self._lock = site, threading.Lock()
        self._open = {}  # those being served, oldest first: whether they have named the token
        super().__init__((HOST, port), Handler)

    def trust(self, connection):
        """Note that a connection has named the token."""
        with self._lock:
            if connection in self._open:
                self._open[connection] = True

    def process_request(self, request, client_address):
        """Serve a connection in a thread of its own."""
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                self._end(min(self._open, key=self._open.get))
            self._open[request] = False
        super().process_request(request, client_address)

    def _end(self, connection):
        """Have its thread see the end of the connection."""
        del self._open[connection]
        with contextlib.suppress(OSError):  # its client has closed it
            connection.shutdown(socket.SHUT_RDWR)

    def process_request_thread(self, request, client_address):
        """Serve it, in that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, _request, _client_address):
        """A browser that goes away in the middle is no error."""


class Site:
    """The page's files, and the functions that answer it; these are called in threads."""

    def __init__(self, files, getters, posters, port=0):
        self.token = secrets.token_urlsafe(16)
        self.getters, self.posters = getters, posters
        self.files = {path.name: path.read_bytes() for path in files if path.suffix in KINDS}
        self.files[""] = self.files.pop("index.html")
        self._server = Server(self, port)
        port = self._server.server_address[1]
        self.hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self.address = f"http://{HOST}:{port}/{self.token}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        """Serve from now on."""
        self._thread.start()

    def stop(self):
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
