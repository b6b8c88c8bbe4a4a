"""Many clients, bad ones among them: what each may take from the others, and how a server ends."""
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import SCENE, Server, about, bomb, form

GENERATE, EDIT, CHAT = "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions"
QUICK = {"prompt": "an apple", "seed": 1, "steps": 2}
# Some seconds of work.
LONG = {"prompt": "an apple", "seed": 1, "steps": 60, "guidance_scale": 2, "n": 4}


def setUpModule():
    global server
    server = Server("--limit-receive-seconds", 3, "--limit-idle-seconds", 4, "--limit-body-bytes", 300000)


def tearDownModule():
    code = server.stop()
    assert code == 0, (code, server.log())


@contextlib.contextmanager
def raw(data, port=None, timeout=20):
    """A connection on which this was sent."""
    with socket.create_connection(("127.0.0.1", port or server.port), timeout=timeout) as connection:
        connection.sendall(data)
        yield connection


def everything(connection):
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            received += more
    return received


def head(path, body, **headers):
    lines = {"Host": f"127.0.0.1:{server.port}", "Content-Type": "application/json", "Content-Length": len(body)}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode() + body


def status(reply):
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/1.1 ") else None


class BadClients(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(server.post(GENERATE, QUICK)[0], 200)  # others are served as before

    def test_bodies_that_are_no_requests(self):
        deep = b'{"prompt": ' + b"[" * 100000 + b"]" * 100000 + b"}"
        for body, more in ((b"", {}), (b"{", {}), (b"[1]", {}), (b'"x"', {}), (b"\xff\xfe", {}), (b'{"prompt": "\xff"}', {}), (deep, {}),
                           (b'{"prompt": "a", "steps": 1e999}', {}), (b"{}" * 1000, {})):
            code, _, reply = server.ask("POST", GENERATE, body, {"Content-Type": "application/json"})
            self.assertEqual((code, reply["error"]["type"]), (400, "invalid_request_error"), body[:40])
        for headers in ({"Content-Type": "text/plain"}, {}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}):
            self.assertEqual(server.ask("POST", GENERATE, b"{}", headers)[0], 415, headers)

    def test_a_body_that_is_too_large(self):
        with raw(head(GENERATE, b"", Content_Length=2 << 30)) as connection:
            self.assertEqual(status(everything(connection)), 413)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with raw(head(GENERATE, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + chunk * 3) as connection:
            with contextlib.suppress(OSError):
                for _ in range(40):
                    connection.sendall(chunk)
            self.assertIn(status(everything(connection)), (413, None))

    def test_lengths_that_are_wrong(self):
        body = json.dumps(QUICK).encode()
        for length in ("-1", "x", "99999999999999999999999", "1.5"):
            with raw(head(GENERATE, body, Content_Length=length)) as connection:
                self.assertEqual(status(everything(connection)), 400, length)
        with raw(head(GENERATE, body, Content_Length=len(body) - 5)) as connection:
            self.assertEqual(status(everything(connection)), 400)
        with raw(head(GENERATE, body, Content_Length=len(body) + 5)) as connection:  # the rest never comes
            self.assertEqual(status(everything(connection)), 408)

    def test_a_byte_a_second(self):
        with raw(b"") as connection:
            connection.settimeout(1)
            for byte in head(GENERATE, b"{}")[:60]:
                connection.sendall(bytes([byte]))
                try:
                    self.assertIn(status(connection.recv(1000)), (400, 408, None))
                    return
                except socket.timeout:
                    continue
                except ConnectionResetError:
                    return
            self.fail("it may go on for ever")

    def test_headers_without_end(self):
        with raw(b"GET /health HTTP/1.1\r\n") as connection, contextlib.suppress(OSError):
            for i in range(20000):
                connection.sendall(f"X-{i}: {'y' * 100}\r\n".encode())
        many = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(1000))  # fewer bytes than a body may have
        with raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n") as connection:
            self.assertEqual(status(everything(connection)), 431)
        self.assertEqual(server.ask("GET", "/", headers={"Range": "bytes=" + ",".join("0-" for _ in range(1000))})[0], 416)
        with raw(b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
            self.assertIn(status(everything(connection)), (414, 400, None))
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 5000, b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with raw(nonsense) as connection:
                connection.shutdown(socket.SHUT_WR)
                everything(connection)

    def test_requests_one_behind_the_other(self):
        one = head(GENERATE, json.dumps(QUICK).encode())
        last = one.replace(b"Content-Type", b"Connection: close\r\nContent-Type")
        with raw(one + one + last, timeout=60) as connection:
            self.assertEqual(everything(connection).count(b"HTTP/1.1 200"), 3)

    def test_half_a_form(self):
        body, kind = form([("image", SCENE.read_bytes())], QUICK)
        with raw(head(EDIT, body[:len(body) // 2], Content_Type=kind, Content_Length=len(body))) as connection:
            self.assertEqual(status(everything(connection)), 408)

    def test_picture_bombs(self):
        before = server.metric("process_resident_memory_bytes")
        code, _, reply = server.edit([("image", bomb())], **QUICK)
        self.assertEqual((code, reply["error"]["param"]), (400, "image"), reply)
        code, _, reply = server.post(CHAT, {"messages": about(bomb(), "what?")})
        self.assertEqual(code, 400, reply)
        self.assertLess(server.metric("process_resident_memory_bytes") - before, 200 << 20)

    def test_clients_that_leave(self):
        for stream in (True, False):
            body = LONG | {"stream": stream} | ({"partial_images": 60} if stream else {})
            drawn, cancelled = server.metric("showo:images_total"), server.metric("showo:cancelled_total")
            with raw(head(GENERATE, json.dumps(body).encode())) as connection:
                while server.metric("showo:jobs_running") == 0:
                    time.sleep(0.02)
                if stream:
                    connection.recv(100)
            self.assertTrue(server.wait_idle(60))
            self.assertEqual(server.metric("showo:images_total"), drawn, "the pictures of a client that left were drawn")
            while server.metric("showo:cancelled_total") == cancelled:
                time.sleep(0.02)

    def test_clients_that_are_killed(self):
        script = "import sys, socket, time\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\ns.sendall(sys.stdin.buffer.read())\ns.recv(10)\ntime.sleep(60)"
        request = head(CHAT, json.dumps({"messages": [{"role": "user", "content": "a story"}], "max_tokens": 1000, "stream": True}).encode())
        clients = [subprocess.Popen(["python3", "-c", script, str(server.port)], stdin=subprocess.PIPE) for _ in range(4)]
        for client in clients:
            client.stdin.write(request)
            client.stdin.close()
        time.sleep(0.5)
        for client in clients:
            client.kill()
            client.wait()
        self.assertTrue(server.wait_idle(60))

    def test_a_slow_reader_holds_nobody_up(self):
        body = json.dumps(LONG | {"steps": 60, "stream": True, "partial_images": 60}).encode()
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.connect(("127.0.0.1", server.port))
            slow.sendall(head(GENERATE, body))
            time.sleep(0.3)
            self.assertEqual(server.post(GENERATE, QUICK)[0], 200)
        self.assertTrue(server.wait_idle(60))

    def test_an_idle_connection_is_closed(self):
        with raw(b"") as connection:
            self.assertEqual(everything(connection), b"")


class Together(unittest.TestCase):
    def test_company_changes_no_result(self):
        alone = [server.post(GENERATE, QUICK | {"seed": seed})[2]["data"][0]["b64_json"] for seed in range(4)]
        ask = {"messages": about(SCENE.read_bytes(), "what is in the picture?")}
        said = server.post(CHAT, ask)[2]["choices"][0]["message"]["content"]
        found = {}

        def draw(seed):
            found[seed] = server.post(GENERATE, QUICK | {"seed": seed})[2]["data"][0]["b64_json"]

        def talk(index):
            found[index] = server.post(CHAT, ask)[2]["choices"][0]["message"]["content"]
        threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)] + [threading.Thread(target=talk, args=(f"ask {i}",)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([found[seed] for seed in range(4)], alone)
        self.assertEqual({found[f"ask {i}"] for i in range(4)}, {said})

    def test_health_answers_while_all_are_busy(self):
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(raw(head(GENERATE, json.dumps(LONG | {"stream": True}).encode())))
            time.sleep(0.3)
            for path in ("/health", "/metrics"):
                self.assertEqual(server.ask("GET", path)[0], 200)
                self.assertGreater(server.metric("showo:jobs_running"), 0)
        self.assertTrue(server.wait_idle(60))

    def test_a_full_queue_says_when_to_try_again(self):
        with Server("--limit-queue", 3) as small, contextlib.ExitStack() as stack:
            for _ in range(7):
                stack.enter_context(raw(head(GENERATE, json.dumps(LONG | {"n": 3}).encode(), Host=f"localhost:{small.port}"), small.port))
            end, codes = time.time() + 60, set()
            while 429 not in codes and time.time() < end:
                code, headers, reply = small.post(GENERATE, LONG | {"n": 3, "steps": 1}) if codes else (None, {}, {})
                codes.add(code)
            self.assertEqual((code, reply["error"]["type"], reply["error"]["code"]), (429, "rate_limit_error", "queue_full"))
            self.assertTrue(1 <= int(headers["Retry-After"]) <= 60)
            stack.close()
            self.assertTrue(small.wait_idle(60))

    def test_too_many_connections(self):
        with Server("--limit-connections", 20) as small:
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    stack.enter_context(raw(b"GET", small.port))
                time.sleep(0.3)
                with raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", small.port) as late:
                    self.assertEqual(status(everything(late)), 503)
            time.sleep(0.5)
            self.assertEqual(small.ask("GET", "/health")[0], 200)


class Gates(unittest.TestCase):
    def test_hosts_and_origins(self):
        for headers, expected in (({"Host": "evil.example"}, 403), ({"Host": f"localhost:{server.port}"}, 200), ({"Host": "127.0.0.1.evil.example"}, 403),
                                  ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
                                  ({"Host": f"localhost:{server.port}", "Origin": f"http://localhost:{server.port}"}, 200)):
            self.assertEqual(server.ask("GET", "/health", headers=headers)[0], expected, headers)

    def test_cors(self):
        with Server("--cors", "https://page.example", "--allow-host", "showo.example") as open_one:
            self.assertEqual(open_one.ask("GET", "/health", headers={"Host": "showo.example"})[0], 200)
            code, headers, _ = open_one.ask("OPTIONS", GENERATE, headers={"Origin": "https://page.example", "Access-Control-Request-Method": "POST"})
            self.assertEqual((code, headers["Access-Control-Allow-Origin"]), (204, "https://page.example"))
            code, headers, _ = open_one.post(GENERATE, QUICK, headers={"Origin": "https://page.example"})
            self.assertEqual((code, headers["Access-Control-Allow-Origin"]), (200, "https://page.example"))
            code, headers, _ = open_one.ask("GET", "/health", headers={"Origin": "https://other.example"})
            self.assertEqual((code, headers["Access-Control-Allow-Origin"]), (403, None))

    def test_keys(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as keys:
            keys.write("# ours\nfirst-key\nsecond-key\n")
            keys.flush()
            with Server("--api-key-file", keys.name) as closed:
                for headers, expected in (({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer first-key"}, 200),
                                          ({"X-Api-Key": "second-key"}, 200), ({"Authorization": "Bearer first-ke"}, 401), ({"Authorization": "Bearer "}, 401)):
                    code, _, reply = closed.ask("GET", "/v1/models", headers=headers)
                    self.assertEqual(code, expected, headers)
                self.assertEqual(closed.ask("GET", "/health")[0], 200)
                self.assertEqual(closed.ask("GET", "/metrics")[0], 401)
                self.assertEqual(closed.ask("GET", "/")[0], 200)
                self.assertNotIn("first-key", closed.log())

    @unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate with")
    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = Path(folder, "key.pem"), Path(folder, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            with Server("--certificate", certificate, "--private-key", key) as secure:
                self.assertTrue(secure.url.startswith("https://"))
                context = ssl.create_default_context(cafile=str(certificate))
                import http.client
                for _ in range(2):
                    connection = http.client.HTTPSConnection("localhost", secure.port, context=context, timeout=60)
                    connection.request("POST", GENERATE, json.dumps(QUICK | {"stream": True, "partial_images": 2}), {"Content-Type": "application/json"})
                    self.assertIn(b"image_generation.completed", connection.getresponse().read())
                    connection.close()
                with raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", secure.port) as plain:
                    self.assertNotEqual(status(everything(plain)), 200)

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/showo.sock"
            with Server("--unix-socket", path) as local:
                self.assertEqual(local.url, f"unix:{path}")
                self.assertEqual(os.stat(path).st_mode & 0o077, 0)
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(path)
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n")
                    self.assertEqual(status(everything(connection)), 200)
            self.assertFalse(os.path.exists(path))

    def test_the_socket_that_systemd_hands_over(self):
        from serving import ROOT, SHOWO
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(16)
            os.set_inheritable(listening.fileno(), True)
            script = f'exec {listening.fileno()}>&- 2>&1; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" serve --grace 1'
            script = script.replace(f"exec {listening.fileno()}>&-", f"exec 3<&{listening.fileno()}")
            process = subprocess.Popen(["bash", "-c", script, SHOWO], cwd=ROOT, stdout=subprocess.PIPE, text=True, pass_fds=[listening.fileno()])
            with raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", listening.getsockname()[1], 60) as early:
                self.assertEqual(status(everything(early)), 200)  # it came before the server listened
            self.assertEqual(process.stdout.readline(), "listening on systemd's socket\n")
            process.terminate()
            self.assertEqual(process.wait(30), 0)
            process.stdout.close()

    def test_what_cannot_be_served_is_one_line(self):
        from serving import ROOT, SHOWO
        for flags, word in ((["--port", server.port], "in use"), (["--certificate", "x.pem"], "private key"), (["--api-key-file", "/nowhere"], "/nowhere"),
                            (["--host", "no.such.host.invalid"], "no.such.host.invalid"), (["--port", 70000], "65535"), (["--limit-n", 0], "limit-n"),
                            (["--model", "/nowhere"], "/nowhere"), (["--port", 0, "--unix-socket", "/nowhere/x.sock"], "/nowhere/x.sock")):
            done = subprocess.run([SHOWO, "serve", *map(str, flags)], capture_output=True, text=True, cwd=ROOT, timeout=60)
            self.assertNotEqual(done.returncode, 0, flags)
            self.assertEqual(done.stdout, "", flags)
            self.assertIn(word, done.stderr, flags)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


class Endings(unittest.TestCase):
    def test_running_requests_may_end(self):
        with Server("--grace", 60) as ending:
            replies = []
            thread = threading.Thread(target=lambda: replies.append(ending.post(GENERATE, LONG)))
            thread.start()
            while ending.metric("showo:jobs_running") == 0:
                time.sleep(0.02)
            self.assertEqual(ending.stop(), 0)
            thread.join()
            self.assertEqual((replies[0][0], len(replies[0][2]["data"])), (200, 4))

    def test_but_not_for_ever(self):
        with Server("--grace", 0) as ending:
            replies = []

            def ask():
                with contextlib.suppress(Exception):
                    replies.append(ending.post(GENERATE, LONG | {"n": 8, "steps": 64}))
            thread = threading.Thread(target=ask)
            thread.start()
            while ending.metric("showo:jobs_running") == 0:
                time.sleep(0.02)
            self.assertEqual(ending.stop(), 0)
            thread.join()
            self.assertTrue(not replies or replies[0][0] == 503, replies)

    def test_logs_have_no_prompts(self):
        with Server() as quiet, Server("--log-prompts") as open_one:
            for one in (quiet, open_one):
                one.post(GENERATE, {"prompt": "a secret apple", "steps": 1})
                one.post(GENERATE, {"prompt": "a secret apple", "steps": "secret"})
            time.sleep(0.2)
            self.assertNotIn("secret", quiet.log())
            self.assertIn("a secret apple", open_one.log())
            self.assertIn('"status":200', quiet.log())
            self.assertIn('"status":400', quiet.log())


if __name__ == "__main__":
    unittest.main()
