#!/usr/bin/env python3
"""Throughput and latency of `showo serve` at 1, 8 and 64 clients against one request at a time.

    bench/serve.py [--model FOLDER] [--kinds pictures answers] [--clients 1 8 64] [--seconds 20] [--steps 12] [--soak REQUESTS] [-- FLAGS OF serve]

A model of the published size with random weights: bench/startup.py --folder FOLDER writes one. Every client asks again as soon as it has its answer: streams, so that the time to the first partial picture and to the first token is
seen. `--soak`: so many small requests of all kinds, and what the process's memory did meanwhile. `--idle`: 1,000 connections, of which
900 are idle or send a byte a second, while 8 clients work.
"""
import argparse
import contextlib
import http.client
import json
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/server"))
from serving import SCENE, Server, about  # noqa: E402


def bodies(kind, steps, tokens):
    if kind == "pictures":
        return "/v1/images/generations", lambda i: {"prompt": "a glossy apple on a blue background", "seed": i, "steps": steps, "stream": True,
                                                    "partial_images": min(2, steps)}
    scene = SCENE.read_bytes()
    return "/v1/chat/completions", lambda i: {"messages": about(scene, "what is in the picture?"), "stream": True, "max_tokens": tokens, "seed": i}


def one(connection, path, body):
    """(seconds to the first event with something to show, seconds in all, events)."""
    start, first, events = time.perf_counter(), None, 0
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    if reply.status != 200:
        raise RuntimeError(f"{reply.status} {reply.read()[:200]}")
    for line in reply:
        if not line.startswith(b"data: "):
            continue
        events += 1
        shows = b'"b64_json"' in line or (b'"content":"' in line and b'"content":""' not in line)
        if first is None and shows:
            first = time.perf_counter() - start
    return first, time.perf_counter() - start, events


def load(server, path, body, clients, seconds):
    results, errors, lock, end = [], [], threading.Lock(), time.perf_counter() + seconds

    def client(number):
        connection, i = server.connect(600), 0
        while time.perf_counter() < end:
            try:
                result = one(connection, path, body(number * 100000 + i))
                with lock:
                    results.append(result)
            except Exception as error:  # noqa: BLE001
                errors.append(repr(error))
                connection.close()
            i += 1
        connection.close()
    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, errors, time.perf_counter() - start


def percentiles(values):
    values = sorted(values)
    return [values[min(len(values) - 1, int(len(values) * share))] for share in (0.5, 0.95, 0.99)] if values else [float("nan")] * 3


def row(server, kind, clients, seconds, options):
    path, body = bodies(kind, options.steps, options.tokens)
    results, errors, took = load(server, path, body, clients, seconds)
    firsts, alls = percentiles([first for first, _, _ in results if first]), percentiles([whole for _, whole, _ in results])
    return {"kind": kind, "clients": clients, "requests": len(results), "errors": len(errors), "per_second": len(results) / took, "first": firsts, "whole": alls,
            "an_error": errors[:1]}


def show(rows):
    print("| | clients | requests a second | against one | first shown: median, 95 %, 99 % | whole: median, 95 %, 99 % | errors |\n| --- | --- | --- | --- | --- | --- | --- |")
    base = {}
    for r in rows:
        base.setdefault(r["kind"], r["per_second"])
        times = [" / ".join(f"{value:.2f}" for value in r[name]) + " s" for name in ("first", "whole")]
        print(f"| {r['kind']} | {r['clients']} | {r['per_second']:.2f} | {r['per_second'] / base[r['kind']]:.2f} × | {times[0]} | {times[1]} | {r['errors']} |")


def soak(server, requests):
    """Memory over many small requests."""
    scene, done, lock = SCENE.read_bytes(), [0], threading.Lock()
    made = [("/v1/images/generations", {"prompt": "an apple", "steps": 1}), ("/v1/chat/completions", {"messages": about(scene, "what?"), "max_tokens": 2}),
            ("/v1/images/generations", {"prompt": "an apple", "steps": 1, "stream": True, "partial_images": 1}), ("/v1/images/generations", {"prompt": ""})]

    def client(number):
        connection = server.connect(600)
        while True:
            with lock:
                if done[0] >= requests:
                    return connection.close()
                done[0] += 1
                i = done[0]
            path, body = made[i % len(made)]
            connection.request("POST", path, json.dumps(body | ({"seed": i} if "prompt" in body else {})), {"Content-Type": "application/json"})
            connection.getresponse().read()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    memory = lambda: server.metric("process_resident_memory_bytes") / 2**20
    print(f"memory before: {memory():.0f} MiB", flush=True)
    for thread in threads:
        thread.start()
    shown = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        if done[0] >= shown + requests / 10:
            shown = done[0]
            print(f"after {shown} requests: {memory():.0f} MiB", flush=True)


@contextlib.contextmanager
def idle(server, count):
    """Connections that send nothing, or a byte a second."""
    stack, ends = contextlib.ExitStack(), threading.Event()
    with stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(count)]

        def drip():
            text = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 10000
            for byte in range(len(text)):
                for slow in sockets[::2]:
                    with contextlib.suppress(OSError):
                        slow.send(text[byte:byte + 1])
                if ends.wait(1):
                    return
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--kinds", nargs="+", default=["pictures", "answers"])
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--idle", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    flags = (["--model", options.model] if options.model else []) + options.flags
    with Server(*flags, threads=options.threads) as server:
        if options.soak:
            return soak(server, options.soak)
        rows = []
        for kind in options.kinds:
            path, body = bodies(kind, options.steps, options.tokens)
            load(server, path, body, 1, 1)  # warm
            rows += [row(server, kind, clients, options.seconds, options) for clients in options.clients]
            if options.idle:
                with idle(server, 900):
                    rows.append(row(server, kind, 100, options.seconds, options) | {"clients": "100, beside 900 idle or slow"})
        print(json.dumps(rows)) if options.json else show(rows)


main()
