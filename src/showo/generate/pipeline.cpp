#include "showo/generate/pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "showo/codec/checkpoint.h"
#include "showo/core/memory.h"
#include "showo/core/option_error.h"
#include "showo/core/random.h"
#include "showo/generate/preset.h"
#include "showo/image/decode.h"
#include "showo/image/mask.h"
#include "showo/image/part.h"
#include "showo/image/preprocess.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

constexpr size_t kTogether = 8;  // questions that are answered at once
const int64_t kMostPixels = pixel_limit(std::numeric_limits<size_t>::max());  // as for reading

int square_side(int64_t tokens, const fs::path& folder) {
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(tokens))));
  if (int64_t{side} * side != tokens)
    fail("{}: num_vq_tokens {} is no square", folder.string(), tokens);
  return side;
}

// The picture turned so that the side to extend lies on the right, and back.
Image turned(const Image& image, Side side) {
  const bool transpose = side == Side::kUp || side == Side::kDown,
             mirror = side == Side::kLeft || side == Side::kUp;
  Image result(transpose ? image.height : image.width, transpose ? image.width : image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int along = transpose ? y : x, across = transpose ? x : y;
      std::copy_n(image.pixel(x, y), 3,
                  result.pixel(mirror ? result.width - 1 - along : along, across));
    }
  }
  return result;
}

Image turned_back(const Image& image, Side side) {
  const bool transpose = side == Side::kUp || side == Side::kDown,
             mirror = side == Side::kLeft || side == Side::kUp;
  Image result(transpose ? image.height : image.width, transpose ? image.width : image.height);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const int along = transpose ? y : x, across = transpose ? x : y;
      std::copy_n(image.pixel(mirror ? image.width - 1 - along : along, across), 3,
                  result.pixel(x, y));
    }
  }
  return result;
}

Image beside(const Image& left, const Image& right) {
  Image result(left.width + right.width, left.height);
  for (int y = 0; y < left.height; ++y) {
    std::copy_n(left.pixel(0, y), static_cast<size_t>(left.width) * 3, result.pixel(0, y));
    std::copy_n(right.pixel(0, y), static_cast<size_t>(right.width) * 3,
                result.pixel(left.width, y));
  }
  return result;
}

// A canvas [1, N] for what lies half a square further on `side`: the codes' half next to it, of
// which `kept` columns (or rows) stay, has moved to the other end. S tokens a side.
Tensor shifted(const Tensor& codes_SS, Side side, int64_t kept) {
  const bool transpose = side == Side::kUp || side == Side::kDown,
             mirror = side == Side::kLeft || side == Side::kUp;
  auto oriented = transpose ? codes_SS.t() : codes_SS;
  if (mirror) oriented = oriented.flip(1);
  auto canvas = torch::full_like(oriented, -1);
  canvas.narrow(1, 0, kept).copy_(oriented.narrow(1, codes_SS.size(0) / 2, kept));
  if (mirror) canvas = canvas.flip(1);
  if (transpose) canvas = canvas.t();
  return canvas.reshape({1, -1});
}

}  // namespace

Pipeline::Pipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                   std::optional<LowBits> low_bits)
    : tokenizer_(Tokenizer::from_folder(paths.llm)),
      codec_(load_codec(paths.codec, dtype, device)),
      model_(load_showo(paths, dtype, device, low_bits)),
      prompting_(model_->vocabulary, model_->config.text_tokens),
      sight_(model_, codec_, tokenizer_, paths.clip, dtype),
      sampling_(own_sampling(paths.model)),
      side_(square_side(model_->config.num_vq_tokens, paths.model)) {
  if (codec_->config.codebook_size() < model_->config.codebook_size) {
    fail("{}: {} codes, fewer than the model's {}", paths.codec.string(),
         codec_->config.codebook_size(), model_->config.codebook_size);
  }
  if (const auto end = tokenizer_->eos(); end && *end != model_->vocabulary.eos) {
    fail("{}: eos_token_id {} of the language model is not the token {} that ends its tokenizer's "
         "texts",
         paths.llm.string(), model_->vocabulary.eos, *end);
  }
  if (tokenizer_->size() > model_->config.llm_vocab_size) {
    fail("{}: the tokenizer has {} tokens, more than llm_vocab_size {}", paths.llm.string(),
         tokenizer_->size(), model_->config.llm_vocab_size);
  }
}

Tensor Pipeline::encode(const Image& picture) {
  torch::NoGradGuard no_grad;
  return codec_->encode(to_tensor(picture).unsqueeze(0))[0].cpu();
}

Image Pipeline::decode(const Tensor& codes) {
  torch::NoGradGuard no_grad;
  return to_image(codec_->decode(codes.unsqueeze(0), side_, side_)[0].cpu());
}

Tensor Pipeline::sample(const std::string& prompt, const Tensor& canvas,
                        const std::vector<uint64_t>& seeds, const SamplingOptions& options,
                        const OnMaskStep& on_step) {
  options.check(canvas.size(1));
  const auto text = tokenizer_->encode(prompt);
  const std::vector<int64_t> blank(canvas.size(1), model_->vocabulary.mask_token);
  const std::vector<Row> prompts(seeds.size(), prompting_.text_to_image(text, blank));
  SeededDraws draws(seeds, model_->device());
  return sample_codes(model_, prompts, prompting_.text_to_image({}, blank), canvas, options, draws,
                      on_step);
}

std::string Pipeline::prompt_used(const std::string& prompt) const {
  auto ids = tokenizer_->encode(prompt);
  if (std::ssize(ids) <= prompting_.prompt_room()) return prompt;
  ids.resize(prompting_.prompt_room());
  // Tokens are bytes: the last may end within a character.
  size_t size = std::min(tokenizer_->decode(ids).size(), prompt.size());
  while (size > 0 && (static_cast<unsigned char>(prompt[size]) & 0xc0) == 0x80) --size;
  return prompt.substr(0, size);
}

std::vector<Image> Pipeline::text_to_image(const std::string& prompt,
                                           const std::vector<uint64_t>& seeds,
                                           const SamplingOptions& options,
                                           const OnMaskStep& on_step) {
  const auto canvas = torch::full(
      {static_cast<int64_t>(seeds.size()), model_->config.num_vq_tokens}, -1, torch::kLong);
  std::vector<Image> pictures;
  for (const auto& codes : sample(prompt, canvas, seeds, options, on_step).unbind(0))
    pictures.push_back(decode(codes));
  return pictures;
}

Image Pipeline::inpaint(const Image& picture, const Image& mask, const std::string& prompt,
                        uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  if (mask.width != picture.width || mask.height != picture.height)
    fail("{}, and {}; expected one size", describe(mask, "mask"), describe(picture));
  const Box marked = marked_box(mask);
  if (marked.width == 0)
    fail("{}, and marks nothing to draw (white regenerates)", describe(mask, "mask"));
  const Placement placement(part_around(marked, picture.width, picture.height, image_size(), side_),
                            image_size());
  const auto grid = mask_to_grid(mask, placement, side_, side_).flatten();
  const auto canvas = torch::where(grid, -1, encode(placement.square_of(picture))).unsqueeze(0);
  const Image drawn =
      placement.part_of(decode(sample(prompt, canvas, {seed}, options, on_step)[0]));
  return paste(picture, drawn, mask, placement.part().x, placement.part().y);
}

Image Pipeline::extend(const Image& picture, Side side, const std::string& prompt, int64_t offset,
                       uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  const Image known = turned(picture, side);
  const int size = image_size(), half = side_ / 2, height = known.height;
  if (offset < 0 || offset >= half)
    throw OptionError("offset", std::to_string(offset), fmt::format("expected 0 to {}", half - 1));
  const int kept = half - static_cast<int>(offset),
            first = kept * static_cast<int>(codec_->config.stride());
  // What the model draws on its square is laid beside the picture in the picture's own pixels.
  const auto scaled = [&](int pixels) {
    return static_cast<int>(std::lround(static_cast<double>(pixels) * height / size));
  };
  const int fresh = std::max(1, height - scaled(first)),
            before = known.width - (scaled(size / 2) - scaled(first));
  if (before < 1) {
    throw OptionError("offset", std::to_string(offset),
                      "nothing would be left of the picture; " + describe(picture));
  }
  if ((int64_t{before} + fresh) * height > kMostPixels) {
    fail("{}: extended it would have more than the limit of {} pixels in all", describe(picture),
         kMostPixels);
  }
  // The last square of the picture gives the codes; its right half moves to the left of the canvas.
  const int width = std::min(known.width, height);
  const Placement placement({known.width - width, 0, width, height}, size, /*before=*/1);
  const auto codes = encode(turned_back(placement.square_of(known), side)).view({side_, side_});
  const auto drawn = sample(prompt, shifted(codes, side, kept), {seed}, options, on_step)[0];
  const Image added = resize_bicubic(
      crop(turned(decode(drawn), side), {first, 0, size - first, size}), fresh, height);
  return turned_back(beside(crop(known, {0, 0, before, height}), added), side);
}

Pipeline::Reader Pipeline::read(const Image& picture) {
  torch::NoGradGuard no_grad;
  Seen seen = sight_.see({picture})[0];
  release_freed_memory();  // an encoder's buffers are larger than any of an answer
  return Reader(*this, std::move(seen));
}

Pipeline::Reader::Reader(Pipeline& pipeline, Seen picture)
    : pipeline_(pipeline),
      picture_{pipeline.prompting_.question(picture.row, {}), pipeline.model_->new_cache()},
      features_(std::move(picture.features)) {}

// The questions read behind the picture, each a text of its own.
std::vector<Writing> Pipeline::Reader::begin(const std::vector<Ids>& questions, uint64_t seed) {
  Showo& model = pipeline_.model_;
  const bool fresh = picture_.cache.length() == 0;
  if (fresh && questions.size() > 1) showo::read(model, {&picture_}, features_);
  std::vector<Writing> texts;
  std::vector<Context*> contexts;
  for (const Ids question : questions) {
    texts.push_back({picture_, {}, make_generator(seed)});  // its part is not read again
    texts.back().context.row.append_text(question);
  }
  for (auto& text : texts) contexts.push_back(&text.context);
  const bool with_picture = picture_.cache.length() == 0;
  const auto logits = showo::read(model, contexts, with_picture ? features_ : Tensor());
  for (size_t i = 0; i < questions.size(); ++i) texts[i].logits_V = logits[static_cast<int64_t>(i)];
  return texts;
}

std::vector<Answer> Pipeline::Reader::answer(const std::vector<std::string>& questions,
                                             const TextOptions& options, uint64_t seed,
                                             const OnAnswerToken& on_token) {
  torch::NoGradGuard no_grad;
  options.check();
  Pipeline& p = pipeline_;
  const int64_t room = p.model_->llm_config().max_position_embeddings - picture_.next_position() -
                       1;  // a token's at least
  std::vector<std::vector<int64_t>> prompts;
  for (const auto& question : questions) {
    prompts.push_back(p.sight_.question(question));
    if (std::ssize(prompts.back()) > room) {
      throw UsageError(fmt::format("the question has {} tokens, expected at most {}",
                                   prompts.back().size(), room));
    }
  }
  std::vector<Answer> answers;
  for (size_t start = 0; start < questions.size(); start += kTogether) {
    const size_t count = std::min(kTogether, questions.size() - start);
    auto texts = begin({prompts.begin() + start, prompts.begin() + start + count}, seed);
    sample_texts(p.model_->showo, texts, options, p.model_->vocabulary.eos,
                 [&](size_t text, int64_t token, const Tensor&) {
                   if (on_token) on_token(start + text, token);
                 });
    if (picture_.cache.length() == 0) {
      picture_.cache = std::move(texts[0].context.cache);
      picture_.cache.truncate(picture_.row.length());
    }
    for (auto& text : texts) answers.push_back({p.spell(std::move(text.tokens)), text.complete});
  }
  return answers;
}

std::string Pipeline::spell(std::vector<int64_t> tokens) const {
  // Ids beyond the text vocabulary have no spelling.
  std::erase_if(tokens, [&](int64_t id) { return id >= tokenizer_->size(); });
  std::string text = tokenizer_->decode(tokens);
  text.erase(0, text.find_first_not_of(" \n"));
  return text;
}

Image Pipeline::reconstruct(const Image& picture) {
  return decode(encode(resize_and_crop(picture, image_size())));
}

}  // namespace showo
