#include "apps/server/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>

#include "showo/core/error.h"

namespace showo::server {
namespace {

constexpr int kBacklog = 1024;

void use_file(int done, const std::string& path) {
  if (done == 1) return;
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  fail("{}: {}", path, text.data());
}

// A server of the same path that ended without removing it leaves a socket that nobody answers.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) fail("{}: is there, and is no socket", path);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  if (answered) fail("{}: another server listens there", path);
  ::unlink(path.c_str());
}

}  // namespace

Listener::Listener(const Options& options) : options_(options) {
  if (options.certificate.empty() != options.private_key.empty())
    throw UsageError("TLS needs both a certificate and a private key");
  if (!options.certificate.empty()) {
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(tls_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    use_file(SSL_CTX_use_certificate_chain_file(tls_.get(), options.certificate.c_str()),
             options.certificate);
    use_file(SSL_CTX_use_PrivateKey_file(tls_.get(), options.private_key.c_str(), SSL_FILETYPE_PEM),
             options.private_key);
    use_file(SSL_CTX_check_private_key(tls_.get()), options.private_key);
  }
  if (take_from_systemd()) return;
  if (options.unix_socket.empty()) {
    open_socket();
  } else {
    open_unix_socket();
  }
}

Listener::~Listener() {
  close();
  shut_down();
  wait(std::chrono::hours(1));
}

// sd_listen_fds(3): the first socket is file descriptor 3.
bool Listener::take_from_systemd() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (!pid || !count || std::to_string(::getpid()) != pid) return false;
  if (std::string_view(count) != "1") fail("LISTEN_FDS {}: expected one socket", count);
  socket_ = 3;
  ::fcntl(socket_, F_SETFD, FD_CLOEXEC);
  address_ = "systemd's socket";
  return true;
}

void Listener::open_socket() {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const std::string port = std::to_string(options_.port);
  if (const int error = ::getaddrinfo(options_.host.c_str(), port.c_str(), &wanted, &found))
    fail("host {}: {}", options_.host, ::gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  int error = 0;
  for (const addrinfo* at = found; at && socket_ < 0; at = at->ai_next) {
    const int made = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    const int on = 1;
    ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(made, at->ai_addr, at->ai_addrlen) == 0 && ::listen(made, kBacklog) == 0) {
      socket_ = made;
    } else {
      error = errno;
      ::close(made);
    }
  }
  if (socket_ < 0) fail("{} port {}: {}", options_.host, options_.port, std::strerror(error));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
  const int number =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                        : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  const bool brackets = options_.host.find(':') != std::string::npos;
  address_ = fmt::format("{}://{}:{}", tls_ ? "https" : "http",
                         brackets ? "[" + options_.host + "]" : options_.host, number);
}

void Listener::open_unix_socket() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = options_.unix_socket;
  if (path.size() >= sizeof address.sun_path)
    fail("{}: expected a path below {} bytes", path, sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  remove_stale(path, address);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const mode_t before = ::umask(0077);  // this user's alone
  const int bound = ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(socket_, kBacklog) != 0) fail("{}: {}", path, std::strerror(errno));
  address_ = "unix:" + path;
}

void Listener::close() {
  if (socket_ < 0) return;
  ::close(socket_);
  socket_ = -1;
  if (!options_.unix_socket.empty() && address_.starts_with("unix:"))
    ::unlink(options_.unix_socket.c_str());
}

void Listener::run(const std::function<bool()>& ends,
                   const std::function<void(Connection&)>& serve) {
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  while (!ends()) {
    pollfd entry{socket_, POLLIN, 0};
    if (::poll(&entry, 1, 100) > 0) accept_one(serve);
  }
}

void Listener::accept_one(const std::function<void(Connection&)>& serve) {
  const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) {
    // Out of file descriptors: those that wait are served when others have gone.
    if (errno == EMFILE || errno == ENFILE)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return;
  }
  const auto refuse = [&] {
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
        "Connection: close\r\nContent-Length: 105\r\n\r\n"
        R"({"error":{"message":"too many connections","type":"unavailable_error","param":null,"code":"connections"}})";
    if (!tls_ && ::send(socket, kFull.data(), kFull.size(), MSG_NOSIGNAL) > 0)
      ::shutdown(socket, SHUT_WR);
    ::close(socket);
  };
  {
    const std::lock_guard lock(mutex_);
    if (threads_ >= options_.limits.connections) return refuse();
    ++threads_;
  }
  const auto left = [this] {
    const std::lock_guard lock(mutex_);
    --threads_;
    changed_.notify_all();
  };
  try {
    std::thread([this, socket, serve, left] {
      {
        Connection connection(socket, tls_.get(), options_.limits);
        {
          const std::lock_guard lock(mutex_);
          open_.insert(&connection);
        }
        if (connection.shake_hands()) serve(connection);
        const std::lock_guard lock(mutex_);
        open_.erase(&connection);
      }
      left();
    }).detach();
  } catch (const std::system_error&) {  // no thread to be had
    refuse();
    left();
  }
}

bool Listener::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return threads_ == 0; });
}

void Listener::shut_down() {
  const std::lock_guard lock(mutex_);
  for (Connection* connection : open_) connection->shut_down();
}

int64_t Listener::connections() const {
  const std::lock_guard lock(mutex_);
  return threads_;
}

}  // namespace showo::server
