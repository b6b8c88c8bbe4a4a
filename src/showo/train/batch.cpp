#include "showo/train/batch.h"

#include "showo/image/preprocess.h"
#include "showo/model/mask_schedule.h"
#include "showo/train/run.h"

namespace showo {
namespace {

std::vector<int64_t> to_vector(const Tensor& ids) {
  const auto values = ids.contiguous();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

}  // namespace

Tensor BatchMaker::codes_of(const std::vector<Sample>& samples) {
  torch::NoGradGuard no_grad;
  Autocast autocast(true);
  std::vector<Tensor> pictures;
  for (const Sample& sample : samples) {
    const auto bytes = std::as_bytes(std::span(sample.image_bytes));
    pictures.push_back(
        preprocess_showo(decode_image(bytes, sample.key), static_cast<int>(options_.image_size)));
  }
  return codec_->encode(torch::stack(pictures).contiguous(torch::MemoryFormat::ChannelsLast));
}

Batch BatchMaker::collate(const std::vector<Row>& rows) const {
  size_t length = 0;
  for (const Row& row : rows) length = std::max(length, row.ids.size());
  Batch batch;
  std::vector<Tensor> ids, labels;
  for (const Row& row : rows) {
    auto padded = row.ids, targets = row.labels;
    padded.resize(length, prompting_.vocabulary().pad);
    targets.resize(length, kIgnore);
    ids.push_back(torch::tensor(padded));
    labels.push_back(torch::tensor(targets));
    batch.rows.push_back(row.layout);
  }
  batch.ids_BT = torch::stack(ids);
  batch.labels_BT = torch::stack(labels);
  return batch;
}

Batch BatchMaker::text_to_image(const std::vector<Sample>& samples, at::Generator& random) {
  const Vocabulary& v = prompting_.vocabulary();
  const auto image = codes_of(samples) + v.image_offset;
  const int64_t tokens = image.size(1);
  std::vector<Row> rows;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double ratio = mask_ratio(options_.schedule, torch::rand({}, random).item<double>());
    const int64_t count = std::clamp<int64_t>(std::llround(tokens * ratio), 1, tokens);
    const auto order = torch::rand({tokens}, random).argsort();
    const auto masked =
        torch::zeros({tokens}, torch::kBool).index_fill_(0, order.narrow(0, 0, count), true);
    const auto row = image[static_cast<int64_t>(i)];
    const bool dropped = torch::rand({}, random).item<double>() < options_.drop_text;
    const auto text = dropped ? std::vector<int64_t>{} : tokenizer_->encode(samples[i].caption);
    rows.push_back(prompting_.text_to_image(text,
                                            to_vector(torch::where(masked, v.mask_token, row)),
                                            to_vector(torch::where(masked, row, kIgnore))));
  }
  return collate(rows);
}

Batch BatchMaker::understanding(const std::vector<Sample>& samples) {
  const auto image = codes_of(samples) + prompting_.vocabulary().image_offset;
  std::vector<Row> rows;
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto codes = to_vector(image[static_cast<int64_t>(i)]);
    std::vector<TurnIds> turns;
    for (const Turn& turn : samples[i].turns) {
      turns.push_back({tokenizer_->encode(question_text(turn.question)),
                       tokenizer_->encode(" " + turn.answer)});
    }
    rows.push_back(turns.empty()
                       ? prompting_.understanding(codes, tokenizer_->encode(samples[i].caption))
                   : options_.independent_turns
                       ? prompting_.independent_questions(codes, turns, options_.mmu_length)
                       : prompting_.understanding(codes, turns, options_.mmu_length));
  }
  return collate(rows);
}

Batch BatchMaker::language(const std::vector<std::string>& lines) {
  std::vector<Row> rows;
  for (const auto& line : lines) {
    const auto text = tokenizer_->encode(line);
    rows.push_back(prompting_.language(
        text, std::min<int64_t>(options_.lm_length, static_cast<int64_t>(text.size()) + 2)));
  }
  return collate(rows);
}

std::string question_text(const std::string& question) {
  return "USER: \n" + question + " ASSISTANT:";
}

}  // namespace showo
