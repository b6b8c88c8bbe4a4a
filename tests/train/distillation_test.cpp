// Consistency distillation: what the student is led to, and what it keeps.
#include "showo/train/distillation.h"

#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include "showo/checkpoint/load.h"
#include "showo/generate/engine.h"
#include "showo/model/folder.h"
#include "showo/train/trainer.h"
#include "tests/support/drawn.h"
#include "tests/support/tiny_recipe.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

class Distilling : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-distillation-" + std::to_string(::getpid()));
    make_folder(folder_);
    save_showo(folder_ / "teacher", tiny_showo(7));
    options_.teacher = (folder_ / "teacher").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Two prompts; of the second picture the first half of the codes is known.
  static PackedRows rows(Showo& model, bool texts = true) {
    const Vocabulary& v = model->vocabulary;
    const Prompting prompting = model->prompting();
    IdList blank(16, v.mask_token), labels(16, v.image_offset + 5), half = blank, learned = labels;
    for (int i = 0; i < 8; ++i) {
      half[i] = v.image_offset + i;
      learned[i] = kIgnore;
    }
    const auto text = [&](IdList ids) { return texts ? ids : IdList{}; };
    return pack({without_pads(prompting.text_to_image(text({1, 2}), blank, labels)),
                 without_pads(prompting.text_to_image(text({3}), half, learned))});
  }
  double loss(Showo& student, uint64_t seed = 1, const PackedRows* without_text = nullptr) {
    Distillation distillation(options_, student, torch::kCPU);
    return distillation(student, rows(student), without_text, seed, 24).loss.item<double>();
  }
  void train(Showo& student, int steps, bool same_draws) {
    Distillation distillation(options_, student, torch::kCPU);
    torch::optim::Adam optimizer(student->parameters(), torch::optim::AdamOptions(3e-3));
    for (int i = 0; i < steps; ++i) {
      optimizer.zero_grad();
      distillation(student, rows(student), nullptr, same_draws ? 1 : 100 + i, 24).loss.backward();
      optimizer.step();
    }
  }

  fs::path folder_;
  DistillationOptions options_;
};

TEST_F(Distilling, KnowsThePicturesOfItsRows) {
  Showo model = tiny_showo();
  const PackedRows two = rows(model);
  // <|t2i|> [SOT] 1 2 [EOT] <|soi|> codes <|eoi|>, then the same with one word.
  EXPECT_EQ(two.drawn, (IdList{6, 6 + 17 + 5}));
  EXPECT_EQ(two.targets[0].states.numel(), 24 + 4) << "of each also what stands around it";
}

TEST_F(Distilling, FirstStepsAreTheTeachers) {
  options_.first_steps = 1;
  Showo like_it = tiny_showo(7), other = tiny_showo(9);
  EXPECT_NEAR(loss(like_it), 0, 1e-5);
  const double before = loss(other);
  EXPECT_GT(before, 0.1);
  train(other, 60, true);
  EXPECT_LT(loss(other), 0.3 * before);
  options_.code_temperature = 0.5;
  EXPECT_GT(loss(like_it), 0.1) << "colder than the teacher by itself";
}

TEST_F(Distilling, DependsOnTheSeedAlone) {
  Showo student = tiny_showo(9);
  EXPECT_EQ(loss(student, 3), loss(student, 3));
  EXPECT_NE(loss(student, 3), loss(student, 4));
}

TEST_F(Distilling, LearnsGuidance) {
  options_.first_steps = 1;
  Showo like_it = tiny_showo(7);
  const PackedRows without = rows(like_it, /*texts=*/false);
  EXPECT_NEAR(loss(like_it, 1, &without), 0, 1e-5) << "guidance of 0";
  options_.guidance = 3;
  torch::NoGradGuard no_grad;
  const auto logits = [&](const PackedRows& these) {
    const auto hidden = like_it->hidden(these);
    return like_it->image_logits(torch::cat(
        {hidden.narrow(0, these.drawn[0], 16), hidden.narrow(0, these.drawn[1] + 8, 8)}));
  };
  const auto conditional = logits(rows(like_it));
  const auto guided = 4 * conditional - 3 * logits(without);
  const auto divergence = torch::kl_div(conditional.log_softmax(-1), guided.log_softmax(-1),
                                        at::Reduction::Sum, /*log_target=*/true);
  EXPECT_NEAR(loss(like_it, 1, &without), divergence.item<double>() / 24, 1e-4);
}

// A teacher whose pictures have two halves, each all codes 5 or all codes 9; it has seen wrong
// codes and goes by most of them.
Showo teacher_of_halves() {
  Showo model = tiny_showo(7);
  const Vocabulary& v = model->vocabulary;
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(3e-3));
  auto random = make_generator(1);
  const auto draw = [&] { return torch::rand({}, random).item<double>(); };
  for (int step = 0; step < 400; ++step) {
    std::vector<Row> rows;
    for (int i = 0; i < 8; ++i) {
      const int64_t halves[] = {draw() < 0.5 ? 5 : 9, draw() < 0.5 ? 5 : 9};
      const double share = i < 2 ? 1 : draw();
      IdList image(16, v.mask_token), labels(16, kIgnore);
      for (int k = 0; k < 16; ++k) {
        const int64_t code = halves[k / 8], other = 14 - code;
        if (draw() < share) {
          labels[k] = v.image_offset + code;
        } else {
          image[k] = v.image_offset + (draw() < 0.2 ? other : code);
        }
      }
      rows.push_back(without_pads(model->prompting().text_to_image(IdList{1, 2}, image, labels)));
    }
    const PackedRows packed = pack(rows);
    optimizer.zero_grad();
    showo_losses(model, model->hidden(packed), packed).t2i.backward();
    optimizer.step();
  }
  return model;
}

TEST_F(Distilling, CodesDrawnAtOnceFitTogetherAndAreNotAlwaysTheSame) {
  {
    Showo teacher = teacher_of_halves();
    save_showo(folder_ / "halves", teacher);
  }
  options_.teacher = (folder_ / "halves").string();
  struct Found {
    int64_t whole = 0;             // pictures whose halves are whole,
    int64_t fives = 0, nines = 0;  // whose second one is all 5 or 9
  };
  const auto drawn_by = [&](Showo& model) {
    Engine engine(model);
    std::vector<uint64_t> seeds(40);
    std::iota(seeds.begin(), seeds.end(), 1);
    const auto codes = drawn(engine, std::vector<IdList>(40, IdList{1, 2}), seeds,
                             torch::full({40, 16}, -1, torch::kLong),
                             {.steps = 2, .guidance = 0, .schedule = "pow4", .order = "halton"});
    const auto halves = codes.view({40, 2, 8});
    const auto whole = ((halves == 5).all(2) | (halves == 9).all(2)).all(1);
    const auto second = [&](int64_t code) {
      return (halves == code).all(2).select(1, 1).sum().item<int64_t>();
    };
    return Found{whole.sum().item<int64_t>(), second(5), second(9)};
  };
  Showo student = load_showo(ModelPaths::in(folder_ / "halves"));
  const Found before = drawn_by(student);
  options_.later_temperature = 0.5;
  train(student, 250, false);
  const Found after = drawn_by(student);
  EXPECT_LE(before.whole, 5);
  EXPECT_GE(after.whole, 15);
  EXPECT_GE(after.fives, 5);
  EXPECT_GE(after.nines, 5);
}

TEST_F(Distilling, TeachersOfOtherCodesAreNamed) {
  LlmConfig llm = tiny_llm();
  llm.vocab_size = 41;
  Showo student = tiny_showo(3, llm);
  try {
    Distillation(options_, student, torch::kCPU);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("distillation.teacher"), std::string::npos)
        << error.what();
  }
}

// As a run: stopped and gone on with, it ends with the same bits; captions and questions beside.
TEST_F(Distilling, RunsGoOnWhereTheyStopped) {
  ShowoRecipe recipe = tiny_recipe(folder_);
  recipe.steps = 2;
  ASSERT_TRUE(Trainer(recipe, folder_ / "first").run());
  recipe.init_from = recipe.distillation.teacher = (folder_ / "first/checkpoint/model").string();
  recipe.llm = {};
  recipe.distillation.guidance = 2;
  recipe.steps = 4;
  recipe.checkpoint_every = 2;
  ASSERT_TRUE(Trainer(recipe, folder_ / "whole").run());
  {
    Trainer half(recipe, folder_ / "parts");
    for (int i = 0; i < 2; ++i) half.step();
    half.save();
  }
  recipe.sampling.steps = 3;  // which only says how pictures are drawn
  ASSERT_TRUE(Trainer(recipe, folder_ / "parts").run());
  const fs::path model = folder_ / "parts/checkpoint/model";
  EXPECT_EQ(read_json(model / "sampling.json"), Json({{"steps", 3}}));
  const auto result = [&](const char* run) {
    return state_of(*load_showo(ModelPaths::in(folder_ / run / "checkpoint/model")));
  };
  const auto whole = result("whole"), parts = result("parts");
  for (const auto& [name, tensor] : whole) EXPECT_TRUE(tensor.equal(parts.at(name))) << name;
}

}  // namespace
}  // namespace showo
