"""Requests as clients that people use send them (fixtures), and what those clients read of the replies."""
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from serving import ROOT, SCENE, Server, data_uri, form, picture

FIXTURES = Path(__file__).with_name("fixtures")


def setUpModule():
    global server, size
    server = Server()
    size = server.ask("GET", "/v1/capabilities")[2]["sizes"][0]


def tearDownModule():
    assert server.stop() == 0


def filled(value):
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return {"MODEL": "embedded", "SIZE": size, "PICTURE": data_uri(SCENE.read_bytes())}.get(value, value) if isinstance(value, str) else value


class Replayed(unittest.TestCase):
    def check_stream(self, request):
        chunks = list(server.events(request["path"], filled(request["json"]), request["headers"]))
        self.assertEqual(chunks[-1], "[DONE]")
        text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks[:-1] if chunk["choices"])
        self.assertTrue(text)
        self.assertEqual({chunk["object"] for chunk in chunks[:-1]}, {"chat.completion.chunk"})
        self.assertGreater(chunks[-2]["usage"]["total_tokens"], 0)
        self.assertIn(chunks[-3]["choices"][0]["finish_reason"], ("stop", "length"))

    def check(self, request):
        if request.get("json", {}).get("stream"):
            return self.check_stream(request)
        body, headers = filled(request.get("json")), dict(request["headers"])
        if "form" in request:
            body, headers["Content-Type"] = form([(name, SCENE.read_bytes()) for name in request["files"]], filled(request["form"]))
        status, _, reply = server.ask(request["method"], request["path"], body, headers)
        self.assertEqual(status, 200, reply)
        if request["path"] == "/v1/models":
            self.assertEqual([model["id"] for model in reply["data"]], ["embedded"])
        elif "images" in request["path"]:
            self.assertTrue(picture(reply["data"][0]).startswith(b"\x89PNG"))
        else:
            self.assertIsInstance(reply["choices"][0]["message"]["content"], str)
        return None

    def test_fixtures(self):
        fixtures = sorted(FIXTURES.glob("*.json"))
        self.assertGreaterEqual(len(fixtures), 2)
        for fixture in fixtures:
            for request in json.loads(fixture.read_text())["requests"]:
                with self.subTest(client=fixture.stem, request=request["name"]):
                    self.check(request)


class Curl(unittest.TestCase):
    @unittest.skipUnless(all(map(shutil.which, ("curl", "jq", "base64"))), "no curl, jq or base64")
    def test_what_the_documents_say(self):
        for document in ("README.md", "docs/server.md"):
            blocks = re.findall(r"```(?:bash)?\n(curl .*?)```", (ROOT / document).read_text(), re.S)
            self.assertEqual(len(blocks), 1, document)
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", blocks[0].replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")], cwd=folder,
                                      capture_output=True, text=True, timeout=300)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue((Path(folder) / "apple.png").read_bytes().startswith(b"\x89PNG"))
                self.assertNotIn('"error"', done.stdout)
                if document == "docs/server.md":
                    self.assertIn('"b64_json"', done.stdout)
                    self.assertIn("an apple", done.stdout)


if __name__ == "__main__":
    unittest.main()
