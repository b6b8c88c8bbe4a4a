// Where a model's parts are looked for: inside the model before anywhere else, and what is taken
// from elsewhere is said.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "showo/model/folder.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

class Paths : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("showo-paths-{}", ::getpid());
    fs::remove_all(root_);
    save_showo(root_ / "model", tiny_showo());
    before_ = fs::current_path();
    make_folder(root_ / "here");
    fs::current_path(root_ / "here");
    logger_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(said_)));
  }
  void TearDown() override {
    spdlog::set_default_logger(logger_);
    fs::current_path(before_);
    fs::remove_all(root_);
  }
  // The model's config.json names its language model so; its folder is renamed to `inside`.
  void name_llm(const std::string& name, const fs::path& inside) const {
    Json config = read_json(root_ / "model" / "config.json");
    config["llm_model_path"] = name;
    write_file_atomically(root_ / "model" / "config.json", config.dump());
    make_folder((root_ / "model" / inside).parent_path());
    fs::rename(root_ / "model" / "llm", root_ / "model" / inside);
  }
  fs::path llm() const { return ModelPaths::in(root_ / "model").llm; }

  fs::path root_, before_;
  std::shared_ptr<spdlog::logger> logger_;
  std::ostringstream said_;
};

TEST_F(Paths, AModelsOwnPartIsTakenWhereverTheUserStands) {
  name_llm("microsoft/phi", "microsoft/phi");
  make_folder(fs::path("microsoft") / "phi");
  EXPECT_EQ(llm(), root_ / "model" / "microsoft/phi");
  EXPECT_EQ(said_.str(), "");
}

TEST_F(Paths, TheFolderLlmIsTakenWhateverTheConfigNames) {
  name_llm("phi", "llm");
  make_folder("phi");
  EXPECT_EQ(llm(), root_ / "model" / "llm");
  EXPECT_EQ(said_.str(), "");
}

TEST_F(Paths, APartFromElsewhereIsSaidOnce) {
  name_llm("phi", "moved");
  make_folder("phi");
  EXPECT_EQ(llm(), "phi");
  EXPECT_EQ(llm(), "phi");
  EXPECT_EQ(ModelPaths::in("../model").llm, "phi");
  const std::string said = said_.str();
  EXPECT_NE(said.find("using phi"), std::string::npos) << said;
  EXPECT_EQ(std::ranges::count(said, '\n'), 2) << said;  // one for each name of the model
}

TEST_F(Paths, AnAbsoluteOrClimbingPathIsSaid) {
  const std::string elsewhere = (root_ / "elsewhere").string();
  make_folder(elsewhere);
  name_llm(elsewhere, "moved");
  EXPECT_EQ(llm(), elsewhere);
  EXPECT_NE(said_.str().find(elsewhere), std::string::npos);
  said_.str("");
  fs::rename(root_ / "model" / "moved", root_ / "model" / "llm");
  name_llm("../elsewhere", "moved");
  EXPECT_EQ(llm(), root_ / "model" / "../elsewhere");
  EXPECT_NE(said_.str().find("../elsewhere"), std::string::npos);
}

TEST_F(Paths, AModelIsNotItsOwnLanguageModel) {
  name_llm("", "moved");
  EXPECT_EQ(llm(), root_ / "model" / "llm");
  fs::rename(root_ / "model" / "moved", root_ / "model" / "llm");
  name_llm(".", "moved");
  EXPECT_EQ(llm(), root_ / "model" / "llm");
}

TEST_F(Paths, GroupsLargerThanALayersInputsAreRefused) {
  LowBits format = LowBits::of(8);
  const auto load = [&](std::optional<LowBits> low_bits) {
    try {
      load_showo(ModelPaths::in(root_ / "model"), torch::kFloat, torch::kCPU, low_bits);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  format.group = 32;  // the tiny model's width
  EXPECT_EQ(load(format), "");
  format.group = 64;
  EXPECT_NE(load(format).find("group 64: expected at most 32"), std::string::npos) << load(format);
  Json config = read_json(root_ / "model" / "config.json");
  config["quantization_config"] = {{"quant_method", "showo"}, {"bits", 4}, {"group", 1 << 20}};
  write_file_atomically(root_ / "model" / "config.json", config.dump());
  EXPECT_NE(load({}).find("config.json: group 1048576: expected at most 32"), std::string::npos)
      << load({});
}

}  // namespace
}  // namespace showo
