#include "showo/dist/group.h"

#include <ATen/ATen.h>
#include <c10/util/Logging.h>
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef SHOWO_CUDA
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <algorithm>
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

// Who started the processes of a job, by the variables that only it sets: torchrun and its kin (or
// a user), srun, Open MPI's mpirun, MPICH's and Intel's. SLURM_NTASKS is not among them: it says
// what was allocated, and a batch script or a shell inside an allocation is one process all the
// same.
struct Launcher {
  const char *size, *rank, *local;
};
constexpr Launcher kLaunchers[] = {
    {"WORLD_SIZE", "RANK", "LOCAL_RANK"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_LOCALID"},
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID"},
};

constexpr int kMostProcesses = 1 << 20;

// What the variables say; the first launcher that gives a size is believed.
struct Place {
  int size = 1, rank = 0, local = 0;
  std::string said_by;  // "WORLD_SIZE=4"; empty where nothing says so
};

std::optional<int> number_in(const char* name) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  return number(name, *text, kMostProcesses);
}

// Scripts give WORLD_SIZE and leave the ranks to srun or mpirun, which must mean the same
// processes.
std::optional<Launcher> ranks_of(const Launcher& sized, int size) {
  for (const Launcher& launcher : kLaunchers) {
    const bool same = launcher.size == sized.size || number_in(launcher.size) == size;
    if (same && variable(launcher.rank)) return launcher;
  }
  return std::nullopt;
}

Place place_in_job() {
  Place place;
  const auto* sized = std::ranges::find_if(
      kLaunchers, [](const Launcher& launcher) { return variable(launcher.size).has_value(); });
  if (sized == std::end(kLaunchers)) {
    place.rank = number_in("RANK").value_or(0);
    place.local = number_in("LOCAL_RANK").value_or(0);
    if (place.rank > 0) fail("RANK={}, but WORLD_SIZE is not set", place.rank);
    return place;
  }
  place.size = *number_in(sized->size);
  place.said_by = fmt::format("{}={}", sized->size, place.size);
  const auto ranks = ranks_of(*sized, place.size);
  if (!ranks && place.size > 1)
    fail("{}, but {} is not set; unset {} to train alone", place.said_by, sized->rank, sized->size);
  if (ranks) {
    place.rank = number_in(ranks->rank).value_or(0);
    place.local = number_in(ranks->local).value_or(0);
    if (place.rank >= place.size)
      fail("{}={} {}: expected a rank below the size", ranks->rank, place.rank, place.said_by);
  }
  if (place.size < 1) fail("{}: expected at least 1", place.said_by);
  return place;
}

// The variables of a launcher are inherited by all that its processes start.
std::string needed(const char* name, const Place& place) {
  const auto value = variable(name);
  if (value) return *value;
  fail(
      "{}: {} processes train together, but {} is not set: give the first process's address, as "
      "torchrun does, or WORLD_SIZE=1 to train alone",
      place.said_by, place.size, name);
}

// A lost connection is said by this program, in one line; c10d's threads would say it too, each by
// a stack trace. Whoever asks for its log by the variable that it knows gets it all.
void quiet_warnings_of_c10d() {
  constexpr int kErrors = 2;
  if (!variable("TORCH_CPP_LOG_LEVEL"))
    FLAGS_caffe2_log_level = std::max(FLAGS_caffe2_log_level, kErrors);
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

c10::intrusive_ptr<c10d::Store> open_store(const std::string& address, int port, const Place& place,
                                           std::chrono::seconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(port);
  // torchrun's agent may be the server itself.
  options.isServer = place.rank == 0 && variable("TORCHELASTIC_USE_AGENT_STORE") != "True";
  options.numWorkers = place.size;
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
  const Place place = place_in_job();
  group.size_ = place.size;
  group.rank_ = place.rank;
  if (group.size_ == 1) return group;
  quiet_warnings_of_c10d();
  const std::string address = needed("MASTER_ADDR", place);
  const int port = number("MASTER_PORT", needed("MASTER_PORT", place), 65535);
  const std::string what = fmt::format("meeting the other processes ({})", place.said_by);
  guarded(group.rank_, what.c_str(), [&] {
    auto store = open_store(address, port, place, timeout);
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

int local_rank() { return place_in_job().local; }

}  // namespace showo
