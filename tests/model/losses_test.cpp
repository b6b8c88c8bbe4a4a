// The losses of rows together against the same rows apart.
#include "showo/model/losses.h"

#include <gtest/gtest.h>

#include "showo/prompt/prompting.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

Losses losses_of(Showo& model, const std::vector<Row>& rows) {
  const PackedRows packed = pack(rows);
  return showo_losses(model, model->hidden(packed), packed);
}

TEST(Losses, OfIndependentQuestionsAreThoseOfARowEach) {
  Showo model = tiny_showo();
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 5);
  const Row picture = prompting.codes(image);
  const std::vector<TurnIds> turns = {
      {IdList{1, 2, 3}, IdList{4}}, {IdList{5}, IdList{6}}, {IdList{7, 8}, IdList{9}}};
  const double together =
      losses_of(model, {prompting.independent_questions(picture, turns, 1000)}).mmu.item<double>();
  double apart = 0;
  for (const auto& turn : turns)
    apart +=
        losses_of(model, {prompting.understanding(picture, {turn}, 1000)}).mmu.item<double>() / 3;
  EXPECT_NEAR(together, apart, 1e-5);
  const double conversation =
      losses_of(model, {prompting.understanding(picture, turns, 1000)}).mmu.item<double>();
  EXPECT_GT(std::abs(conversation - apart), 1e-3);  // there the turns do see each other
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
                   mmu = {prompting.understanding(prompting.codes(masked), IdList{1, 2, 3}),
                          prompting.understanding(prompting.codes(masked), IdList{4})};
  ASSERT_EQ(t2i[0].segments[0].kind, SegmentKind::kPads);
  for (auto* rows : {&t2i, &mmu}) {
    const Losses before = losses_of(model, *rows);
    std::vector<Row> cut;
    for (const Row& row : *rows) cut.push_back(without_pads(row));
    const Losses after = losses_of(model, cut);
    EXPECT_LT(cut[0].ids.size(), rows->front().ids.size());
    EXPECT_GT(total(before, {}).item<double>(), 0);
    EXPECT_NEAR(before.t2i.item<double>(), after.t2i.item<double>(), 1e-5);
    EXPECT_NEAR(before.mmu.item<double>(), after.mmu.item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace showo
