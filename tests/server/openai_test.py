"""The official openai package, unchanged, on every call that the server has."""
import asyncio
import base64
import io
import sys
import unittest

from serving import SCENE, Server, about, pixels, png

try:
    import openai
except ImportError:
    print("skipped: no openai package")
    sys.exit(77)

PROMPT = "a glossy apple on a blue background"
QUICK = {"seed": 3, "steps": 4}


def setUpModule():
    global server, client, other
    server = Server()
    more = {"base_url": f"{server.url}/v1", "api_key": "none", "max_retries": 0}
    client, other = openai.OpenAI(**more), openai.AsyncOpenAI(**more)


def tearDownModule():
    client.close()
    assert server.stop() == 0


def named(content, name="picture.png"):
    file = io.BytesIO(content)
    file.name = name
    return file


class Pictures(unittest.TestCase):
    def generate(self, **more):
        return client.images.generate(model="embedded", prompt=PROMPT, extra_body=QUICK, **more)

    def test_generate(self):
        reply = self.generate(n=2, size="auto", quality="auto", output_format="png", response_format="b64_json", background="auto", user="me")
        self.assertEqual(len(reply.data), 2)
        width, height, _ = pixels(base64.b64decode(reply.data[0].b64_json))
        self.assertEqual(reply.size, f"{width}x{height}")
        self.assertEqual(reply.usage.total_tokens, reply.usage.input_tokens + reply.usage.output_tokens)
        self.assertEqual(reply.data[0].seed, 3)

    def test_generate_streamed(self):
        events = list(self.generate(stream=True, partial_images=2))
        self.assertEqual([type(event).__name__ for event in events if event.type.endswith("completed")], ["ImageGenCompletedEvent"])
        self.assertIn("ImageGenPartialImageEvent", {type(event).__name__ for event in events})
        self.assertEqual(events[-1].b64_json, self.generate().data[0].b64_json)
        self.assertGreater(events[-1].usage.total_tokens, 0)

    def edit(self, **more):
        scene = SCENE.read_bytes()
        width, height = pixels(scene)[:2]
        mask = png(width, height, lambda x, y: (0, 0, 0, 0 if x > width // 2 else 255), 4)
        return client.images.edit(image=named(scene), mask=named(mask, "mask.png"), model="embedded", prompt=PROMPT, extra_body=QUICK, **more)

    def test_edit(self):
        reply = self.edit(n=1, size="auto")
        self.assertEqual(len(reply.data), 1)
        streamed = list(self.edit(stream=True, partial_images=3))
        self.assertEqual(type(streamed[-1]).__name__, "ImageEditCompletedEvent")
        self.assertEqual(streamed[-1].b64_json, reply.data[0].b64_json)

    def test_edit_with_a_list_of_one(self):
        reply = client.images.edit(image=[named(SCENE.read_bytes())], prompt="the background turns blue", extra_body=QUICK)
        self.assertTrue(reply.data[0].b64_json)

    def test_errors_are_its_own(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            client.images.generate(prompt=PROMPT, size="1024x1024")
        self.assertEqual(caught.exception.param, "size")
        with self.assertRaises(openai.NotFoundError) as caught:
            client.images.generate(prompt=PROMPT, model="gpt-image-9")
        self.assertEqual(caught.exception.code, "model_not_found")
        with self.assertRaises(openai.NotFoundError):
            client.images.create_variation(image=named(SCENE.read_bytes()))


class Chats(unittest.TestCase):
    def setUp(self):
        self.ask = {"model": "embedded", "messages": about(SCENE.read_bytes(), "what is in the picture?")}

    def test_completions(self):
        reply = client.chat.completions.create(**self.ask, max_tokens=40, temperature=0, top_p=1, seed=1, n=2, stop=["\n"])
        self.assertEqual((len(reply.choices), reply.choices[0].finish_reason), (2, "stop"))
        self.assertIn("rabbit", reply.choices[0].message.content)
        self.assertEqual(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens)

    def test_completions_streamed(self):
        chunks = list(client.chat.completions.create(**self.ask, stream=True, max_completion_tokens=40, stream_options={"include_usage": True}))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertIn("rabbit", text)
        self.assertEqual(text, client.chat.completions.create(**self.ask).choices[0].message.content)
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)
        with client.chat.completions.stream(**self.ask) as stream:
            self.assertEqual(stream.get_final_completion().choices[0].message.content, text)

    def test_text_alone(self):
        reply = client.chat.completions.create(model="embedded", messages=[{"role": "user", "content": "what is an apple?"}], max_tokens=5)
        self.assertLessEqual(reply.usage.completion_tokens, 5)

    def test_models(self):
        self.assertEqual([model.id for model in client.models.list()], ["embedded"])
        self.assertEqual(client.models.retrieve("embedded").owned_by, "showo")


class Async(unittest.TestCase):
    def test_all_at_once(self):
        async def run():
            picture = other.images.generate(prompt=PROMPT, extra_body=QUICK)
            chat = other.chat.completions.create(model="embedded", messages=about(SCENE.read_bytes(), "what is in the picture?"))
            stream = await other.images.generate(prompt=PROMPT, extra_body=QUICK, stream=True, partial_images=1)
            events = [event async for event in stream]
            chunks = await other.chat.completions.create(model="embedded", messages=about(SCENE.read_bytes(), "what is in the picture?"), stream=True)
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])
            picture, chat = await asyncio.gather(picture, chat)
            await other.close()
            return picture, chat, events, text
        picture, chat, events, text = asyncio.run(run())
        self.assertEqual(events[-1].b64_json, picture.data[0].b64_json)
        self.assertEqual(chat.choices[0].message.content, text)


if __name__ == "__main__":
    unittest.main()
