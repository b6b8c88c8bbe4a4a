// showo complete: text alone, by a Show-o's language model or any other.
#include <cstdio>
#include <iostream>
#include <iterator>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/core/device.h"
#include "showo/generate/text_pipeline.h"

namespace showo::cli {
namespace {

struct CompleteFlags {
  ModelFlags model;
  TextFlags text;
  std::string prompt, file;
  int count = 1;
};

std::string prompt_of(const CompleteFlags& f) {
  if (!f.file.empty()) return read_file(f.file);
  if (f.prompt != "-") return f.prompt;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

void complete(const CompleteFlags& f) {
  const std::string prompt = prompt_of(f);
  Report report(f.model.json);
  TextPipeline model(f.model.paths(), f.model.compute_type(), parse_device(f.model.device),
                     f.model.low_bits(), f.model.limits());
  report.lap("load");
  std::vector<uint64_t> seeds;
  for (int i = 0; i < f.count; ++i) seeds.push_back(f.model.seed + i);
  // A lone text appears as it is written.
  const bool streams = f.count == 1 && !f.model.json;
  const auto texts =
      model.complete(prompt, f.text.options, seeds, [&](size_t, const std::string& more) {
        if (!streams) return true;
        std::fputs(printable(more, true).c_str(), stdout);
        std::fflush(stdout);
        return true;
      });
  report.lap("complete");
  Json results = Json::array();
  std::string shown;
  for (size_t i = 0; i < texts.size(); ++i) {
    results.push_back({{"text", texts[i].text},
                       {"seed", seeds[i]},
                       {"stop", texts[i].complete ? "end" : "length"}});
    if (!streams) shown += (shown.empty() ? "" : "\n---\n") + texts[i].text;
  }
  report.print({{"prompt", prompt}, {"texts", results}}, shown);
}

}  // namespace

void add_complete(CLI::App& app) {
  auto f = std::make_shared<CompleteFlags>();
  auto* command = app.add_subcommand("complete", "go on with a text, without pictures");
  command->add_option("prompt", f->prompt, "the text's beginning; -: standard input");
  command->option_defaults()->group("text");
  command->add_option("--file", f->file, "read it from a file instead")->check(CLI::ExistingFile);
  add_number(*command, "-n,--count", f->count, "so many continuations, each with a seed of its own",
             between(1, 1024));
  f->text.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->text.settle(*command);
    complete(*f);
  });
  command->footer(
      "The model is a Show-o's folder or a language model's (phi, llama, qwen2, qwen3).\n"
      "Examples:\n"
      "  showo complete \"a glossy apple\" --max-tokens 12\n"
      "  showo complete --file story.txt --model phi-1_5 --temperature 0.8 --top-p 0.9 -n 4\n"
      "  echo \"Once upon a time\" | showo complete - --model Llama-3.2-1B --bits 8");
}

}  // namespace showo::cli
