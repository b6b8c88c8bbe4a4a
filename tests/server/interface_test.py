"""OpenAI's interface, call by call: what is answered, and what is refused by which name."""
import subprocess
import tempfile
import unittest
from pathlib import Path

from serving import ROOT, SCENE, SHOWO, Server, about, data_uri, form, picture, pixels, png

PROMPT = "a glossy apple on a blue background"
QUICK = {"prompt": PROMPT, "seed": 3, "steps": 4}
GENERATE, EDIT, CHAT = "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions"


def setUpModule():
    global server, side
    server = Server("--alias", "gpt-image-1", "--allow-url", "http://localhost/", "--allow-url", "http://127.0.0.1", "--limit-prompt-tokens", 200, "--limit-pixels", 300000)
    side = server.ask("GET", "/v1/capabilities")[2]["image_size"]


def tearDownModule():
    code = server.stop()
    assert code == 0, (code, server.log())


class Drawing(unittest.TestCase):
    def test_the_same_picture_as_the_command_line(self):
        status, _, reply = server.post(GENERATE, QUICK)
        self.assertEqual(status, 200, reply)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "picture.png"
            subprocess.run([SHOWO, "generate", PROMPT, "--seed", "3", "--steps", "4", "--threads", "2", "--out", out], check=True,
                           cwd=ROOT, capture_output=True)
            self.assertEqual(pixels(picture(reply["data"][0])), pixels(out.read_bytes()))
        self.assertEqual(reply["data"][0]["seed"], 3)
        self.assertIn(PROMPT.encode(), picture(reply["data"][0]))  # its metadata
        self.assertEqual((reply["size"], reply["output_format"], reply["background"]), (f"{side}x{side}", "png", "opaque"))
        usage = reply["usage"]
        self.assertEqual(usage["total_tokens"], usage["input_tokens"] + usage["output_tokens"])
        self.assertGreater(usage["input_tokens_details"]["text_tokens"], 3)

    def test_several_pictures_each_with_a_seed_that_gives_it_again(self):
        data = server.post(GENERATE, QUICK | {"n": 3})[2]["data"]
        self.assertEqual(len({picture(item) for item in data}), 3)
        again = server.post(GENERATE, QUICK | {"seed": data[2]["seed"]})[2]["data"][0]
        self.assertEqual(picture(again), picture(data[2]))

    def test_without_a_seed_one_is_drawn(self):
        first, second = (server.post(GENERATE, {"prompt": PROMPT, "steps": 1})[2]["data"][0] for _ in range(2))
        self.assertNotEqual(first["seed"], second["seed"])

    def test_formats(self):
        for name, begin in (("jpeg", b"\xff\xd8"), ("webp", b"RIFF"), ("png", b"\x89PNG")):
            reply = server.post(GENERATE, QUICK | {"output_format": name})[2]
            self.assertTrue(picture(reply["data"][0]).startswith(begin), name)
            self.assertEqual(reply["output_format"], name)
        small, large = (len(picture(server.post(GENERATE, QUICK | {"output_format": "jpeg", "output_compression": q})[2]["data"][0]))
                        for q in (10, 100))
        self.assertLess(small, large)

    def test_other_names_of_settings(self):
        one = server.post(GENERATE, QUICK | {"guidance_scale": 2})[2]["data"]
        other = server.post(GENERATE, {"prompt": PROMPT, "seed": 3, "num_inference_steps": 4, "guidance": 2, "model": "gpt-image-1"})[2]["data"]
        self.assertEqual(picture(one[0])[-2000:], picture(other[0])[-2000:])

    def test_a_negative_prompt_is_heeded(self):
        guided = QUICK | {"guidance_scale": 3}
        without, with_it = (pixels(picture(server.post(GENERATE, body)[2]["data"][0]))
                            for body in (guided, guided | {"negative_prompt": "a green frog"}))
        self.assertNotEqual(without, with_it)
        self.refused({"negative_prompt": "a frog", "guidance_scale": 0}, "negative_prompt")

    def refused(self, more, param, status=400):
        got, _, reply = server.post(GENERATE, QUICK | more)
        self.assertEqual((got, reply.get("error", {}).get("param")), (status, param), (more, reply))
        self.assertEqual(set(reply["error"]), {"message", "type", "param", "code"})
        return reply["error"]

    def test_what_is_wrong_is_named(self):
        for more, param in (({"n": 0}, "n"), ({"n": 11}, "n"), ({"n": "2"}, "n"), ({"n": True}, "n"), ({"size": "1024x1024"}, "size"),
                            ({"steps": 0}, "steps"), ({"steps": 1.5}, "steps"), ({"steps": 4, "num_inference_steps": 5}, "num_inference_steps"),
                            ({"guidance_scale": -1}, "guidance_scale"), ({"guidance_scale": "2"}, "guidance_scale"),
                            ({"schedule": "steep"}, "schedule"), ({"order": "none"}, "order"), ({"preset": "best"}, "preset"),
                            ({"seed": -1}, "seed"), ({"seed": 2**64}, "seed"), ({"quality": "ultra"}, "quality"),
                            ({"background": "transparent"}, "background"), ({"response_format": "url"}, "response_format"),
                            ({"output_compression": 50}, "output_compression"), ({"style": "vivid"}, "style"),
                            ({"moderation": "low"}, "moderation"), ({"partial_images": 1}, "partial_images"),
                            ({"prompt": " "}, "prompt"), ({"prompt": None}, "prompt"), ({"prompt": ["a"]}, "prompt"),
                            ({"prompt": "word " * 5000}, "prompt"), ({"sampler": "euler"}, "sampler"), ({"stream": "yes"}, "stream")):
            with self.subTest(more=str(more)[:60]):
                self.refused(more, param)
        self.assertEqual(self.refused({"model": "../other"}, "model", 404)["code"], "model_not_found")

    def test_a_prompt_beyond_the_models_room_is_said_to_be_cut(self):
        prompt = "a glossy apple on a blue background and " * 4
        item = server.post(GENERATE, QUICK | {"prompt": prompt})[2]["data"][0]
        self.assertTrue(prompt.startswith(item["revised_prompt"]))
        self.assertLess(len(item["revised_prompt"]), len(prompt))

    def test_a_stream_shows_real_steps(self):
        body = QUICK | {"stream": True, "partial_images": 3, "progress": True}
        events = list(server.events(GENERATE, body))
        kinds = [event["type"] for event in events]
        self.assertEqual(kinds[-1], "image_generation.completed")
        partial = [event for event in events if event["type"] == "image_generation.partial_image"]
        self.assertEqual([event["partial_image_index"] for event in partial], list(range(len(partial))))
        self.assertGreaterEqual(len(partial), 1)
        whole = server.post(GENERATE, QUICK)[2]["data"][0]
        self.assertEqual(picture(events[-1]), picture(whole))
        for event in partial:
            self.assertEqual(pixels(picture(event))[:2], (side, side))
            self.assertNotEqual(pixels(picture(event)), pixels(picture(whole)))
            for field in ("background", "created_at", "output_format", "quality", "size"):
                self.assertIn(field, event)
        steps = [event["step"] for event in events if event["type"] == "image_generation.progress"]
        self.assertEqual((steps, steps[-1]), (sorted(steps), 4))
        self.assertEqual(events[-1]["usage"]["output_tokens"], whole and server.post(GENERATE, QUICK)[2]["usage"]["output_tokens"])

    def test_a_plain_stream_has_the_picture_alone(self):
        events = list(server.events(GENERATE, QUICK | {"stream": True, "n": 2}))
        self.assertEqual([event["type"] for event in events], ["image_generation.completed"] * 2)
        self.assertEqual({event["image_index"] for event in events}, {0, 1})


class Editing(unittest.TestCase):
    def setUp(self):
        self.scene = SCENE.read_bytes()
        self.width, self.height, self.rows = pixels(self.scene) if self.is_rgb() else (side, side, None)

    def is_rgb(self):
        return self.scene[25] == 2

    def masks(self):
        half = self.width // 2
        alpha = png(self.width, self.height, lambda x, y: (0, 0, 0, 0 if x >= half else 255), 4)
        white = png(self.width, self.height, lambda x, y: (255,) if x >= half else (0,), 1)
        return alpha, white

    def test_both_masks_mark_what_is_drawn_anew(self):
        alpha, white = self.masks()
        one = server.edit([("image", self.scene), ("mask", alpha)], **QUICK)
        other = server.edit([("image[]", self.scene), ("mask_image", white)], **QUICK)
        self.assertEqual((one[0], other[0]), (200, 200), (one[2], other[2]))
        first, second = picture(one[2]["data"][0]), picture(other[2]["data"][0])
        self.assertEqual(pixels(first), pixels(second))
        width, height, rows = pixels(first)
        self.assertEqual((width, height), (self.width, self.height))
        for row, kept in zip(rows, self.rows):
            self.assertEqual(row[:self.width // 2 * 3], kept[:self.width // 2 * 3])
        self.assertNotEqual(rows, self.rows)
        self.assertGreater(one[2]["usage"]["input_tokens_details"]["image_tokens"], 0)

    def test_extends_on_every_side(self):
        for direction, wide in (("left", True), ("right", True), ("up", False), ("down", False)):
            status, _, reply = server.edit([("image", self.scene)], direction=direction, **QUICK)
            self.assertEqual(status, 200, reply)
            width, height, rows = pixels(picture(reply["data"][0]))
            self.assertEqual((width > self.width, height > self.height), (wide, not wide), direction)
            kept = {"left": lambda: [row[-self.width * 3:] for row in rows], "right": lambda: [row[:self.width * 3] for row in rows],
                    "up": lambda: rows[-self.height:], "down": lambda: rows[:self.height]}[direction]()
            self.assertEqual(kept, self.rows, direction)

    def test_redraws_and_changes(self):
        vary = server.edit([("image", self.scene)], strength=0.5, rounds=2, n=2, **QUICK)
        self.assertEqual((vary[0], len(vary[2]["data"])), (200, 2), vary[2])
        change = server.edit([("image", self.scene)], **QUICK | {"prompt": "the background turns blue"})
        self.assertEqual((change[0], change[2].get("size")), (200, f"{side}x{side}"), change[2])

    def test_a_stream(self):
        body, kind = form([("image", self.scene)], QUICK | {"strength": 0.5, "rounds": 2, "stream": "true", "partial_images": 4, "progress": "true"})
        events = list(server.events(EDIT, body, {"Content-Type": kind}))
        self.assertEqual(events[-1]["type"], "image_edit.completed")
        steps = [event["step"] for event in events if event["type"] == "image_edit.progress"]
        self.assertEqual(steps[-1], 8)
        self.assertIn("image_edit.partial_image", {event["type"] for event in events})

    def test_what_is_wrong_is_named(self):
        alpha, white = self.masks()
        image = ("image", self.scene)
        small = png(8, 8, lambda x, y: (255,), 1)
        for files, fields, param in (([], {}, "image"), ([image, image], {}, "image"), ([("image", b"no picture")], {}, "image"),
                                     ([image, ("mask", b"\x89PNG")], {}, "mask"), ([image, ("mask", alpha), ("mask_image", white)], {}, "mask_image"),
                                     ([image, ("mask", alpha)], {"direction": "left"}, "mask"), ([image], {"direction": "west"}, "direction"),
                                     ([image], {"offset": 1}, "offset"), ([image], {"direction": "left", "offset": 1000}, "offset"),
                                     ([image], {"rounds": 2}, "rounds"), ([image], {"strength": 0}, "strength"), ([image], {"strength": "much"}, "strength"),
                                     ([image, ("photo", self.scene)], {}, "photo"), ([image], {"input_fidelity": "high"}, "input_fidelity"),
                                     ([image], {"size": "1x1"}, "size"), ([image], {"prompt": b"\xff"}, "prompt"), ([image], {"n": "two"}, "n"),
                                     ([image], {"negative_prompt": "a frog"}, "negative_prompt")):
            with self.subTest(files=[name for name, _ in files], fields=fields):
                status, _, reply = server.edit(files, **QUICK | fields)
                self.assertEqual((status, reply.get("error", {}).get("param")), (400, param), str(reply)[:300])
        status, _, reply = server.edit([image, ("mask_image", small)], **QUICK)
        self.assertEqual((status, "8×8" in reply["error"]["message"]), (400, True), reply)
        body, _ = form([image], QUICK)
        self.assertEqual(server.ask("POST", EDIT, body, {"Content-Type": "application/json"})[0], 415)
        self.assertEqual(server.ask("POST", EDIT, body[:-30], {"Content-Type": "multipart/form-data; boundary=----showo"})[0], 400)


class Chatting(unittest.TestCase):
    def setUp(self):
        self.scene = SCENE.read_bytes()

    def chat(self, messages, **more):
        status, _, reply = server.post(CHAT, {"messages": messages, **more})
        self.assertEqual(status, 200, reply)
        return reply

    def test_the_same_answer_as_the_command_line(self):
        question = "what is in the picture?"
        told = subprocess.run([SHOWO, "ask", SCENE, question, "--threads", "2"], check=True, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        reply = self.chat(about(self.scene, question))
        choice = reply["choices"][0]
        self.assertEqual((choice["message"]["content"], choice["finish_reason"], choice["message"]["role"]), (told, "stop", "assistant"))
        usage = reply["usage"]
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])
        self.assertGreater(usage["prompt_tokens"], 60)
        events = list(server.events(CHAT, {"messages": about(self.scene, question), "stream": True, "stream_options": {"include_usage": True}}))
        self.assertEqual(events[-1], "[DONE]")
        chunks = events[:-2]
        self.assertEqual("".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks), told)
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertEqual((chunks[-1]["choices"][0]["delta"], chunks[-1]["choices"][0]["finish_reason"]), ({}, "stop"))
        self.assertEqual((events[-2]["choices"], events[-2]["usage"]), ([], usage))
        self.assertEqual(len({(chunk["id"], chunk["created"]) for chunk in chunks}), 1)
        self.assertGreater(len(chunks), 4)

    def test_turns_see_those_before_them(self):
        told = subprocess.run([SHOWO, "ask", SCENE, "--chat", "what is in the picture?", "and what is the background?", "--threads", "2"], check=True,
                              cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.strip().split("\n")
        messages = about(self.scene, "what is in the picture?") + [{"role": "assistant", "content": told[0]},
                                                                   {"role": "user", "content": "and what is the background?"}]
        self.assertEqual(self.chat(messages)["choices"][0]["message"]["content"], told[1])

    def test_stops_and_lengths(self):
        whole = self.chat(about(self.scene, "what is in the picture?"))["choices"][0]["message"]["content"]
        words = whole.split(" ")
        stopped = self.chat(about(self.scene, "what is in the picture?"), stop=[words[2], "nowhere"])["choices"][0]
        self.assertEqual((stopped["message"]["content"], stopped["finish_reason"]), (whole[:whole.index(words[2])], "stop"))
        short = self.chat(about(self.scene, "what is in the picture?"), max_tokens=2)
        self.assertEqual((short["choices"][0]["finish_reason"], short["usage"]["completion_tokens"]), ("length", 2))
        self.assertTrue(whole.startswith(short["choices"][0]["message"]["content"]))

    def test_several_answers_are_drawn_by_seed(self):
        ask = lambda **more: [choice["message"]["content"] for choice in
                              self.chat(about(self.scene, "what is in the picture?"), temperature=1.5, n=4, **more)["choices"]]
        self.assertEqual(ask(seed=1), ask(seed=1))
        self.assertGreater(len(set(ask(seed=1) + ask(seed=50))), 1)
        greedy = self.chat(about(self.scene, "what is in the picture?"), temperature=0, n=2)["choices"]
        self.assertEqual(greedy[0]["message"], greedy[1]["message"])
        events = list(server.events(CHAT, {"messages": about(self.scene, "what is it?"), "stream": True, "n": 3}))
        self.assertEqual({event["choices"][0]["index"] for event in events[:-1]}, {0, 1, 2})

    def test_text_alone_asks_the_language_model(self):
        reply = self.chat([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "what is an apple?"}], max_tokens=8)
        self.assertIsInstance(reply["choices"][0]["message"]["content"], str)
        self.assertLess(reply["usage"]["prompt_tokens"], 60)  # no picture

    def test_a_picture_that_is_asked_for_in_words_is_not_guessed(self):
        content = self.chat([{"role": "user", "content": "draw an apple"}], max_tokens=8)["choices"][0]["message"]["content"]
        self.assertNotIn("data:image", content)

    def test_what_is_wrong_is_named(self):
        user = {"role": "user", "content": "what is it?"}
        image = lambda url: [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "what?"}]}]
        for body, param in (({}, "messages"), ({"messages": []}, "messages"), ({"messages": "hello"}, "messages"), ({"messages": [1]}, "messages[0]"),
                            ({"messages": [user, {"role": "assistant", "content": "x"}]}, "messages"),
                            ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
                            ({"messages": [{"role": "assistant", "content": "x"}, user]}, "messages[0]"),
                            ({"messages": [{"role": "user"}]}, "messages[0].content"),
                            ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
                            ({"messages": image("http://127.0.0.1/x.png")}, "messages[0].content[0].image_url.url"),
                            ({"messages": image(f"http://127.0.0.1:{server.port}/allowed/x.png")}, "messages[0].content[0].image_url.url"),
                            ({"messages": image("file:///etc/passwd")}, "messages[0].content[0].image_url.url"),
                            ({"messages": image("data:image/png;base64,@@@")}, "messages[0].content[0].image_url.url"),
                            ({"messages": image("data:image/png;base64,AAAA")}, "messages"),
                            ({"messages": [user], "tools": [{"type": "function"}]}, "tools"), ({"messages": [user], "logprobs": True}, "logprobs"),
                            ({"messages": [user], "modalities": ["text", "audio"]}, "modalities"), ({"messages": [user], "max_tokens": 0}, "max_tokens"),
                            ({"messages": [user], "temperature": 3}, "temperature"), ({"messages": [user], "stop": ["a"] * 5}, "stop"),
                            ({"messages": [user], "stop": ""}, "stop"), ({"messages": [user], "stream_options": {}}, "stream_options"),
                            ({"messages": [user], "response_format": {"type": "json_object"}}, "response_format"),
                            ({"messages": [user], "think": True}, "think"), ({"messages": [user], "presence_penalty": 1}, "presence_penalty")):
            with self.subTest(body=str(body)[:90]):
                status, _, reply = server.post(CHAT, body)
                self.assertEqual((status, reply.get("error", {}).get("param")), (400, param), reply)
        for harmless in ({"tools": []}, {"logprobs": False}, {"n": 1}, {"presence_penalty": 0}, {"response_format": {"type": "text"}},
                         {"user": "x"}, {"stop": None}, {"modalities": ["text"]}):
            self.chat([user], max_tokens=1, **harmless)

    def test_allowed_urls_lead_to_public_addresses_alone(self):
        for url in ("http://localhost/x.png", f"http://127.0.0.1:{server.port}/icon.svg", "http://127.0.0.1.nip.example/x", "http://127.0.0.1@other.example/"):
            status, _, reply = server.post(CHAT, {"messages": [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "what?"}]}]})
            self.assertEqual((status, reply["error"]["param"]), (400, "messages[0].content[0].image_url.url"), reply)
            self.assertNotIn("could not be fetched", reply["error"]["message"])

    def test_more_than_the_models_positions(self):
        turns = [{"role": "user", "content": "what is it?"}, {"role": "assistant", "content": "an apple " * 60}] * 30
        status, _, reply = server.post(CHAT, {"messages": turns + turns[:1]})
        self.assertEqual((status, "tokens" in reply["error"]["message"]), (400, True), reply)


class About(unittest.TestCase):
    def test_models(self):
        status, _, reply = server.ask("GET", "/v1/models")
        self.assertEqual((status, reply["object"], [model["id"] for model in reply["data"]]), (200, "list", ["embedded"]))
        self.assertEqual(server.ask("GET", "/v1/models/embedded")[2]["object"], "model")
        status, _, reply = server.ask("GET", "/v1/models/other")
        self.assertEqual((status, reply["error"]["type"]), (404, "not_found_error"))

    def test_capabilities_say_what_is_so(self):
        reply = server.ask("GET", "/v1/capabilities")[2]
        self.assertEqual((reply["limits"]["prompt_tokens"], reply["limits"]["pixels"]), (200, 300000))
        self.assertEqual(reply["sizes"], [f"{side}x{side}"])
        settings = {key: reply["defaults"][key] for key in ("steps", "guidance_scale", "temperature", "schedule", "order", "refresh")}
        same, default = (server.post(GENERATE, {"prompt": PROMPT, "seed": 1, **more})[2]["data"][0] for more in (settings, {}))
        self.assertEqual(pixels(picture(same)), pixels(picture(default)))

    def test_metrics_count(self):
        before = server.metric("showo:images_total")
        server.post(GENERATE, QUICK | {"n": 2})
        self.assertEqual(server.metric("showo:images_total"), before + 2)
        text = server.ask("GET", "/metrics")[2].decode()
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \S+ .+|[a-z_:]+(\{([a-z]+="[^"]*",?)+\})? [-+0-9.e]+)$')

    def test_paths_and_methods(self):
        for method, path, status in (("GET", GENERATE, 405), ("POST", "/health", 405), ("GET", "/nowhere", 404), ("POST", "/v1/audio", 404),
                                     ("DELETE", "/v1/models/embedded", 405), ("GET", "/../etc/passwd", 404), ("PUT", CHAT, 405), ("GET", "/health", 200),
                                     ("GET", "/", 200), ("GET", "/openapi.json", 200)):
            got, headers, _ = server.ask(method, path)
            self.assertEqual(got, status, (method, path))
            self.assertRegex(headers["X-Request-Id"], "^[0-9a-f]{16}$")

    def test_the_page_is_its_own(self):
        status, headers, page = server.ask("GET", "/")
        self.assertIn(b"<!doctype html>", page[:40].lower())
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        self.assertNotRegex(page.decode(), r'(src|href)="(https?:)?//')
        self.assertEqual(server.ask("GET", "/", headers={"If-None-Match": headers["ETag"]})[0], 304)


if __name__ == "__main__":
    unittest.main()
