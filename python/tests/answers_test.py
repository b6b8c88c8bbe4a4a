"""Questions, streams, conversations, the tokenizer."""
import pickle

import pytest
import torch

import showo
from conftest import SCENE

QUESTIONS = ["what is in the picture?", "how many things are there?", "what colour is the background?"]


def test_answers_are_those_of_the_command_line(model, scene, command):
    said = command("ask", SCENE, *QUESTIONS).splitlines()
    assert model.ask_many(scene, QUESTIONS) == said
    assert [model.ask(scene, question) for question in QUESTIONS] == said
    view = model.view(scene)
    assert model.ask_many(view, QUESTIONS) == said
    assert model.start_ask(view, QUESTIONS).result() == said
    drawn = command("ask", SCENE, QUESTIONS[0], "--temperature", 2, "--seed", 5).splitlines()
    assert [model.ask(scene, QUESTIONS[0], temperature=2, seed=5)] == drawn


def test_an_answer_says_whether_it_is_whole(model, scene):
    whole, cut = model.ask(scene, QUESTIONS[0]), model.ask(scene, QUESTIONS[0], max_tokens=2)
    assert whole.complete and not cut.complete and whole.startswith(cut)
    again = pickle.loads(pickle.dumps(cut))
    assert again == cut and again.complete is False


def test_pieces_make_the_answer(model, scene):
    stream = model.ask(scene, QUESTIONS[0], stream=True)
    pieces = list(stream)
    assert len(pieces) > 1 and "".join(pieces) == stream.answer == model.ask(scene, QUESTIONS[0])
    assert list(stream) == []


def test_a_stream_that_is_left_stops(model, scene):
    with model.ask(scene, QUESTIONS[0], stream=True) as stream:
        next(stream)
    assert stream.answer is None and list(stream) == []
    assert model.ask(scene, QUESTIONS[0]) == model.ask(scene, QUESTIONS[0])


def test_several_pictures(model, scene):
    other = model.generate("a flat frog on a red background", seed=2)[0]
    question = "do both pictures have the same background?"
    assert model.ask([scene, other], question) == model.ask(model.view([scene, other]), question)


def test_chats_see_what_was_said(model, scene, command):
    turns = ["what is on the left?", "is it flat or glossy?"]
    said = command("ask", SCENE, "--chat", *turns).splitlines()
    chat = model.chat(scene)
    assert chat.ask(turns[0]) == said[0]
    stream = chat.ask(turns[1], stream=True)
    assert "".join(stream) == said[1] == stream.answer
    assert chat.turns == list(zip(turns, said, strict=True))
    with pytest.raises(showo.UsageError, match="question is empty"):
        chat.ask("  ")
    assert len(chat.turns) == 2


def test_the_tokenizer(model):
    text = "a glossy apple – 🍎"
    ids = model.tokenizer.encode(text)
    assert all(isinstance(i, int) for i in ids) and model.tokenizer.decode(ids) == text
    assert model.tokenizer.decode(torch.tensor(ids)) == text and model.tokenizer.encode("") == []
    with pytest.raises(showo.Error):
        model.tokenizer.decode([10**9])
    with pytest.raises(TypeError, match="ids"):
        model.tokenizer.decode(["a"])
