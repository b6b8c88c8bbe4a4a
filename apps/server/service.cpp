#include "apps/server/service.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>

#include "apps/server/api_error.h"
#include "showo/image/decode.h"

namespace showo::server {
namespace {

std::span<const std::byte> bytes_of(const std::string& file) {
  return std::as_bytes(std::span(file.data(), file.size()));
}

std::string digest(const std::vector<std::string>& files) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const auto& file : files) {
    const uint64_t size = file.size();
    EVP_DigestUpdate(context.get(), &size, sizeof size);
    EVP_DigestUpdate(context.get(), file.data(), file.size());
  }
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(result.data()), &size);
  result.resize(size);
  return result;
}

// A decoder's error as a field's.
template <class Decode>
Image decoded(const std::string& field, const Decode& decode) {
  try {
    Image image = decode();
    image.name.clear();
    return image;
  } catch (const Error& error) {
    throw ApiError(400, error.what(), field, "invalid_image");
  }
}

}  // namespace

View Views::get(const Model& model, const std::vector<std::string>& files, const Limits& limits,
                Workshop& workshop, Metrics& metrics) {
  const std::string key = digest(files);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(views_, key, &std::pair<std::string, View>::first);
    if (found != views_.end()) {
      views_.splice(views_.begin(), views_, found);
      metrics.count("showo:views_total", 1, "cached=\"true\"");
      return found->second;
    }
  }
  metrics.count("showo:views_total", 1, "cached=\"false\"");
  std::vector<Image> pictures;
  for (const auto& file : files) {
    pictures.push_back(decoded(
        "messages", [&] { return decode_image(bytes_of(file), "image_url", limits.pixels); }));
  }
  const View view = workshop.make([&] { return model.view(pictures); });
  const std::lock_guard lock(mutex_);
  views_.emplace_front(key, view);
  if (views_.size() > kMost) views_.pop_back();
  return view;
}

int Service::retry_after() const {
  const EngineLoad load = model.load();
  const double each = metrics.mean("showo:request_seconds");
  const double seconds = each * static_cast<double>(load.waiting) /
                         static_cast<double>(std::max<int64_t>(1, load.running));
  return static_cast<int>(std::clamp(std::ceil(seconds), 1.0, 60.0));
}

void Service::check_model(const std::optional<std::string>& wanted) const {
  if (!wanted || *wanted == name || std::ranges::count(options.aliases, *wanted)) return;
  throw ApiError(404,
                 fmt::format("the model '{}' does not exist; this server has '{}'", *wanted, name),
                 "model", "model_not_found");
}

void Service::check_text(const std::string& text, const std::string& field) const {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw ApiError(400, field + " is empty", field);
  // No token has more bytes than that on average; what is far longer is not even counted.
  constexpr int64_t kBytesOfAToken = 64;
  const int64_t tokens = std::ssize(text) > limits.prompt_tokens * kBytesOfAToken
                             ? std::ssize(text)
                             : std::ssize(model.tokenize(text));
  if (tokens > limits.prompt_tokens) {
    throw ApiError(
        400,
        fmt::format("{} has more than {} tokens, which is the limit", field, limits.prompt_tokens),
        field, "context_length_exceeded");
  }
}

Image Service::picture(const std::string& file, const std::string& field) const {
  return decoded(field, [&] { return decode_image(bytes_of(file), field, limits.pixels); });
}

Image Service::mask(const std::string& file, const std::string& field, Marked marked) const {
  return decoded(field, [&] {
    decode_image(bytes_of(file), field, limits.pixels);  // is not larger than it may be
    return decode_mask(bytes_of(file), field, marked);
  });
}

}  // namespace showo::server
