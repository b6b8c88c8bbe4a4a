#include "showo/train/batch.h"

#include <algorithm>
#include <iterator>

#include "showo/image/preprocess.h"
#include "showo/model/mask_schedule.h"

namespace showo {
namespace {

Batch packed(const std::vector<Row>& rows) {
  std::vector<Row> bare;
  for (const Row& row : rows) bare.push_back(without_pads(row));
  Batch batch;
  batch.rows = pack(bare);
  return batch;
}

std::vector<int64_t> to_vector(const Tensor& ids) {
  const auto values = ids.contiguous();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

}  // namespace

Tensor BatchMaker::codes_of(const std::vector<Image>& pictures) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> tensors;
  for (const Image& picture : pictures)
    tensors.push_back(preprocess_showo(picture, static_cast<int>(options_.image_size)));
  return codec_->encode(torch::stack(tensors).contiguous(torch::MemoryFormat::ChannelsLast)).cpu();
}

Tensor BatchMaker::codes_of(const std::vector<Sample>& samples) {
  std::vector<Image> pictures;
  for (const Sample& sample : samples) pictures.push_back(picture_of(sample));
  return codes_of(pictures);
}

namespace {

double draw(at::Generator& random) { return torch::rand({}, random).item<double>(); }

// A whole number from `low` to `high`.
int64_t draw(int64_t low, int64_t high, at::Generator& random) {
  return torch::randint(low, high + 1, {}, random, torch::kLong).item<int64_t>();
}

}  // namespace

Tensor draw_mask(int64_t side, double share, bool region, at::Generator& random) {
  const int64_t tokens = side * side;
  const auto count =
      std::clamp<int64_t>(std::llround(static_cast<double>(tokens) * share), 1, tokens);
  auto masked = torch::zeros({tokens}, torch::kBool);
  if (!region) {
    const auto order = torch::rand({tokens}, random).argsort();
    return masked.index_fill_(0, order.narrow(0, 0, count), true);
  }
  const int64_t height = draw((count + side - 1) / side, std::min(side, count), random);
  const int64_t width = std::min(side, (count + height - 1) / height);
  masked.view({side, side})
      .narrow(0, draw(0, side - height, random), height)
      .narrow(1, draw(0, side - width, random), width)
      .fill_(true);
  return masked;
}

BatchMaker::Hidden BatchMaker::draw_hidden(int64_t codes, double drop_text,
                                           at::Generator& random) const {
  const int64_t side = options_.image_size / codec_->config.stride();
  TORCH_CHECK(codes == side * side, "a picture has ", codes, " codes, expected ", side * side);
  const double share = std::max(mask_ratio(options_.schedule, draw(random)), options_.min_masked);
  const bool text = draw(random) < drop_text;
  const bool region = draw(random) < options_.regions;
  return {text, draw_mask(side, share, region, random)};
}

Batch BatchMaker::text_to_image(const std::vector<Sample>& samples,
                                const std::vector<uint64_t>& seeds, bool twice) {
  const Vocabulary& v = prompting_.vocabulary();
  const auto image = codes_of(samples) + v.image_offset;
  std::vector<Row> rows, without;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto random = make_generator(seeds.at(i));
    const auto row = image[static_cast<int64_t>(i)];
    const Hidden hidden = draw_hidden(row.numel(), options_.drop_text, random);
    const auto text = hidden.text ? std::vector<int64_t>{} : tokenizer_->encode(samples[i].caption);
    const auto masked = to_vector(torch::where(hidden.codes, v.mask_token, row)),
               labels = to_vector(torch::where(hidden.codes, row, kIgnore));
    rows.push_back(prompting_.text_to_image(text, masked, labels));
    if (twice) without.push_back(prompting_.text_to_image({}, masked, labels));
  }
  Batch batch = packed(rows);
  if (twice) batch.without_text = packed(without).rows;
  return batch;
}

Row BatchMaker::about(const Row& picture, const Sample& sample) const {
  std::vector<TurnIds> turns;
  for (const Turn& turn : sample.turns)
    turns.push_back(
        {sight_.question(turn.question), tokenizer_->encode(" " + turn.answer), turn.follows});
  if (options_.plain_captions || turns.empty()) {
    const bool answers = options_.plain_captions && !turns.empty();
    const auto& caption = answers ? sample.turns[0].answer + "\n" : sample.caption;
    return prompting_.understanding(picture, tokenizer_->encode(caption));
  }
  return options_.independent_turns
             ? prompting_.independent_questions(picture, turns, options_.mmu_length)
             : prompting_.understanding(picture, turns, options_.mmu_length);
}

Batch BatchMaker::understanding(const std::vector<Sample>& samples) {
  std::vector<Image> pictures;
  for (const Sample& sample : samples)
    std::ranges::move(pictures_of(sample), std::back_inserter(pictures));
  const auto seen = sight_.see(pictures, options_.system_prompt);
  std::vector<Row> rows;
  std::vector<Tensor> features;
  auto next = seen.begin();
  for (const Sample& sample : samples) {
    const auto end = next + 1 + std::ssize(sample.others);
    const Seen together = sight_.together({next, end});
    next = end;
    rows.push_back(about(together.row, sample));
    if (together.features.defined()) features.push_back(together.features);
  }
  Batch batch = packed(rows);
  if (!features.empty()) batch.features = torch::cat(features);
  return batch;
}

Batch BatchMaker::language(const std::vector<std::string>& lines) {
  std::vector<Row> rows;
  for (const auto& line : lines) {
    const auto text = tokenizer_->encode(line);
    rows.push_back(prompting_.language(
        text, std::min<int64_t>(options_.lm_length, static_cast<int64_t>(text.size()) + 2)));
  }
  return packed(rows);
}

FrameIds BatchMaker::frame(const std::string& text, const Tensor& image, double drop_text,
                           at::Generator& random) const {
  const Hidden hidden = draw_hidden(image.numel(), drop_text, random);
  const auto masked = torch::where(hidden.codes, prompting_.vocabulary().mask_token, image);
  FrameIds frame{{}, to_vector(image), to_vector(masked), /*learn_text=*/!hidden.text};
  if (!hidden.text) frame.text = tokenizer_->encode(text);
  return frame;
}

Batch BatchMaker::stories(const std::vector<Sample>& samples, const std::vector<uint64_t>& seeds) {
  std::vector<Image> pictures;
  for (const Sample& sample : samples) {
    for (const SampleFrame& frame : sample.frames) pictures.push_back(frame.picture);
  }
  const auto images = codes_of(pictures) + prompting_.vocabulary().image_offset;
  const double drop_first = std::max(options_.drop_text, options_.drop_first);
  std::vector<Row> rows;
  int64_t image = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto random = make_generator(seeds.at(i));
    std::vector<FrameIds> frames;
    for (const SampleFrame& told : samples[i].frames)
      frames.push_back(frame(told.text, images[image++],
                             frames.empty() ? drop_first : options_.drop_text, random));
    rows.push_back(prompting_.story(frames, options_.story_length));
    if (rows.back().length() == 1)
      fail("batch.story_length {}: {}: its first text and picture take more", options_.story_length,
           samples[i].title());
  }
  return packed(rows);
}

}  // namespace showo
