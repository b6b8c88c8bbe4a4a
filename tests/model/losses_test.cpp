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

// Rows of one batch, right-padded to the longest.
Losses losses_of(Showo& model, const std::vector<Row>& rows) {
  size_t length = 0;
  for (const Row& row : rows) length = std::max(length, row.ids.size());
  std::vector<Tensor> ids, labels;
  std::vector<RowLayout> layouts;
  for (Row row : rows) {
    row.ids.resize(length, model->vocabulary.pad);
    row.labels.resize(length, kIgnore);
    ids.push_back(torch::tensor(row.ids));
    labels.push_back(torch::tensor(row.labels));
    layouts.push_back(row.layout);
  }
  const auto tokens = static_cast<int64_t>(length);
  const auto hidden =
      model->hidden(torch::stack(ids), Visible::only(allowed_attention(layouts, tokens)), nullptr,
                    token_positions(layouts, tokens));
  return showo_losses(model, hidden, torch::stack(labels), layouts);
}

TEST(Losses, StayTheSameWhenPadsAreCut) {
  Showo model = tiny_showo();
  const Vocabulary& v = model->vocabulary;
  const Prompting prompting(v, model->config.text_tokens);
  const int64_t tokens = model->config.num_vq_tokens;
  IdList masked(tokens, v.image_offset + 5), labels(tokens, kIgnore);
  masked[1] = v.mask_token;
  labels[1] = v.image_offset + 3;
  std::vector<Row> t2i = {prompting.text_to_image(IdList{1, 2}, masked, labels),
                          prompting.text_to_image(IdList{3}, masked, labels),
                          prompting.text_to_image({}, masked, labels)},
                   mmu = {prompting.understanding(masked, IdList{1, 2, 3}),
                          prompting.understanding(masked, IdList{4})};
  ASSERT_GT(t2i[0].layout.pads, 0);
  for (auto* rows : {&t2i, &mmu}) {
    const Losses before = losses_of(model, *rows);
    std::vector<Row> cut = *rows;
    cut_pads(cut, v.pad);
    const Losses after = losses_of(model, cut);
    EXPECT_LT(cut[0].ids.size(), rows->front().ids.size());
    EXPECT_GT(total(before, {}).item<double>(), 0);
    EXPECT_NEAR(before.t2i.item<double>(), after.t2i.item<double>(), 1e-5);
    EXPECT_NEAR(before.mmu.item<double>(), after.mmu.item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace showo
