"""Show-o inside another project, by add_subdirectory: that project's settings stay as they are, the library is compiled and linked as
in a build of its own, and a program on showo::showo draws a picture.

To take no time, the program is compiled and linked as that project would, but with the library that this build has made.
SHOWO_WHOLE_SUBPROJECT=1 has the project build everything itself, which takes minutes."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, CMAKE = Path(sys.argv.pop(1)).resolve(), sys.argv.pop(1)
ROOT = Path(__file__).resolve().parents[2]


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=1400, **more)


def cached(folder):
    """The kept settings of a build folder."""
    lines = re.findall(r"^([^#/\s:][^:\n]*):\w+=(.*)$", (folder / "CMakeCache.txt").read_text(), re.MULTILINE)
    return dict(lines)


def compiled(folder):
    """The command of each file, by what it is compiled to."""
    commands = json.loads((folder / "compile_commands.json").read_text())
    return {re.search(r" -o (\S+)", each["command"])[1]: each["command"] for each in commands}


class Subproject(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name).resolve()
        cls.build = cls.configure("around")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def configure(cls, name, *options):
        build = cls.path / name
        done = run(CMAKE, "-G", "Ninja", "-S", Path(__file__).parent, "-B", build, f"-DSHOWO={ROOT}", f"-DTORCH_PYTHON={sys.executable}",
                   *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return build

    def commands(self, target):
        return run("ninja", "-t", "commands", target, cwd=self.build).stdout.splitlines()

    def test_the_projects_own_settings_stay(self):
        kept = cached(self.build)
        self.assertEqual((kept["CMAKE_BUILD_TYPE"], kept["SHOWO_TESTS"]), ("", "OFF"))
        alone = self.configure("alone", "-DALONE=ON")
        plain = "CMakeFiles/plain.dir/plain.cpp.o"
        self.assertEqual(compiled(self.build)[plain].replace(str(self.build), str(alone)), compiled(alone)[plain])

    def test_nothing_is_built_or_installed_unasked(self):
        built = {name for command in self.commands("all") for name in re.findall(r" -o (?:\S*/)?(?:CMakeFiles/)?(\w+)(?:\.dir/|$| )", command)}
        self.assertLessEqual({"plain", "draw", "showo_api"}, built)
        self.assertFalse({"showo_cli", "showo_train", "showo_data", "showo_eval", "_showo"} & built, built)
        self.assertNotIn("showo/cmake_install.cmake", (self.build / "cmake_install.cmake").read_text())

    def test_the_library_is_compiled_as_in_its_own_build(self):
        kept = cached(BUILD)
        if kept["CMAKE_BUILD_TYPE"] != "Release" or kept["SHOWO_ASAN"] != "OFF" or kept["SHOWO_UNITY"] != "ON":
            self.skipTest("this build has other settings than the defaults")
        inside = {}
        for output, command in compiled(self.build).items():
            if output.startswith("showo/"):
                command = command.replace(f"{self.build}/showo/", f"{BUILD}/").replace(" -o showo/", " -o ")
                # Which is what there is without it; the project around prefers another.
                inside[output.removeprefix("showo/")] = command.replace(" -fvisibility=default", "")
        own = compiled(BUILD)
        self.assertGreater(len(inside), 30)
        for output, command in inside.items():
            self.assertEqual(command, own[output])
        link = next(command for command in self.commands("draw") if " -o showo/lib/libshowo.so" in command)
        self.assertIn(f"--version-script={ROOT}/cmake/showo.map", link)

    def test_a_program_draws_a_picture(self):
        if os.environ.get("SHOWO_WHOLE_SUBPROJECT"):
            built = run(CMAKE, "--build", self.build)
            self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        else:
            if cached(BUILD)["SHOWO_ASAN"] != "OFF":
                self.skipTest("this build's library serves only programs with the sanitizers")
            library = self.build / "showo/lib"
            library.mkdir(exist_ok=True)
            for file in (BUILD / "lib").glob("libshowo.so*"):
                shutil.copy2(file, library / file.name, follow_symlinks=False)
            (self.build / "programs").mkdir(exist_ok=True)
            own = [command for command in self.commands("draw") if re.search(r" -o (CMakeFiles/draw\.dir|programs/draw)", command)]
            self.assertEqual(len(own), 2, own)
            for command in own:
                (self.build / re.search(r" -o (\S+)", command)[1]).parent.mkdir(parents=True, exist_ok=True)
                done = subprocess.run(command, shell=True, cwd=self.build, capture_output=True, text=True, timeout=600)
                self.assertEqual(done.returncode, 0, command + done.stderr)
            self.assertIn(" -std=gnu++20 ", own[0])  # which the headers want; the project's own is 17
            self.assertIn(" -fvisibility=hidden", own[0])
            self.assertEqual(re.findall(r" (?:-I|-isystem)\s*(\S+)", own[0]), [str(ROOT / "include")])
        elsewhere = self.path / "elsewhere"
        elsewhere.mkdir()
        environment = {name: value for name, value in os.environ.items() if name != "SHOWO_HOME"}
        drawn = run(self.build / "programs/draw", "a flat frog on a red background", cwd=elsewhere, env=environment)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertEqual((elsewhere / "picture-1.png").read_bytes()[:4], b"\x89PNG")


if __name__ == "__main__":
    unittest.main()
