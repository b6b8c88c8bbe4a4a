// POST /v1/chat/completions: answers about pictures, and of the language model alone.
#include <fmt/format.h>

#include <ctime>
#include <random>

#include "apps/server/endpoints.h"
#include "apps/server/event_stream.h"
#include "apps/server/fields.h"
#include "apps/server/messages.h"
#include "apps/server/running.h"
#include "apps/server/stop_filter.h"

namespace showo::server {
namespace {

struct ChatRequest {
  ChatMessages messages;
  TextOptions text;
  std::vector<std::string> stops;
  uint64_t seed = 0;
  int n = 1;
  bool stream = false, usage = false;
};

std::vector<std::string> read_stops(Fields& fields) {
  const auto stop = fields.value("stop");
  if (!stop) return {};
  std::vector<std::string> stops;
  for (const Json& one : stop->is_array() ? *stop : Json::array({*stop})) {
    if (!one.is_string() || one.get<std::string>().empty())
      fields.fail("stop", ": expected a string, or up to 4, none of them empty");
    stops.push_back(one.get<std::string>());
  }
  if (stops.size() > 4) fields.fail("stop", ": expected at most 4");
  return stops;
}

// Greedy unless the client asks for a draw.
TextOptions read_text_options(Service& service, Fields& fields) {
  TextOptions text;
  text.max_tokens = std::min(text.max_tokens, service.limits.max_tokens);
  const auto range = between(1, service.limits.max_tokens);
  const auto old_name = fields.whole("max_tokens", range),
             new_name = fields.whole("max_completion_tokens", range);
  if (old_name && new_name && *old_name != *new_name)
    fields.fail("max_completion_tokens", ": max_tokens says something else");
  text.max_tokens = new_name.value_or(old_name.value_or(text.max_tokens));
  const auto temperature = fields.number("temperature", between(0, 2));
  const auto top_p = fields.number("top_p", between(0, 1));
  const auto top_k = fields.whole("top_k", between(0, 1'000'000));
  if (temperature || top_p || top_k) text.top_k = top_k.value_or(0);
  text.temperature = temperature.value_or(1);
  if (top_p && *top_p > 0) text.top_p = *top_p;
  if (top_p && *top_p == 0) text.top_k = 1;  // the likeliest alone
  text.jacobi = fields.whole("jacobi", between(1, 64)).value_or(text.jacobi);
  if (text.jacobi > 1 && !text.greedy())
    fields.fail("jacobi", ": guesses serve greedy texts alone: no temperature, top_p or top_k");
  return text;
}

void refuse_unsupported(Fields& fields) {
  fields.refuse("tools", Json::array(), "tools are not supported");
  fields.refuse("tool_choice", "none", "tools are not supported");
  fields.refuse("parallel_tool_calls", true, "tools are not supported");
  fields.refuse("functions", Json::array(), "tools are not supported");
  fields.refuse("function_call", "none", "tools are not supported");
  fields.refuse("logprobs", false, "not supported");
  fields.refuse("top_logprobs", 0, "not supported");
  fields.refuse("logit_bias", Json::object(), "not supported");
  fields.refuse("presence_penalty", 0, "not supported");
  fields.refuse("frequency_penalty", 0, "not supported");
  fields.refuse("response_format", {{"type", "text"}}, "not supported");
  fields.refuse("modalities", Json::array({"text"}),
                "not supported; pictures come from /v1/images/generations");
  fields.refuse("store", false, "nothing is kept here");
  fields.ignore({"user", "safety_identifier", "metadata", "prompt_cache_key"});
  fields.word("service_tier", {"auto", "default"});
}

ChatRequest read_chat(Service& service, const std::string& body) {
  Fields fields(parse_body(body));
  service.check_model(fields.text("model"));
  ChatRequest chat;
  const auto messages = fields.value("messages");
  if (!messages) fields.fail("messages", " is missing");
  chat.text = read_text_options(service, fields);
  chat.stops = read_stops(fields);
  chat.seed = fields.seed("seed").value_or(std::random_device{}());
  chat.n = static_cast<int>(fields.whole("n", between(1, service.limits.n)).value_or(1));
  chat.stream = fields.flag("stream").value_or(false);
  if (const auto options = fields.value("stream_options")) {
    if (!chat.stream) fields.fail("stream_options", ": only where stream is true");
    if (!options->is_object()) fields.fail("stream_options", ": expected an object");
    Fields inside(*options, "stream_options.");
    chat.usage = inside.flag("include_usage").value_or(false);
    inside.flag("include_obfuscation");  // there is none
    inside.done();
  }
  refuse_unsupported(fields);
  fields.done();
  chat.messages = read_messages(service, *messages);
  return chat;
}

class Talker {
 public:
  Talker(Exchange& exchange, ChatRequest chat)
      : exchange_(exchange), service_(exchange.service), chat_(std::move(chat)) {}

  void start() {
    const Model model = service_.model.for_client(exchange_.client);
    const auto& pictures = chat_.messages.pictures;
    View view = pictures.empty() ? model.view_nothing()
                                 : service_.views.get(model, pictures, service_.limits,
                                                      service_.workshop, service_.metrics);
    view = model.after(view, chat_.messages.turns);
    running_.emplace(exchange_);
    for (int i = 0; i < chat_.n; ++i) {
      choices_.push_back(std::make_shared<StopFilter>(chat_.stops));
      const auto tell = [watch = running_->watch(), filter = choices_.back(), i](
                            size_t, const std::string& more) {
        const std::string sure = filter->add(more);
        return (sure.empty() || watch->text(i, sure)) && !filter->found();
      };
      running_->add(
          model.start_ask(view, {chat_.messages.question}, chat_.text, chat_.seed + i, tell));
    }
  }

  Json answer() {
    std::vector<std::string> texts(choices_.size());
    Json choices = Json::array();
    std::vector<std::string> reasons(choices_.size());
    follow([&](size_t i, const std::string& more) { texts[i] += more; },
           [&](size_t i, const std::string& reason) { reasons[i] = reason; }, [] {});
    for (size_t i = 0; i < choices_.size(); ++i) {
      choices.push_back(
          {{"index", i},
           {"message", {{"role", "assistant"}, {"content", texts[i]}, {"refusal", nullptr}}},
           {"logprobs", nullptr},
           {"finish_reason", reasons[i]}});
    }
    Json reply = head("chat.completion");
    reply["choices"] = std::move(choices);
    reply["usage"] = usage();
    return reply;
  }

  void tell(EventStream& events) {
    const auto chunk = [&](size_t i, Json delta, Json reason) {
      Json reply = head("chat.completion.chunk");
      reply["choices"] = Json::array({{{"index", i},
                                       {"delta", std::move(delta)},
                                       {"logprobs", nullptr},
                                       {"finish_reason", std::move(reason)}}});
      if (chat_.usage) reply["usage"] = nullptr;
      events.data(reply);
    };
    for (size_t i = 0; i < choices_.size(); ++i)
      chunk(i, {{"role", "assistant"}, {"content", ""}}, nullptr);
    follow(
        [&](size_t i, const std::string& more) {
          chunk(i, {{"content", more}}, nullptr);
        },
        [&](size_t i, const std::string& reason) { chunk(i, Json::object(), reason); },
        [&] { events.keep_alive(); });
    if (chat_.usage) {
      Json reply = head("chat.completion.chunk");
      reply["choices"] = Json::array();
      reply["usage"] = usage();
      events.data(reply);
    }
    events.done();
  }

 private:
  // Texts as they grow, and how they end.
  template <class Text, class End, class Idle>
  void follow(const Text& text, const End& end, const Idle& idle) {
    const auto say = [&](size_t i, const std::string& more) {
      if (more.empty()) return;
      exchange_.first("showo:time_to_first_token_seconds");
      text(i, more);
    };
    running_->follow(std::chrono::milliseconds(200), [&](const Watch::News& news) {
      for (const auto& [i, more] : news.texts) say(i, more);
      for (const size_t i : news.finished) {
        const Answer answer = running_->get(i)[0];  // which may have a last text to tell
        for (const auto& [late, more] : running_->watch()->take_texts()) say(late, more);
        say(i, choices_[i]->rest());
        end(i, choices_[i]->found() || answer.complete ? "stop" : "length");
        prompt_tokens_ = answer.prompt_tokens;
        tokens_ += answer.tokens;
      }
      idle();
    });
    service_.metrics.count("showo:prompt_tokens_total", static_cast<double>(prompt_tokens_));
    service_.metrics.count("showo:generation_tokens_total", static_cast<double>(tokens_));
  }

  Json head(const char* object) const {
    return {{"id", "chatcmpl-" + exchange_.id},
            {"object", object},
            {"created", created_},
            {"model", service_.name},
            {"system_fingerprint", "showo-" SHOWO_VERSION}};
  }

  Json usage() const {
    return {{"prompt_tokens", prompt_tokens_},
            {"completion_tokens", tokens_},
            {"total_tokens", prompt_tokens_ + tokens_}};
  }

  Exchange& exchange_;
  Service& service_;
  ChatRequest chat_;
  const int64_t created_ = std::time(nullptr);
  std::vector<std::shared_ptr<StopFilter>> choices_;
  std::optional<Running<std::vector<Answer>>> running_;
  int64_t prompt_tokens_ = 0, tokens_ = 0;
};

}  // namespace

void complete_chat(Exchange& exchange, const httplib::Request& request,
                   httplib::Response& response) {
  ChatRequest chat = read_chat(exchange.service, request.body);
  exchange.prompt = chat.messages.question;
  const bool stream = chat.stream;
  const auto talker = std::make_shared<Talker>(exchange, std::move(chat));
  talker->start();
  if (stream) {
    stream_events(response, [talker](EventStream& events) { talker->tell(events); });
  } else {
    response.set_content(talker->answer().dump(), kWholeJson);
  }
}

}  // namespace showo::server
