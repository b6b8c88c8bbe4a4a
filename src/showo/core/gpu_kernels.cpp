#include "showo/core/gpu_kernels.h"

#include <c10/util/Exception.h>

#ifdef SHOWO_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <dlfcn.h>
#include <spdlog/spdlog.h>

#include <map>
#include <mutex>
#include <vector>

#include "showo/core/error.h"
#endif

namespace showo {

#ifdef SHOWO_CUDA

namespace {

// NVRTC's and the driver's functions. LibTorch's own stub library depends on both, so that they are
// found through it wherever pip has put them.
class Driver {
 public:
  static const Driver& get() {
    static const Driver driver;
    return driver;
  }
  template <class... Args>
  void call(const char* name, Args... args) const {
    auto* function = reinterpret_cast<int (*)(Args...)>(::dlsym(library_, name));
    if (!function) fail("{} is missing", name);
    if (const int status = function(args...)) fail("{} failed with {}", name, status);
  }

 private:
  Driver() : library_(::dlopen("libcaffe2_nvrtc.so", RTLD_NOW)) {
    if (!library_) fail("{}", ::dlerror());
  }
  void* library_;
};

std::string compile(const std::string& source, int device) {
  const auto& driver = Driver::get();
  cudaDeviceProp properties{};
  C10_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  const std::string target = fmt::format("-arch=sm_{}{}", properties.major, properties.minor);
  const char* options[] = {target.c_str(), "-std=c++17"};
  void* program = nullptr;
  driver.call("nvrtcCreateProgram", &program, source.c_str(), "showo.cu", 0,
              static_cast<const char* const*>(nullptr), static_cast<const char* const*>(nullptr));
  try {
    driver.call("nvrtcCompileProgram", program, 2, static_cast<const char* const*>(options));
    size_t size = 0;
    driver.call("nvrtcGetCUBINSize", program, &size);
    std::string code(size, '\0');
    driver.call("nvrtcGetCUBIN", program, code.data());
    driver.call("nvrtcDestroyProgram", &program);
    return code;
  } catch (const Error&) {
    size_t size = 0;
    driver.call("nvrtcGetProgramLogSize", program, &size);
    std::string log(size, '\0');
    driver.call("nvrtcGetProgramLog", program, log.data());
    fail("the kernels do not compile: {}", log);
  }
}

}  // namespace

struct GpuKernels::Compiled {
  std::mutex mutex;
  std::map<int, void*> modules;  // by device; null where they cannot be used
  std::map<std::pair<int, std::string>, void*> functions;

  void* module_on(int device, const std::string& source) {
    const std::lock_guard lock(mutex);
    if (const auto found = modules.find(device); found != modules.end()) return found->second;
    void*& module = modules[device] = nullptr;
    try {
      const c10::cuda::CUDAGuard on(static_cast<c10::DeviceIndex>(device));
      const std::string code = compile(source, device);
      Driver::get().call("cuModuleLoadData", &module, static_cast<const void*>(code.data()));
    } catch (const std::exception& error) {
      module = nullptr;
      spdlog::warn("GPU kernels of LibTorch alone, which is slower: {}", one_line(error.what()));
    }
    return module;
  }
  void* function_on(int device, const char* name, const std::string& source) {
    void* module = module_on(device, source);
    const std::lock_guard lock(mutex);
    void*& function = functions[{device, name}];
    if (!function) Driver::get().call("cuModuleGetFunction", &function, module, name);
    return function;
  }
};

bool GpuKernels::usable(c10::Device device) {
  return device.is_cuda() && compiled_->module_on(device.index(), source_) != nullptr;
}

void GpuKernels::launch(const char* name, c10::Device device, int64_t blocks, int64_t threads,
                        void** arguments) {
  const c10::cuda::CUDAGuard on(device);
  void* function = compiled_->function_on(device.index(), name, source_);
  void* stream = c10::cuda::getCurrentCUDAStream(device.index()).stream();
  Driver::get().call("cuLaunchKernel", function, static_cast<unsigned>(blocks), 1u, 1u,
                     static_cast<unsigned>(threads), 1u, 1u, 0u, stream, arguments,
                     static_cast<void**>(nullptr));
}

#else

struct GpuKernels::Compiled {};
bool GpuKernels::usable(c10::Device) { return false; }
void GpuKernels::launch(const char*, c10::Device, int64_t, int64_t, void**) {
  TORCH_CHECK(false, "this build has no CUDA");
}

#endif

GpuKernels::GpuKernels(std::string source)
    : source_(std::move(source)), compiled_(std::make_unique<Compiled>()) {}
GpuKernels::~GpuKernels() = default;

}  // namespace showo
