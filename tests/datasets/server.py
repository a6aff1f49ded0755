"""A publisher of data on this machine, with mirrors that fail in each way that mirrors do."""

import gzip
import hashlib
import http.server
import io
import tarfile
import threading
from collections import Counter
from contextlib import contextmanager


class Mirrors(http.server.ThreadingHTTPServer):
    """Serves `files` under /NAME/..., where NAME says what goes wrong; counts what was asked for."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = files
        self.asked = Counter()
        self.halfway = threading.Event()
        """Set when a body that stalls has been sent by half."""
        self.released = threading.Event()
        """To be set when it may go on."""

    def handle_error(self, request, client_address):
        """Whoever hangs up in the middle is no error here."""

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked[self.path] += 1
        _, name, file = self.path.split("/")
        body = server.files.get(file)
        if body is None or name == "missing":
            self.send_error(404)
            return
        if name == "changed":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.send_response(200)
        if name != "unannounced":
            self.send_header("Content-Length", {"short": len(body) + 1, "long": len(body) - 9}.get(name, len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if name == "stalled":
            server.halfway.set()
            server.released.wait(60)
        self.wfile.write(body[half:])

    def log_message(self, *_):
        pass


@contextmanager
def serving(files):
    """Mirrors of these files, by name, until the block ends."""
    with Mirrors(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def packed(content):
    return gzip.compress(content, mtime=0)


def archive(members):
    """A .tar.gz of files by path."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return file.getvalue()
