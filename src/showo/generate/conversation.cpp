#include "showo/generate/conversation.h"

namespace showo {

Conversation::Conversation(Pipeline& pipeline, Seen pictures)
    : pipeline_(pipeline),
      row_(pictures.asked ? pictures.row : pipeline.prompting().question(pictures.row, {})),
      features_(std::move(pictures.features)) {}

Answer Conversation::ask(const std::string& question, const TextOptions& options, uint64_t seed,
                         const OnToken& on_token) {
  if (question.find_first_not_of(" \t\r\n") == std::string::npos)
    throw UsageError("the question is empty");
  const Showo& model = pipeline_.model();
  Row row = row_;
  row.append_text(pipeline_.sight().question(question));
  const int64_t most = model->llm_config().max_position_embeddings;
  if (row.next_position() >= most) {
    throw UsageError(fmt::format("the conversation has {} tokens, expected at most {}",
                                 row.next_position(), most - 1));
  }
  const auto job = std::make_shared<TextJob>(model->llm_config(), row, features_, options,
                                             std::vector{model->vocabulary.eos}, seed, on_token);
  pipeline_.engine().run({job});
  row_ = std::move(row);
  row_.append_text(job->text().tokens());
  row_.append_text(std::vector{model->vocabulary.eos});
  const Answer answer = pipeline_.answer_of(*job);
  turns_.emplace_back(question, answer.text);
  return answer;
}

}  // namespace showo
