"""Two servers behind nginx, with the configuration that docs/server.md gives: one is killed in the middle, and clients go on."""
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from serving import ROOT, SCENE, Server, about

nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
if not nginx:
    print("skipped: no nginx")
    sys.exit(77)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """nginx as the documentation has it, with these servers."""

    def __init__(self, ports):
        text = (ROOT / "docs/server.md").read_text()
        site = re.search(r"```nginx\n(.*?)```", text, re.S)[1]
        self.port = free_port()
        site = re.sub(r"listen \d+;", f"listen 127.0.0.1:{self.port};", site)
        for number, port in zip((8080, 8081), ports):
            site = site.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        kept = "".join(f"  {kind}_temp_path {path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (path / "nginx.conf").write_text(f"daemon off; pid {path}/pid; error_log {path}/error.log;\nevents {{ worker_connections 512; }}\n"
                                         f"http {{\n  access_log off;\n{kept}{site}\n}}\n")
        self.process = subprocess.Popen([nginx, "-p", path, "-c", path / "nginx.conf"], stderr=subprocess.PIPE, text=True)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()
        self.folder.cleanup()

    def post(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read()) if not body.get("stream") else reply.read().decode()


class Balanced(unittest.TestCase):
    def test_one_of_two_may_die(self):
        flags = ("--trust-forwarded", "--allow-host", "*")
        with Server(*flags, threads=1) as first, Server(*flags, threads=1) as second:
            proxy = Proxy([first.port, second.port])
            try:
                prompt = {"prompt": "an apple", "steps": 8}
                before = {seed: proxy.post("/v1/images/generations", prompt | {"seed": seed})["data"][0]["b64_json"] for seed in range(6)}
                chat = {"messages": about(SCENE.read_bytes(), "what is in the picture?")}
                said = proxy.post("/v1/chat/completions", chat)
                seen = [server.metric("showo:requests_total") for server in (first, second)]
                stream = proxy.post("/v1/images/generations", prompt | {"seed": 1, "stream": True, "partial_images": 3})
                self.assertIn("image_generation.completed", stream)

                found, failed = {}, []

                def draw(seed):
                    try:
                        found[seed] = proxy.post("/v1/images/generations", prompt | {"seed": seed})["data"][0]["b64_json"]
                    except Exception as error:  # noqa: BLE001
                        failed.append((seed, error))
                threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(6)]
                for thread in threads:
                    thread.start()
                time.sleep(0.2)
                first.process.kill()
                first.process.wait()
                for thread in threads:
                    thread.join()
                # A request that was under way there is asked again on the other server: the same seed gives the same picture.
                self.assertEqual(failed, [])
                self.assertEqual(found, before)
                self.assertEqual(proxy.post("/v1/chat/completions", chat)["choices"], said["choices"])
                self.assertGreater(second.metric("showo:requests_total"), seen[1])
            finally:
                proxy.stop()


if __name__ == "__main__":
    unittest.main()
