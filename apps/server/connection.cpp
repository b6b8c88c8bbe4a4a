#include "apps/server/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace showo::server {
namespace {

// The request line, headers and what frames a body, beside the body itself.
constexpr int64_t kHeadBytes = 64 << 10;
constexpr size_t kBuffer = 16 << 10;
constexpr auto kTaking =
    std::chrono::seconds(30);  // a peer that takes nothing for so long has gone
constexpr auto kLook = std::chrono::milliseconds(100);  // at what may end a wait

thread_local Connection* current_connection = nullptr;

void address_of(const sockaddr_storage& address, socklen_t size, std::string& ip, int& port) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  if (address.ss_family == AF_UNIX ||
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(),
                    service.data(), service.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    ip = "local";
    port = 0;
    return;
  }
  ip = host.data();
  port = std::atoi(service.data());
}

}  // namespace

Connection::Connection(int socket, SSL_CTX* tls, const Limits& limits)
    : socket_(socket), limits_(limits), tls_(tls ? SSL_new(tls) : nullptr, SSL_free) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls_) SSL_set_fd(tls_.get(), socket_);
  current_connection = this;
}

Connection::~Connection() {
  if (tls_ && !failed_) SSL_shutdown(tls_.get());
  current_connection = nullptr;
  tls_.reset();
  ::close(socket_);
}

Connection* Connection::current() { return current_connection; }

bool Connection::wait(Wants wants, Clock::time_point until) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd entry{socket_, static_cast<int16_t>(wants == Wants::kRead ? POLLIN : POLLOUT), 0};
  return ::poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30))) > 0;
}

bool Connection::shake_hands() {
  if (!tls_) return true;
  const auto until = Clock::now() + std::chrono::seconds(10);
  while (true) {
    ERR_clear_error();
    const int done = SSL_accept(tls_.get());
    if (done == 1) return true;
    const int why = SSL_get_error(tls_.get(), done);
    const bool again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    if (!again || !wait(why == SSL_ERROR_WANT_READ ? Wants::kRead : Wants::kWrite, until)) {
      failed_ = true;
      return false;
    }
  }
}

bool Connection::wait_for_request(const std::atomic<bool>& ends) {
  const auto until = Clock::now() + std::chrono::seconds(limits_.idle_seconds);
  received_ = 0;
  late_ = overrun_ = false;
  in_head_ = true;
  bool there = at_ < buffer_.size() || (tls_ && SSL_pending(tls_.get()) > 0);
  while (!there && !ends && Clock::now() < until)
    there = wait(Wants::kRead, std::min(until, Clock::now() + kLook));
  until_ = Clock::now() + std::chrono::seconds(limits_.receive_seconds);
  return there && !ends;
}

bool Connection::gone() const {
  pollfd entry{socket_, POLLRDHUP, 0};
  return failed_ || ::poll(&entry, 1, 0) > 0;
}

void Connection::shut_down() { ::shutdown(socket_, SHUT_RDWR); }

void Connection::linger() {
  if (tls_ || failed_) return;
  ::shutdown(socket_, SHUT_WR);
  const auto until = Clock::now() + std::chrono::seconds(2);
  std::array<char, kBuffer> dropped{};
  for (int i = 0; i < 256 && receive(dropped.data(), dropped.size(), until) > 0; ++i) continue;
}

bool Connection::is_readable() const {
  return at_ < buffer_.size() || wait(Wants::kRead, Clock::now());
}

// Sockets do not block: without data it waits for them, until then.
ssize_t Connection::receive(char* into, size_t size, Clock::time_point until) {
  while (true) {
    ERR_clear_error();
    const ssize_t count =
        tls_ ? SSL_read(tls_.get(), into, static_cast<int>(size)) : ::recv(socket_, into, size, 0);
    if (count > 0) return count;
    Wants wants = Wants::kRead;
    if (tls_) {
      const int why = SSL_get_error(tls_.get(), static_cast<int>(count));
      if (why == SSL_ERROR_WANT_WRITE)
        wants = Wants::kWrite;
      else if (why != SSL_ERROR_WANT_READ)
        break;
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      break;
    }
    if (!wait(wants, until)) {
      late_ = true;
      return -1;
    }
  }
  failed_ = true;
  return 0;
}

ssize_t Connection::read(char* into, size_t size) {
  if (at_ == buffer_.size()) {
    const int64_t room = kHeadBytes + (in_head_ ? 0 : limits_.body_bytes) - received_;
    overrun_ = room <= 0;
    if (overrun_ || Clock::now() >= until_) {
      late_ = !overrun_;
      close_after();
      return -1;
    }
    buffer_.resize(std::min<size_t>(kBuffer, static_cast<size_t>(room)));
    at_ = 0;
    const ssize_t count = receive(buffer_.data(), buffer_.size(), until_);
    buffer_.resize(std::max<ssize_t>(count, 0));
    if (count <= 0) {
      close_after();
      return count;
    }
    received_ += count;
  }
  const size_t count = std::min(size, buffer_.size() - at_);
  std::copy_n(buffer_.data() + at_, count, into);
  at_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::send_some(const char* from, size_t size) {
  ERR_clear_error();
  if (!tls_) return ::send(socket_, from, size, MSG_NOSIGNAL);
  return SSL_write(tls_.get(), from, static_cast<int>(std::min<size_t>(size, 1 << 20)));
}

ssize_t Connection::write(const char* from, size_t size) {
  const auto begun = Clock::now(), last = begun + std::chrono::seconds(limits_.request_seconds);
  auto until = begun + kTaking;
  size_t sent = 0;
  while (sent < size && !failed_) {
    const ssize_t count = send_some(from + sent, size - sent);
    if (count > 0) {
      sent += static_cast<size_t>(count);
      until = std::min(last, Clock::now() + kTaking);
      continue;
    }
    Wants wants = Wants::kWrite;
    bool again = errno == EAGAIN || errno == EINTR;
    if (tls_) {
      const int why = SSL_get_error(tls_.get(), static_cast<int>(count));
      again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
      if (why == SSL_ERROR_WANT_READ) wants = Wants::kRead;
    }
    failed_ = !again || !wait(wants, until);
  }
  return failed_ ? -1 : static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    address.ss_family = AF_UNIX;
  address_of(address, size, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    address.ss_family = AF_UNIX;
  address_of(address, size, ip, port);
}

}  // namespace showo::server
