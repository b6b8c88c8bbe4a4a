#include "apps/server/fetch.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>

#include <array>

#include "apps/server/api_error.h"

namespace showo::server {
namespace {

struct Block {
  const char* address;
  int bits;
};

// IANA's special-purpose registries.
constexpr std::array kSpecial4 = {
    Block{"0.0.0.0", 8},      Block{"10.0.0.0", 8},     Block{"100.64.0.0", 10},
    Block{"127.0.0.0", 8},    Block{"169.254.0.0", 16}, Block{"172.16.0.0", 12},
    Block{"192.0.0.0", 24},   Block{"192.0.2.0", 24},   Block{"192.88.99.0", 24},
    Block{"192.168.0.0", 16}, Block{"198.18.0.0", 15},  Block{"198.51.100.0", 24},
    Block{"203.0.113.0", 24}, Block{"224.0.0.0", 4},    Block{"240.0.0.0", 4}};
constexpr std::array kPublic6 = {Block{"2000::", 3}};
constexpr std::array kSpecial6 = {Block{"2001::", 23}, Block{"2001:db8::", 32}, Block{"2002::", 16},
                                  Block{"3fff::", 20}};

template <size_t N>
bool inside(const std::array<uint8_t, N>& address, int family, const Block& block) {
  std::array<uint8_t, N> network{};
  ::inet_pton(family, block.address, network.data());
  for (int bit = 0; bit < block.bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((address[bit / 8] & mask) != (network[bit / 8] & mask)) return false;
  }
  return true;
}

struct Url {
  std::string scheme, host, path;
  int port;
};

// Of an absolute URL without a user's name.
Url split(const std::string& url, const std::string& field) {
  const auto wrong = [&] {
    return ApiError(400, field + ": not a URL that can be fetched", field);
  };
  Url result;
  const size_t colon = url.find("://");
  if (colon == std::string::npos) throw wrong();
  result.scheme = url.substr(0, colon);
  if (result.scheme != "http" && result.scheme != "https") throw wrong();
  const size_t begin = colon + 3, slash = std::min(url.find_first_of("/?#", begin), url.size());
  std::string authority = url.substr(begin, slash - begin);
  result.path = url.substr(slash, url.find('#', slash) - slash);
  if (!result.path.starts_with('/')) result.path.insert(0, "/");
  if (authority.empty() || authority.find_first_of("@[]\\") != std::string::npos ||
      url.find_first_of(" \t\r\n") != std::string::npos)
    throw wrong();
  result.port = result.scheme == "https" ? 443 : 80;
  if (const size_t at = authority.find(':'); at != std::string::npos) {
    result.port = std::atoi(authority.c_str() + at + 1);
    authority.resize(at);
  }
  result.host = authority;
  return result;
}

// The address to ask. Throws unless all that the name has are public.
std::string public_address(const Url& url, const std::string& field) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(url.host.c_str(), nullptr, &wanted, &found) != 0)
    throw ApiError(400, fmt::format("{}: no such host: {}", field, url.host), field);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::string first;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    ::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST);
    if (!is_public_address(text.data()))
      throw ApiError(400, fmt::format("{}: {} is no public address", field, url.host), field,
                     "url_not_allowed");
    if (first.empty()) first = text.data();
  }
  return first;
}

}  // namespace

bool is_public_address(const std::string& address) {
  std::array<uint8_t, 4> four{};
  std::array<uint8_t, 16> six{};
  if (::inet_pton(AF_INET, address.c_str(), four.data()) == 1) {
    return std::ranges::none_of(kSpecial4,
                                [&](const Block& block) { return inside(four, AF_INET, block); });
  }
  if (::inet_pton(AF_INET6, address.c_str(), six.data()) != 1) return false;
  const auto is_in = [&](const Block& block) { return inside(six, AF_INET6, block); };
  return std::ranges::any_of(kPublic6, is_in) && std::ranges::none_of(kSpecial6, is_in);
}

std::string fetch(const Service& service, const std::string& url, const std::string& field) {
  const auto& allowed = service.options.allowed_urls;
  if (std::ranges::none_of(allowed, [&](const auto& prefix) { return url.starts_with(prefix); })) {
    throw ApiError(400,
                   field + ": URLs are not fetched here; send the picture as data:image/…;base64,…",
                   field, "url_not_allowed");
  }
  const Url parts = split(url, field);
  httplib::Client client(fmt::format("{}://{}:{}", parts.scheme, parts.host, parts.port));
  client.set_hostname_addr_map({{parts.host, public_address(parts, field)}});
  client.set_follow_location(false);
  client.set_connection_timeout(5);
  client.set_read_timeout(10);
  client.enable_server_certificate_verification(true);
  std::string file;
  const auto most = static_cast<size_t>(service.limits.body_bytes);
  const auto result = client.Get(parts.path, [&](const char* data, size_t size) {
    file.append(data, size);
    return file.size() <= most;
  });
  if (file.size() > most)
    throw ApiError(400, fmt::format("{}: has more than {} bytes", field, most), field);
  if (!result || result->status != 200) {
    const std::string why =
        result ? fmt::format("answers {}", result->status) : httplib::to_string(result.error());
    throw ApiError(400, fmt::format("{}: could not be fetched: {}", field, why), field);
  }
  return file;
}

}  // namespace showo::server
