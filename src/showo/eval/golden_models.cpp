#include "showo/eval/golden_models.h"

#include "showo/codec/checkpoint.h"
#include "showo/codec/magvit.h"
#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/text_job.h"
#include "showo/model/folder.h"
#include "showo/model/losses.h"
#include "showo/prompt/omni_attention.h"
#include "showo/train/optimizer.h"
#include "showo/train/run.h"

namespace showo {
namespace {

std::vector<int64_t> to_vector(const torch::Tensor& ids) {
  const auto values = ids.to(torch::kLong).contiguous();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

// A row from its ids alone, as the reference's masks are made.
Row row_of(const torch::Tensor& ids_T, const Vocabulary& v) {
  Row row;
  row.ids = to_vector(ids_T);
  const auto place = [&](int64_t id) {
    const auto found = std::ranges::find(row.ids, id);
    return found == row.ids.end() ? -1 : found - row.ids.begin();
  };
  const int64_t length = std::ssize(row.ids), soi = place(v.soi), eoi = place(v.eoi),
                task = place(v.t2i);
  if (place(v.mmu) >= 0) row.task = Task::kMmu;
  if (task >= 0) row.task = Task::kT2i;
  const auto add = [&](SegmentKind kind, int64_t end, bool open = false) {
    const int64_t begin = row.length();
    if (end > begin) row.segments.push_back({kind, begin, end - begin, begin, open});
  };
  if (task > 0) add(SegmentKind::kPads, task);
  if (soi >= 0) {
    add(SegmentKind::kText, soi);
    add(SegmentKind::kCodes, eoi + 1, /*open=*/row.task == Task::kMmu);
  }
  add(SegmentKind::kText, length);
  return row;
}

std::vector<Row> rows_of(const torch::Tensor& ids_BT, const Vocabulary& v) {
  std::vector<Row> rows;
  for (const auto& ids : ids_BT.unbind(0)) rows.push_back(row_of(ids, v));
  return rows;
}

// bool [B, 1, T, T].
torch::Tensor allowed_of(const std::vector<Row>& rows) {
  std::vector<torch::Tensor> masks;
  for (const Row& row : rows) masks.push_back(allowed_attention(row.segments));
  return torch::stack(masks).unsqueeze(1);
}

// Of one picture, a step a row.
class RecordedDraws : public Draws {
 public:
  RecordedDraws(Tensor sampled_TN, Tensor gumbel_TN)
      : sampled_(std::move(sampled_TN)), gumbel_(std::move(gumbel_TN)) {}
  Tensor codes(int step, int64_t, const Tensor&, const Tensor&) override { return sampled_[step]; }
  bool of_all() const override { return true; }
  Tensor gumbel(int step, int64_t) override { return gumbel_[step]; }

 private:
  Tensor sampled_, gumbel_;
};

}  // namespace

void check_magvitv2(GoldenCase& c) {
  Magvit codec = load_codec(c.model_folder(), torch::kFloat, c.device());
  const auto image = c.input("image").to(c.device());
  if (c.place.bf16) {  // a latent near zero changes sign, and its code, and all that follows
    const Autocast autocast(true, c.device().type());
    const auto z = codec->encoder(image);
    c.compare("z", z);
    return c.compare_chosen("codes", quantize(z).codes_BN);
  }
  const auto z = codec->encoder(image);
  const auto quantized = quantize(z);
  const auto reconstruction = codec->decoder(quantized.z_BKHW);
  const auto loss =
      torch::mse_loss(reconstruction, image) + quantized.commitment_loss + quantized.entropy_loss;
  loss.backward();
  c.compare("z", z);
  c.compare_exact("codes", quantized.codes_BN);
  c.compare("reconstruction", reconstruction);
  c.compare("quantizer_loss", quantized.commitment_loss);
  c.compare("entropy_loss", quantized.entropy_loss);
  c.compare("loss", loss);
  {
    torch::NoGradGuard no_grad;
    const auto signs =
        signs_of(c.wanted("codes").to(c.device()), codec->config.z_channels, z.size(2), z.size(3));
    c.compare("decoded_from_codes", codec->decoder(signs));
  }
  const auto parameters = codec->named_parameters();
  for (const auto& [name, expected] : c.expected) {
    if (!name.starts_with("grad.")) continue;
    const auto* parameter = parameters.find(name.substr(5));
    if (!parameter) fail("{}: no parameter '{}'", c.folder.string(), name.substr(5));
    c.compare(name, parameter->grad(), expected, 1e-3);
  }
}

void check_showo_train(GoldenCase& c) {
  Showo model = load_showo(ModelPaths::in(c.model_folder()), torch::kFloat, c.device());
  const auto ids = c.input("input_ids"), labels = c.input("labels");
  auto rows = rows_of(ids, model->vocabulary);
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i].labels = to_vector(labels[static_cast<int64_t>(i)]);
  const PackedRows packed = pack(rows);
  LossCoefficients coefficients;
  read_config(coefficients, c.json.at("coefficients"), "coefficients");
  c.compare_exact("allowed", allowed_of(rows));
  auto losses_of = [&](const Tensor& hidden) { return showo_losses(model, hidden, packed); };
  auto autocast = std::make_optional<Autocast>(c.place.bf16, c.device().type());
  const auto hidden = model->hidden(packed);
  c.compare("logits", model->logits(hidden).view({ids.size(0), ids.size(1), -1}));
  const auto losses = losses_of(hidden);
  autocast.reset();
  c.compare("loss_t2i", losses.t2i);
  c.compare("loss_lm", losses.lm);
  c.compare("loss_mmu", losses.mmu);
  c.compare("loss", total(losses, coefficients));
  total(losses, coefficients).backward();
  for (const auto& item : model->named_parameters())
    c.compare("grad." + item.key(), item.value().grad(), 1e-3);

  const Json& settings = c.json.at("optimizer");
  OptimizerOptions options;
  options.lr = settings.at("lr");
  options.beta1 = settings.at("betas")[0];
  options.beta2 = settings.at("betas")[1];
  options.eps = settings.at("eps");
  options.weight_decay = settings.at("weight_decay");
  options.no_decay = settings.at("no_decay_if_name_contains").get<std::vector<std::string>>();
  AdamW optimizer(*model, options);
  std::vector<double> history;
  for (int64_t step = 0; step < c.wanted("losses_10_steps").numel(); ++step) {
    const Autocast casts(c.place.bf16, c.device().type());
    optimizer.zero_grad();
    const auto loss = total(losses_of(model->hidden(packed)), coefficients);
    history.push_back(loss.item<double>());
    loss.backward();
    optimizer.step(options.lr);
  }
  c.compare("losses_10_steps", torch::tensor(history));
}

void check_showo_t2i(GoldenCase& c) {
  Showo model = load_showo(ModelPaths::in(c.model_folder()), c.dtype(), c.device());
  const Vocabulary& v = model->vocabulary;
  const auto conditional = c.input("cond_ids"), unconditional = c.input("uncond_ids");
  const auto prompts = rows_of(conditional, v);
  const Row without = row_of(unconditional[0], v);
  c.compare_exact("allowed", allowed_of(rows_of(torch::cat({conditional, unconditional}), v)));

  const Segment& picture = prompts[0].picture();
  const auto image = conditional.narrow(1, picture.begin + 1, picture.length - 2);
  const auto canvas = torch::where(image == v.mask_token, -1, image - v.image_offset);
  SamplingOptions options;
  options.steps = c.json.at("steps");
  options.guidance = c.json.at("guidance_scale");
  options.temperature = c.json.at("temperature");
  options.schedule = c.json.at("schedule");
  const auto sampled = c.input("sampled").to(c.device()), gumbel = c.input("gumbel").to(c.device());
  std::vector<Engine::JobPtr> jobs;
  std::vector<Tensor> codes;
  const std::vector<Tensor> none(canvas.size(0));
  std::vector<std::vector<Tensor>> each_logits(options.steps, none), each_masked = each_logits;
  for (int64_t b = 0; b < canvas.size(0); ++b) {
    jobs.push_back(std::make_shared<PictureJob>(
        model, prompts[b], without, canvas[b], options,
        std::make_unique<RecordedDraws>(sampled.select(1, b), gumbel.select(1, b)),
        [&, b](const MaskStep& step) {
          each_logits[step.step][b] = step.logits_PK;
          each_masked[step.step][b] = step.masked_N;
          return true;
        }));
  }
  Engine(model).run(jobs);
  for (const auto& job : jobs) codes.push_back(static_cast<PictureJob&>(*job).codes());
  std::vector<Tensor> logits, masked;
  for (int step = 0; step < options.steps; ++step) {
    logits.push_back(torch::stack(each_logits[step]));
    masked.push_back(torch::stack(each_masked[step]));
  }
  if (c.place.bf16)  // a code that is masked again instead of another changes all that follows
    return c.compare("image_logits of the first step", logits[0], c.wanted("image_logits")[0]);
  c.compare("image_logits", torch::stack(logits));
  c.compare_exact("masked_out", torch::stack(masked));
  c.compare_exact("codes", torch::stack(codes));
}

void check_showo_mmu(GoldenCase& c) {
  torch::NoGradGuard no_grad;
  Showo model = load_showo(ModelPaths::in(c.folder / c.json.at("model").get<std::string>()),
                           c.dtype(), c.device());
  TextOptions options;
  options.max_tokens = c.json.at("max_new_tokens");
  std::vector<int64_t> stops;
  if (c.json.value("stop_at_eot", true)) stops = {model->vocabulary.eos};
  for (int64_t i = 0; c.inputs.contains(fmt::format("input_ids.{}", i)); ++i) {
    const auto ids = c.input(fmt::format("input_ids.{}", i));
    const auto rows = rows_of(ids, model->vocabulary);
    c.compare_exact(fmt::format("allowed.{}", i), allowed_of(rows));
    std::vector<Tensor> logits;
    const auto job = std::make_shared<TextJob>(model->llm_config(), rows[0], Tensor(), options,
                                               stops, /*seed=*/0, [&](int64_t, const Tensor& row) {
                                                 logits.push_back(row);
                                                 return true;
                                               });
    Engine(model).run({job});
    const auto name = fmt::format("logits.{}", i);
    if (c.place.bf16) {  // another token early on leads to another answer
      c.compare(name, logits[0], c.wanted(name)[0]);
      continue;
    }
    c.compare(name, torch::stack(logits));
    c.compare_exact(fmt::format("answer_ids.{}", i), torch::tensor(job->text().tokens()));
  }
}

}  // namespace showo
