"""What is linked and installed: CUDA's runtime only where LibTorch has CUDA, packages by names that the machine knows."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWO = sys.argv.pop(1)


class Linked(unittest.TestCase):
    def test_a_toolkit_on_the_machine_is_not_linked_without_a_torch_that_needs_it(self):
        import torch

        needed = subprocess.run(["readelf", "-d", SHOWO], capture_output=True, text=True, check=True).stdout
        self.assertIn("libtorch_cpu.so", needed)
        if not (Path(torch.__path__[0]) / "lib/libtorch_cuda.so").exists():
            self.assertNotIn("cudart", needed)


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def command(self, name, text):
        (self.path / name).write_text("#!/bin/sh\n" + text)
        (self.path / name).chmod(0o755)

    def asked_for(self, *installed):
        """What apt-get is told to install where only these packages are."""
        asked = self.path / "asked"
        names = "|".join(installed) or "none"
        self.command("dpkg-query", f'for name; do :; done\ncase "$name" in {names}) echo install ok installed;; *) exit 1;; esac\n')
        self.command("apt-get", f'echo "$@" >> {asked}\n')
        self.command("sudo", 'exec "$@"\n')
        self.command("python", "cat > /dev/null\n")
        env = dict(os.environ, PATH=f"{self.path}:{os.environ['PATH']}", TORCH_PYTHON=str(self.path / "python"))
        subprocess.run(["bash", str(ROOT / "tools/setup.sh")], env=env, check=True, capture_output=True)
        return asked.read_text().split()

    def test_packages_have_names_that_debian_and_ubuntu_know(self):
        asked = self.asked_for()
        self.assertIn("libpng-dev", asked)
        self.assertIn("libjpeg-dev", asked)
        self.assertEqual([name for name in asked if "turbo" in name or "|" in name], [])

    def test_another_name_for_an_installed_package_will_do(self):
        for name in ("libjpeg62-turbo-dev", "libjpeg-turbo8-dev"):
            self.assertNotIn("libjpeg-dev", self.asked_for("g++", name))


if __name__ == "__main__":
    unittest.main()
