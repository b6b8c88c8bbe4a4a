#include "showo/nn/recompute.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <iterator>

namespace showo {
namespace {

using Layer = std::function<torch::Tensor(const torch::Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The backward pass of a GPU runs in a thread of its own, which does not know of autocast.
class SameAutocast {
 public:
  explicit SameAutocast(c10::DeviceType device)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        dtype_(at::autocast::get_autocast_dtype(device)) {}
  void set() const {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, dtype_);
  }
  c10::DeviceType device() const { return device_; }

 private:
  c10::DeviceType device_;
  bool enabled_;
  at::ScalarType dtype_;
};

// Autocast as it was in another place, while it lives. Its cache is off, as it would outlive this
// step's weights.
class Again {
 public:
  explicit Again(const SameAutocast& there)
      : before_(there.device()), cached_(at::autocast::is_autocast_cache_enabled()) {
    there.set();
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~Again() {
    at::autocast::set_autocast_cache_enabled(cached_);
    before_.set();
  }
  Again(const Again&) = delete;
  Again& operator=(const Again&) = delete;

 private:
  SameAutocast before_;
  bool cached_;
};

struct Kept : torch::CustomClassHolder {
  Kept(Layer layer, variable_list parameters, c10::DeviceType device)
      : layer(std::move(layer)), parameters(std::move(parameters)), autocast(device) {}
  Layer layer;
  variable_list parameters;
  SameAutocast autocast;
};

struct Recompute : torch::autograd::Function<Recompute> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const c10::intrusive_ptr<Kept>& kept,
                               at::TensorList /*parameters: so that autograd sees them*/) {
    context->save_for_backward({x});
    context->saved_data["kept"] = c10::IValue::make_capsule(kept);
    // As a layer whose activations are kept computes it, to the bit: without gradients other kernels
    // would take its place.
    const torch::AutoGradMode with_gradients(true);
    return kept->layer(x.detach().requires_grad_()).detach();
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept =
        c10::static_intrusive_pointer_cast<Kept>(context->saved_data["kept"].toCapsule());
    const auto x = context->get_saved_variables()[0].detach().requires_grad_();
    const torch::AutoGradMode with_gradients(true);
    const auto y = [&] {
      const Again autocast(kept->autocast);
      return kept->layer(x);
    }();
    variable_list inputs = {x};  // frozen parameters have no gradient
    std::ranges::copy_if(kept->parameters, std::back_inserter(inputs),
                         [](const torch::Tensor& p) { return p.requires_grad(); });
    const auto found = torch::autograd::grad({y}, inputs, {gradients[0]}, /*retain_graph=*/false,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    variable_list results = {found[0], torch::Tensor()};  // of x, and of the layer itself
    size_t next = 1;
    for (const auto& parameter : kept->parameters)
      results.push_back(parameter.requires_grad() ? found[next++] : torch::Tensor());
    return results;
  }
};

}  // namespace

torch::Tensor recompute(Layer layer, const torch::Tensor& x,
                        const std::vector<torch::Tensor>& parameters) {
  if (!torch::GradMode::is_enabled()) return layer(x);
  auto kept = c10::make_intrusive<Kept>(std::move(layer), parameters, x.device().type());
  return Recompute::apply(x, kept, at::TensorList(parameters));
}

}  // namespace showo
