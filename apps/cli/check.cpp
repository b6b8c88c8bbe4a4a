// showo check: reference cases against this build.
#include "apps/cli/command.h"
#include "showo/core/device.h"
#include "showo/core/error.h"
#include "showo/eval/golden.h"
#include "showo/home.h"

namespace showo::cli {
namespace {

bool check_one(const std::string& folder, const std::string& tokenizer, const CheckPlace& place) {
  const CaseReport report = check_case(folder, tokenizer, place);
  fmt::print("{} ({}): {}\n", printable(folder), printable(report.kind),
             report.passed() ? "passed" : "FAILED");
  for (const auto& c : report.comparisons) {
    const std::string name = printable(c.name), where = printable(c.where);
    if (c.bound == 0) {
      fmt::print("  {:<60} {} differ, bound 0{}\n", name, c.largest_absolute,
                 c.passed ? "" : "  FAILED " + where);
    } else {
      fmt::print("  {:<60} absolute {:.2e}, relative {:.2e}, bound {:.1e}{}\n", name,
                 c.largest_absolute, c.largest_relative, c.bound,
                 c.passed ? "" : "  FAILED at " + where);
    }
  }
  return report.passed();
}

}  // namespace

void add_check(CLI::App& app) {
  auto* command = app.add_subcommand(
      "check", "run reference cases: every tensor with its difference and bound");
  auto folders = std::make_shared<std::vector<std::string>>();
  auto tokenizer = std::make_shared<std::string>();
  command->add_option("folders", *folders, "folders of cases")->required();
  command->option_defaults()->group("model");
  command->add_option("--tokenizer", *tokenizer, "phi-1.5's tokenizer files, if not those that come with the program");
  auto device = std::make_shared<std::string>("cpu"), dtype = std::make_shared<std::string>("fp32");
  command->option_defaults()->group("machine");
  command->add_option("--device", *device, "cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--dtype", *dtype, "fp32 or bf16, whose bounds are wider")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  command->callback([=] {
    const CheckPlace place{parse_device(*device), *dtype == "bf16"};
    const std::string phi =
        tokenizer->empty() ? shared_path("models/phi-tokenizer") : *tokenizer;
    int failed = 0;
    for (const auto& folder : *folders) {
      try {
        failed += !check_one(folder, phi, place);
      } catch (const Error& error) {
        fmt::print("{}: FAILED: {}\n", printable(folder), error.what());
        ++failed;
      }
    }
    if (failed > 0) fail("{} of {} cases failed", failed, folders->size());
  });
  command->footer(
      "Examples:\n  showo check tests/golden/data/*\n"
      "  showo check tests/golden/data/* --device cuda --dtype bf16");
}

}  // namespace showo::cli
