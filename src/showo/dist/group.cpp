#include "showo/dist/group.h"

#include <ATen/ATen.h>
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef SHOWO_CUDA
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <charconv>
#include <cstdlib>
#include <optional>

#include "showo/core/error.h"
#include "showo/dist/pulse.h"

namespace showo {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

int number(const char* name, const std::string& text, int most) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    fail("{}={}: expected a number from 0 to {}", name, text, most);
  return value;
}

int first_of(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names) {
    if (const auto text = variable(name)) return number(name, *text, 1 << 20);
  }
  return otherwise;
}

std::string needed(const char* name) {
  const auto value = variable(name);
  if (!value) fail("{} is not set; torchrun sets it, or give the first process's address", name);
  return *value;
}

// c10d's messages are a stack trace long: the first line says what happened.
template <class F>
auto guarded(int rank, const char* what, F&& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    const std::string text = error.what();
    fail("process {}: {} failed, another process may be gone: {}", rank, what,
         text.substr(0, text.find('\n')));
  }
}

c10::intrusive_ptr<c10d::Store> open_store(const std::string& address, int rank, int size,
                                           std::chrono::seconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(number("MASTER_PORT", needed("MASTER_PORT"), 65535));
  // torchrun's agent may be the server itself.
  options.isServer = rank == 0 && variable("TORCHELASTIC_USE_AGENT_STORE") != "True";
  options.numWorkers = size;
  options.timeout = timeout;
  options.waitWorkers = false;
  const std::string attempt = variable("TORCHELASTIC_RESTART_COUNT").value_or("0");
  return c10::make_intrusive<c10d::PrefixStore>(
      "showo/" + attempt, c10::make_intrusive<c10d::TCPStore>(address, options));
}

bool is_loopback(const std::string& address) {
  return address == "localhost" || address.starts_with("127.") || address == "::1";
}

c10::intrusive_ptr<c10d::Backend> open_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int size, c10::Device device,
                                               const std::string& address,
                                               std::chrono::milliseconds timeout) {
  if (device.is_cuda()) {
#ifdef SHOWO_CUDA
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
#else
    fail("this build has no NCCL, which several GPUs need: configure with -DSHOWO_CUDA=ON");
#endif
  }
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(is_loopback(address)
                                 ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                 : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}

}  // namespace

struct Group::Backend {
  c10::intrusive_ptr<c10d::Store> store;  // lives as long as the group: rank 0's is the server
  c10::intrusive_ptr<c10d::Backend> group, meeting;  // the latter of CPUs
  std::unique_ptr<Pulse> pulse;
};

Group::Group() = default;

Group Group::from_environment(c10::Device device, std::chrono::seconds timeout) {
  Group group;
  group.size_ = first_of({"WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE"}, 1);
  group.rank_ = first_of({"RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"}, 0);
  if (group.size_ < 1 || group.rank_ >= group.size_)
    fail("RANK={} WORLD_SIZE={}: expected a rank below the size", group.rank_, group.size_);
  if (group.size_ == 1) return group;
  const std::string address = needed("MASTER_ADDR");
  guarded(group.rank_, "meeting the other processes", [&] {
    auto store = open_store(address, group.rank_, group.size_, timeout);
    auto backend = open_backend(store, group.rank_, group.size_, device, address, timeout);
    auto meeting = device.is_cpu()
                       ? backend
                       : open_backend(c10::make_intrusive<c10d::PrefixStore>("cpu", store),
                                      group.rank_, group.size_, at::kCPU, address, timeout);
    auto pulse = std::make_unique<Pulse>(store->clone(), group.rank_, group.size_, timeout);
    group.backend_ = std::make_shared<Backend>(Backend{store, backend, meeting, std::move(pulse)});
    // Within the limit: from here on each has given a sign of life.
    group.backend_->meeting->barrier()->wait();
    group.backend_->pulse->start();
  });
  return group;
}

std::vector<double> Group::agree(std::vector<double> numbers) {
  if (size_ == 1) return numbers;
  auto sum = at::tensor(numbers, at::kDouble);
  std::vector<at::Tensor> tensors = {sum};
  c10d::AllreduceOptions options;
  options.timeout = std::chrono::hours(24 * 365);
  try {
    guarded(rank_, "waiting for the others", [&] {
      const auto work = backend_->meeting->allreduce(tensors, options);
      backend_->pulse->wait(*work);
    });
  } catch (...) {
    backend_->pulse->stop();
    // The sum cannot be called back, and whoever takes the group down waits for it: it stays.
    static std::vector<std::shared_ptr<Backend>>& kept = *new std::vector<std::shared_ptr<Backend>>;
    kept.push_back(backend_);
    throw;
  }
  return {sum.const_data_ptr<double>(), sum.const_data_ptr<double>() + sum.numel()};
}

std::function<void()> Group::begin_sum(const at::Tensor& tensor) {
  if (size_ == 1) return [] {};
  std::vector<at::Tensor> tensors = {tensor};
  auto work = guarded(rank_, "summing", [&] { return backend_->group->allreduce(tensors, {}); });
  return [work, tensor, rank = rank_] { guarded(rank, "summing", [&] { work->wait(); }); };
}

void Group::broadcast(at::Tensor& tensor, int root) {
  if (size_ == 1) return;
  guarded(rank_, "broadcasting", [&] {
    c10d::BroadcastOptions options;
    options.rootRank = root;
    std::vector<at::Tensor> tensors = {tensor};
    backend_->group->broadcast(tensors, options)->wait();
  });
}

int local_rank() {
  return first_of({"LOCAL_RANK", "SLURM_LOCALID", "OMPI_COMM_WORLD_LOCAL_RANK"}, 0);
}

}  // namespace showo
