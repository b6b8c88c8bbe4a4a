#include "apps/cli/eval_text.h"

#include "apps/cli/session.h"
#include "showo/core/device.h"
#include "showo/generate/text_pipeline.h"

namespace showo::cli {
namespace {

struct EvalTextFlags {
  ModelFlags model;
  std::string file;
};

void eval_text(const EvalTextFlags& f) {
  const std::string text = read_file(f.file);
  Report report(f.model.json);
  TextPipeline model(f.model.paths(), f.model.compute_type(), parse_device(f.model.device),
                     f.model.low_bits());
  report.lap("load");
  const Perplexity found = model.perplexity(text);
  report.lap("text");
  report.print({{"tokens", found.tokens},
                {"nats_a_token", found.nats},
                {"perplexity", found.perplexity()},
                {"bits_a_byte", found.nats * static_cast<double>(found.tokens) /
                                    (std::log(2) * static_cast<double>(text.size()))}},
               fmt::format("perplexity {:.4f} over {} tokens", found.perplexity(), found.tokens));
}

}  // namespace

void add_eval_text(CLI::App& eval) {
  auto f = std::make_shared<EvalTextFlags>();
  auto* command = eval.add_subcommand("text", "perplexity of a text, by any language model");
  command->add_option("file", f->file, "the text")->required();
  f->model.add_to(*command);
  command->callback([=] { eval_text(*f); });
  command->footer(
      "Examples:\n  showo eval text held_out.txt --model phi-1_5\n"
      "  showo eval text held_out.txt --model models/embedded --json");
}

}  // namespace showo::cli
