#include "showo/generate/completing.h"

#include <algorithm>

#include "showo/generate/text_job.h"
#include "showo/text/stream_decoder.h"

namespace showo {
namespace {

// A continuation's text, as it grows.
struct Growing {
  StreamDecoder decoder;
  std::string text;
};

}  // namespace

std::vector<int64_t> begun(const Tokenizer& tokenizer, const TextEnds& ends,
                           const std::string& text) {
  auto ids = tokenizer.encode(text);
  if (ends.begin) ids.insert(ids.begin(), *ends.begin);
  if (ids.empty() && !ends.ends.empty())
    ids.push_back(ends.ends[0]);  // as a text before it would have ended
  return ids;
}

Jobs<std::vector<Answer>> completing(const LlmConfig& llm,
                                     const std::shared_ptr<const Tokenizer>& tokenizer,
                                     const TextEnds& ends, const std::string& prompt,
                                     const TextOptions& options, const std::vector<uint64_t>& seeds,
                                     const OnContinuation& on_text) {
  options.check();
  const auto ids = begun(*tokenizer, ends, prompt);
  const int64_t most = llm.max_position_embeddings;
  if (ids.empty())
    throw UsageError("the prompt is empty, and the model has no token to begin with");
  if (std::ssize(ids) >= most)
    throw UsageError(
        fmt::format("the prompt has {} tokens, expected at most {}", ids.size(), most - 1));
  Row row;
  row.append_text(ids);
  const auto growing = std::make_shared<std::vector<Growing>>();
  for (size_t i = 0; i < seeds.size(); ++i)
    growing->push_back({StreamDecoder(tokenizer, /*begins=*/false), {}});
  const auto say = [growing, on_text](size_t i, const std::string& more) {
    (*growing)[i].text += more;
    return !on_text || more.empty() || on_text(i, more);
  };
  std::vector<std::shared_ptr<TextJob>> jobs;
  for (size_t i = 0; i < seeds.size(); ++i) {
    const auto spell = [=, stops = ends.ends](int64_t token, const Tensor&) {
      const bool end = std::ranges::find(stops, token) != stops.end();
      return end || token >= tokenizer->size() || say(i, (*growing)[i].decoder.add(token));
    };
    jobs.push_back(
        std::make_shared<TextJob>(llm, row, Tensor(), options, ends.ends, seeds[i], spell));
  }
  return {{jobs.begin(), jobs.end()}, [=] {
            std::vector<Answer> answers;
            for (size_t i = 0; i < jobs.size(); ++i) {
              say(i, (*growing)[i].decoder.rest());
              const Writing& text = jobs[i]->text();
              answers.push_back({(*growing)[i].text, text.complete(), jobs[i]->prompt_tokens(),
                                 std::ssize(text.tokens())});
            }
            return answers;
          }};
}

}  // namespace showo
