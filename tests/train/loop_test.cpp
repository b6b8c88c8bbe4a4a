// The training loop with a trainee of its own: what any trainee gets from it, and what a recipe's
// train and freeze leave alone.
#include "showo/train/loop.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/core/random.h"
#include "showo/image/preprocess.h"
#include "showo/nn/layers.h"
#include "showo/train/restore.h"
#include "tests/support/tiny_shard.h"

namespace showo {
namespace {

struct GuessRecipe : RunOptions {
  struct Evaluation : EvaluationTimes {
    SourceConfig shards;
  } evaluation;
  SourceConfig shards;
  template <class V>
  void visit(V& v) {
    v(shards, "shards", "pictures");
    RunOptions::visit(v);
  }
  void check() const { check_ranges(*this, "recipe"); }
};

struct TwoLayers : torch::nn::Module {
  TwoLayers() {
    torch::NoGradGuard no_grad;
    auto random = make_generator(3);
    for (auto& parameter : parameters()) parameter.normal_(0, 0.5, random);
  }
  Linear inner{register_module("inner", Linear(3, 4))};
  Linear outer{register_module("outer", Linear(4, 1))};
};

// Guesses a picture's red from its mean colours.
class Guesser : public Trainee {
 public:
  using Recipe = GuessRecipe;
  Guesser(const GuessRecipe& recipe, const TrainerPlace& /*place*/)
      : recipe_(recipe), streams_(open(recipe.shards)) {}

  torch::nn::Module& module() override { return layers_; }
  Streams& streams() override { return streams_; }
  Work draw(int64_t /*step*/) override {
    seen_ = torch::zeros({});
    Work work;
    work.counts = {static_cast<double>(2 * recipe_.accumulate)};
    for (int64_t micro = 0; micro < recipe_.accumulate; ++micro) {
      work.losses.emplace_back([this, colours = colours(streams_)](const Counts& counts) {
        const auto loss = error(colours) / counts[0];
        seen_ += loss.detach();
        return loss * poison;
      });
      work.amount += 2;
    }
    return work;
  }
  void moved() override { moves_ += 1; }
  Json metrics(bool in_full) override {
    Json line = {{"loss", seen_.item<double>()}};
    if (in_full) line["moves"] = moves_.item<double>();
    return line;
  }
  Json evaluate() override {
    Streams streams = open(recipe_.shards);
    return {{"eval_loss", error(colours(streams)).item<double>()}};
  }
  void preview(const fs::path& file) override { write_file_atomically(file, "a picture"); }
  void save(const fs::path& checkpoint, Ema& averages) override {
    write_safetensors(checkpoint / "weights.safetensors", state_of(layers_));
    const Ema::Applied averaged(averages);
    write_safetensors(checkpoint / "averages.safetensors", state_of(layers_));
  }
  void load(const fs::path& checkpoint, Ema& averages) override {
    const auto load = [&](const fs::path& file) {
      restore(layers_, read_safetensors(file).tensors, file.string());
    };
    load(checkpoint / "weights.safetensors");
    const Ema::Applied averaged(averages);
    load(checkpoint / "averages.safetensors");
  }
  TensorMap state() override { return {{"moves", moves_}}; }
  void load_state(const TensorMap& state, const std::string& source) override {
    restore({{"moves", moves_}}, state, source);
  }
  Words words() const override { return {"guess", "loss", "pictures"}; }
  double poison = 1;

 private:
  static Streams open(const SourceConfig& source) {
    StreamOptions options;
    options.decode = true;
    options.texts = Texts::kNone;
    options.side = 16;
    std::vector<std::unique_ptr<SampleStream>> streams;
    streams.push_back(std::make_unique<SampleStream>(source, 1, StreamPosition{}, options));
    return Streams(std::move(streams));
  }
  static torch::Tensor colours(Streams& streams) {
    std::vector<torch::Tensor> means;
    for (const Sample& sample : streams.take(0, 2))
      means.push_back(preprocess_showo(picture_of(sample), 16).mean({1, 2}));
    return torch::stack(means);
  }
  torch::Tensor error(const torch::Tensor& colours) {
    const auto guess = layers_.outer(torch::tanh(layers_.inner(colours)));
    return (guess.squeeze(1) - colours.select(1, 0)).square().sum();
  }
  GuessRecipe recipe_;
  TwoLayers layers_;
  Streams streams_;
  torch::Tensor seen_, moves_ = torch::zeros({});
};

class GuessTrainer : public TrainerOf<Guesser> {
 public:
  using TrainerOf::trainee;
  using TrainerOf::TrainerOf;
};

class Loop : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-loop-" + std::to_string(::getpid()));
    make_folder(folder_);
    write_tiny_shard(folder_ / "a.tar", 7, 16);
    recipe_.shards = (folder_ / "a.tar").string();
    recipe_.optimizer.lr = 0.1;
    recipe_.optimizer.warmup_steps = 0;
    recipe_.steps = 8;
    recipe_.bf16 = false;
    recipe_.preview_every = recipe_.checkpoint_every = 0;
    recipe_.log_every = 1;
  }
  void TearDown() override { fs::remove_all(folder_); }
  TensorMap saved(const std::string& run, const std::string& file) const {
    return read_safetensors(folder_ / run / "checkpoint" / file).tensors;
  }
  std::vector<Json> lines(const std::string& run) const {
    std::vector<Json> lines;
    std::istringstream text(read_file(folder_ / run / "metrics.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  std::string complaint() const {
    try {
      GuessTrainer(recipe_, folder_ / "refused");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path folder_;
  GuessRecipe recipe_;
};

void expect_equal(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
}

TEST_F(Loop, EvaluatesDrawsLogsAndSavesWhatItsTraineeSays) {
  recipe_.evaluation.every = 2;
  recipe_.preview_every = 4;
  recipe_.checkpoint_every = 3;
  recipe_.ema = 0.5;
  GuessTrainer trainer(recipe_, folder_ / "run");
  const double before = trainer.evaluate().at("eval_loss");
  EXPECT_TRUE(trainer.run());
  EXPECT_EQ(trainer.steps_done(), 8);
  std::vector<int64_t> steps, evaluated;
  for (const Json& line : lines("run")) {
    (line.contains("eval_loss") ? evaluated : steps).push_back(line.at("step"));
    if (line.contains("eval_loss")) continue;
    for (const char* name : {"loss", "moves", "grad_norm", "lr", "pictures_per_second", "seconds",
                             "data_wait", "epoch"})
      EXPECT_TRUE(line.contains(name)) << name;
  }
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(evaluated, (std::vector<int64_t>{2, 4, 6, 8}));
  EXPECT_EQ(saved("run", "training.safetensors").at("moves").item<float>(), 8);
  EXPECT_TRUE(fs::exists(folder_ / "run/previews/step-0000004.png"));
  EXPECT_TRUE(fs::exists(folder_ / "run/best/state.json"));
  const Json state = read_json(folder_ / "run/checkpoint/state.json");
  EXPECT_LT(state.at("best"), before) << "it learns";
  EXPECT_EQ(state.at("epoch"), 2) << "of 7, at 2 a step";
}

TEST_F(Loop, ARunThatGoesOnEndsWithTheSameBits) {
  recipe_.ema = 0.5;
  recipe_.accumulate = 2;
  recipe_.optimizer.muon = {"inner"};
  GuessTrainer(recipe_, folder_ / "whole").run();
  {
    GuessTrainer first(recipe_, folder_ / "parts");
    for (int i = 0; i < 3; ++i) first.step();
    first.save();
  }
  GuessTrainer second(recipe_, folder_ / "parts");
  EXPECT_EQ(second.steps_done(), 3);
  second.run();
  for (const char* file : {"weights.safetensors", "averages.safetensors", "optimizer.safetensors",
                           "training.safetensors"})
    expect_equal(saved("whole", file), saved("parts", file));
  EXPECT_EQ(read_file(folder_ / "whole/checkpoint/state.json"),
            read_file(folder_ / "parts/checkpoint/state.json"));
}

TEST_F(Loop, AStepThatDoesNotMoveTellsTheTraineeNothing) {
  GuessTrainer trainer(recipe_, folder_ / "run");
  trainer.step();
  trainer.trainee().poison = std::numeric_limits<double>::infinity();
  const Json line = trainer.step();
  EXPECT_EQ(line.at("skipped"), 1);
  EXPECT_EQ(line.at("moves"), 1);
}

TEST_F(Loop, WhatIsFrozenStaysAndHasNoState) {
  recipe_.optimizer.no_decay.clear();
  recipe_.optimizer.weight_decay = 0.5;
  recipe_.ema = 0.5;
  const TensorMap start = [&] {
    GuessTrainer trainer(recipe_, folder_ / "start");
    trainer.save();
    return saved("start", "weights.safetensors");
  }();
  const auto stays = [&](const std::string& run, const std::set<std::string>& kept) {
    {
      GuessTrainer trainer(recipe_, folder_ / run);
      for (int i = 0; i < 3; ++i) trainer.step();
      for (const auto& item : trainer.trainee().module().named_parameters())
        EXPECT_EQ(item.value().grad().defined(), !kept.contains(item.key())) << item.key();
      trainer.save();
    }
    const TensorMap moments = saved(run, "optimizer.safetensors");
    for (const char* file : {"weights.safetensors", "averages.safetensors"}) {
      for (const auto& [name, tensor] : saved(run, file)) {
        EXPECT_EQ(torch::equal(tensor, start.at(name)), kept.contains(name)) << run << " " << name;
        EXPECT_EQ(moments.contains("mean." + name), !kept.contains(name)) << run << " " << name;
      }
    }
    EXPECT_EQ(GuessTrainer(recipe_, folder_ / run).steps_done(), 3) << "resumes";
  };
  stays("all", {});
  recipe_.freeze = {"inner."};
  stays("frozen", {"inner.weight", "inner.bias"});
  recipe_.train = {"inner.", "outer.bias"};
  recipe_.freeze = {"inner.b"};
  stays("both", {"inner.bias", "outer.weight"});
}

TEST_F(Loop, APrefixThatNamesNothingIsAnError) {
  recipe_.freeze = {"outer.", "iner."};
  EXPECT_EQ(complaint(),
            "recipe: freeze: no parameter's name begins with 'iner.'; the first is 'inner.weight'");
  recipe_.freeze.clear();
  recipe_.train = {"inner", "layers"};
  EXPECT_EQ(complaint(),
            "recipe: train: no parameter's name begins with 'layers'; the first is 'inner.weight'");
  recipe_.train = {"inner"};
  recipe_.freeze = {"in"};
  EXPECT_EQ(complaint(), "recipe: freeze: no parameter is left to learn");
}

TEST_F(Loop, WithOtherParametersFrozenIsAnotherRun) {
  GuessTrainer(recipe_, folder_ / "run").save();
  recipe_.freeze = {"inner."};
  EXPECT_THROW(GuessTrainer(recipe_, folder_ / "run"), Error);
}

}  // namespace
}  // namespace showo
