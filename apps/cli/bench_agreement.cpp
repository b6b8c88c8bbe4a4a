#include "apps/cli/bench.h"
#include "showo/core/random.h"
#include "showo/prompt/prompting.h"

namespace showo::cli {
namespace {

// How often a rounded model says what the exact one says, on a picture half drawn and on text.
struct Agreement {
  double cosine, codes, tokens;
};

Agreement agreement(Showo exact, Showo rounded, uint64_t seed) {
  const Vocabulary& v = exact->vocabulary;
  const Prompting prompting(v, exact->config.text_tokens);
  auto random = make_generator(seed);
  const auto draw = [&](int64_t count, int64_t below) {
    const auto ids = torch::randint(below, {count}, random, torch::kLong);
    return std::vector<int64_t>(ids.const_data_ptr<int64_t>(),
                                ids.const_data_ptr<int64_t>() + count);
  };
  const int64_t picture = exact->config.num_vq_tokens;
  auto image = draw(picture, v.codebook_size);
  for (int64_t i = 0; i < picture; ++i) image[i] = i % 2 ? v.mask_token : image[i] + v.image_offset;
  const Row t2i =
      prompting.text_to_image(draw(exact->config.text_tokens / 2, v.image_offset / 2), image);
  const auto text = draw(256, v.image_offset / 2);
  std::vector<Tensor> logits, said, drawn;
  for (Showo model : {exact, rounded}) {
    const Row row = without_pads(t2i);
    const auto hidden = model->hidden(pack({row}));
    logits.push_back(
        model->image_logits(hidden.narrow(0, row.picture().begin + 1, picture)).to(torch::kFloat));
    auto same = make_generator(seed);
    drawn.push_back(torch::multinomial(logits.back().softmax(-1), 1, true, same));
    Row words;
    words.append_text(text);
    said.push_back(model->logits(model->hidden(pack({words}))).argmax(-1));
  }
  const auto share = [](const Tensor& equal) {
    return equal.to(torch::kFloat).mean().item<double>();
  };
  return {torch::cosine_similarity(logits[0], logits[1], 1).mean().item<double>(),
          share(drawn[0] == drawn[1]), share(said[0] == said[1])};
}

}  // namespace

void bench_agreement(const BenchFlags& f) {
  torch::NoGradGuard no_grad;
  const auto format = f.model.low_bits();
  if (!format) throw UsageError("--agreement compares with exact weights: --bits is required");
  const Agreement a = agreement(bench_model(f, torch::kFloat, {}),
                                bench_model(f, torch::kFloat, format), f.model.seed);
  if (f.model.json) {
    const Json results = {{"cosine", a.cosine}, {"codes", a.codes}, {"tokens", a.tokens}};
    fmt::print("{}\n", results.dump(2));
  } else {
    fmt::print("logits' cosine {:.5f}, equal codes {:.1f} %, equal tokens {:.1f} %\n", a.cosine,
               100 * a.codes, 100 * a.tokens);
  }
}

}  // namespace showo::cli
