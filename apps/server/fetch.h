// Pictures by URL, which a server fetches only where it was told that it may.
#pragma once

#include <string>

#include "apps/server/service.h"

namespace showo::server {

/// The file behind a URL that begins with one of Options::allowed_urls. Its host's addresses must
/// all be public, and the one that was looked at is the one that is asked: neither a name that
/// changes its address nor a redirection leads elsewhere. Throws ApiError naming `field`.
std::string fetch(const Service& service, const std::string& url, const std::string& field);

/// Whether an address is one of the open internet: not this machine's, nor of a private network,
/// nor for anything special. Numeric, IPv4 or IPv6.
bool is_public_address(const std::string& address);

}  // namespace showo::server
