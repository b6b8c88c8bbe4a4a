// What rows may share: only what sees nothing of where they differ.
#include "showo/generate/prefix_cache.h"

#include <gtest/gtest.h>

#include "showo/prompt/prompting.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
constexpr int64_t kAll = 1000;

const Vocabulary kVocabulary = tiny_showo()->vocabulary;
const Prompting kPrompting(kVocabulary, 8);

IdList picture(int64_t code) { return IdList(4, kVocabulary.image_offset + code); }

TEST(PrefixKey, SharesTextAsFarAsItIsTheSame) {
  const auto key = [](const IdList& text) {
    Row row;
    row.append_text(text);
    return PrefixKey(row);
  };
  EXPECT_EQ(key({1, 2, 3}).common(key({1, 2, 4, 5}), kAll), 2);
  EXPECT_EQ(key({1, 2, 3}).common(key({1, 2, 3}), kAll), 3);
  EXPECT_EQ(key({1, 2, 3}).common(key({1, 2, 3}), 2), 2);
  EXPECT_EQ(key({1}).common(key({2}), kAll), 0);
}

// A picture that is asked about is seen by what stands before it too: it is shared whole or not,
// and with it the token before.
TEST(PrefixKey, SharesAnOpenPictureWholeOrNotAtAll) {
  const Row one = kPrompting.question(kPrompting.codes(picture(1)), IdList{7, 8}),
            same = kPrompting.question(kPrompting.codes(picture(1)), IdList{7, 9});
  IdList last = picture(1);
  last.back() += 1;
  const Row other = kPrompting.question(kPrompting.codes(last), IdList{7, 8});
  EXPECT_EQ(PrefixKey(one).common(PrefixKey(same), kAll), one.length() - 1);
  EXPECT_EQ(PrefixKey(one).common(PrefixKey(other), kAll), 0);
  EXPECT_EQ(PrefixKey(one).common(PrefixKey(same), 6), 0);  // not a part of the picture
}

TEST(PrefixKey, TellsFeaturesApartByTheirValues) {
  const Row row = kPrompting.question(kPrompting.features(3, IdList{5}), IdList{7});
  const auto features = torch::randn({3, 8});
  auto others = features.clone();
  others[2][7] += 1e-3;
  EXPECT_EQ(PrefixKey(row, features).common(PrefixKey(row, features.clone()), kAll), row.length());
  EXPECT_EQ(PrefixKey(row, features).common(PrefixKey(row, others), kAll), 0);
}

TEST(PrefixKey, TellsPositionsApart) {
  Row here, there;
  here.append_text(IdList{1, 2});
  there.segments.push_back({SegmentKind::kText, 0, 0, /*position=*/5});
  there.append_text(IdList{1, 2});
  EXPECT_EQ(PrefixKey(here).common(PrefixKey(there), kAll), 0);
}

KvCache filled(int64_t tokens) {
  KvCache cache(1);
  const auto values = torch::arange(tokens).to(torch::kFloat).view({1, tokens, 1});
  cache.append(0, values.clone(), values.clone());
  return cache;
}

PrefixKey key_of(const IdList& text) {
  Row row;
  row.append_text(text);
  return PrefixKey(row);
}

TEST(PrefixCache, FindsTheLongestBeginning) {
  PrefixCache kept(1 << 20);
  KvCache first = filled(3), second = filled(5);
  kept.add(key_of({1, 2, 3}), first);
  kept.add(key_of({1, 2, 4, 5, 6}), second);
  KvCache found(1);
  kept.find(key_of({1, 2, 4, 5, 9, 9}), kAll, found);
  EXPECT_EQ(found.length(), 4);
  KvCache none(1);
  kept.find(key_of({8}), kAll, none);
  EXPECT_EQ(none.length(), 0);
}

// A cache may hold only a row's beginning.
TEST(PrefixCache, KeepsNoMoreOfARowThanWasRead) {
  PrefixCache kept(1 << 20);
  KvCache part = filled(2);
  kept.add(key_of({1, 2, 3, 4}), part);
  EXPECT_EQ(kept.known(key_of({1, 2, 3, 4}), kAll), 2);
}

TEST(PrefixCache, ForgetsWhatWasNotUsedForLongest) {
  PrefixCache kept(2 * 100 * 8);  // two caches of 100 tokens, 4 + 4 bytes each
  for (const int64_t text : {1, 2, 1, 3}) {
    KvCache cache(1);
    kept.find(key_of(IdList(100, text)), kAll, cache);
    if (cache.length() > 0) continue;
    cache = filled(100);
    kept.add(key_of(IdList(100, text)), cache);
  }
  EXPECT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept.bytes(), 2 * 100 * 8);
  EXPECT_EQ(kept.known(key_of(IdList(100, 1)), kAll), 100);
  EXPECT_EQ(kept.known(key_of(IdList(100, 2)), kAll), 0);
}

TEST(PrefixCache, CountsWhatIsSharedOnce) {
  PrefixCache kept(1 << 20);
  KvCache cache = filled(100);
  kept.add(key_of(IdList(100, 1)), cache);
  IdList longer(100, 1);
  longer.push_back(2);
  const auto more = torch::zeros({1, 1, 1});
  cache.append(0, more, more);
  kept.add(key_of(longer), cache);
  EXPECT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept.bytes(), 101 * 8);
}

}  // namespace
}  // namespace showo
