#include "apps/cli/eval_benchmarks.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "apps/cli/eval_prompts.h"
#include "apps/cli/flags.h"
#include "apps/cli/score.h"
#include "showo/benchmarks/benchmarks.h"
#include "showo/benchmarks/geneval.h"
#include "showo/core/device.h"
#include "showo/eval/asking.h"
#include "showo/eval/gallery.h"
#include "showo/eval/mmmu_parquet.h"
#include "showo/image/decode.h"

namespace showo::cli {
namespace {

struct BenchmarkFlags {
  ModelFlags model;
  std::string data, predictions, protocol = "official", out, gallery;
  int64_t gallery_items = 500;
};

// As answers of a word are compared by eye.
std::string plain(std::string text) {
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void write_gallery(const BenchmarkFlags& f, const std::string& name,
                   const std::vector<BenchmarkQuestion>& questions,
                   const std::vector<std::string>& answers) {
  Gallery gallery(name, fmt::format("{} of {} questions, {} prompts, {}",
                                    std::min<size_t>(questions.size(), f.gallery_items),
                                    questions.size(), f.protocol, f.model.model));
  for (size_t i = 0; i < questions.size() && std::cmp_less(i, f.gallery_items); ++i) {
    GalleryItem item;
    for (const auto& picture : questions[i].pictures) item.pictures.push_back(read_image(picture));
    item.prompt = questions[i].prompt;
    item.answer = answers[i];
    item.wanted = questions[i].truth;
    item.kind = questions[i].kind;
    if (!item.kind.empty()) item.right = plain(item.answer) == plain(item.wanted);
    gallery.add(item);
  }
  gallery.write(f.gallery);
}

fs::path out_of(const BenchmarkFlags& f, const NamedBenchmark& named) {
  return f.out.empty() ? fs::path("eval") / named.name : fs::path(f.out);
}

// Asks the model; the folder of its predictions, on the leading process alone.
std::optional<fs::path> asked(const BenchmarkFlags& f, const NamedBenchmark& named,
                              const Benchmark& benchmark) {
  const Protocol protocol = f.protocol == "official" ? Protocol::kOfficial : Protocol::kLmmsEval;
  const auto questions = benchmark.questions(protocol);
  Group group = Group::from_environment(parse_device(f.model.device));
  Session session(f.model);
  const fs::path out = out_of(f, named);
  const AskedRun run{named.name, f.protocol, f.model.model, f.model.dtype, std::ssize(questions)};
  const auto answers = ask_benchmark(session.pipeline(), questions, run, out, group);
  if (!group.leads()) return std::nullopt;
  make_folder(out / "predictions");
  benchmark.write_predictions(out / "predictions", answers);
  if (!f.gallery.empty()) write_gallery(f, named.name, questions, answers);
  return out / "predictions";
}

// The plain files that a benchmark is read from.
fs::path plain_data(const BenchmarkFlags& f, const NamedBenchmark& named) {
  if (named.name != std::string("mmmu") || !holds_mmmu_parquet(f.data)) return f.data;
  const fs::path unpacked = out_of(f, named) / "unpacked";
  unpack_mmmu(f.data, unpacked);
  return unpacked;
}

void evaluate(const BenchmarkFlags& f, const NamedBenchmark& named) {
  const auto benchmark = named.open(plain_data(f, named));
  const auto predictions =
      f.predictions.empty() ? asked(f, named, *benchmark) : std::optional<fs::path>(f.predictions);
  if (!predictions) return;
  const Json score = benchmark->score(*predictions);
  print_score(score, published_rows(named.name, headline(score, named)), f.model.json);
}

void add_benchmark(CLI::App& eval, const NamedBenchmark& named) {
  auto f = std::make_shared<BenchmarkFlags>();
  auto* command = eval.add_subcommand(named.name, named.what);
  command->option_defaults()->group("benchmark");
  command->add_option("--data", f->data, "the benchmark's own files, by their official names")
      ->required();
  command->add_option(
      "--predictions", f->predictions,
      "score these, a file or folder as it is handed in, instead of asking a model");
  command
      ->add_option("--protocol", f->protocol,
                   "whose prompts are asked: the benchmark's own, or lmms-eval's, by which the "
                   "paper's figures were made")
      ->check(CLI::IsMember({"official", "lmms-eval"}))
      ->capture_default_str();
  command->add_option("--out", f->out,
                      "folder of answers, from which a run that was stopped goes on, and of the "
                      "predictions; eval/NAME");
  command->add_option("--gallery", f->gallery, "a page to write: pictures, questions, answers");
  add_number(*command, "--gallery-items", f->gallery_items, "the first so many questions",
             at_least(1));
  f->model.add_to(*command);
  command->callback([=] { evaluate(*f, named); });
  command->footer(fmt::format(
      "Examples:\n"
      "  showo eval {0} --data {0} --model show-o --llm phi-1_5 --codec magvitv2 --dtype bf16\n"
      "  showo eval {0} --data {0} --predictions predictions --json",
      named.name));
}

struct GenevalFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::string data, predictions, out;
  int64_t samples = 4;
};

// Pictures that are there already were drawn by a run that was stopped.
void draw_geneval(const GenevalFlags& f) {
  const auto prompts = read_geneval(f.data);
  const fs::path out = f.out.empty() ? fs::path("eval/geneval") : fs::path(f.out);
  Group group = Group::from_environment(parse_device(f.model.device));
  Session session(f.model);
  const auto begin = prompts.size() * group.rank() / group.size(),
             end = prompts.size() * (group.rank() + 1) / group.size();
  Progress progress("geneval", static_cast<int64_t>(end - begin));
  for (size_t p = begin; p < end; ++p) {
    std::vector<Wish> wishes;
    std::vector<fs::path> paths;
    for (int64_t sample = 0; sample < f.samples; ++sample) {
      const fs::path path = out / geneval_picture_path(p, sample);
      if (fs::exists(path)) continue;
      wishes.push_back({prompts[p].prompt, f.model.seed + sample});
      paths.push_back(path);
    }
    make_folder((out / geneval_picture_path(p, 0)).parent_path());
    write_file_atomically(out / geneval_metadata_path(p), prompts[p].metadata);
    const auto pictures = session.pipeline().text_to_image(wishes, f.sampling.options);
    for (size_t i = 0; i < pictures.size(); ++i)
      write_png(paths[i], pictures[i], {{"prompt", prompts[p].prompt}});
    progress.update(static_cast<int64_t>(p - begin + 1));
  }
  group.meet();
}

void geneval(const GenevalFlags& f) {
  if (f.predictions.empty()) return draw_geneval(f);
  const Json score = score_geneval(f.data, f.predictions);
  const Json overall = score["official"].value("overall", Json());
  print_score(score,
              published_rows("geneval", overall.is_number() ? std::optional(overall.get<double>())
                                                            : std::nullopt),
              f.model.json);
}

void add_geneval(CLI::App& eval) {
  auto f = std::make_shared<GenevalFlags>();
  auto* command = eval.add_subcommand(
      "geneval", "GenEval: draws its pictures, or scores what a detector found in them");
  command->option_defaults()->group("benchmark");
  command->add_option("--data", f->data, "evaluation_metadata.jsonl, or a folder that holds it")
      ->required();
  command->add_option("--predictions", f->predictions,
                      "score these: lines of detections, or the official results file");
  command->add_option("--out", f->out, "folder of the pictures to draw; eval/geneval");
  add_number(*command, "--samples", f->samples, "pictures of a prompt", between(1, 100'000));
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    geneval(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo eval geneval --data geneval --out pictures --model show-o-512x512 --dtype bf16\n"
      "  showo eval geneval --data geneval --predictions detections.jsonl --json");
}

}  // namespace

void eval_all(const ModelFlags& model, const SamplingFlags& sampling, const std::string& folder,
              const std::string& protocol) {
  bool any = false;
  for (const auto& named : benchmarks()) {
    const fs::path data = fs::path(folder) / named.name;
    if (!fs::is_directory(data)) continue;
    any = true;
    BenchmarkFlags f;
    f.model = model;
    f.data = data.string();
    f.protocol = protocol;
    evaluate(f, named);
  }
  if (const fs::path data = fs::path(folder) / "geneval"; fs::is_directory(data)) {
    any = true;
    GenevalFlags f;
    f.model = model;
    f.sampling = sampling;
    f.data = data.string();
    draw_geneval(f);
  }
  if (const fs::path data = fs::path(folder) / "dpg"; fs::is_directory(data)) {
    any = true;
    draw_dpg(model, sampling, data);
  }
  if (any) return;
  std::vector<std::string> names;
  for (const auto& named : benchmarks()) names.emplace_back(named.name);
  names.insert(names.end(), {"geneval", "dpg"});
  throw UsageError(
      fmt::format("{}: expected folders of benchmarks: {}", folder, fmt::join(names, ", ")));
}

void add_eval_benchmarks(CLI::App& eval) {
  for (const auto& named : benchmarks()) add_benchmark(eval, named);
  add_geneval(eval);
}

}  // namespace showo::cli
