#include "showo/nn/recompute.h"

#include <ATen/autocast_mode.h>

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
  template <class F>
  auto run(F&& call) const {
    const SameAutocast before(device_);
    // Its cache would outlive this step's weights.
    const bool cached = at::autocast::is_autocast_cache_enabled();
    set();
    at::autocast::set_autocast_cache_enabled(false);
    auto result = call();
    at::autocast::set_autocast_cache_enabled(cached);
    before.set();
    return result;
  }

 private:
  void set() const {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, dtype_);
  }
  c10::DeviceType device_;
  bool enabled_;
  at::ScalarType dtype_;
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
    return kept->layer(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept =
        c10::static_intrusive_pointer_cast<Kept>(context->saved_data["kept"].toCapsule());
    const auto x = context->get_saved_variables()[0].detach().requires_grad_();
    const torch::AutoGradMode with_gradients(true);
    const auto y = kept->autocast.run([&] { return kept->layer(x); });
    variable_list inputs = {x};
    inputs.insert(inputs.end(), kept->parameters.begin(), kept->parameters.end());
    auto results = torch::autograd::grad({y}, inputs, {gradients[0]}, /*retain_graph=*/false,
                                         /*create_graph=*/false, /*allow_unused=*/true);
    results.insert(results.begin() + 1, torch::Tensor());  // the layer itself
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
