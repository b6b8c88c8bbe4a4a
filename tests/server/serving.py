"""A server of the embedded model for tests: on a free port of this machine, ended with the test."""
import base64
import http.client
import io
import json
import os
import re
import signal
import struct
import subprocess
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWO = os.environ.get("SHOWO", str(ROOT / "build/showo"))
SCENE = ROOT / "models/embedded/samples/scene.png"


class Server:
    """`showo serve` with these flags; log() is what it wrote to standard error."""

    def __init__(self, *flags, threads=2, ready=True):
        self.errors = open(os.path.join(os.environ.get("TMPDIR", "/tmp"), f"showo-serve-{os.getpid()}-{id(self)}.log"), "w+")
        os.unlink(self.errors.name)
        self.process = subprocess.Popen([SHOWO, "serve", "--port", "0", "--threads", str(threads), *map(str, flags)], cwd=ROOT,
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (\S+)\n", line)
        assert found, (line, self.log())
        self.url = found[1]
        self.port = int(self.url.rsplit(":", 1)[1]) if self.url.startswith("http") else None

    def log(self):
        return self.kept if self.errors.closed else Path(f"/proc/self/fd/{self.errors.fileno()}").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, how=signal.SIGTERM, most=60):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(most)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.kept = self.log()
        self.errors.close()
        return code

    def connect(self, timeout=120):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, timeout=120):
        """(status, headers, body): JSON where it is JSON."""
        connection = self.connect(timeout)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        kind = reply.getheader("Content-Type") or ""
        return reply.status, reply.headers, json.loads(content) if kind.startswith("application/json") else content

    def post(self, path, body, **more):
        return self.ask("POST", path, body, **more)

    def edit(self, files, **fields):
        body, kind = form(files, fields)
        return self.ask("POST", "/v1/images/edits", body, {"Content-Type": kind})

    def events(self, path, body, headers=None):
        """The data of a stream's events, as they come."""
        connection = self.connect()
        headers = dict(headers or {})
        if isinstance(body, dict):
            body, headers = json.dumps(body), headers | {"Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        assert reply.status == 200, (reply.status, reply.read())
        assert reply.getheader("Content-Type").startswith("text/event-stream")
        try:
            for line in reply:
                line = line.decode().rstrip("\n")
                if line.startswith("data: "):
                    yield line[6:] if line == "data: [DONE]" else json.loads(line[6:])
        finally:
            connection.close()

    def metric(self, name):
        """Its sum over all labels."""
        text = self.ask("GET", "/metrics")[2].decode()
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def wait_idle(self, most=20):
        """Until no job is computed or waits."""
        end = time.time() + most
        while time.time() < end:
            if self.metric("showo:jobs_running") + self.metric("showo:jobs_waiting") == 0:
                return True
            time.sleep(0.05)
        return False


def form(files, fields, boundary="----showo"):
    """A multipart body and its Content-Type; `files`: (name, bytes)."""
    out = io.BytesIO()
    for name, content in files:
        out.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.png"\r\n'
                  'Content-Type: image/png\r\n\r\n'.encode() + content + b"\r\n")
    for name, value in fields.items():
        value = value if isinstance(value, bytes) else str(value).encode()
        out.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n")
    out.write(f"--{boundary}--\r\n".encode())
    return out.getvalue(), f"multipart/form-data; boundary={boundary}"


def png(width, height, pixel, channels=3):
    """A PNG of pixel(x, y) → a tuple of channels."""
    rows = b"".join(b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height))
    return _png(width, height, zlib.compress(rows), {1: 0, 3: 2, 4: 6}[channels])


def _png(width, height, data, kind):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(side=60000):
    """A small PNG that says it is very large."""
    return _png(side, side, zlib.compress(b"\0" * 1000), 2)


def pixels(content):
    """(width, height, rows of RGB bytes) of an 8-bit RGB PNG without interlacing."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(content):
        size, name = struct.unpack(">I4s", content[at:at + 8])
        chunk = content[at + 8:at + 8 + size]
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", chunk[:10])
            assert (depth, kind) == (8, 2), (depth, kind)
        if name == b"IDAT":
            data += chunk
        at += size + 12
    raw, stride, rows = zlib.decompress(data), width * 3, []
    before = bytes(stride)
    for y in range(height):
        how, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a, b, c = line[i - 3] if i >= 3 else 0, before[i], before[i - 3] if i >= 3 else 0
            if how == 1:
                line[i] = (line[i] + a) & 255
            elif how == 2:
                line[i] = (line[i] + b) & 255
            elif how == 3:
                line[i] = (line[i] + (a + b) // 2) & 255
            elif how == 4:
                p = a + b - c
                nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                line[i] = (line[i] + nearest) & 255
        before = bytes(line)
        rows.append(before)
    return width, height, rows


def data_uri(content):
    return "data:image/png;base64," + base64.b64encode(content).decode()


def picture(item):
    """Of a reply's item or an event, its file."""
    return base64.b64decode(item["b64_json"])


def about(content, question, **more):
    """Messages that ask about a picture."""
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data_uri(content)}},
                                         {"type": "text", "text": question}]}]
