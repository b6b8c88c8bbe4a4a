#include "showo/generate/pipeline.h"

#include <cmath>

#include "showo/core/memory.h"
#include "showo/core/random.h"
#include "showo/image/mask.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

constexpr size_t kTogether = 8;  // questions that are answered at once

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

Image columns(const Image& image, int first, int count) {
  Image result(count, image.height);
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.pixel(first, y), static_cast<size_t>(count) * 3, result.pixel(0, y));
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

}  // namespace

Pipeline::Pipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                   std::optional<LowBits> low_bits)
    : tokenizer_(Tokenizer::from_folder(paths.llm)),
      codec_(load_codec(paths.codec, dtype, device)),
      model_(load_showo(paths, dtype, device, low_bits)),
      prompting_(model_->vocabulary, model_->config.text_tokens),
      side_(square_side(model_->config.num_vq_tokens, paths.model)) {
  if (codec_->config.codebook_size() < model_->config.codebook_size) {
    fail("{}: {} codes, fewer than the model's {}", paths.codec.string(),
         codec_->config.codebook_size(), model_->config.codebook_size);
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
  if (picture.width != image_size() || picture.height != image_size())
    fail("{}, expected {}×{}", describe(picture), image_size(), image_size());
  if (mask.width != picture.width || mask.height != picture.height)
    fail("{}, expected the picture's {}×{}", describe(mask, "mask"), picture.width, picture.height);
  const auto grid = mask_to_grid(mask, side_, side_).flatten();
  if (!grid.any().item<bool>())
    fail("{}, and marks nothing to draw (white regenerates)", describe(mask, "mask"));
  const auto canvas = torch::where(grid, -1, encode(picture)).unsqueeze(0);
  return paste(picture, decode(sample(prompt, canvas, {seed}, options, on_step)[0]), mask);
}

Image Pipeline::extend(const Image& picture, Side side, const std::string& prompt, int64_t offset,
                       uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  const Image known = turned(picture, side);
  const int size = image_size(), half = side_ / 2;
  if (known.height != size || known.width < size)
    fail("{}: expected {} pixels on the side beside the new part, at least as many across",
         describe(picture), size);
  if (offset < 0 || offset >= half)
    throw UsageError(fmt::format("--offset {}: expected 0 to {}", offset, half - 1));
  const int stride = static_cast<int>(codec_->config.stride()),
            kept = half - static_cast<int>(offset);
  // The last square of the picture gives the codes; its right half moves to the left of the canvas.
  const auto codes =
      encode(turned_back(columns(known, known.width - size, size), side)).view({side_, side_});
  const bool transpose = side == Side::kUp || side == Side::kDown,
             mirror = side == Side::kLeft || side == Side::kUp;
  auto oriented = transpose ? codes.t() : codes;
  if (mirror) oriented = oriented.flip(1);
  auto canvas = torch::full({side_, side_}, -1, torch::kLong);
  canvas.narrow(1, 0, kept).copy_(oriented.narrow(1, half, kept));
  if (mirror) canvas = canvas.flip(1);
  if (transpose) canvas = canvas.t();
  const auto drawn = sample(prompt, canvas.reshape({1, -1}), {seed}, options, on_step)[0];
  const Image square = turned(decode(drawn), side);
  const Image before = columns(known, 0, known.width - static_cast<int>(offset) * stride);
  return turned_back(beside(before, columns(square, kept * stride, size - kept * stride)), side);
}

Pipeline::Reader Pipeline::read(const Image& picture) {
  torch::NoGradGuard no_grad;
  const auto ids = encode(resize_and_crop(picture, image_size())) + model_->vocabulary.image_offset;
  const std::vector<int64_t> image(ids.const_data_ptr<int64_t>(),
                                   ids.const_data_ptr<int64_t>() + ids.numel());
  release_freed_memory();  // the tokenizer's buffers are larger than any of an answer
  return Reader(*this, prompting_.question(image, {}));
}

Pipeline::Reader::Reader(Pipeline& pipeline, Row picture)
    : pipeline_(pipeline), picture_(std::move(picture)), cache_(pipeline.model_->new_cache()) {}

// The questions read behind the picture, each a text of its own.
std::vector<Writing> Pipeline::Reader::begin(const std::vector<Ids>& questions, uint64_t seed) {
  Showo& model = pipeline_.model_;
  if (questions.size() == 1 && cache_.length() == 0) {
    Row row = picture_;
    row.ids.insert(row.ids.end(), questions[0].begin(), questions[0].end());
    std::vector<Writing> texts = {{model->new_cache(), {}, make_generator(seed)}};
    texts[0].logits_V = read_row(model, row, texts[0].cache);
    return texts;
  }
  if (cache_.length() == 0) read_row(model, picture_, cache_);
  std::vector<Writing> texts;
  std::vector<KvCache*> caches;
  for (size_t i = 0; i < questions.size(); ++i)
    texts.push_back({cache_, {}, make_generator(seed)});  // the picture's part is not read again
  for (auto& text : texts) caches.push_back(&text.cache);
  const auto logits = read_texts(model, questions, caches);
  for (size_t i = 0; i < questions.size(); ++i) texts[i].logits_V = logits[static_cast<int64_t>(i)];
  return texts;
}

std::vector<Answer> Pipeline::Reader::answer(const std::vector<std::string>& questions,
                                             const TextOptions& options, uint64_t seed,
                                             const std::function<void(int64_t)>& on_token) {
  torch::NoGradGuard no_grad;
  options.check();
  Pipeline& p = pipeline_;
  const auto read = std::ssize(picture_.ids),
             room = p.model_->llm_config.max_position_embeddings - read - 1;  // a token's at least
  std::vector<std::vector<int64_t>> prompts;
  for (const auto& question : questions) {
    prompts.push_back(p.tokenizer_->encode("USER: \n" + question + " ASSISTANT:"));
    if (std::ssize(prompts.back()) > room) {
      throw UsageError(fmt::format("the question has {} tokens, expected at most {}",
                                   prompts.back().size(), room));
    }
  }
  std::vector<Answer> answers;
  for (size_t start = 0; start < questions.size(); start += kTogether) {
    const size_t count = std::min(kTogether, questions.size() - start);
    auto texts = begin({prompts.begin() + start, prompts.begin() + start + count}, seed);
    sample_texts(p.model_, texts, options, p.model_->vocabulary.eos,
                 [&](size_t, int64_t token, const Tensor&) {
                   if (on_token) on_token(token);
                 });
    if (cache_.length() == 0) {
      cache_ = std::move(texts[0].cache);
      cache_.truncate(read);
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
