"""schemathesis against the interface that the server describes (/openapi.json): no request brings a failure of the server's, every
reply has the described shape."""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from serving import Server

program = Path(sys.executable).with_name("schemathesis")
if not program.exists() and not shutil.which("schemathesis"):
    print("skipped: no schemathesis")
    sys.exit(77)


class Described(unittest.TestCase):
    def test_every_reply_is_as_described(self):
        with Server("--limit-steps", 8, "--limit-max-tokens", 8, "--limit-n", 2) as server, tempfile.TemporaryDirectory() as folder:
            checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
            done = subprocess.run([program if program.exists() else "schemathesis", "run", f"{server.url}/openapi.json", "--checks", checks, "--max-examples", "25",
                                   "--seed", "1", "--request-timeout", "60", "--workers", "2", "--generation-database", "none", "--no-color",
                                   "--max-failures", "5", "--suppress-health-check", "all"],
                                  cwd=folder, capture_output=True, text=True, timeout=1200)
            self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
            self.assertEqual(server.ask("GET", "/health")[0], 200)
            self.assertTrue(server.wait_idle(30))


if __name__ == "__main__":
    unittest.main()
