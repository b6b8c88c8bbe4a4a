#!/usr/bin/env python3
"""Runs the page's test (page/page_test.mjs) against a `showo serve` of its own.

    page_test.py [--showo build/showo] [--model models/embedded] [--shots DIR]

Ends with 77, which test runners count as skipped, where Node, the packages of page/package.json
(`npm ci` there, or SHOWO_NODE_MODULES names their folder) or Chromium (or CHROMIUM) are missing.
"""

import argparse
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
START_SECONDS = 120
TEST_SECONDS = 600


def missing():
    """What the test needs and does not find, or None."""
    if not shutil.which("node"):
        return "node"
    modules = pathlib.Path(os.environ.get("SHOWO_NODE_MODULES", HERE / "page" / "node_modules"))
    for package in ("playwright-core", "axe-core"):
        if not (modules / package).is_dir():
            return f"{package} in {modules}"
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.access(chromium, os.X_OK):
        return chromium
    return None


def address_of(server):
    """The address in the server's first line."""
    lines = queue.Queue()

    def read():
        for line in server.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS)
    except queue.Empty:
        sys.exit(f"the server said nothing in {START_SECONDS} s")
    found = re.search(r"listening on (http://\S+)", line)
    if not found:
        sys.exit(f"the server's first line was {line!r}")
    return found[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--showo", type=pathlib.Path, default=ROOT / "build" / "showo")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models" / "embedded")
    parser.add_argument("--shots", type=pathlib.Path, help="folder for screenshots")
    options = parser.parse_args()
    lacking = missing()
    if lacking:
        print(f"skipped: no {lacking}")
        return 77
    server = subprocess.Popen(
        [options.showo, "serve", "--port", "0", "--model", options.model],
        stdout=subprocess.PIPE, text=True)
    try:
        command = ["node", HERE / "page" / "page_test.mjs", address_of(server)]
        if options.shots:
            command += ["--shots", options.shots]
        return subprocess.run(command, timeout=TEST_SECONDS, check=False).returncode
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
