// The cases of language models alone.
#include "showo/eval/golden_backbone.h"

#include "showo/core/published_config.h"
#include "showo/model/folder.h"
#include "showo/prompt/omni_attention.h"
#include "showo/prompt/prompting.h"
#include "showo/vision/clip_folder.h"

namespace showo {

void check_llama_backbone(GoldenCase& c) {
  Backbone model = load_language_model(c.model_folder(), c.dtype(), c.device());
  const auto ids = c.input("input_ids"), allowed = c.input("allowed").to(torch::kBool);
  const int64_t rows = ids.size(0), length = ids.size(1);
  Sequences sequences;
  for (int64_t b = 0; b < rows; ++b) sequences.push_back({length, {}, nullptr, {}, allowed[b]});
  const auto hidden =
      model->hidden(ids.flatten(), torch::arange(length).repeat({rows}), std::move(sequences));
  const auto logits = model->logits(hidden).view({rows, length, -1});
  c.compare("logits", logits);
  logits.to(torch::kFloat).square().mean().backward();
  for (const auto& item : model->named_parameters())
    c.compare("grad." + item.key(), item.value().grad(), 1e-3);
}

void check_showo_clip_mmu(GoldenCase& c) {
  torch::NoGradGuard no_grad;
  expect_one_of(c.json, "select_layer", {-2}, (c.folder / "case.json").string());
  const ModelPaths paths = ModelPaths::in(c.model_folder(), {}, {},
                                          c.folder / c.json.at("vision_tower").get<std::string>());
  Showo model = load_showo(paths, c.dtype(), c.device());
  ClipVision tower = load_clip_vision(paths.clip, c.dtype(), c.device());
  const auto features = tower->features(c.input("pixel_values"));
  c.compare("features", features);
  c.compare("projected", model->mm_projector(features));

  const auto ids = [&](const char* name) {
    const auto values = c.input(name).flatten().to(torch::kLong).contiguous();
    return std::vector<int64_t>(values.const_data_ptr<int64_t>(),
                                values.const_data_ptr<int64_t>() + values.numel());
  };
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  const Row row =
      prompting.question(prompting.features(features.size(1), ids("system_ids")), ids("text_ids"));
  c.compare_exact("allowed", allowed_attention(row.segments));
  const auto hidden = model->hidden(pack({row}), features[0]);
  c.compare("logits", model->logits(hidden).unsqueeze(0));
  // The cached way: the picture first, then the text behind it.
  KvCache cache = model->new_cache();
  Row picture = row;
  const int64_t before = row.picture().end() + 1, behind = row.length() - before;
  picture.segments.back().length -= behind;
  picture.ids.resize(before);
  model->hidden(pack({picture}, {&cache}), features[0]);
  const auto later = model->logits(model->hidden(pack({row}, {&cache})));
  c.compare("logits behind a cached picture", later,
            c.wanted("logits")[0].narrow(0, before, behind));
}

}  // namespace showo
