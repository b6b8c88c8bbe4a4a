// Model: answers, chats, text alone.
#include "showo/api/work.h"
#include "showo/generate/answer_stream.h"
#include "showo/generate/completing.h"
#include "showo/generate/conversation.h"

namespace showo {
namespace {

// The tokens of answers as text.
class Streams {
 public:
  Streams(const Pipeline& pipeline, size_t answers, const OnText& on_text)
      : streams_(answers,
                 AnswerStream(pipeline.shared_tokenizer(), pipeline.prompting().vocabulary().eos)),
        on_text_(on_text) {}
  bool token(size_t answer, int64_t token) { return say(answer, streams_[answer].add(token)); }
  void end() {
    for (size_t i = 0; i < streams_.size(); ++i) say(i, streams_[i].rest());
  }

 private:
  bool say(size_t answer, const std::string& text) {
    return text.empty() || on_text_(answer, text);
  }
  std::vector<AnswerStream> streams_;
  OnText on_text_;
};

Jobs<std::vector<Answer>> asking(Pipeline& pipeline, const View& view,
                                 const std::vector<std::string>& questions,
                                 const TextOptions& options, uint64_t seed, const OnText& on_text) {
  if (std::ranges::any_of(questions, is_blank)) throw UsageError("the question is empty");
  if (!on_text) return pipeline.answering(view.seen(), questions, options, seed);
  const auto streams = std::make_shared<Streams>(pipeline, questions.size(), on_text);
  auto work = pipeline.answering(
      view.seen(), questions, options, seed,
      [streams](size_t answer, int64_t token) { return streams->token(answer, token); });
  work.result = [streams, result = work.result] {
    streams->end();
    return result();
  };
  return work;
}

Jobs<std::vector<Answer>> texts_after(Pipeline& pipeline, const std::string& prompt,
                                      const TextOptions& options,
                                      const std::vector<uint64_t>& seeds, const OnText& on_text) {
  const auto& vocabulary = pipeline.model()->vocabulary;
  return completing(pipeline.model()->llm_config(), pipeline.shared_tokenizer(),
                    {vocabulary.bos, {vocabulary.eos}}, prompt, options, seeds, on_text);
}

}  // namespace

int64_t View::tokens() const { return seen_->row.length(); }

struct Chat::State {
  std::shared_ptr<Pipeline> pipeline;
  Conversation conversation;
};

Chat::Chat(std::unique_ptr<State> state) : state_(std::move(state)) {}
Chat::~Chat() = default;
Chat::Chat(Chat&&) noexcept = default;

Answer Chat::ask(const std::string& question, const TextOptions& options, uint64_t seed,
                 const OnText& on_text) {
  if (!on_text) return state_->conversation.ask(question, options, seed);
  Streams streams(*state_->pipeline, 1, on_text);
  const auto answer = state_->conversation.ask(
      question, options, seed,
      [&](int64_t token, const Tensor&) { return streams.token(0, token); });
  streams.end();
  return answer;
}

const Turns& Chat::turns() const { return state_->conversation.turns(); }

View Model::view(const std::vector<Image>& pictures) const {
  if (pictures.empty()) throw UsageError("a question needs a picture");
  return View(std::make_shared<const Seen>(pipeline().see(pictures)));
}

View Model::view_nothing() const {
  return View(std::make_shared<const Seen>(pipeline().see_nothing()));
}

View Model::after(const View& pictures, const Turns& turns) const {
  return View(std::make_shared<const Seen>(pipeline().after(pictures.seen(), turns)));
}

std::vector<Answer> Model::ask(const View& pictures, const std::vector<std::string>& questions,
                               const TextOptions& options, uint64_t seed,
                               const OnText& on_text) const {
  return run(asking(pipeline(), pictures, questions, options, seed, on_text), pipeline().engine(),
             client_);
}

Pending<std::vector<Answer>> Model::start_ask(const View& pictures,
                                              const std::vector<std::string>& questions,
                                              const TextOptions& options, uint64_t seed,
                                              const OnText& on_text) const {
  return started(asking(pipeline(), pictures, questions, options, seed, on_text), opened_, client_);
}

std::string Model::ask(const Image& picture, const std::string& question) const {
  return ask(view({picture}), {question})[0].text;
}

Chat Model::chat(const std::vector<Image>& pictures) const {
  if (pictures.empty()) throw UsageError("a question needs a picture");
  const auto& pipeline = opened_->pipeline;
  return Chat(
      std::make_unique<Chat::State>(pipeline, Conversation(*pipeline, pipeline->see(pictures))));
}

std::vector<Answer> Model::complete(const std::string& prompt, const TextOptions& options,
                                    const std::vector<uint64_t>& seeds,
                                    const OnText& on_text) const {
  return run(texts_after(pipeline(), prompt, options, seeds, on_text), pipeline().engine(),
             client_);
}

Pending<std::vector<Answer>> Model::start_complete(const std::string& prompt,
                                                   const TextOptions& options,
                                                   const std::vector<uint64_t>& seeds,
                                                   const OnText& on_text) const {
  return started(texts_after(pipeline(), prompt, options, seeds, on_text), opened_, client_);
}

std::vector<int64_t> Model::tokenize(const std::string& text) const {
  return pipeline().tokenizer().encode(text);
}

std::string Model::detokenize(std::span<const int64_t> ids) const {
  return pipeline().tokenizer().decode(ids);
}

std::string Model::prompt_used(const std::string& prompt) const {
  return pipeline().prompt_used(prompt);
}

}  // namespace showo
