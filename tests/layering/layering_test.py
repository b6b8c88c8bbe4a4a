"""Folders of src/showo include only what CMakeLists.txt's DEPENDS lists allow, and no file is longer than 400 lines."""
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def allowed_folders(cmake):
    direct = {}
    for name, rest in re.findall(r"showo_library\((\w+)([^)]*)\)", cmake):
        match = re.search(r"DEPENDS ([a-z ]+)", rest)
        direct[name] = set(match.group(1).split()) if match else set()
    closed = {}

    def close(name):
        if name not in closed:
            closed[name] = {name}
            for other in direct[name]:
                closed[name] |= close(other)
        return closed[name]

    for name in direct:
        close(name)
    return closed


def violations(files, allowed):
    found = []
    for folder, path, text in files:
        for included in re.findall(r'#include "([^"]+)"', text):
            if included.startswith("apps/"):
                found.append(f"{path} includes {included}")
            elif included.startswith("showo/") and included.split("/")[1] not in allowed[folder]:
                found.append(f"{path} includes {included}")
    return found


class Layering(unittest.TestCase):
    def setUp(self):
        self.allowed = allowed_folders((ROOT / "CMakeLists.txt").read_text())
        sources = [p for p in (ROOT / "src/showo").rglob("*") if p.suffix in (".h", ".cpp")]
        self.files = [(p.relative_to(ROOT / "src/showo").parts[0], p, p.read_text()) for p in sources]

    def test_includes_point_downward(self):
        self.assertGreater(len(self.files), 20)
        self.assertEqual(violations(self.files, self.allowed), [])

    def test_data_and_generation_stay_apart_from_what_stands_above(self):
        self.assertNotIn("model", self.allowed["data"])
        self.assertNotIn("train", self.allowed["generate"])

    def test_a_planted_violation_is_found(self):
        planted = [("data", "planted.cpp", '#include "showo/model/showo.h"\n'), ("core", "other.cpp", '#include "apps/cli/command.h"\n')]
        self.assertEqual(len(violations(planted, self.allowed)), 2)

    def test_no_file_outgrows_its_reader(self):
        for folder in ("src", "apps"):
            for path in (ROOT / folder).rglob("*.[ch]*"):
                self.assertLessEqual(len(path.read_text().splitlines()), 400, path)


if __name__ == "__main__":
    unittest.main()
