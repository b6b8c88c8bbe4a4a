#include "showo/eval/recogniser.h"

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/log.h"
#include "showo/core/random.h"
#include "showo/core/weightless.h"
#include "showo/data/find.h"
#include "showo/data/shards.h"
#include "showo/data/stream.h"
#include "showo/image/decode.h"
#include "showo/image/tensor.h"
#include "showo/train/optimizer.h"
#include "showo/train/run.h"

namespace showo {

using torch::Tensor;

namespace {

SceneContents contents_of(const Json& scene) {
  SceneContents contents;
  contents.background = scene.at("background").get<std::string>();
  for (const Json& object : scene.at("objects")) {
    contents.kinds.insert(object.at("name").get<std::string>());
    ++contents.things;
    const auto size = object.at("size").get<int64_t>();
    contents.places.push_back({object.at("name"), object.at("x").get<int64_t>() + size / 2,
                               object.at("y").get<int64_t>() + size / 2, size,
                               object.value("style", "")});
  }
  return contents;
}

}  // namespace

SceneContents contents_of(const Sample& sample) {
  try {
    const Json json = Json::parse(sample.metadata);
    return contents_of(json.contains("frames") ? json.at("frames").at(0) : json);
  } catch (const Json::exception&) {
    fail("{}: no scene of the emoji world", sample.title());
  }
}

std::vector<SceneContents> story_contents_of(const Sample& sample) {
  std::vector<SceneContents> contents;
  try {
    const Json story = Json::parse(sample.metadata);
    for (const Json& scene : story.at("frames")) contents.push_back(contents_of(scene));
  } catch (const Json::exception&) {
    fail("{}: no story of the emoji world", sample.title());
  }
  return contents;
}

RecogniserImpl::RecogniserImpl(const RecogniserConfig& config) : config(config) {
  const int64_t w = config.width;
  struct Layer {
    int64_t in, out, stride;
  };
  for (const Layer& layer :
       {Layer{3, w, 1}, Layer{w, 2 * w, 2}, Layer{2 * w, 2 * w, 1}, Layer{2 * w, 4 * w, 2},
        Layer{4 * w, 4 * w, 1}, Layer{4 * w, 8 * w, 2}, Layer{8 * w, 8 * w, 1}}) {
    convs.push_back(register_module(fmt::format("conv{}", convs.size()),
                                    Conv2d(layer.in, layer.out, 3, layer.stride)));
    norms.push_back(register_module(fmt::format("norm{}", norms.size()), GroupNorm(layer.out, 8)));
  }
  kinds = register_module("kinds", Conv2d(8 * w, static_cast<int64_t>(config.kinds.size()), 1));
  if (!config.styles.empty())
    styles =
        register_module("styles", Conv2d(8 * w, static_cast<int64_t>(config.styles.size()), 1));
  things = register_module("things", Linear(8 * w, config.max_things));
  background =
      register_module("background", Linear(8 * w, static_cast<int64_t>(config.backgrounds.size())));
}

RecogniserImpl::Logits RecogniserImpl::forward(const Tensor& image) {
  const auto small = config.shrink > 1 ? at::avg_pool2d(image, config.shrink) : image;
  auto x = small.contiguous(torch::MemoryFormat::ChannelsLast);
  for (size_t i = 0; i < convs.size(); ++i) x = torch::silu(norms[i](convs[i](x)));
  const auto pooled = x.mean({2, 3});
  const auto cells = kinds(x);
  // A kind is there when it is somewhere.
  return {cells, styles ? styles(x) : Tensor(), cells.flatten(2).amax(2), things(pooled),
          background(pooled)};
}

std::vector<SceneContents> RecogniserImpl::recognise(const Tensor& image) {
  torch::NoGradGuard no_grad;
  const Logits logits = forward(image);
  const auto present = logits.kinds_BK.gt(0), things = logits.things_BN.argmax(1),
             colours = logits.backgrounds_BC.argmax(1),
             cells = logits.kinds_BKHW.flatten(2).argmax(2),
             looks = styles ? logits.styles_BSHW.argmax(1).flatten(1) : Tensor();
  const int64_t across = logits.kinds_BKHW.size(3), side = kRecogniserCell * config.shrink;
  std::vector<SceneContents> all;
  for (int64_t b = 0; b < image.size(0); ++b) {
    SceneContents contents;
    contents.cell = side;
    for (size_t kind = 0; kind < config.kinds.size(); ++kind) {
      const auto k = static_cast<int64_t>(kind);
      if (!present[b][k].item<bool>()) continue;
      const auto cell = cells[b][k].item<int64_t>();
      contents.kinds.insert(config.kinds[kind]);
      contents.places.push_back(
          {config.kinds[kind], cell % across * side + side / 2, cell / across * side + side / 2});
      if (styles) contents.places.back().style = config.styles[looks[b][cell].item<int64_t>()];
    }
    contents.things = 1 + things[b].item<int64_t>();
    contents.background = config.backgrounds[colours[b].item<int64_t>()];
    all.push_back(std::move(contents));
  }
  return all;
}

namespace {

void initialise(Recogniser& recogniser, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  for (auto& item : recogniser->named_parameters()) {
    Tensor& parameter = item.value();
    if (item.key().ends_with("bias")) {
      parameter.zero_();
    } else if (parameter.dim() == 1) {
      parameter.fill_(1);
    } else {
      parameter.normal_(0, std::sqrt(2.0 / static_cast<double>(parameter[0].numel())), generator);
    }
  }
  recogniser->kinds->bias.fill_(-3);  // most kinds are not there
}

constexpr int kJudgedSide = 64;  // pixels, to which larger pictures are shrunk

Image scene_picture(const Sample& sample) {
  return decode_image(std::as_bytes(std::span(sample.image_bytes)), sample.key);
}

// What the scenes of a set of shards ask for: names in alphabetical order, the most things, and how
// far pictures are shrunk.
RecogniserConfig learned_from(const SourceConfig& shards) {
  RecogniserConfig config;
  std::set<std::string> kinds, backgrounds, styles;
  for (const auto& shard : find_files(shards, {".tar", ".tar.gz", ".tgz"})) {
    ShardReader reader(shard);
    while (const auto sample = reader.next()) {
      const SceneContents contents = contents_of(*sample);
      if (kinds.empty()) config.shrink = std::max<int64_t>(1, scene_picture(*sample).width / kJudgedSide);
      kinds.insert(contents.kinds.begin(), contents.kinds.end());
      backgrounds.insert(contents.background);
      config.max_things = std::max(config.max_things, contents.things);
      for (const auto& at : contents.places)
        if (!at.style.empty()) styles.insert(at.style);
    }
  }
  config.kinds.assign(kinds.begin(), kinds.end());
  config.backgrounds.assign(backgrounds.begin(), backgrounds.end());
  config.styles.assign(styles.begin(), styles.end());
  return config;
}

int64_t place(const std::vector<std::string>& names, const std::string& name) {
  return std::lower_bound(names.begin(), names.end(), name) - names.begin();
}

// What the scenes of a step are to be recognised as.
struct Lesson {
  std::vector<Tensor> pictures;
  Tensor present_BK;
  std::vector<int64_t> things, colours;
  // Of every thing its cell, by which its kind is named, and where it is known its style.
  std::vector<int64_t> cells, kinds, styled_cells, styles;

  void add(const Sample& sample, const RecogniserConfig& config) {
    const auto b = std::ssize(pictures);
    const SceneContents contents = contents_of(sample);
    pictures.push_back(to_tensor(scene_picture(sample)));
    for (const auto& kind : contents.kinds) present_BK[b][place(config.kinds, kind)] = 1;
    // Where each thing stands says which pixels its name is of; without it names are learned
    // slowly.
    const int64_t cell = kRecogniserCell * config.shrink, side = pictures.back().size(2) / cell;
    for (const auto& at : contents.places) {
      cells.push_back((b * side + at.y / cell) * side + at.x / cell);
      kinds.push_back(place(config.kinds, at.kind));
      if (at.style.empty()) continue;
      styled_cells.push_back(cells.back());
      styles.push_back(place(config.styles, at.style));
    }
    things.push_back(contents.things - 1);
    colours.push_back(place(config.backgrounds, contents.background));
  }
};

Lesson next_lesson(SampleStream& stream, int64_t batch, const RecogniserConfig& config) {
  Lesson lesson;
  lesson.present_BK = torch::zeros({batch, static_cast<int64_t>(config.kinds.size())});
  for (int64_t b = 0; b < batch; ++b) lesson.add(stream.next(), config);
  return lesson;
}

// Logits of cells [B, C, H, W] → [centres, C], fp32.
Tensor at_cells(const Tensor& logits_BCHW, const std::vector<int64_t>& cells) {
  return logits_BCHW.to(torch::kFloat)
      .permute({0, 2, 3, 1})
      .flatten(0, 2)
      .index_select(0, torch::tensor(cells));
}

Tensor loss_of(Recogniser& recogniser, const Lesson& lesson) {
  Autocast autocast(true);
  const auto logits = recogniser->forward(torch::stack(lesson.pictures));
  const auto kinds_BKHW = logits.kinds_BKHW.to(torch::kFloat);
  const auto named = torch::tensor(lesson.kinds);
  // Of the kinds, the thing's is the surest in its cell; of the cells, the thing's for its kind.
  const auto surest = kinds_BKHW.flatten(2).log_softmax(2).view_as(kinds_BKHW);
  auto loss =
      torch::cross_entropy_loss(at_cells(kinds_BKHW, lesson.cells), named) +
      torch::nll_loss(at_cells(surest, lesson.cells), named) +
      torch::binary_cross_entropy_with_logits(logits.kinds_BK.to(torch::kFloat), lesson.present_BK)
          .mul(20) +
      torch::cross_entropy_loss(logits.things_BN.to(torch::kFloat), torch::tensor(lesson.things)) +
      torch::cross_entropy_loss(logits.backgrounds_BC.to(torch::kFloat),
                                torch::tensor(lesson.colours));
  if (lesson.styles.empty()) return loss;
  return loss + torch::cross_entropy_loss(at_cells(logits.styles_BSHW, lesson.styled_cells),
                                          torch::tensor(lesson.styles));
}

}  // namespace

Recogniser train_recogniser(const std::vector<std::string>& shards,
                            const RecogniserOptions& options) {
  SourceConfig source;
  source.paths = shards;
  const RecogniserConfig config = learned_from(source);
  Recogniser recogniser(config);
  initialise(recogniser, options.seed);
  OptimizerOptions adamw;
  adamw.lr = options.lr;
  adamw.warmup_steps = options.steps / 20;
  adamw.clip = 1;
  AdamW optimizer(*recogniser, adamw);
  SampleStream stream(source, options.seed);
  Progress progress("train-recogniser", options.steps);
  for (int64_t step = 0; step < options.steps; ++step) {
    const Lesson lesson = next_lesson(stream, options.batch, config);
    optimizer.zero_grad();
    const Tensor loss = loss_of(recogniser, lesson);
    loss.backward();
    optimizer.clip();
    optimizer.step(learning_rate(adamw, step, options.steps));
    progress.update(step + 1, fmt::format("loss {:.3f}", loss.item<double>()));
  }
  return recogniser;
}

void write_recogniser(const fs::path& folder, Recogniser recogniser) {
  write_file_atomically(folder / "config.json", config_to_json(recogniser->config).dump(2) + "\n");
  write_safetensors(folder / kWeightsFile, state_of(*recogniser));
}

Recogniser load_recogniser(const fs::path& folder) {
  RecogniserConfig config;
  const fs::path file = folder / "config.json";
  read_config(config, read_json(file), file.string());
  const Weightless shapes;
  Recogniser recogniser(config);
  load_strict(*recogniser, read_weights(folder), folder.string());
  return recogniser;
}

}  // namespace showo
