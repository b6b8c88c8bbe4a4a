#include "showo/generate/stories.h"

namespace showo {
namespace {

std::vector<int64_t> values_of(const Tensor& codes_N) {
  const Tensor dense = codes_N.cpu().contiguous();
  return {dense.const_data_ptr<int64_t>(), dense.const_data_ptr<int64_t>() + dense.numel()};
}

void check_codes(const Pipeline& pipeline, const ShowoConfig& config,
                 const std::vector<StoryFrame>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& codes = frames[i].codes;
    if (std::ssize(codes) != config.num_vq_tokens) {
      throw UsageError(fmt::format("frame {} has {} codes, the model's pictures {}", i + 1,
                                   codes.size(), config.num_vq_tokens));
    }
    for (const int64_t code : codes) {
      if (code < 0 || code >= config.codebook_size)
        throw UsageError(
            fmt::format("frame {}: code {} is not one of {}", i + 1, code, config.codebook_size));
    }
  }
}

}  // namespace

StoryFrame as_frame(Pipeline& pipeline, const std::string& text, const Image& picture) {
  return {pipeline.tokenizer().encode(text), values_of(pipeline.codes_of(picture))};
}

Frame shown(Pipeline& pipeline, const StoryFrame& frame) {
  return {pipeline.spell(frame.text), pipeline.picture_of(torch::tensor(frame.codes)), frame.codes};
}

std::shared_ptr<StoryJob> telling(Pipeline& pipeline, const StoryWish& wish,
                                  const OnFrame& on_frame, const OnMaskStep& on_step) {
  check_codes(pipeline, pipeline.model()->config, wish.before);
  std::vector<std::vector<int64_t>> told;
  for (const auto& text : wish.told) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
      throw UsageError("a frame's text is empty");
    told.push_back(pipeline.tokenizer().encode(text));
  }
  OnStoryFrame each;
  if (on_frame) {
    each = [&pipeline, on_frame](size_t index, const StoryFrame& frame) {
      return on_frame(index, shown(pipeline, frame));
    };
  }
  return std::make_shared<StoryJob>(pipeline.model(), pipeline.prompting(), wish.before,
                                    std::move(told), wish.options, wish.seed, each, on_step);
}

Jobs<Image> changing(Pipeline& pipeline, const Image& picture, const std::string& instruction,
                     uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  StoryWish wish{{as_frame(pipeline, "", picture)}, {instruction}, {}, seed};
  wish.options.frames = 2;
  wish.options.sampling = options;
  const auto job = telling(pipeline, wish, {}, on_step);
  return {{job}, [job, &pipeline] { return shown(pipeline, job->frames().back()).picture; }};
}

Image changed(Pipeline& pipeline, const Image& picture, const std::string& instruction,
              uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step) {
  const auto work = changing(pipeline, picture, instruction, seed, options, on_step);
  pipeline.engine().run(work.jobs);
  return work.result();
}

}  // namespace showo
