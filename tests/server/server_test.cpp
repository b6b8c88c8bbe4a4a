// The parts that requests go through: base64, fields, stops, addresses, forms; and bytes of no kind
// at all.
#include <gtest/gtest.h>

#include <random>

#include "apps/server/api_error.h"
#include "apps/server/base64.h"
#include "apps/server/fetch.h"
#include "apps/server/fields.h"
#include "apps/server/form.h"
#include "apps/server/metrics.h"
#include "apps/server/stop_filter.h"
#include "apps/server/watch.h"

namespace showo::server {
namespace {

std::string param_of(const std::function<void()>& read) {
  try {
    read();
  } catch (const ApiError& error) {
    return error.param();
  }
  return "nothing was thrown";
}

TEST(Base64, ThereAndBack) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 70; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(from_base64("YW55"), "any");
  EXPECT_EQ(from_base64("YW4"), "an");  // without what fills it up
  for (const char* wrong :
       {"Y", "YW5=5", "YW=", "=", "====", "YW55\n", "YX==", "Y===", "YW5@", "YW54="})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
}

TEST(StopFilter, HoldsBackWhatMayBeAStop) {
  StopFilter filter({"END", "EN!"});
  EXPECT_EQ(filter.add("an appleE"), "an apple");
  EXPECT_EQ(filter.add("N"), "");
  EXPECT_EQ(filter.add("G"), "ENG");
  EXPECT_EQ(filter.add(" E"), " ");
  EXPECT_EQ(filter.add("ND of it"), "");
  EXPECT_TRUE(filter.found());
  EXPECT_EQ(filter.rest(), "");
  StopFilter open({"END"});
  EXPECT_EQ(open.add("the EN"), "the ");
  EXPECT_EQ(open.rest(), "EN");
  EXPECT_FALSE(open.found());
}

TEST(StopFilter, IsTheTextBeforeTheFirstStopHoweverItComes) {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "ab"[random() % 2];
    const std::vector<std::string> stops = {"abba", "bbb", "aab"};
    size_t end = text.size();
    for (const auto& stop : stops) end = std::min(end, text.find(stop));
    StopFilter filter(stops);
    std::string got;
    for (size_t at = 0; at < text.size() && !filter.found();) {
      const size_t size = 1 + random() % 4;
      got += filter.add(text.substr(at, size));
      at += size;
    }
    got += filter.rest();
    // A stop that ends later but begins earlier may have come in a later piece.
    EXPECT_TRUE(text.starts_with(got)) << text << " " << got;
    for (const auto& stop : stops) EXPECT_EQ(got.find(stop), std::string::npos) << text;
    EXPECT_EQ(filter.found(), end < text.size()) << text;
  }
}

TEST(Fields, AreReadOnceByKindAndRange) {
  Fields fields(Json::parse(
      R"({"n": 3, "x": 2.5, "word": "b", "on": true, "seed": 18446744073709551615, "gone": null, "left": 1})"));
  EXPECT_EQ(fields.whole("n", between(1, 4)), 3);
  EXPECT_EQ(fields.number("x", between(0, 4)), 2.5);
  EXPECT_EQ(fields.word("word", {"a", "b"}), "b");
  EXPECT_EQ(fields.flag("on"), true);
  EXPECT_EQ(fields.seed("seed"), UINT64_MAX);
  EXPECT_FALSE(fields.text("gone"));
  EXPECT_FALSE(fields.text("absent"));
  EXPECT_EQ(param_of([&] { fields.done(); }), "left");
}

TEST(Fields, NameWhatIsWrong) {
  const auto of = [](const char* json) { return Fields(Json::parse(json), "a."); };
  EXPECT_EQ(param_of([&] { of(R"({"n": 5})").whole("n", between(1, 4)); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": 18446744073709551615})").whole("n", at_least(0)); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": 1.0})").whole("n", between(1, 4)); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": "1"})").number("n", between(1, 4)); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": 1})").text("n"); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": -1})").seed("n"); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": 1})").flag("n"); }), "a.n");
  EXPECT_EQ(param_of([&] { of(R"({"n": "c"})").word("n", {"a", "b"}); }), "a.n");
  Fields form =
      Fields::of_form({{"n", "3"}, {"x", "1e1"}, {"on", "true"}, {"seed", "7"}, {"bad", "3x"}});
  EXPECT_EQ(form.whole("n", between(1, 4)), 3);
  EXPECT_EQ(form.number("x", between(1, 40)), 10);
  EXPECT_EQ(form.flag("on"), true);
  EXPECT_EQ(form.seed("seed"), 7);
  EXPECT_EQ(param_of([&] { form.whole("bad", between(1, 4)); }), "bad");
}

TEST(Fetch, PrivateAddressesAreKnown) {
  for (const char* address : {"127.0.0.1",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "0.0.0.0",
                              "100.64.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "198.18.0.1",
                              "::1",
                              "::",
                              "fe80::1",
                              "fc00::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "2001::1",
                              "not an address",
                              ""})
    EXPECT_FALSE(is_public_address(address)) << address;
  for (const char* address : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "11.0.0.1", "100.128.0.1",
                              "2606:4700::1111", "2a00:1450::1"})
    EXPECT_TRUE(is_public_address(address)) << address;
}

TEST(Metrics, CountUpToTheBucket) {
  Metrics metrics;
  metrics.count("showo:images_total", 2);
  metrics.observe("showo:image_seconds", 0.2);
  metrics.observe("showo:image_seconds", 1000);
  const std::string text = metrics.text({{"showo:connections", "Open.", 3}});
  for (const char* line :
       {"# TYPE showo:connections gauge\nshowo:connections 3\n", "showo:images_total 2\n",
        "showo:image_seconds_bucket{le=\"0.1\"} 0\n", "showo:image_seconds_bucket{le=\"0.3\"} 1\n",
        "showo:image_seconds_bucket{le=\"+Inf\"} 2\n", "showo:image_seconds_count 2\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  EXPECT_DOUBLE_EQ(metrics.mean("showo:image_seconds"), 500.1);
}

TEST(Watch, KeepsTheNewestStepAndAllTexts) {
  Watch watch;
  EXPECT_TRUE(watch.step(0, 1, {}));
  EXPECT_TRUE(watch.step(0, 2, {}));
  EXPECT_TRUE(watch.text(1, "a"));
  EXPECT_TRUE(watch.text(1, "b"));
  watch.finished(0);
  const auto news = watch.wait({});
  EXPECT_EQ(news.steps.at(0).step, 2);
  EXPECT_EQ(news.texts.at(1), "ab");
  EXPECT_EQ(news.finished, std::vector<size_t>{0});
  EXPECT_TRUE(watch.wait({}).empty());
  watch.leave();
  EXPECT_FALSE(watch.step(0, 3, {}));
}

// Whatever bytes come, they are read or refused by an ApiError.
TEST(Parsers, TakeAnyBytes) {
  const std::vector<std::string> seeds = {
      R"({"prompt": "a", "n": 1, "messages": [{"role": "user", "content": [{"type": "text", "text": "é"}]}]})",
      "[[[[",
      "{\"a\":1e400}",
      "\xef\xbb\xbf{}",
      "\"\\ud800\"",
      "{\"a\":\"\\u0000\"}"};
  std::mt19937 random(3);
  int read = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = seeds[random() % seeds.size()];
    for (unsigned i = 0; i < 1 + random() % 4 && !body.empty(); ++i) {
      const size_t at = random() % body.size();
      switch (random() % 3) {
        case 0:
          body[at] = static_cast<char>(random());
          break;
        case 1:
          body.erase(at, random() % 8);
          break;
        default:
          body.insert(at, body.substr(random() % body.size(), random() % 16));
      }
    }
    try {
      Fields fields(parse_body(body));
      fields.text("prompt");
      fields.whole("n", between(1, 4));
      fields.done();
      ++read;
    } catch (const ApiError& error) {
      EXPECT_EQ(error.status(), 400);
      EXPECT_NO_THROW(error.body().dump(-1, ' ', false, Json::error_handler_t::replace));
      ++refused;
    }
    from_base64(body);
  }
  EXPECT_GT(refused, 1000);
}

TEST(Parsers, RefuseDeepNesting) {
  EXPECT_THROW(parse_body(std::string(100'000, '[')), ApiError);
  EXPECT_THROW(parse_body("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"),
               ApiError);
}

TEST(Form, TakesTextsAndFiles) {
  httplib::Request request;
  request.set_header("Content-Type", "multipart/form-data; boundary=x");
  const auto add = [&](const char* name, const char* content, const char* file = "") {
    httplib::MultipartFormData part;
    part.name = name;
    part.content = content;
    part.filename = file;
    request.files.emplace(name, part);
  };
  add("prompt", "an apple");
  add("image", "1", "a.png");
  add("image[]", "2", "b.png");
  Form form(request);
  EXPECT_EQ(form.files({"image", "image[]"}), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(form.fields().text("prompt"), "an apple");
  form.done();
  add("photo", "3", "c.png");
  EXPECT_EQ(param_of([&] {
              Form more(request);
              more.files({"image", "image[]"});
              more.done();
            }),
            "photo");
  add("prompt", "again");
  EXPECT_EQ(param_of([&] { Form twice(request); }), "prompt");
}

}  // namespace
}  // namespace showo::server
