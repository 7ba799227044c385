"""A local web server that serves one file by byte ranges, and can misbehave in the ways that real ones do."""

import re
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(content, **ways):
    """Serve `content`; yields the address and the log of (first, last) byte ranges.

    `busy`: so many first answers are `busy_status` (503); `busy_after`: all from that request on; `cut`: so many answers
    end half-way; `ranges=False`: ranges are ignored; `status`: the only answer; `changes_after`: another ETag from that
    request on; `etag`: the first one; `size`: size of the whole in Content-Range; `shift`: bytes by which ranges are
    answered too late; `more`: bytes sent beyond those asked for; `asset`: an id, whose path /assets/ID/download/ is sent on
    to the file as DANDI does, and other paths are not found.
    """
    log = []
    left = {"busy": ways.get("busy", 0), "cut": ways.get("cut", 0)}

    def etag():
        return '"b"' if len(log) > ways.get("changes_after", 10**9) else ways.get("etag", '"a"')

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            """Print nothing."""

        def do_GET(self):
            if "asset" in ways and self.path != "/session.nwb":
                known = self.path == f"/assets/{ways['asset']}/download/"
                self.send_response(302 if known else 404)
                self.send_header("Location", "/session.nwb")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if ways.get("status") or left["busy"] > 0 or len(log) >= ways.get("busy_after", 10**9):
                left["busy"] -= 1
                self.send_response(ways.get("status", ways.get("busy_status", 503)))
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(asked[1]), min(int(asked[2]), len(content) - 1)) if asked else (0, len(content) - 1)
            ranged = ways.get("ranges", True)
            log.append((first, last))
            if (wanted := self.headers.get("If-Match")) and (wanted.startswith("W/") or wanted != etag()):
                self.send_response(412)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if last > first:
                first += ways.get("shift", 0)
                last += ways.get("shift", 0)
            body = content[first : last + 1] + bytes(ways.get("more", 0)) if ranged else content
            self.send_response(206 if ranged else 200)
            if ranged:
                self.send_header("Content-Range", f"bytes {first}-{last}/{ways.get('size', len(content))}")
            self.send_header("ETag", etag())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if left["cut"] > 0 and len(body) > 1:
                left["cut"] -= 1
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a client that hung up must not print to the stderr of the next test
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/session.nwb", log
    finally:
        server.shutdown()
        server.server_close()
