// showo edit: a picture changed without a mask, by a new description or by an instruction.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/generate/redrawing.h"
#include "showo/generate/stories.h"
#include "showo/image/decode.h"

namespace showo::cli {
namespace {

struct EditFlags {
  ModelFlags model;
  SamplingFlags sampling;
  RedrawOptions redraw;
  std::string picture, prompt, instruction, out = "edited.png";
};

void edit(const EditFlags& f) {
  if (f.prompt.empty() == f.instruction.empty())
    throw UsageError("expected a description of the new picture, or --instruction");
  check_picture_out(f.out);
  const Image picture = read_image(f.picture);
  Session session(f.model);
  const bool told = !f.instruction.empty();
  const int rounds = told ? 1 : f.redraw.rounds;
  session.set_prompt(told ? f.instruction : f.prompt);
  const auto on_step = [each = session.on_step(f.sampling.options.steps * rounds)](
                           const MaskStep& step) { return each(0, step); };
  const Image result = told ? changed(session.pipeline(), picture, f.instruction, f.model.seed,
                                      f.sampling.options, on_step)
                            : redrawn(session.pipeline(), picture, {f.prompt, f.model.seed},
                                      f.redraw, f.sampling.options, on_step);
  session.lap("generate");
  write_png(f.out, result, session.metadata(f.model.seed, f.sampling.options));
  const Json made = {
      {"path", f.out}, {"seed", f.model.seed}, {"timings", {{"steps", session.step_times()}}}};
  session.report({{"pictures", Json::array({made})}}, printable(f.out));
}

}  // namespace

void add_edit(CLI::App& app) {
  auto f = std::make_shared<EditFlags>();
  auto* command = app.add_subcommand("edit", "change a picture without a mask");
  command
      ->add_option("picture", f->picture,
                   "PNG, JPEG or WebP; scaled and cropped to the model's square")
      ->required();
  command->add_option("prompt", f->prompt, "what the new picture shows");
  command->option_defaults()->group("editing");
  command->add_option("--instruction", f->instruction,
                      "what is to change, instead: for models that learned stories");
  add_flags(*command, f->redraw);
  command->option_defaults()->group("picture");
  command->add_option("-o,--out", f->out, "PNG file to write")->capture_default_str();
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    edit(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo edit scene.png \"a lion on a blue background\" --strength 0.6 -o blue.png\n"
      "  showo edit scene.png --instruction \"the background turns blue\" -o blue.png");
}

}  // namespace showo::cli
