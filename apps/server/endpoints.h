// What the server answers, a file each.
#pragma once

#include <httplib.h>

#include "apps/server/exchange.h"

namespace showo::server {

// POST
void generate_pictures(Exchange& exchange, const httplib::Request& request,
                       httplib::Response& response);
void edit_picture(Exchange& exchange, const httplib::Request& request, httplib::Response& response);
void complete_chat(Exchange& exchange, const httplib::Request& request,
                   httplib::Response& response);

// GET
void list_models(Service& service, const httplib::Request& request, httplib::Response& response);
void tell_health(Service& service, httplib::Response& response);
void tell_metrics(Service& service, int64_t connections, httplib::Response& response);
void tell_capabilities(Service& service, httplib::Response& response);
/// openapi.json, with this server's model and limits.
void tell_interface(const Service& service, std::string_view description,
                    httplib::Response& response);

}  // namespace showo::server
