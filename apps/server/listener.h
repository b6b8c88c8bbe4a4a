// Where clients connect: a port, a Unix socket, or the socket that systemd hands over. Every
// connection has a thread of its own, up to a limit; those beyond it are answered 503.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "apps/server/connection.h"

namespace showo::server {

class Listener {
 public:
  /// Listens from now on. Throws Error naming the address, certificate or key.
  explicit Listener(const Options& options);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// "http://127.0.0.1:8080", "https://…" or "unix:/path".
  const std::string& address() const { return address_; }
  /// Accepts until `ends` says so; `serve` answers a connection's requests.
  void run(const std::function<bool()>& ends, const std::function<void(Connection&)>& serve);
  /// Takes no more.
  void close();
  /// Waits for the connections that are there, at most so long. False: some are left.
  bool wait(std::chrono::milliseconds most);
  /// Ends those that are left.
  void shut_down();
  int64_t connections() const;

 private:
  void open_socket();
  void open_unix_socket();
  bool take_from_systemd();
  void accept_one(const std::function<void(Connection&)>& serve);

  const Options options_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_{nullptr, SSL_CTX_free};
  int socket_ = -1;
  std::string address_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Connection*> open_;
  int64_t threads_ = 0;
};

}  // namespace showo::server
