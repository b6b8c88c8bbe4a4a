#include "showo/eval/golden_text.h"

#include "showo/image/decode.h"
#include "showo/image/preprocess.h"
#include "showo/model/mask_schedule.h"
#include "showo/prompt/omni_attention.h"
#include "showo/text/tokenizer.h"

namespace showo {
namespace {

std::shared_ptr<const Tokenizer> tokenizer_of(const GoldenCase& c) {
  return Tokenizer::from_folder(tokenizer_files(c.folder).empty() ? c.tokenizer : c.folder);
}

std::vector<int64_t> row_of(const torch::Tensor& matrix, int64_t row) {
  const auto values = matrix[row].contiguous();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

struct Rows {
  std::vector<std::vector<int64_t>> ids, labels;
  std::vector<torch::Tensor> allowed;
  void add(const Row& row) {
    ids.push_back(row.ids);
    labels.push_back(row.labels);
    allowed.push_back(allowed_attention(row.segments));
  }
  static torch::Tensor matrix(const std::vector<std::vector<int64_t>>& rows) {
    std::vector<torch::Tensor> tensors;
    for (const auto& row : rows) tensors.push_back(torch::tensor(row));
    return torch::stack(tensors);
  }
};

void compare_rows(GoldenCase& c, const std::string& name, const Rows& rows) {
  c.compare_exact(name + "_ids", Rows::matrix(rows.ids));
  if (c.expected.contains(name + "_labels"))
    c.compare_exact(name + "_labels", Rows::matrix(rows.labels));
  if (c.expected.contains(name + "_allowed")) {
    c.compare_exact(name + "_allowed", torch::stack(rows.allowed).unsqueeze(1));
  }
}

}  // namespace

void check_tokenizer(GoldenCase& c) {
  const auto tokenizer = tokenizer_of(c);
  int64_t wrong_ids = 0, wrong_text = 0, count = 0;
  std::string first;
  for (const auto& item : c.json.at("cases")) {
    const auto text = item.at("text").get<std::string>();
    const auto ids = item.at("ids").get<std::vector<int64_t>>();
    const bool same_ids = tokenizer->encode(text, /*recognise_special=*/true) == ids;
    const bool same_text = tokenizer->decode(ids) == item.at("decoded").get<std::string>();
    wrong_ids += !same_ids;
    wrong_text += !same_text;
    if ((!same_ids || !same_text) && first.empty()) first = fmt::format("text {}", count);
    ++count;
  }
  c.report.comparisons.push_back(
      {"ids", static_cast<double>(wrong_ids), 0, 0, wrong_ids == 0 && count > 0, first});
  c.report.comparisons.push_back(
      {"decoded", static_cast<double>(wrong_text), 0, 0, wrong_text == 0 && count > 0, first});
}

void check_prompting(GoldenCase& c) {
  const auto tokenizer = tokenizer_of(c);
  Vocabulary v = c.vocabulary();
  const Prompting prompting(v, c.json.at("max_text_tokens").get<int64_t>());
  const auto texts = c.json.at("texts").get<std::vector<std::string>>();
  Rows kept, dropped, generation, language, understanding;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto text = tokenizer->encode(texts[i]);
    const auto image = row_of(c.input("image_ids"), row),
               masked = row_of(c.input("masked_image_ids"), row),
               labels = row_of(c.input("image_labels"), row);
    kept.add(prompting.text_to_image(text, masked, labels));
    dropped.add(prompting.text_to_image({}, masked, labels));
    generation.add(prompting.text_to_image(text, masked));
    language.add(prompting.language(text, c.json.at("lm_length").get<int64_t>()));
    understanding.add(prompting.understanding(prompting.codes(image), text));
  }
  compare_rows(c, "t2i", kept);
  compare_rows(c, "t2i_dropped", dropped);
  compare_rows(c, "t2i_gen", generation);
  compare_rows(c, "lm", language);
  compare_rows(c, "mmu", understanding);
}

void check_schedules(GoldenCase& c) {
  const auto t = c.input("t").to(torch::kDouble).contiguous();
  for (const auto& [name, expected] : c.expected) {
    auto actual = torch::empty_like(t);
    for (int64_t i = 0; i < t.numel(); ++i)
      actual.data_ptr<double>()[i] = mask_ratio(name, t.data_ptr<double>()[i]);
    c.compare(name, actual.view(expected.sizes()), expected);
  }
}

void check_image_preprocessing(GoldenCase& c) {
  const Image photo = read_image(c.folder / c.json.at("image").get<std::string>());
  for (const auto& [name, expected] : c.expected) {
    const bool clip = name.starts_with("clip");
    const int size = static_cast<int>(expected.size(-1));
    const auto actual = clip ? preprocess_clip(photo, size) : preprocess_showo(photo, size);
    // One 8-bit level: 2/255 in [−1, 1]; CLIP's smallest deviation makes it 1/255/0.261.
    const double level = clip ? 1 / 255.0 / 0.26130258 : 2 / 255.0;
    c.compare(name, actual, expected, 1.01 * level / expected.abs().max().item<double>());
  }
}

}  // namespace showo
