#include "showo/nn/product.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "showo/core/device.h"
#include "showo/nn/few_rows.h"

namespace showo {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// oneDNN cuts odd counts of rows into blocks that may be far too small: 259, a published picture's,
// take 1.6 times as long as 260. → [rows, in], with a row more where that is faster.
constexpr int64_t kManyRows = 128;
Tensor even_rows(const Tensor& x) {
  const Tensor rows = x.reshape({-1, x.size(-1)});
  if (rows.size(0) < kManyRows || rows.size(0) % 2 == 0) return rows;
  return at::constant_pad_nd(rows, {0, 0, 0, 1});
}

// The operator that torch.compile takes for linear layers.
Tensor call_onednn(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                   Activation activation) {
  using Operator =
      Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
             c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto found = c10::Dispatcher::singleton()
                                .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                                .typed<Operator>();
  const bool gelu = activation == Activation::kGelu;
  return found.call(x, weight, bias, gelu ? "gelu" : "none", c10::List<std::optional<at::Scalar>>(),
                    gelu ? "tanh" : "");
}

Tensor by_onednn(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                 Activation activation) {
  const int64_t rows = x.numel() / x.size(-1);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return call_onednn(even_rows(x), weight, bias, activation).narrow(0, 0, rows).view(shape);
}

// Where at::linear is the slower way: without autocast, which is at::linear's alone.
bool takes(const Tensor& x, const Tensor& weight) {
  if (!x.is_cpu() || !at::globalContext().hasMKLDNN() || x.scalar_type() != weight.scalar_type() ||
      at::autocast::is_autocast_enabled(at::kCPU) || x.numel() == 0)
    return false;
  if (x.scalar_type() == torch::kBFloat16) return multiplies_bf16(torch::kCPU);
  return x.scalar_type() == torch::kFloat;
}

std::optional<Tensor> if_defined(const Tensor& bias) {
  return bias.defined() ? std::optional(bias) : std::nullopt;
}

struct Product : torch::autograd::Function<Product> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias) {
    at::AutoDispatchBelowAutograd below;
    ctx->save_for_backward({x, weight});
    ctx->saved_data["bias"] = bias.has_value();
    return by_onednn(x, weight, bias, Activation::kNone);
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const Tensor grad = grads[0].reshape({-1, weight.size(0)}), rows = x.reshape({-1, x.size(-1)});
    Tensor x_grad, weight_grad, bias_grad;
    if (ctx->needs_input_grad(0))
      x_grad = by_onednn(grad, weight.t(), {}, Activation::kNone).view(x.sizes());
    if (ctx->needs_input_grad(1))
      weight_grad = call_onednn(grad.t(), rows.t(), {}, Activation::kNone);
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)) bias_grad = grad.sum(0);
    return {x_grad, weight_grad, bias_grad};
  }
};

// cuBLAS applies gelu before the result is written, too.
Tensor gelu_by_cublas(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  const Tensor rows = x.reshape({-1, x.size(-1)});
  return at::_addmm_activation(bias, rows, weight.t(), 1, 1, /*use_gelu=*/true).view(shape);
}

}  // namespace

Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  const bool learns =
      torch::GradMode::is_enabled() &&
      (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
  const bool alone = !learns && !at::autocast::is_autocast_enabled(at::kCPU);
  if (alone && takes_few_rows(x, weight)) return few_rows_product(x, weight, bias, activation);
  if (!learns && takes(x, weight)) return by_onednn(x, weight, if_defined(bias), activation);
  const bool narrow = x.scalar_type() == torch::kBFloat16 || x.scalar_type() == torch::kHalf;
  if (!learns && x.is_cuda() && narrow && activation == Activation::kGelu && bias.defined() &&
      !at::autocast::is_autocast_enabled(at::kCUDA) && weight.scalar_type() == x.scalar_type())
    return gelu_by_cublas(x, weight, bias);
  const Tensor y = takes(x, weight) ? Product::apply(x, weight, if_defined(bias))
                                    : torch::linear(x, weight, bias);
  return activation == Activation::kGelu ? torch::gelu(y, "tanh") : y;
}

}  // namespace showo
