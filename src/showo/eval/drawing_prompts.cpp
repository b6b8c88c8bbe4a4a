#include "showo/eval/drawing_prompts.h"

#include <set>

#include "showo/benchmarks/entries.h"
#include "showo/core/log.h"
#include "showo/eval/run_folder.h"
#include "showo/eval/texted_pictures.h"
#include "showo/image/png.h"

namespace showo {
namespace {

constexpr size_t kDrawnTogether = 32;  // pictures that are drawn at once

std::string file_of(const ListedPrompt& prompt) { return "pictures/" + prompt.name + ".png"; }

void write_list(const std::vector<ListedPrompt>& prompts, int64_t samples, const fs::path& path) {
  std::string text;
  for (const ListedPrompt& prompt : prompts)
    text += json_text({{"file", file_of(prompt)}, {"prompt", prompt.text}, {"pictures", samples}}) +
            "\n";
  write_file_atomically(path, text);
}

void check_names(const std::vector<ListedPrompt>& prompts, const std::string& where) {
  std::set<std::string> names;
  for (const ListedPrompt& prompt : prompts)
    if (!names.insert(prompt.name).second) fail("{}: two prompts '{}'", where, prompt.name);
}

// Those of this process's share whose pictures are not there yet.
std::vector<const ListedPrompt*> left_to_draw(const std::vector<ListedPrompt>& prompts,
                                              const fs::path& folder, const Group& group) {
  std::vector<const ListedPrompt*> left;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const size_t share = i * static_cast<size_t>(group.size()) / prompts.size();
    if (std::cmp_equal(share, group.rank()) && !fs::exists(folder / file_of(prompts[i])))
      left.push_back(&prompts[i]);
  }
  return left;
}

}  // namespace

void draw_prompts(Pipeline& pipeline, const std::vector<ListedPrompt>& prompts, const DrawnRun& run,
                  const fs::path& folder, Group& group, Problems& problems) {
  check_names(prompts, run.data);
  claim_run(folder, config_to_json(run), group);
  make_folder(folder / "pictures");
  if (group.leads()) {
    write_list(prompts, run.samples, folder / kPromptsFile);
    for (const ListedPrompt& prompt : prompts)
      if (pipeline.prompt_used(prompt.text) != prompt.text)
        problems.add("cut", fmt::format("{}: prompt '{}': the model reads a part of it", run.data,
                                        prompt.name));
  }
  const auto left = left_to_draw(prompts, folder, group);
  const auto samples = static_cast<size_t>(run.samples), together = kDrawnTogether / samples;
  Progress progress("prompts", std::ssize(left));
  for (size_t begin = 0; begin < left.size(); begin += together) {
    const size_t end = std::min(begin + together, left.size());
    std::vector<Wish> wishes;
    for (size_t i = begin; i < end; ++i)
      for (size_t sample = 0; sample < samples; ++sample)
        wishes.push_back({left[i]->text, run.seed + sample});
    const auto pictures = pipeline.text_to_image(wishes, run.sampling);
    for (size_t i = begin; i < end; ++i) {
      const auto first = pictures.begin() + static_cast<ptrdiff_t>((i - begin) * samples);
      write_png(folder / file_of(*left[i]),
                square_of({first, first + static_cast<ptrdiff_t>(samples)}),
                {{"prompt", left[i]->text}});
    }
    progress.update(static_cast<int64_t>(end));
  }
  group.meet();
}

}  // namespace showo
