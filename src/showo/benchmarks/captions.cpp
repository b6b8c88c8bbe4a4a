#include "showo/benchmarks/captions.h"

#include <algorithm>
#include <optional>

#include "showo/benchmarks/caption_scores.h"
#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/ptb_tokenizer.h"
#include "showo/core/number.h"

namespace showo {
namespace {

constexpr const char* kFiles[] = {"captions_val2014.json", "dataset_coco.json",
                                  "dataset_flickr30k.json"};
constexpr int64_t kCaptionTokens = 64;
constexpr char kPrompt[] = "Provide a one-sentence caption for the provided image.";
constexpr char kKarpathyCocoPrompt[] = "Describe the image briefly.";

struct Picture {
  int64_t id;
  std::string folder, file;
  std::vector<std::string> captions;
};

struct Captioned {
  std::vector<Picture> pictures;
  std::string prompt = kPrompt;
  Problems strays;
};

using Places = std::map<int64_t, size_t>;  // of pictures, by id

void add(Captioned& set, Places& places, Picture picture, const std::string& where) {
  if (!places.try_emplace(picture.id, set.pictures.size()).second)
    fail("{}: image {} stands there already", where, picture.id);
  set.pictures.push_back(std::move(picture));
}

Captioned read_coco(const Entry& root) {
  Captioned set;
  Places places;
  const Entry images = root["images"], annotations = root["annotations"];
  for (size_t i = 0; i < images.size(); ++i)
    add(set, places, {images[i]["id"].whole(), "val2014", images[i]["file_name"].text(), {}},
        images[i].where());
  for (size_t i = 0; i < annotations.size(); ++i) {
    const int64_t id = annotations[i]["image_id"].whole();
    const std::string& caption = annotations[i]["caption"].text();
    if (const auto place = places.find(id); place != places.end())
      set.pictures[place->second].captions.push_back(caption);
    else
      set.strays.add("unknown id", fmt::format("{}: image {} is not among the images: left out",
                                               annotations[i].where(), id));
  }
  return set;
}

Captioned read_karpathy(const Entry& root) {
  Captioned set;
  Places places;
  const Entry images = root["images"];
  for (size_t i = 0; i < images.size(); ++i) {
    const Entry image = images[i];
    if (image["split"].text() != "test") continue;
    const bool coco = image.has("cocoid");
    Picture picture{image[coco ? "cocoid" : "imgid"].whole(),
                    image.has("filepath") ? image["filepath"].text() : "flickr30k-images",
                    image["filename"].text(),
                    {}};
    const Entry sentences = image["sentences"];
    for (size_t j = 0; j < sentences.size(); ++j)
      picture.captions.push_back(sentences[j]["raw"].text());
    add(set, places, std::move(picture), image.where());
    if (coco) set.prompt = kKarpathyCocoPrompt;
  }
  return set;
}

fs::path file_of(const fs::path& data) {
  std::error_code error;
  if (!fs::is_directory(data, error)) return data;
  for (const char* name : kFiles)
    if (is_file(data / name)) return data / name;
  fail("{}: expected {}, {} or {}", data.string(), kFiles[0], kFiles[1], kFiles[2]);
}

Json corpus_scores(const CaptionScores& scores) {
  Json json = {{"CIDEr", scores.cider}, {"ROUGE_L", scores.rouge_l}};
  for (size_t n = 0; n < scores.bleu.size(); ++n)
    json[fmt::format("Bleu_{}", n + 1)] = scores.bleu[n];
  return json;
}

Json image_scores(const CaptionScores& scores) {
  return {{"CIDEr", scores.cider}, {"Bleu", scores.bleu}, {"ROUGE_L", scores.rouge_l}};
}

int64_t id_of(const Entry& id) {
  int64_t number = 0;
  if (id.json().is_string() && read_number(id.text(), number) == std::errc()) return number;
  return id.whole();
}

class Captions : public Benchmark {
 public:
  explicit Captions(const fs::path& data) : file_(file_of(data)) {
    const Json json = read_json(file_);
    const Entry root(json, file_.string());
    set_ = root.has("annotations") ? read_coco(root) : read_karpathy(root);
    if (set_.pictures.empty()) fail("{}: no images to caption", file_.string());
    for (const Picture& picture : set_.pictures)
      if (picture.captions.empty())
        fail("{}: image {} has no captions", file_.string(), picture.id);
  }

  std::vector<BenchmarkQuestion> questions(Protocol) const override {
    std::vector<BenchmarkQuestion> questions;
    for (const Picture& picture : set_.pictures) {
      const fs::path path =
          picture_path(file_.parent_path(), {picture.folder, "images", "."}, picture.file);
      questions.push_back(
          {std::to_string(picture.id), {path}, set_.prompt, kCaptionTokens, picture.captions[0]});
    }
    require_pictures(questions);
    return questions;
  }

  void write_predictions(const fs::path& out,
                         const std::vector<std::string>& answers) const override {
    require_answers(answers, set_.pictures.size());
    Json results = Json::array();
    for (size_t i = 0; i < answers.size(); ++i)
      results.push_back({{"image_id", set_.pictures[i].id}, {"caption", answers[i]}});
    make_folder(out);
    write_file_atomically(out / results_name(), json_text(results));
  }

  Json score(const fs::path& predictions) const override {
    Problems problems = set_.strays;
    const auto captions = predicted(file_in(predictions, results_name(), "results.json"), problems);
    const CaptionReport report = score_captions(tokenized(captions));
    Json score = {{"official", corpus_scores(report.all)}, {"per_image", Json::object()}};
    score["official"]["images"] = report.images.size();
    for (size_t i = 0; i < report.images.size(); ++i)
      score["per_image"][std::to_string(set_.pictures[i].id)] = image_scores(report.images[i]);
    score["problems"] = problems.to_json();
    return score;
  }

 private:
  std::string results_name() const { return file_.stem().string() + "_results.json"; }

  // In the order of the pictures.
  std::vector<std::string> predicted(const fs::path& file, Problems& problems) const {
    const Entries results(file);
    std::map<int64_t, std::optional<std::string>> captions;
    for (const Picture& picture : set_.pictures) captions[picture.id];
    bool any = false;
    for (size_t i = 0; i < results.size(); ++i) {
      const int64_t id = id_of(results[i]["image_id"]);
      const std::string& caption = results[i]["caption"].text();
      const auto known = captions.find(id);
      const std::string where = fmt::format("{}: image {}", results[i].where(), id);
      if (known == captions.end()) {
        problems.add("unknown id", where + ": left out");
        continue;
      }
      if (known->second) problems.add("doubled", where + ": the last caption counts");
      known->second = caption;
      any = true;
    }
    if (!any) fail("{}: no caption of an image of {}", file.string(), file_.string());
    std::vector<std::string> ordered;
    for (const Picture& picture : set_.pictures) {
      if (!captions[picture.id])
        problems.add("missing", fmt::format("{}: image {}: scored as an empty caption",
                                            file.string(), picture.id));
      ordered.push_back(captions[picture.id].value_or(""));
    }
    return ordered;
  }

  // As the official program does it: all references are one text, all predictions another.
  std::vector<CaptionedImage> tokenized(const std::vector<std::string>& predictions) const {
    std::vector<std::string> references;
    for (const Picture& picture : set_.pictures)
      references.insert(references.end(), picture.captions.begin(), picture.captions.end());
    const auto reference_tokens = ptb_tokenize(references);
    const auto prediction_tokens = ptb_tokenize(predictions);
    std::vector<CaptionedImage> images;
    auto next = reference_tokens.begin();
    for (size_t i = 0; i < predictions.size(); ++i) {
      const auto end = next + static_cast<int64_t>(set_.pictures[i].captions.size());
      images.push_back({prediction_tokens[i], {next, end}});
      next = end;
    }
    return images;
  }

  fs::path file_;
  Captioned set_;
};

}  // namespace

std::unique_ptr<Benchmark> open_captions(const fs::path& data) {
  return std::make_unique<Captions>(data);
}

}  // namespace showo
