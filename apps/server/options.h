// How a server is set up; every field is a flag of `showo serve`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "showo/range.h"

namespace showo::server {

/// What one request, and all of them together, may ask for. Shown in /v1/capabilities.
struct Limits {
  int64_t body_bytes = 32 << 20;
  int64_t pixels = 16'000'000;
  int64_t prompt_tokens = 4096;
  int64_t max_tokens = 4096;
  int n = 10;
  int steps = 128;
  int pictures = 8;
  int64_t queue = 256;
  int64_t request_seconds = 600, receive_seconds = 60, idle_seconds = 75;
  int64_t connections = 1100;
  int64_t body_memory = 512 << 20;
  template <class V>
  void visit(V& v) {
    v(body_bytes, "body_bytes", "bytes of a request's body", between(1024, int64_t{1} << 34));
    v(pixels, "pixels", "pixels of a picture that is sent, looked at before it is decoded",
      between(1, 1'000'000'000));
    v(prompt_tokens, "prompt_tokens", "tokens of a text that is sent", between(1, 1 << 20));
    v(max_tokens, "max_tokens", "tokens of an answer", between(1, 100'000));
    v(n, "n", "pictures or answers of a request", between(1, 128));
    v(steps, "steps", "unmasking steps of a picture", between(1, 1 << 16));
    v(pictures, "pictures", "pictures that a chat is about", between(1, 64));
    v(queue, "queue", "jobs that may wait; more are answered 429", between(1, 1'000'000));
    v(request_seconds, "request_seconds", "from a request's arrival to the end of its answer",
      between(1, 86'400));
    v(receive_seconds, "receive_seconds", "in which a request must have come whole",
      between(1, 86'400));
    v(idle_seconds, "idle_seconds", "that a connection is kept without a request",
      between(1, 86'400));
    v(connections, "connections", "open at once; more are answered 503", between(1, 60'000));
    v(body_memory, "body_memory", "bytes of all bodies that are being received or worked on",
      between(1 << 20, int64_t{1} << 40));
  }
};

struct Options {
  std::string host = "127.0.0.1";
  int port = 8080;
  std::string unix_socket, api_key_file, certificate, private_key;
  std::vector<std::string> aliases, allowed_hosts, cors, allowed_urls;
  bool trust_forwarded = false, log_prompts = false;
  int grace = 30, workers = 1;
  Limits limits;
  template <class V>
  void visit(V& v) {
    v(host, "host", "address to listen at; the default is reached from this machine alone");
    v(port, "port", "0: any free one", between(0, 65'535));
    v(aliases, "alias", "another name that clients may give the model, once for each");
    v(allowed_hosts, "allow_host",
      "another name of this server that a Host header may have, once for each; *: any");
    v(cors, "cors", "origin whose pages may use this server (https://example.org), once for each");
    v(allowed_urls, "allow_url",
      "what URLs of pictures must begin with to be fetched, once for each; without it none is");
    v(unix_socket, "unix_socket", "listen at this path instead of a port");
    v(api_key_file, "api_key_file",
      "file of keys, one a line, of which every request must bring one (Authorization: Bearer)");
    v(certificate, "certificate", "PEM file, for TLS");
    v(private_key, "private_key", "PEM file, for TLS");
    v(trust_forwarded, "trust_forwarded",
      "behind a proxy: clients are told apart by X-Forwarded-For, as the proxy set it");
    v(log_prompts, "log_prompts", "write what is asked for into the log");
    v(grace, "grace", "seconds that running requests have when the server is told to end",
      between(0, 86'400));
    v(workers, "workers", "threads that read and write pictures beside the engine",
      between(1, 256));
    v(limits, "limit", "of requests");
  }
};

}  // namespace showo::server
