"""Folders of src/showo include only what CMakeLists.txt's DEPENDS lists allow, a header declares what the file of its name
defines, and no file is longer than 400 lines."""
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
            elif included.startswith("showo/") and included.count("/") > 1 and included.split("/")[1] not in allowed[folder]:
                found.append(f"{path} includes {included}")
    return found


# What no other file can call: anonymous namespaces, and Highway's, of which there is one for each kind of CPU.
PRIVATE = re.compile(r"^namespace (?:\S*HWY_NAMESPACE )?\{$.*?^\}  // namespace(?: \S*HWY_NAMESPACE)?$", re.M | re.S)
# At the beginning of a line, as the formatter puts it: what it returns, and its name up to the first parameter.
FUNCTION = re.compile(r"^(?!using|static|namespace|template|extern|constexpr|struct|class|enum)(?:[\w:]+[\w:<>,&*\s]*?\s[&*]*)??((?:\w+::)*~?\w+)\(", re.M)


def defined(text):
    """The names of the functions that a .cpp file defines for others, as it writes them: 'read_file', 'Walk::draw'."""
    text, names = PRIVATE.sub("", re.sub(r"//.*", lambda c: c[0] if c[0].startswith("// namespace") else "", text)), []
    for match in FUNCTION.finditer(text):
        end, depth = match.end(), 1
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if re.match(r"[^;{]*\{", text[end:]):
            names.append(match[1])
    return names


def declares(headers, name):
    *scope, function = name.split("::")
    owner = scope[-1] if scope else ""
    if owner[:1].isupper():
        return re.search(rf"\b(class|struct) {owner}\b", headers)
    return re.search(rf"(?<![.>:\w]){function}\(", headers)


def misplaced(files, public=""):
    """Functions of X.cpp that neither X.h nor a public header declares nor, where X is Y_more, Y.h."""
    found = []
    for path, text in files.items():
        if path.suffix != ".cpp":
            continue
        stems = ["_".join(path.stem.split("_")[: n + 1]) for n in range(len(path.stem.split("_")))]
        headers = "".join(files.get(path.parent / f"{stem}.h", "") for stem in stems) + public
        found += [f"{path} defines {name}" for name in defined(text) if not declares(headers, name)]
    return found


# What a .cpp file keeps to itself: structs, constants, and functions with their parameters, at the beginning of a line.
OWN = re.compile(r"^(?:(?:struct|class|enum class|enum) (\w+)|(?!using|TORCH_MODULE)[\w:][\w:<>,&*\s]*?(\w+(?:\(.*\))?) ?(?:\(|=|\{|;|\[))")


def shared_names(files):
    """Names that several files of a folder keep to themselves, which do not go together where files are compiled together."""
    found = []
    for folder in {path.parent for path in files}:
        owners, aliases = {}, {}
        for path, text in files.items():
            if path.parent != folder or path.suffix != ".cpp" or "HWY" in text or 'R"cuda(' in text:
                continue
            for block in re.findall(r"^namespace \{$(.*?)^\}  // namespace$", re.sub(r"//(?! namespace).*", "", text), re.M | re.S):
                for match in filter(None, map(OWN.match, block.splitlines())):
                    # Functions of other parameters may share a name, whatever the parameters are called.
                    owners.setdefault(match[1] or re.sub(r" ?\w+(?=[,)])", "", match[2]), set()).add(path.name)
                for alias, meaning in re.findall(r"^using (\w+) = (.*);", block, re.M):
                    aliases.setdefault(alias, {}).setdefault(meaning, path.name)
        found += [f"{folder.name}: {name} in {', '.join(sorted(paths))}" for name, paths in owners.items() if len(paths) > 1]
        found += [f"{folder.name}: {name} in {', '.join(sorted(of.values()))}" for name, of in aliases.items() if len(of) > 1]
    return found


class Layering(unittest.TestCase):
    def setUp(self):
        self.allowed = allowed_folders((ROOT / "CMakeLists.txt").read_text())
        sources = [p for p in (ROOT / "src/showo").rglob("*") if p.suffix in (".h", ".cpp")]
        self.public = {p: p.read_text() for p in (ROOT / "include/showo").iterdir()}
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

    def test_a_header_declares_what_the_file_of_its_name_defines(self):
        files = {path: text for _, path, text in self.files}
        self.assertGreater(sum(len(defined(text)) for path, text in files.items() if path.suffix == ".cpp"), 300)
        self.assertEqual(misplaced(files, "".join(self.public.values())), [])

    def test_public_headers_stand_alone(self):
        standard = re.compile(r'#include (<[a-z_]+>|"showo/[a-z_]+\.h")$')
        for path, text in self.public.items():
            for line in re.findall(r"^#include .*$", text, re.M):
                self.assertRegex(line, standard, path)

    def test_files_that_are_compiled_together_share_no_names(self):
        files = {path: text for folder, path, text in self.files if folder != "lowbit"}
        files.update({path: path.read_text() for path in (ROOT / "apps/cli").iterdir()})
        self.assertEqual(shared_names(files), [])

    def test_a_shared_name_is_found(self):
        text = "namespace {\nconst int kOne = 1;\nvoid act(int x) {\n  int y = x;\n}\n}  // namespace\n"
        planted = {Path("a/x.cpp"): text, Path("a/y.cpp"): text.replace("act", "other"), Path("b/z.cpp"): text}
        self.assertEqual(shared_names(planted), ["a: kOne in x.cpp, y.cpp"])

    def test_a_function_of_another_header_is_found(self):
        planted = {
            Path("a.h"): "int here(int x);\nclass Both {\n  void there();\n};\n",
            Path("a.cpp"): "namespace {\nint own(int x) { return x; }\n}  // namespace\nint here(int x) {\n  return own(x);\n}\n",
            Path("a_more.cpp"): "void Both::there() {}\n",
            Path("b.cpp"): "std::vector<int> here(const int& x,\n    int y) {\n}\nBoth::Both(int x) : x_(x) {}\nint own();\n",
        }
        self.assertEqual(misplaced(planted), ["b.cpp defines here", "b.cpp defines Both::Both"])

    def test_no_file_outgrows_its_reader(self):
        for folder in ("include", "src", "apps"):
            for path in (ROOT / folder).rglob("*.[ch]*"):
                self.assertLessEqual(len(path.read_text().splitlines()), 400, path)


if __name__ == "__main__":
    unittest.main()
