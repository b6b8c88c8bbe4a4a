#include "showo/eval/questions.h"

#include "showo/core/log.h"
#include "showo/data/shards.h"
#include "showo/image/decode.h"

namespace showo {

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
      auto picture =
          pipeline.read(decode_image(std::as_bytes(std::span(sample->image_bytes)), sample->key));
      std::vector<std::string> questions;
      for (const Turn& turn : sample->turns) questions.push_back(turn.question);
      const auto answers = picture.answer(questions, options, 0);
      for (size_t i = 0; i < answers.size(); ++i) {
        const Turn& turn = sample->turns[i];
        const bool right = answers[i].text == turn.answer;
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
