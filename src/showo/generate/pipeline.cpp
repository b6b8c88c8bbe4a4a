#include "showo/generate/pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "showo/codec/checkpoint.h"
#include "showo/core/memory.h"
#include "showo/core/option_error.h"
#include "showo/generate/preset.h"
#include "showo/image/decode.h"
#include "showo/image/mask.h"
#include "showo/image/part.h"
#include "showo/image/preprocess.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

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

// A canvas [N] for what lies half a square further on `side`: the codes' half next to it, of
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
  return canvas.flatten();
}

}  // namespace

Pipeline::Pipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                   std::optional<LowBits> low_bits, std::optional<EngineLimits> limits)
    : tokenizer_(Tokenizer::from_folder(paths.llm)),
      codec_(load_codec(paths.codec, dtype, device)),
      model_(load_showo(paths, dtype, device, low_bits)),
      prompting_(model_->prompting()),
      sight_(model_, codec_, tokenizer_, paths.clip, dtype),
      sampling_(own_sampling(paths.model)),
      side_(square_side(model_->config.num_vq_tokens, paths.model)),
      engine_(std::make_shared<Engine>(model_, limits.value_or(engine_limits(device)))) {
  if (codec_->config.codebook_size() < model_->config.codebook_size) {
    fail("{}: {} codes, fewer than the model's {}", paths.codec.string(),
         codec_->config.codebook_size(), model_->config.codebook_size);
  }
  if (const auto end = tokenizer_->eos(); end && *end != model_->vocabulary.eos) {
    fail(
        "{}: eos_token_id {} of the language model is not the token {} that ends its tokenizer's "
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

Tensor Pipeline::codes_of(const Image& picture) {
  return encode(resize_and_crop(picture, image_size()));
}

Image Pipeline::picture_of(const Tensor& codes) {
  torch::NoGradGuard no_grad;
  return to_image(codec_->decode(codes.unsqueeze(0), side_, side_)[0].cpu());
}

std::shared_ptr<PictureJob> Pipeline::drawing(const Wish& wish, const Tensor& canvas,
                                              const SamplingOptions& options, OnMaskStep on_step,
                                              NextRound next) {
  const std::vector<int64_t> blank(canvas.size(0), model_->vocabulary.mask_token);
  return std::make_shared<PictureJob>(
      model_, prompting_.text_to_image(tokenizer_->encode(wish.prompt), blank),
      prompting_.text_to_image(tokenizer_->encode(options.negative_prompt), blank), canvas, options,
      std::make_unique<SeededDraws>(wish.seed, model_->device()), std::move(on_step),
      std::move(next));
}

std::shared_ptr<PictureJob> Pipeline::drawing(const Wish& wish, const SamplingOptions& options,
                                              OnMaskStep on_step) {
  const auto canvas = torch::full({model_->config.num_vq_tokens}, -1, torch::kLong);
  return drawing(wish, canvas, options, std::move(on_step));
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

Jobs<std::vector<Image>> Pipeline::drawing(const std::vector<Wish>& wishes,
                                           const SamplingOptions& options,
                                           const OnPictureStep& on_step) {
  std::vector<std::shared_ptr<PictureJob>> jobs;
  for (size_t i = 0; i < wishes.size(); ++i) {
    OnMaskStep each;
    if (on_step) each = [=](const MaskStep& step) { return on_step(i, step); };
    jobs.push_back(drawing(wishes[i], options, each));
  }
  return {{jobs.begin(), jobs.end()}, [this, jobs] {
            std::vector<Image> pictures;
            for (const auto& job : jobs) pictures.push_back(picture_of(*job));
            return pictures;
          }};
}

std::vector<Image> Pipeline::text_to_image(const std::vector<Wish>& wishes,
                                           const SamplingOptions& options,
                                           const OnPictureStep& on_step) {
  return run(drawing(wishes, options, on_step));
}

Image Pipeline::inpaint(const Image& picture, const Image& mask, const std::string& prompt,
                        uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  return run(inpainting(picture, mask, {prompt, seed}, options, on_step));
}

Image Pipeline::extend(const Image& picture, Side side, const std::string& prompt, int64_t offset,
                       uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  return run(extending(picture, side, {prompt, seed}, offset, options, on_step));
}

PictureWork Pipeline::inpainting(const Image& picture, const Image& mask, const Wish& wish,
                                 const SamplingOptions& options, const OnMaskStep& on_step) {
  if (mask.width != picture.width || mask.height != picture.height)
    fail("{}, and {}; expected one size", describe(mask, "mask"), describe(picture));
  const Box marked = marked_box(mask);
  if (marked.width == 0)
    fail("{}, and marks nothing to draw (white regenerates)", describe(mask, "mask"));
  const Placement placement(part_around(marked, picture.width, picture.height, image_size(), side_),
                            image_size());
  const auto grid = mask_to_grid(mask, placement, side_, side_).flatten();
  const auto canvas = torch::where(grid, -1, encode(placement.square_of(picture)));
  const auto job = drawing(wish, canvas, options, on_step);
  const auto shown = [=, this](const Tensor& codes) {
    const Image drawn = placement.part_of(picture_of(codes));
    return paste(picture, drawn, mask, placement.part().x, placement.part().y);
  };
  return {{{job}, [=] { return shown(job->codes()); }}, shown};
}

PictureWork Pipeline::extending(const Image& picture, Side side, const Wish& wish, int64_t offset,
                                const SamplingOptions& options, const OnMaskStep& on_step) {
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
  const auto job = drawing(wish, shifted(codes, side, kept), options, on_step);
  const auto shown = [=, this](const Tensor& codes) {
    const Image drawn = turned(picture_of(codes), side);
    const Image added = resize_bicubic(crop(drawn, {first, 0, size - first, size}), fresh, height);
    return turned_back(beside(crop(known, {0, 0, before, height}), added), side);
  };
  return {{{job}, [=] { return shown(job->codes()); }}, shown};
}

Seen Pipeline::see(const std::vector<Image>& pictures) {
  torch::NoGradGuard no_grad;
  Seen seen = sight_.together(sight_.see(pictures));
  release_freed_memory();  // an encoder's buffers are larger than any of an answer
  const int64_t taken = seen.row.next_position(), most = most_positions();
  if (taken >= most) {
    throw UsageError(
        fmt::format("{} pictures take {} of the model's {} positions, and a question "
                    "comes after them",
                    pictures.size(), taken, most));
  }
  return seen;
}

Seen Pipeline::see_nothing() const {
  Seen seen{{}, {}, /*asked=*/true};
  seen.row.append_text(std::vector{model_->vocabulary.bos});
  return seen;
}

Seen Pipeline::after(const Seen& pictures, const Turns& turns) {
  Seen seen = pictures;
  if (!seen.asked) seen.row = prompting_.question(seen.row, {});
  seen.asked = true;
  for (const auto& [question, answer] : turns) {
    seen.row.append_text(sight_.question(question));
    seen.row.append_text(tokenizer_->encode(" " + answer));
    seen.row.append_text(std::vector{model_->vocabulary.eos});
  }
  const int64_t most = most_positions();
  if (seen.row.next_position() >= most) {
    throw UsageError(fmt::format("the conversation has {} tokens, expected at most {}",
                                 seen.row.next_position(), most - 1));
  }
  return seen;
}

std::shared_ptr<TextJob> Pipeline::answering(const Seen& picture, const std::string& question,
                                             const TextOptions& options, uint64_t seed,
                                             OnToken on_token) {
  const auto text = sight_.question(question);
  Row row = picture.row;
  if (picture.asked) {
    row.append_text(text);
  } else {
    row = prompting_.question(row, text);
  }
  const int64_t most = most_positions() - 1;  // a token's at least
  const auto& last = row.segments.back();
  if (const int64_t over = last.position + last.length - most; over > 0) {
    throw UsageError(fmt::format("the question has {} tokens, expected at most {}", text.size(),
                                 std::ssize(text) - over));
  }
  return std::make_shared<TextJob>(model_->llm_config(), row, picture.features, options,
                                   std::vector{model_->vocabulary.eos}, seed, std::move(on_token));
}

Answer Pipeline::answer_of(const TextJob& job) const {
  return {spell(job.text().tokens()), job.text().complete(), job.prompt_tokens(),
          std::ssize(job.text().tokens())};
}

Jobs<std::vector<Answer>> Pipeline::answering(const Seen& picture,
                                              const std::vector<std::string>& questions,
                                              const TextOptions& options, uint64_t seed,
                                              const OnAnswerToken& on_token) {
  std::vector<std::shared_ptr<TextJob>> jobs;
  for (size_t i = 0; i < questions.size(); ++i) {
    OnToken each;
    if (on_token) each = [=](int64_t token, const Tensor&) { return on_token(i, token); };
    jobs.push_back(answering(picture, questions[i], options, seed, each));
  }
  return {{jobs.begin(), jobs.end()}, [this, jobs] {
            std::vector<Answer> answers;
            for (const auto& job : jobs) answers.push_back(answer_of(*job));
            return answers;
          }};
}

std::vector<Answer> Pipeline::answer(const Seen& picture, const std::vector<std::string>& questions,
                                     const TextOptions& options, uint64_t seed,
                                     const OnAnswerToken& on_token) {
  return run(answering(picture, questions, options, seed, on_token));
}

std::string Pipeline::spell(std::vector<int64_t> tokens) const {
  // Ids beyond the text vocabulary have no spelling.
  std::erase_if(tokens, [&](int64_t id) { return id >= tokenizer_->size(); });
  std::string text = tokenizer_->decode(tokens);
  text.erase(0, text.find_first_not_of(" \n"));
  return text;
}

}  // namespace showo
