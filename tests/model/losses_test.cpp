// The losses of rows together against the same rows apart.
#include "showo/model/losses.h"

#include <gtest/gtest.h>

#include "showo/prompt/omni_attention.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

Losses losses_of(Showo& model, const Row& row) {
  const int64_t length = row.layout.length;
  const auto hidden = model->hidden(torch::tensor(row.ids).unsqueeze(0),
                                    Visible::only(allowed_attention({row.layout}, length)), nullptr,
                                    token_positions({row.layout}, length));
  return showo_losses(model, hidden, torch::tensor(row.labels).unsqueeze(0), {row.layout});
}

TEST(Losses, OfIndependentQuestionsAreThoseOfARowEach) {
  Showo model = tiny_showo();
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 5);
  const std::vector<TurnIds> turns = {
      {IdList{1, 2, 3}, IdList{4}}, {IdList{5}, IdList{6}}, {IdList{7, 8}, IdList{9}}};
  const double together =
      losses_of(model, prompting.independent_questions(image, turns, 1000)).mmu.item<double>();
  double apart = 0;
  for (const auto& turn : turns)
    apart += losses_of(model, prompting.understanding(image, {turn}, 1000)).mmu.item<double>() / 3;
  EXPECT_NEAR(together, apart, 1e-5);
  const double conversation =
      losses_of(model, prompting.understanding(image, turns, 1000)).mmu.item<double>();
  EXPECT_GT(std::abs(conversation - apart), 1e-3);  // there the turns do see each other
}

}  // namespace
}  // namespace showo
