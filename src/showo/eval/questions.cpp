#include "showo/eval/questions.h"

#include <algorithm>
#include <optional>

#include "showo/core/log.h"
#include "showo/data/shards.h"
#include "showo/generate/conversation.h"

namespace showo {
namespace {

// Questions of their own are answered together, those that refer back in a conversation.
std::vector<std::string> answers_to(Pipeline& pipeline, const Seen& picture,
                                    const std::vector<Turn>& turns, const TextOptions& options) {
  std::vector<std::string> answers;
  if (std::ranges::none_of(turns, &Turn::follows)) {
    std::vector<std::string> questions;
    for (const Turn& turn : turns) questions.push_back(turn.question);
    for (const auto& answer : pipeline.answer(picture, questions, options, 0))
      answers.push_back(answer.text);
    return answers;
  }
  std::optional<Conversation> conversation;
  for (const Turn& turn : turns) {
    if (!turn.follows || !conversation) conversation.emplace(pipeline, picture);
    answers.push_back(conversation->ask(turn.question, options, 0).text);
  }
  return answers;
}

}  // namespace

std::map<std::string, Tally> ask_questions(Pipeline& pipeline, const std::string& shards,
                                           int64_t scenes) {
  std::map<std::string, Tally> tallies;
  Progress progress("asking", scenes);
  TextOptions options;
  options.max_tokens = 40;
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto sample = reader.next(); sample && done < scenes; sample = reader.next()) {
      const Seen picture = pipeline.see(pictures_of(*sample));
      const auto answers = answers_to(pipeline, picture, sample->turns, options);
      for (size_t i = 0; i < answers.size(); ++i) {
        const Turn& turn = sample->turns[i];
        const bool right = answers[i] == turn.answer;
        for (const std::string& type : {turn.type, std::string("all")}) {
          tallies[type].right += right;
          ++tallies[type].asked;
        }
      }
      progress.update(++done);
    }
  }
  return tallies;
}

}  // namespace showo
