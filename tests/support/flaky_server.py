"""A web server on 127.0.0.1 that serves one file and misbehaves as the address asks.

flaky_server.py FILE [CERTIFICATE]   prints its port, then one line of JSON per request:
    {"path", "range", "if_range", "status", "sent"}

/plain/NAME            as a good server does: ranges, an ETag
/dated/NAME            the same with a date in place of the ETag
/norange/NAME          always the whole file
/nolength/NAME         without saying how long, no ranges
/drop/PERCENT/NAME     cuts the connection after so much of the file at each request
/stall/PERCENT/NAME    falls silent after so much of the file, for ten seconds
/slow/NAME             a little at a time
/wrong/NAME            other bytes, as many
/short/NAME            half of the file, announced as such
/elsewhere/NAME        a range from another place than asked for
/changing/NAME         a new version at each request, cut in the middle
/endless/NAME          no announced length and no end
/huge/NAME             announces ten terabytes
/status/CODE/NAME      that answer
/hops/COUNT/REST       so many redirects, then /REST
/loop/NAME             redirects to itself
/away/URL              redirects to the address that follows, percent-encoded
"""
import hashlib
import http.server
import json
import re
import ssl
import sys
import threading
import time
import urllib.parse

CHUNK = 16384


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    content = b""
    visits = 0
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        with Handler.lock:
            Handler.visits += 1
        self.sent = 0
        self.status = 0
        self.close_connection = True
        mode, _, rest = self.path.lstrip("/").partition("/")
        try:
            getattr(self, "on_" + mode)(rest)
        except (BrokenPipeError, ConnectionResetError):
            pass
        line = {"path": self.path, "range": self.headers.get("Range", ""),
                "if_range": self.headers.get("If-Range", ""), "status": self.status,
                "sent": self.sent}
        with Handler.lock:
            print(json.dumps(line), flush=True)

    def head(self, status, headers):
        self.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def body(self, data, pause=0.0):
        for start in range(0, len(data), CHUNK):
            piece = data[start:start + CHUNK]
            self.wfile.write(piece)
            self.sent += len(piece)
            if pause:
                time.sleep(pause)

    def cut(self):
        self.connection.close()

    def etag(self):
        return '"%s"' % hashlib.md5(self.content).hexdigest()

    def start_of_range(self, version):
        """Where the answer begins, or None for all of the file."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not match or self.headers.get("If-Range", version) != version:
            return None
        return int(match[1])

    def serve(self, version_header="ETag", version=None, most=None, pause=0.0, shift=0):
        version = version or self.etag()
        size = len(self.content)
        start = self.start_of_range(version)
        if start is not None and start >= size:
            self.head(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        headers = {version_header: version, "Accept-Ranges": "bytes",
                   "Content-Length": str(size - (start or 0))}
        if start is not None:
            headers["Content-Range"] = f"bytes {start + shift}-{size - 1}/{size}"
        self.head(200 if start is None else 206, headers)
        data = self.content[start or 0:]
        self.body(data if most is None else data[:most], pause)

    def share(self, percent):
        return len(self.content) * int(percent) // 100

    def on_plain(self, _):
        self.serve()

    def on_dated(self, _):
        self.serve("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT", self.share(60))

    def on_norange(self, _):
        self.head(200, {"Content-Length": str(len(self.content))})
        self.body(self.content[:self.share(50)] if Handler.visits == 1 else self.content)

    def on_nolength(self, _):
        self.head(200, {})
        self.body(self.content)

    def on_drop(self, rest):
        self.serve(most=self.share(rest.partition("/")[0]))
        self.cut()

    def on_stall(self, rest):
        self.serve(most=self.share(rest.partition("/")[0]))
        self.wfile.flush()
        time.sleep(10)

    def on_slow(self, _):
        self.serve(pause=0.05)

    def on_wrong(self, _):
        self.head(200, {"Content-Length": str(len(self.content))})
        self.body(bytes(byte ^ 1 for byte in self.content))

    def on_short(self, _):
        half = self.content[:self.share(50)]
        self.head(200, {"Content-Length": str(len(half))})
        self.body(half)

    def on_elsewhere(self, _):
        self.serve(shift=1, most=self.share(50) if Handler.visits == 1 else None)

    def on_changing(self, _):
        self.serve(version='"version %d"' % Handler.visits,
                   most=self.share(50) if Handler.visits < 3 else None)

    def on_endless(self, _):
        self.head(200, {})
        while True:
            self.body(bytes(CHUNK))

    def on_huge(self, _):
        self.head(200, {"Content-Length": str(10 ** 13)})
        self.body(self.content)

    def on_status(self, rest):
        page = b"<html>no</html>"
        self.head(int(rest.partition("/")[0]), {"Content-Length": str(len(page))})
        self.wfile.write(page)

    def redirect(self, target):
        self.head(302, {"Location": target, "Content-Length": "0"})

    def on_hops(self, rest):
        count, _, target = rest.partition("/")
        left = int(count) - 1
        self.redirect(f"/hops/{left}/{target}" if left > 0 else "/" + target)

    def on_loop(self, _):
        self.redirect(self.path)

    def on_away(self, rest):
        self.redirect(urllib.parse.unquote(rest.rpartition("/")[0]))


def main():
    with open(sys.argv[1], "rb") as file:
        Handler.content = file.read()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


main()
