#include "showo/benchmarks/geneval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "showo/benchmarks/benchmark.h"
#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/python_text.h"
#include "showo/core/number.h"

namespace showo {
namespace {

using OrderedJson = nlohmann::ordered_json;

// As json.dumps of Python writes it: ", " and ": ", ASCII alone, 1.0 with its point.
std::string python_json(const OrderedJson& json) {
  const auto joined = [&](const char* ends, const auto& text_of) {
    std::string text(1, ends[0]);
    for (const auto& item : json.items()) {
      if (text.size() > 1) text += ", ";
      text += text_of(item);
    }
    return text + ends[1];
  };
  if (json.is_array())
    return joined("[]", [](const auto& item) { return python_json(item.value()); });
  if (json.is_object())
    return joined("{}", [](const auto& item) {
      return OrderedJson(item.key()).dump(-1, ' ', true) + ": " + python_json(item.value());
    });
  if (!json.is_number_float()) return json.dump(-1, ' ', true);
  const std::string number = fmt::format("{}", json.get<double>());
  return number.find_first_not_of("-0123456789") == number.npos ? number + ".0" : number;
}

// ---- Prompts ----

GenevalRequest read_request(const Entry& entry, size_t earlier) {
  GenevalRequest request{entry["class"].text(), entry["count"].whole(), {}, {}};
  if (request.count < 0)
    fail("{}: 'count': expected 0 or more, found {}", entry.where(), request.count);
  if (entry.has("color")) request.colour = entry["color"].text();
  if (entry.has("position")) {
    const Entry position = entry["position"];
    const int64_t target = position[1].whole();
    if (target < 0 || target >= static_cast<int64_t>(earlier))
      fail("{}: expected an earlier object to lie to, found {}", position.where(), target);
    request.position =
        GenevalRequest::Position{position[size_t{0}].text(), static_cast<size_t>(target)};
  }
  return request;
}

std::vector<GenevalRequest> read_requests(const Entry& metadata, const char* key) {
  std::vector<GenevalRequest> requests;
  if (!metadata.has(key)) return requests;
  const Entry list = metadata[key];
  for (size_t i = 0; i < list.size(); ++i) requests.push_back(read_request(list[i], i));
  return requests;
}

// ---- Detections ----

// The number of the prompt in …/NNNNN/samples/NNNNN.png; nothing where the file has no such name.
std::optional<size_t> prompt_of(const std::string& file) {
  const fs::path path(file);
  const std::string number = path.parent_path().parent_path().filename().string();
  size_t index = 0;
  const bool digits = number.find_first_not_of("0123456789") == number.npos;
  if (path.parent_path().filename() != "samples" || path.extension() != ".png" || !digits ||
      read_number(number, index) != std::errc())
    return {};
  return index;
}

float read_float(const Entry& entry) {
  if (!entry.json().is_number())
    fail("{}: expected a number, found {}", entry.where(), entry.json().type_name());
  const auto number = entry.json().get<double>();
  if (!(std::abs(number) <= std::numeric_limits<float>::max() / 8))
    fail("{}: expected a number of pixels or a score, found {}", entry.where(), number);
  return static_cast<float>(number);
}

std::string read_colour(const Entry& entry) {
  if (entry.json().is_null()) return "";
  const auto& known = kGenevalColours;
  if (std::find(known.begin(), known.end(), entry.text()) == known.end())
    fail("{}: expected one of GenEval's colours, found '{}'", entry.where(), entry.text());
  return entry.text();
}

GenevalObjects read_objects(const Entry& objects, Problems& problems) {
  GenevalObjects found;
  if (!objects.json().is_object())
    fail("{}: expected an object, found {}", objects.where(), objects.json().type_name());
  for (const auto& [name, json] : objects.json().items()) {
    const Entry list = objects[name.c_str()];
    if (std::find(kGenevalClasses.begin(), kGenevalClasses.end(), name) == kGenevalClasses.end()) {
      problems.add("unknown class", list.where() + ": left out");
      continue;
    }
    for (size_t i = 0; i < list.size(); ++i) {
      const Entry box = list[i];
      std::array<float, 5> numbers;  // x1, y1, x2, y2, score
      for (size_t n = 0; n < numbers.size(); ++n) numbers[n] = read_float(box[n]);
      found[name].push_back({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
                             read_colour(box[numbers.size()])});
    }
  }
  return found;
}

// ---- Results ----

// A line of the official results file.
struct Result {
  std::string file, tag, prompt, metadata, details;
  GenevalVerdict verdict;
};

// In the detector's order of classes, each with its boxes and scores.
std::string details_of(const GenevalObjects& objects) {
  OrderedJson details = OrderedJson::object();
  for (const std::string& name : kGenevalClasses)
    if (const auto found = objects.find(name); found != objects.end())
      for (const GenevalBox& box : found->second)
        details[name].push_back(std::vector<double>{box.x1, box.y1, box.x2, box.y2, box.score});
  return python_json(details);
}

std::vector<Result> judge_detections(const std::vector<GenevalPrompt>& prompts,
                                     const Entries& detections, Problems& problems) {
  std::vector<Result> results;
  for (size_t i = 0; i < detections.size(); ++i) {
    const Entry line = detections[i];
    const std::string& file = line["file"].text();
    const GenevalObjects found = read_objects(line["objects"], problems);
    const auto number = prompt_of(file);
    if (!number || *number >= prompts.size()) {
      problems.add("unknown id", fmt::format("{}: '{}': left out", line.where(), file));
      continue;
    }
    const GenevalPrompt& prompt = prompts[*number];
    const GenevalObjects objects = sure_objects(found, prompt.tag);
    try {
      results.push_back({file, prompt.tag, prompt.prompt, prompt.metadata, details_of(objects),
                         judge_picture(objects, prompt.include, prompt.exclude)});
    } catch (const Error& error) {
      fail("{}: {}", line.where(), error.what());
    }
  }
  return results;
}

std::vector<Result> read_results(const std::vector<GenevalPrompt>& prompts, const Entries& lines,
                                 Problems& problems) {
  std::set<std::string> known;
  for (const GenevalPrompt& prompt : prompts) known.insert(prompt.metadata);
  std::vector<Result> results;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Entry line = lines[i];
    Result result{line["filename"].text(),
                  line["tag"].text(),
                  line["prompt"].text(),
                  line["metadata"].text(),
                  "",
                  {line["correct"].flag(), line["reason"].text()}};
    if (!known.contains(result.metadata))
      problems.add("unknown id", fmt::format("{}: metadata of no prompt: counted", line.where()));
    results.push_back(std::move(result));
  }
  return results;
}

std::string percent(double ratio) { return fmt::format("{:.2f}%", ratio * 100); }

// ---- summary_scores.py ----

struct TagShare {
  int64_t correct = 0, images = 0;
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(images); }
};

Json summary(const std::vector<Result>& results) {
  TagShare all;
  std::vector<std::string> tags;  // in the order met
  std::map<std::string, TagShare> by_tag;
  std::map<std::string, bool> prompts;  // right if any picture is
  for (const Result& result : results) {
    if (!by_tag.contains(result.tag)) tags.push_back(result.tag);
    for (TagShare* share : {&all, &by_tag[result.tag]}) {
      ++share->images;
      share->correct += result.verdict.correct;
    }
    prompts[result.metadata] |= result.verdict.correct;
  }
  const auto right = std::count_if(prompts.begin(), prompts.end(),
                                   [](const auto& prompt) { return prompt.second; });
  std::vector<std::string> printed = {
      "Summary",
      "=======",
      fmt::format("Total images: {}", all.images),
      fmt::format("Total prompts: {}", prompts.size()),
      "% correct images: " + percent(all.accuracy()),
      "% correct prompts: " + percent(static_cast<double>(right) / prompts.size()),
      "",
      "Task breakdown",
      "=============="};
  double sum = 0;
  Json json = {{"images", all.images},
               {"correct", all.correct},
               {"prompts", prompts.size()},
               {"prompts_correct", right}};
  for (const std::string& tag : tags) {
    const TagShare& share = by_tag[tag];
    sum += share.accuracy();
    json["tags"][tag] = {
        {"correct", share.correct}, {"images", share.images}, {"accuracy", share.accuracy()}};
    printed.push_back(fmt::format("{:<16} = {} ({} / {})", tag, percent(share.accuracy()),
                                  share.correct, share.images));
  }
  json["overall"] = sum / static_cast<double>(tags.size());
  printed.push_back("");
  printed.push_back(fmt::format("Overall score (avg. over tasks): {:.5f}", sum / tags.size()));
  json["printed"] = printed;
  return json;
}

void name_gaps(const std::vector<GenevalPrompt>& prompts, const std::vector<Result>& results,
               const std::string& file, Problems& problems) {
  std::set<std::string> files, seen;
  for (const Result& result : results) {
    seen.insert(result.metadata);
    if (!files.insert(result.file).second)
      problems.add("doubled", fmt::format("{}: '{}': both count", file, result.file));
  }
  for (size_t i = 0; i < prompts.size(); ++i)
    if (!seen.contains(prompts[i].metadata))
      problems.add("missing", fmt::format("{}: no picture of prompt {} ('{}'): left out", file, i,
                                          prompts[i].prompt));
}

}  // namespace

std::vector<GenevalPrompt> read_geneval(const fs::path& data) {
  const fs::path file = file_in(data, "evaluation_metadata.jsonl", "metadata.jsonl");
  std::vector<GenevalPrompt> prompts;
  for (const std::string& line : python::lines(read_file(file))) {
    const std::string where = fmt::format("{}: line {}", file.string(), prompts.size() + 1);
    const Json json = parse_json(line, where);
    const Entry metadata(json, where);
    prompts.push_back({metadata["tag"].text(), metadata["prompt"].text(),
                       read_requests(metadata, "include"), read_requests(metadata, "exclude"),
                       python_json(OrderedJson::parse(line))});
  }
  if (prompts.empty()) fail("{}: no prompts", file.string());
  return prompts;
}

fs::path geneval_metadata_path(size_t prompt) {
  return fs::path(fmt::format("{:05}", prompt)) / "metadata.jsonl";
}

fs::path geneval_picture_path(size_t prompt, size_t sample) {
  return fs::path(fmt::format("{:05}", prompt)) / "samples" / fmt::format("{:05}.png", sample);
}

Json score_geneval(const fs::path& data, const fs::path& predictions) {
  const auto prompts = read_geneval(data);
  const fs::path file = file_in(predictions, "results.jsonl", "detections.jsonl");
  const Entries lines(file);
  Problems problems;
  const bool official = lines.size() > 0 && lines[0].has("filename");
  const auto results = official ? read_results(prompts, lines, problems)
                                : judge_detections(prompts, lines, problems);
  if (results.empty()) fail("{}: no picture of a prompt", file.string());
  name_gaps(prompts, results, file.string(), problems);
  Json pictures = Json::object();
  for (const Result& result : results)
    pictures[result.file] = {result.verdict.correct, result.verdict.reason};
  return {{"official", summary(results)}, {"pictures", pictures}, {"problems", problems.to_json()}};
}

Json write_geneval_results(const fs::path& data, const fs::path& detections, const fs::path& out) {
  Problems problems;
  std::string text;
  for (const Result& result : judge_detections(read_geneval(data), Entries(detections), problems)) {
    const OrderedJson line = {
        {"filename", result.file},         {"tag", result.tag},
        {"prompt", result.prompt},         {"correct", result.verdict.correct},
        {"reason", result.verdict.reason}, {"metadata", result.metadata},
        {"details", result.details}};
    // Pandas writes them with slashes escaped.
    text += python::replace(line.dump(-1, ' ', true), "/", "\\/") + "\n";
  }
  write_file_atomically(out, text);
  return problems.to_json();
}

}  // namespace showo
