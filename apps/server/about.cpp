// GET /v1/models, /health, /metrics, /v1/capabilities: what the server is and does.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>

#include "apps/server/api_error.h"
#include "apps/server/endpoints.h"
#include "showo/core/config.h"

namespace showo::server {
namespace {

const std::time_t kStarted = std::time(nullptr);

Json range_of(long double low, long double high) {
  return {{"min", static_cast<double>(low)}, {"max", static_cast<double>(high)}};
}

int64_t resident_bytes() {
  int64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void reply(httplib::Response& response, const Json& json) {
  response.set_content(json.dump(), "application/json");
}

}  // namespace

void list_models(Service& service, const httplib::Request& request, httplib::Response& response) {
  const Json model = {
      {"id", service.name}, {"object", "model"}, {"created", kStarted}, {"owned_by", "showo"}};
  constexpr std::string_view kAll = "/v1/models";
  if (request.path.size() <= kAll.size() + 1)
    return reply(response, {{"object", "list"}, {"data", Json::array({model})}});
  service.check_model(request.path.substr(kAll.size() + 1));
  reply(response, model);
}

void tell_health(Service& service, httplib::Response& response) {
  if (service.ending) throw ApiError(503, "the server is ending", {}, "ending");
  reply(response, {{"status", "ok"}});
}

void tell_metrics(Service& service, int64_t connections, httplib::Response& response) {
  const EngineLoad load = service.model.load();
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  response.set_content(
      service.metrics.text({
          {"showo:jobs_running", "Jobs that are computed.", number(load.running)},
          {"showo:jobs_waiting", "Jobs that wait for room.", number(load.waiting)},
          {"showo:images_running", "Pictures that are drawn.", number(load.pictures)},
          {"showo:kv_cache_bytes", "Keys and values that running jobs may come to need.",
           number(load.cache_bytes)},
          {"showo:connections", "Open connections.", number(connections)},
          {"showo:passes_total", "Passes of the model.", number(load.passes), "counter"},
          {"showo:computed_tokens_total", "Tokens of all passes.", number(load.computed_tokens),
           "counter"},
          {"process_resident_memory_bytes", "Memory of the process.", number(resident_bytes())},
          {"process_start_time_seconds", "Since 1970.", number(kStarted)},
      }),
      "text/plain; version=0.0.4; charset=utf-8");
}

void tell_capabilities(Service& service, httplib::Response& response) {
  const ModelInfo& info = service.model.info();
  const Limits& limits = service.limits;
  const std::string size = std::to_string(info.image_size) + "x" + std::to_string(info.image_size);
  Json defaults = config_to_json(service.model.sampling());
  defaults["guidance_scale"] = defaults["guidance"];
  defaults.erase("guidance");
  defaults.erase("negative_prompt");
  defaults.update(
      {{"n", 1}, {"preset", "exact"}, {"output_format", "png"}, {"offset", 0}, {"rounds", 6}});
  Json modes = {"generate", "inpaint", "extend", "redraw", "chat"};
  if (info.stories) modes.push_back("change");
  int side = 1;
  while (side * side < info.image_tokens) ++side;
  reply(response, {{"model", service.name},
                   {"version", SHOWO_VERSION},
                   {"modes", modes},
                   {"vision", info.vision},
                   {"image_size", info.image_size},
                   {"image_tokens", info.image_tokens},
                   {"sizes", {size}},
                   {"output_formats", {"png", "jpeg", "webp"}},
                   {"presets", {"exact", "balanced", "fast"}},
                   {"schedules", {"cosine", "linear", "pow2", "sigmoid"}},
                   {"orders", {"confidence", "halton"}},
                   {"defaults", defaults},
                   {"ranges",
                    {{"steps", range_of(1, std::min<int64_t>(limits.steps, info.image_tokens))},
                     {"guidance_scale", range_of(0, 100)},
                     {"temperature", range_of(0, 100)},
                     {"code_temperature", range_of(0.01L, 100)},
                     {"code_top_k", range_of(0, 10'000'000)},
                     {"commit_above", range_of(0, 1)},
                     {"n", range_of(1, limits.n)},
                     {"strength", range_of(0, 1)},
                     {"rounds", range_of(1, 64)},
                     {"offset", range_of(0, side / 2 - 1)}}},
                   {"limits", config_to_json(limits)},
                   {"chat",
                    {{"max_tokens", config_to_json(TextOptions())["max_tokens"]},
                     {"positions", info.positions},
                     {"pictures", limits.pictures}}}});
}

void tell_interface(const Service& service, std::string_view description,
                    httplib::Response& response) {
  Json interface = Json::parse(description);
  const Limits& limits = service.limits;
  const ModelInfo& info = service.model.info();
  const int64_t steps = std::min<int64_t>(limits.steps, info.image_tokens);
  const std::map<std::string, int64_t> most = {{"n", limits.n},
                                               {"steps", steps},
                                               {"num_inference_steps", steps},
                                               {"sample_steps", steps},
                                               {"partial_images", steps},
                                               {"max_tokens", limits.max_tokens},
                                               {"max_completion_tokens", limits.max_tokens}};
  std::vector<std::string> models = service.options.aliases;
  models.push_back(service.name);
  for (const char* schema : {"Generation", "Edit", "Chat"}) {
    Json& properties = interface["components"]["schemas"][schema]["properties"];
    properties["model"]["enum"] = models;
    for (const auto& [name, value] : most)
      if (properties.contains(name)) properties[name]["maximum"] = value;
    if (std::string_view(schema) == "Generation")
      properties["size"]["enum"] = {"auto", fmt::format("{0}x{0}", info.image_size)};
  }
  reply(response, interface);
}

}  // namespace showo::server
