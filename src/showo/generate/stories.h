// Stories, and pictures changed by them, in texts and pictures instead of tokens and codes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "showo/generate/pipeline.h"
#include "showo/generate/story_job.h"
#include "showo/story.h"

namespace showo {

/// What a story begins with, and what it is told.
struct StoryWish {
  std::vector<StoryFrame> before;
  std::vector<std::string> told;
  StoryOptions options;
  uint64_t seed = 0;
};

/// A picture of any size as a frame of a story.
StoryFrame as_frame(Pipeline& pipeline, const std::string& text, const Image& picture);
Frame shown(Pipeline& pipeline, const StoryFrame& frame);

/// As a job (StoryJob). Throws UsageError for a text without a word, and for codes that are not the
/// model's.
std::shared_ptr<StoryJob> telling(Pipeline& pipeline, const StoryWish& wish,
                                  const OnFrame& on_frame = {}, const OnMaskStep& on_step = {});

/// The picture as an instruction changes it ("the background turns blue"), by a model that learned
/// stories: the frame that follows it.
Jobs<Image> changing(Pipeline& pipeline, const Image& picture, const std::string& instruction,
                     uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step = {});
/// The same, drawn.
Image changed(Pipeline& pipeline, const Image& picture, const std::string& instruction,
              uint64_t seed, const SamplingOptions& options, const OnMaskStep& on_step = {});

}  // namespace showo
