"""The command line as people use it: arguments as they were typed, numbers as they are written, settings that do what
they say, results of everything that was made."""
import json
import re
import unittest

from bad_input_test import MODEL, ROOT, Fixture, run

COMMANDS = ("generate", "ask", "caption", "inpaint", "extend", "reconstruct", "train", "train-codec", "data emoji",
            "check", "info", "eval", "train-recogniser", "convert", "quantize", "bench", "plot")
SCENE = MODEL / "samples/scene.png"


class Help(unittest.TestCase):
    def test_every_command_groups_its_flags_and_shows_examples(self):
        for command in COMMANDS:
            with self.subTest(command):
                text = run(*command.split(), "--help").stdout
                examples = text[text.index("Examples:"):]
                self.assertGreaterEqual(len(re.findall(rf"^  .*\bshowo {command}\b", examples, re.M)), 2, text)
                groups = re.split(r"^(\S.*):$", text[: text.index("Examples:")], flags=re.M)
                flags = {name: re.findall(r"^  .*?(--[a-z-]+)", body, re.M) for name, body in zip(groups[1::2], groups[2::2])}
                self.assertEqual(flags["Options"], ["--help"], text)
                self.assertGreaterEqual(len(flags), 2 + (command != "info" and "Positionals" in flags), text)

    def test_what_pictures_and_answers_have(self):
        for command, groups in (("generate", ("picture", "sampling", "model", "machine")),
                                ("ask", ("sampling", "model", "machine"))):
            text = run(command, "--help").stdout
            self.assertEqual(re.findall(r"^(picture|sampling|model|machine):$", text, re.M), list(groups), text)


class Library(unittest.TestCase):
    def test_its_messages_name_no_flags(self):
        """They are a server's and Python's as well; the command line makes flags of the options that they name."""
        for path in sorted((ROOT / "src").rglob("*.*")):
            if path.parent.name == "ablate":  # it writes the command lines of the processes that it starts
                continue
            for line in path.read_text().splitlines():
                if not line.lstrip().startswith("//"):
                    self.assertNotRegex(line, r'"[^"]*--[a-z][^"]*"', path)

    def test_folders_are_removed_by_its_own_function(self):
        """LibTorch 2.11 with CUDA exports a copy of std::filesystem::remove_all that crashes."""
        for path in sorted([*(ROOT / "src").rglob("*.cpp"), *(ROOT / "apps").rglob("*.cpp")]):
            self.assertNotIn("remove_all(", path.read_text(), path)


class WithoutModel(Fixture):
    def test_lists_are_what_was_typed(self):
        result = run("check", "[a,b]", "c,d", "{}", cwd=self.path)
        self.assertEqual(result.returncode, 1)
        for name in ("[a,b]", "c,d", "{}"):
            self.assertIn(f"{name}: FAILED", result.stdout)

    def test_texts_that_look_like_syntax(self):
        self.expect(2, "the question is empty", "ask", "a.png", "what?", "")
        self.expect(2, "the question is empty", "caption", "a.png", "--question=", "--seed", "3")
        self.expect(1, "[a].png: No such file", "ask", "[a].png", "what?")
        self.expect(1, "-a.png: No such file", "ask", "--", "-a.png", "-what?")
        self.expect(1, "--a b.png: No such file", "ask", "--a b.png", "what?")
        self.expect(2, "--colour", "generate", "an apple", "--colour", "[red]")
        self.expect(2, "-x", "ask", "a.png", "what?", "-x")
        self.expect(2, "--out [a]", "generate", "an apple", "--out=[a]")

    def test_numbers_in_recipes_are_decimal_and_texts_are_texts(self):
        recipe = self.write("recipe.yaml", b"{steps: 010, codec: 2024, tokenizer: 1e3, init_from: ~, prompts: [true, 08],"
                                           b" data: {t2i: 017}}")
        said = json.loads(run("info", recipe, "--json").stdout)
        self.assertEqual(said["steps"], 10)
        self.assertEqual([said["says"][key] for key in ("codec", "tokenizer", "init_from", "prompts")],
                         ["2024", "1e3", "~", ["true", "08"]])
        self.assertEqual(said["says"]["data"]["t2i"]["path"], "017")
        self.expect(1, 'steps: expected a whole number, found "0x10"', "info", self.write("hex.yaml", b"steps: 0x10"))


@unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
class WithModel(Fixture):
    def succeeds(self, *arguments):
        result = run(*arguments, cwd=self.path)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def ask(self, *arguments):
        result = self.succeeds("ask", SCENE, *arguments, "--json")
        return json.loads(result.stdout)["answers"], result.stderr

    def metadata(self, picture):
        return json.loads(self.succeeds("info", picture, "--json").stdout)["metadata"]

    def test_questions_reach_the_model_as_they_were_typed(self):
        questions = ["[what, is, it]", "a,b", "@file", "key=value", "--key of=value", "++", "caption", "- what?",
                     "-what is it?", "-how is it?", "--what is it?", "{}", "%%", "-5", "'quoted'", "猫", "--"]
        answers, _ = self.ask(*questions[:-1], "--max-tokens", 1)
        self.assertEqual([a["question"] for a in answers], questions[:-1])
        result = self.succeeds("ask", SCENE, "--max-tokens", "1", "--json", "--", *questions, "--seed")
        answers = json.loads(result.stdout)["answers"]
        self.assertEqual([a["question"] for a in answers], [*questions, "--seed"])
        self.succeeds("generate", "-red [apple, pear]", "--steps", 1)
        self.assertEqual(self.metadata(self.path / "picture.png")["prompt"], "-red [apple, pear]")

    def test_numbers_are_decimal(self):
        for written, seed in (("010", "10"), ("+08", "8")):
            made = json.loads(self.succeeds("generate", "an apple", "--steps", "01", "--seed", written, "-n", "02",
                                            "--json").stdout)
            self.assertEqual(len(made["pictures"]), 2)
            self.assertEqual(self.metadata(self.path / "picture-0.png")["seed"], seed)
        self.expect(2, "--seed 0x10", "generate", "an apple", "--seed", "0x10")
        self.expect(2, "--seed +-1", "generate", "an apple", "--seed", "+-1")

    def test_settings_of_sampling_work_or_a_warning_says_why_not(self):
        def answer(*flags):
            answers, warnings = self.ask("what is in the picture?", "--max-tokens", 8, *flags)
            return answers[0]["answer"], warnings

        greedy = answer()
        self.assertEqual(greedy[1], "")
        for flags in (("--temperature", 3), ("--top-p", 1, "--temperature", 3)):
            drawn = {answer("--seed", seed, *flags) for seed in range(3)}
            self.assertGreater(len(drawn), 1, flags)
            self.assertEqual({warnings for _, warnings in drawn}, {""})
        self.assertEqual(answer("--temperature", 0, "--seed", 3), greedy)
        for flags in (("--top-k", 1, "--temperature", 3), ("--top-k", 1, "--top-p", 0.5), ("--temperature", 0, "--top-k", 5)):
            said, warning = answer("--seed", 3, *flags)
            self.assertEqual(said, greedy[0])
            self.assertRegex(warning, r"\Ashowo: [^\n]*change nothing\n\Z")

        for flags in (("--order", "halton", "--temperature", 3), ("--guidance", 0, "--guided", 0.5)):
            warning = self.succeeds("generate", "an apple", "--steps", 1, *flags).stderr
            self.assertRegex(warning, r"\Ashowo: [^\n]*changes nothing\n\Z")

    def test_a_prompt_that_is_cut_says_so_and_where(self):
        prompt = "an apple 猫 and " * 40
        cut = self.succeeds("generate", prompt, "--steps", 2)
        made = self.metadata(self.path / "picture.png")
        self.assertEqual(made["prompt"], prompt)
        used = made["prompt_used"]
        self.assertTrue(0 < len(used) < len(prompt) and prompt.startswith(used), used)
        self.assertRegex(cut.stderr, rf"\Ashowo: the prompt[^\n]*cut[^\n]*: {re.escape(used.strip())}\s*\n\Z")
        whole = self.succeeds("generate", used, "--steps", 2, "--json")
        self.assertEqual(whole.stderr, "")
        self.assertNotIn("prompt_used", json.loads(whole.stdout))
        self.assertNotIn("prompt_used", self.metadata(self.path / "picture.png"))
        self.assertEqual(json.loads(self.succeeds("generate", prompt, "--steps", 1, "--json").stdout)["prompt_used"], used)

    def test_json_tells_of_everything_that_was_made(self):
        made = json.loads(self.succeeds("generate", "an apple", "-n", 3, "--steps", 2, "--json").stdout)
        self.assertEqual([len(picture["timings"]["steps"]) for picture in made["pictures"]], [2, 2, 2])
        # They are drawn together: each step follows the one of whatever picture, and a picture's own one after another.
        self.assertEqual(len(made["timings"]["steps"]), 6)
        self.assertAlmostEqual(sum(made["timings"]["steps"]),
                               max(sum(picture["timings"]["steps"]) for picture in made["pictures"]), delta=0.05)
        questions = ["what is in the picture?", "how many things are there?"] * 5
        said = json.loads(self.succeeds("ask", SCENE, *questions, "--max-tokens", 3, "--json").stdout)
        tokens = [len(answer["timings"]["tokens"]) for answer in said["answers"]]
        self.assertEqual(len(tokens), 10)
        self.assertGreaterEqual(min(tokens), 1)
        self.assertEqual(len(said["timings"]["tokens"]), sum(tokens))


if __name__ == "__main__":
    unittest.main()
