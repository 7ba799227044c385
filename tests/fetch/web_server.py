"""A local web server that can misbehave in the ways that real ones do."""

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
    files : contents by the beginning of their paths, in place of `content`; pages of HTML are known by their beginning
    statuses : statuses of the first answers
    retry_after : header of those
    page, status : words of a web page that comes instead, and its status
    cuts : so many answers end half-way
    ranges : whether byte ranges are served
    etags : one for each answer, the last for all others
    old : content of the first answer, before it was changed
    blind : ranges are served whatever version is asked for
    wrong_range : byte that answers to a range begin with, whatever was asked for
    location : where all requests are redirected to
    hang_s : seconds before any answer
    throttle_s : seconds before each quarter of a body
    short : bytes fewer than the header says, always
    packed : encoding that the header of a body names
    length : False for an answer without a length, or the text that it gives as its length
    """
    log, statuses, cuts = Log(), list(ways.get("statuses", [])), [ways.get("cuts", 0)]
    etags, old = list(ways.get("etags", ['"one"'])), [ways["old"]] if "old" in ways else []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            """Print nothing."""

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
                self.html(PAGE % ways["page"], ways.get("status", 200))
                return
            served = [one for path, one in ways.get("files", {"": content}).items() if self.path.startswith(path)]
            if not served:
                self.empty(404)
            elif served[0].startswith(PAGE[:15]):
                self.html(served[0])
            else:
                self.file(served[0])

        def html(self, body, status=200):
            self.body(status, body, 0, {"Content-Type": "text/html; charset=utf-8"})

        def file(self, content):
            content = old.pop() if old else content
            etag = etags.pop(0) if len(etags) > 1 else etags[0]
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(asked[1]) if asked and ways.get("ranges", True) else 0
            if first and self.headers.get("If-Range", etag) != etag and not ways.get("blind"):
                first = 0
            if first >= len(content) > 0:
                self.empty(416, Content_Range=f"bytes */{len(content)}")
                return
            if first and "wrong_range" in ways:
                first = ways["wrong_range"]
            headers = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if asked and first else {}
            if etag:
                headers["ETag"] = etag
            if "packed" in ways:
                headers["Content-Encoding"] = ways["packed"]
            self.body(206 if headers.get("Content-Range") else 200, content[first:], ways.get("short", 0), headers)

        def body(self, status, body, short, headers):
            length = ways.get("length", str(len(body)))
            self.send_response(status)
            for name, value in {
                **({"Content-Length": length} if length else {"Connection": "close"}),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if cuts[0] > 0 or short:
                cuts[0] -= 1
                self.wfile.write(body[: len(body) - short if short else len(body) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            for quarter in range(4):
                time.sleep(ways.get("throttle_s", 0))
                self.wfile.write(body[len(body) * quarter // 4 : len(body) * (quarter + 1) // 4])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a client that hung up must not print to the stderr of the next test
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file", log
    finally:
        server.shutdown()
        server.server_close()
