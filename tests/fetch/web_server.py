"""A local web server with one file, that can misbehave in the ways that real ones do."""

import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 400
PAGE = b"<!DOCTYPE html><html>%s</html>"


class Log(list):
    """Range headers of all requests, in order."""


@contextmanager
def serving(content=CONTENT, **ways):
    """Serve `content` at any path; yields its address and the log of requests.

    Parameters
    ----------
    statuses : statuses of the first answers
    retry_after : header of those
    page : words of a web page that comes with status 200
    cuts : so many answers end half-way
    ranges : whether byte ranges are served
    etags : one for each answer, the last for all others
    location : where all requests are redirected to
    hang_s : seconds before any answer
    short : bytes fewer than the header says, always
    """
    log, statuses, cuts = Log(), list(ways.get("statuses", [])), [ways.get("cuts", 0)]
    etags = list(ways.get("etags", ['"one"']))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            """Say nothing."""

        def empty(self, status, **headers):
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def do_GET(self):
            log.append(self.headers.get("Range"))
            time.sleep(ways.get("hang_s", 0))
            if statuses:
                self.empty(statuses.pop(0), Retry_After=ways.get("retry_after", "0"))
                return
            if "location" in ways:
                self.empty(302, Location=ways["location"])
                return
            if "page" in ways:
                self.body(200, PAGE % ways["page"], 0, {"Content-Type": "text/html; charset=utf-8"})
                return
            etag = etags.pop(0) if len(etags) > 1 else etags[0]
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(asked[1]) if asked and ways.get("ranges", True) else 0
            if first and self.headers.get("If-Range", etag) != etag:
                first = 0
            if first >= len(content):
                self.empty(416, Content_Range=f"bytes */{len(content)}")
                return
            headers = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if first else {}
            self.body(206 if first else 200, content[first:], ways.get("short", 0), {"ETag": etag, **headers})

        def body(self, status, body, short, headers):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if cuts[0] > 0 or short:
                cuts[0] -= 1
                self.wfile.write(body[: len(body) - short if short else len(body) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file", log
    finally:
        server.shutdown()
        server.server_close()
