// What a step of Show-o's trainer does when something is out of the ordinary: a gradient that is
// not finite, a recipe of an older program, the end of an epoch.
#include "showo/train/trainer.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/model/folder.h"
#include "tests/support/tiny_recipe.h"

namespace showo {
namespace {

class Training : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-trainer-" + std::to_string(::getpid()));
    make_folder(folder_);
    recipe_ = tiny_recipe(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
  ShowoRecipe recipe_;
};

TensorMap copy_of(const torch::nn::Module& module) {
  TensorMap copies;
  for (const auto& [name, tensor] : state_of(module)) copies[name] = tensor.clone();
  return copies;
}

bool equal(const TensorMap& a, const TensorMap& b) {
  return a.size() == b.size() && std::ranges::all_of(a, [&](const auto& item) {
           return torch::equal(item.second, b.at(item.first));
         });
}

TEST_F(Training, PassesOverGradientsThatAreNotFiniteAndEndsAtTheTenthInARow) {
  recipe_.steps = 100;  // so that the rate is not yet 0
  Trainer trainer(recipe_, folder_ / "run");
  auto weight = trainer.model()->parameters()[0].detach();
  const auto good = weight.clone();
  EXPECT_FALSE(trainer.step().contains("skipped"));
  weight.fill_(std::numeric_limits<float>::infinity());
  auto before = copy_of(*trainer.model());
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(trainer.step().at("skipped"), i);
  EXPECT_TRUE(equal(copy_of(*trainer.model()), before)) << "a skipped step changed weights";
  weight.copy_(good);
  before = copy_of(*trainer.model());
  EXPECT_FALSE(trainer.step().contains("skipped"));
  EXPECT_FALSE(equal(copy_of(*trainer.model()), before)) << "the next step trains again";
  weight.fill_(std::numeric_limits<float>::infinity());
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(trainer.step().at("skipped"), i) << "counts anew";
  EXPECT_THROW(trainer.step(), Error);
}

// Both switches of the paper's 3.2 and 3.3: in the saved model, and in a stage that goes on from
// it.
TEST_F(Training, AModelWithoutQkNormAndWithCausalAttentionStaysSo) {
  recipe_.steps = 2;
  recipe_.llm.qk_norm = "none";
  recipe_.attention = "causal";
  const fs::path run = folder_ / "run", model = run / "checkpoint/model";
  ASSERT_TRUE(Trainer(recipe_, run).run());
  EXPECT_EQ(read_json(model / "config.json").at("attention"), "causal");
  for (const auto& [name, tensor] : state_of(*load_showo(ModelPaths::in(model))))
    EXPECT_EQ(
        name.find("layernorm.weight") != std::string::npos && name.find("q_") != std::string::npos,
        false)
        << name;
  ShowoRecipe next = recipe_;
  next.llm = {};
  next.attention = "";
  next.init_from = model.string();
  EXPECT_EQ(Trainer(next, folder_ / "next").model()->config.attention, "causal");
  EXPECT_EQ(Trainer(next, folder_ / "again").model()->llm_config().qk_norm, "none");
  next.attention = "omni";
  EXPECT_EQ(Trainer(next, folder_ / "omni").model()->config.attends(), Attention::kOmni);
  recipe_.attention = "open";
  EXPECT_THROW(recipe_.check(), Error);
}

// The published files say neither, and nothing is added to them.
TEST_F(Training, AnOmniModelsConfigurationIsAsPublished) {
  recipe_.steps = 1;
  ASSERT_TRUE(Trainer(recipe_, folder_ / "run").run());
  const Json config = read_json(folder_ / "run/checkpoint/model/config.json");
  EXPECT_FALSE(config.contains("attention") || config.contains("qk_norm")) << config;
}

std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Of weights, averages and optimizer state alike, on the way out and on the way in.
TEST_F(Training, NothingThatIsNotFiniteIsSavedOrResumedFrom) {
  recipe_.ema = 0.9;
  const fs::path run = folder_ / "run";
  {
    Trainer trainer(recipe_, run);
    trainer.step();
    trainer.save();
    trainer.step();
    auto weight = trainer.model()->parameters()[3].detach();
    weight.view(-1)[0] = std::numeric_limits<float>::quiet_NaN();
    const std::string said = complaint([&] { trainer.save(); });
    const std::string name = trainer.model()->named_parameters().keys()[3];
    EXPECT_NE(said.find("step 2 is not saved"), std::string::npos) << said;
    EXPECT_NE(said.find(name), std::string::npos) << said;
  }
  EXPECT_EQ(Trainer(recipe_, run).steps_done(), 1) << "the good checkpoint stays";
  for (const char* file : {"model/pytorch_model.safetensors", "model_ema/pytorch_model.safetensors",
                           "optimizer.safetensors"}) {
    const fs::path path = run / "checkpoint" / file;
    const std::string before = read_file(path);
    TensorMap tensors;
    for (const auto& [name, tensor] : read_safetensors(path).tensors)
      tensors[name] = tensor.clone();
    const std::string name = std::next(tensors.begin(), 2)->first;
    tensors[name].view(-1)[0] = std::numeric_limits<float>::infinity();
    write_safetensors(path, tensors);
    const std::string said = complaint([&] { Trainer(recipe_, run); });
    EXPECT_NE(said.find(name), std::string::npos) << file << ": " << said;
    EXPECT_NE(said.find("not finite"), std::string::npos) << file << ": " << said;
    write_file_atomically(path, before);
  }
  EXPECT_EQ(Trainer(recipe_, run).steps_done(), 1);
}

TEST_F(Training, TheTenthGradientNamesTheWeightThatIsToBlame) {
  Trainer trainer(recipe_, folder_ / "run");
  trainer.model()->parameters()[0].detach().fill_(std::numeric_limits<float>::infinity());
  for (int i = 1; i <= 9; ++i) trainer.step();
  const std::string said = complaint([&] { trainer.step(); });
  const std::string name = trainer.model()->named_parameters().keys()[0];
  EXPECT_NE(said.find(name), std::string::npos) << said;
}

// A key that did not exist yet had its default; one that differs is still another recipe.
TEST_F(Training, GoesOnWithTheRecipeOfAnOlderProgram) {
  recipe_.steps = 1;
  Trainer(recipe_, folder_ / "run").run();
  const fs::path saved = folder_ / "run/recipe.json";
  Json older = read_json(saved);
  older.erase("mixing");
  older["data"]["t2i"].erase("classes");
  write_file_atomically(saved, older.dump());
  EXPECT_EQ(Trainer(recipe_, folder_ / "run").steps_done(), 1);
  write_file_atomically(saved, older.dump());
  recipe_.mixing = "min_size";
  EXPECT_THROW(Trainer(recipe_, folder_ / "run"), Error);
}

// Seven pictures a pass of one stream, three of the other, one of each a step.
TEST_F(Training, CountsEpochsByTheLongestOrTheShortestStream) {
  auto epochs_after = [&](int steps, const std::string& mixing) {
    recipe_.mixing = mixing;
    Trainer trainer(recipe_, folder_ / (mixing + std::to_string(steps)));
    for (int i = 0; i < steps; ++i) trainer.step();
    trainer.save();
    return read_json(folder_ / (mixing + std::to_string(steps)) / "checkpoint/state.json");
  };
  EXPECT_EQ(epochs_after(6, "max_size_cycle").at("epoch"), 0);
  EXPECT_EQ(epochs_after(7, "max_size_cycle").at("epoch"), 1);
  EXPECT_EQ(epochs_after(2, "min_size").at("epoch"), 0);
  const Json at_end = epochs_after(3, "min_size");
  EXPECT_EQ(at_end.at("epoch"), 1);
  EXPECT_EQ(at_end.at("streams")[0].at("epoch"), 1) << "the longer stream begins anew";
  EXPECT_EQ(at_end.at("streams")[0].at("sample"), 0);
  EXPECT_EQ(epochs_after(7, "min_size").at("epoch"), 2);
}

}  // namespace
}  // namespace showo
