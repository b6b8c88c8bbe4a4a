// showo generate, inpaint, extend, reconstruct: everything that makes a picture.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/core/random.h"
#include "showo/image/decode.h"
#include "showo/image/grid.h"
#include "showo/image/mask.h"
#include "showo/image/png.h"

namespace showo::cli {
namespace {

struct PictureFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::string prompt, picture, mask, out, side = "right";
  int64_t count = 1, offset = 0;
  bool invert_mask = false;
};

void check_prompt(const std::string& prompt) {
  if (prompt.find_first_not_of(" \t\r\n") == std::string::npos)
    throw UsageError("the prompt is empty");
}

// "apple.png" and index 2 of several → "apple-2.png".
std::string numbered(const std::string& out, int64_t index, int64_t count) {
  return count == 1 ? out : fmt::format("{}-{}.png", out.substr(0, out.size() - 4), index);
}

void generate(const PictureFlags& f) {
  check_prompt(f.prompt);
  check_picture_out(f.out);
  Session session(f.model);
  f.sampling.options.check(session.pipeline().model()->config.num_vq_tokens);
  session.set_prompt(f.prompt);
  Json result = {{"pictures", Json::array()}};
  std::string text;
  std::vector<Wish> wishes;
  std::vector<std::string> seeds;
  for (int64_t i = 0; i < f.count; ++i) {
    // The first picture has the seed itself, so that a single one can be made again.
    const uint64_t seed = i == 0 ? f.model.seed : derive_seed(f.model.seed, i) >> 11;
    wishes.push_back({f.prompt, seed});
    seeds.push_back(std::to_string(seed));
  }
  const auto images = session.pipeline().text_to_image(
      wishes, f.sampling.options, session.on_step(f.sampling.options.steps, wishes.size()));
  for (int64_t i = 0; i < f.count; ++i) {
    const std::string path = numbered(f.out, i, f.count);
    write_png(path, images[i], session.metadata(wishes[i].seed, f.sampling.options));
    result["pictures"].push_back({{"path", path},
                                  {"seed", wishes[i].seed},
                                  {"timings", {{"steps", session.step_times(i)}}}});
    text += (i ? "\n" : "") + printable(path);
  }
  if (f.count > 1) {
    const std::string path = f.out.substr(0, f.out.size() - 4) + "-grid.png";
    write_png(path, labelled_grid(images, seeds),
              session.metadata(f.model.seed, f.sampling.options));
    result["grid"] = path;
    text += "\n" + printable(path);
  }
  session.lap("generate");
  session.report(result, text);
}

void edit(const PictureFlags& f, const std::function<Image(Session&, const Image&)>& change) {
  check_picture_out(f.out);
  const Image picture = read_image(f.picture);
  Session session(f.model);
  f.sampling.options.check(session.pipeline().model()->config.num_vq_tokens);
  session.set_prompt(f.prompt);
  const Image result = change(session, picture);
  session.lap("generate");
  write_png(f.out, result, session.metadata(f.model.seed, f.sampling.options));
  const Json made = {
      {"path", f.out}, {"seed", f.model.seed}, {"timings", {{"steps", session.step_times()}}}};
  session.report({{"pictures", Json::array({made})}}, printable(f.out));
}

OnMaskStep of_one(Session& session, const PictureFlags& f) {
  return [on_step = session.on_step(f.sampling.options.steps)](const MaskStep& step) {
    return on_step(0, step);
  };
}

CLI::App* add_command(CLI::App& app, const char* name, const char* help,
                      const std::shared_ptr<PictureFlags>& f, const char* out) {
  auto* command = app.add_subcommand(name, help);
  f->out = out;
  command->option_defaults()->group("picture");
  command->add_option("-o,--out", f->out, "PNG file to write")->capture_default_str();
  return command;
}

Side side_of(const std::string& name) {
  return name == "left"    ? Side::kLeft
         : name == "right" ? Side::kRight
         : name == "up"    ? Side::kUp
                           : Side::kDown;
}

}  // namespace

void add_generate(CLI::App& app) {
  auto f = std::make_shared<PictureFlags>();
  auto* command = add_command(app, "generate", "make pictures from a text", f, "picture.png");
  command->add_option("prompt", f->prompt, "what to draw")->required();
  add_number(*command, "-n,--count", f->count,
             "pictures to make; several go to OUT-grid.png as well, labelled with their seeds",
             between(1, 1024));
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    generate(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo generate \"a glossy apple on a blue background\" -o apple.png --seed 3\n"
      "  showo generate \"a corgi\" -n 4 --model show-o-8bit --steps 18 --guidance 1.75 --json");
}

void add_inpaint(CLI::App& app) {
  auto f = std::make_shared<PictureFlags>();
  auto* command =
      add_command(app, "inpaint", "draw the masked part of a picture anew", f, "inpainted.png");
  command
      ->add_option(
          "picture", f->picture,
          "PNG, JPEG or WebP of any size; the model sees a square around the mask, twice as "
          "large, and what it draws is scaled to the picture's pixels")
      ->required();
  command
      ->add_option("mask", f->mask,
                   "picture of the same size: where its luminance is one half or more (white) is "
                   "drawn anew, all other pixels stay as they are; transparency counts as black")
      ->required();
  command->add_option("prompt", f->prompt, "what that square shows")->required();
  command->add_flag("--invert-mask", f->invert_mask,
                    "draw what is black or transparent in the mask");
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    check_prompt(f->prompt);
    const Image mask = read_mask(f->mask, f->invert_mask);
    edit(*f, [&](Session& s, const Image& picture) {
      return s.pipeline().inpaint(picture, mask, f->prompt, f->model.seed, f->sampling.options,
                                  of_one(s, *f));
    });
  });
  command->footer(
      "Examples:\n"
      "  showo inpaint scene.png mask.png \"a frog on a white background\" -o frog.png\n"
      "  showo inpaint photo.jpg object.png \"a beach\" --invert-mask --preset balanced");
}

void add_extend(CLI::App& app) {
  auto f = std::make_shared<PictureFlags>();
  auto* command = add_command(app, "extend", "draw beyond a side of a picture", f, "extended.png");
  command
      ->add_option("picture", f->picture,
                   "PNG, JPEG or WebP of any size; the model sees the last square before the side, "
                   "and the new part, half as large, is scaled to the picture's pixels")
      ->required();
  command->add_option("prompt", f->prompt, "what the new part shows")->required();
  command->add_option("--side", f->side, "left, right, up or down")
      ->check(CLI::IsMember({"left", "right", "up", "down"}))
      ->capture_default_str();
  add_number(*command, "--offset", f->offset, "token columns of the picture to draw anew as well",
             between(0, 1 << 16));
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    check_prompt(f->prompt);
    edit(*f, [&](Session& s, const Image& picture) {
      return s.pipeline().extend(picture, side_of(f->side), f->prompt, f->offset, f->model.seed,
                                 f->sampling.options, of_one(s, *f));
    });
  });
  command->footer(
      "Examples:\n"
      "  showo extend scene.png \"a dog on a white background\" --side right -o wide.png\n"
      "  showo extend wide.png \"a blue sky\" --side up --offset 2 --seed 7");
}

void add_reconstruct(CLI::App& app) {
  auto f = std::make_shared<PictureFlags>();
  auto* command = add_command(app, "reconstruct", "a picture through the image tokenizer and back",
                              f, "reconstructed.png");
  command->add_option("picture", f->picture, "any picture; its centre is used")->required();
  f->model.add_to(*command);
  command->callback([=] {
    edit(*f, [&](Session& s, const Image& picture) { return s.pipeline().reconstruct(picture); });
  });
  command->footer(
      "Examples:\n  showo reconstruct photo.jpg -o codes.png\n"
      "  showo reconstruct photo.jpg --model show-o --codec magvitv2 --device cuda");
}

}  // namespace showo::cli
