// One connection: what httplib reads from and writes to. It has its own limits – a request has so
// many bytes and seconds to come whole, an answer so many to be taken –, and tells whether the peer
// is still there, which a request that computes asks between steps.
#pragma once

#include <httplib.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "apps/server/options.h"

namespace showo::server {

class Connection : public httplib::Stream {
 public:
  /// Takes the socket; `tls` may be null.
  Connection(int socket, SSL_CTX* tls, const Limits& limits);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Of the thread that answers its requests.
  static Connection* current();

  /// For TLS; false: it failed.
  bool shake_hands();
  /// Waits for the first byte of a request. False: none came, or `ends` was set.
  bool wait_for_request(const std::atomic<bool>& ends);
  /// The peer has closed it, or it is broken.
  bool gone() const;
  /// After the answer it is closed, as what the peer sends is not read to its end.
  void close_after() { closes_ = true; }
  bool closes() const { return closes_ || failed_; }
  /// The request's head has come: what comes now is its body.
  void expect_body() { in_head_ = false; }
  bool in_head() const { return in_head_; }
  /// More came than any request may have.
  bool overrun() const { return overrun_; }
  /// The time to receive is over.
  bool late() const { return late_; }
  /// Ends whatever waits on it, from another thread.
  void shut_down();
  /// Lets an answer reach a peer that still sends: what it sends is read and dropped for a moment.
  void linger();

  bool is_readable() const override;
  bool is_writable() const override { return !failed_ && !gone(); }
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Wants { kRead, kWrite };
  bool wait(Wants wants, Clock::time_point until) const;
  ssize_t receive(char* into, size_t size, Clock::time_point until);
  ssize_t send_some(const char* from, size_t size);

  int socket_;
  Limits limits_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::string buffer_;  // received, not read yet
  size_t at_ = 0;
  int64_t received_ = 0;  // of this request
  Clock::time_point until_;
  bool in_head_ = true;
  bool closes_ = false, failed_ = false, overrun_ = false, late_ = false;
};

}  // namespace showo::server
