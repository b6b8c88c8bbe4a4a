// Attention as every model here uses it: who may see whom is told, never decided; keys and values
// may be cached. B rows, H heads, T tokens of this call, S tokens seen so far, D head size.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace showo {

using torch::Tensor;

/// Rotary position embedding (RoFormer) on the first `rotary` of D dimensions, in phi's layout: a
/// dimension is paired with the one rotary/2 further on.
struct Rope {
  Tensor cos_B1TR, sin_B1TR;
  /// positions int64 [B, T].
  Rope(const Tensor& positions_BT, int64_t rotary, double base);
  Tensor rotate(const Tensor& x_BHTD) const;
};

/// Who may see whom: everything, what came before, or a bool matrix [B or 1, 1, T, S].
struct Visible {
  enum class Kind { kAll, kCausal, kMatrix } kind = Kind::kAll;
  Tensor matrix;
  static Visible all() { return {Kind::kAll, {}}; }
  static Visible causal() { return {Kind::kCausal, {}}; }
  static Visible only(Tensor allowed) { return {Kind::kMatrix, std::move(allowed)}; }
};

/// softmax(q·kᵀ/√D)·v → [B, H, T, D]. Causal with T < S: the T queries are the last of S.
Tensor attend(const Tensor& q_BHTD, const Tensor& k_BHSD, const Tensor& v_BHSD,
              const Visible& visible);

/// Keys and values of what was already read, one pair a layer. Copying it is cheap and makes an
/// independent cache: tensors are replaced, never written to.
class KvCache {
 public:
  explicit KvCache(int64_t layers) : keys_(layers), values_(layers) {}
  /// Appends this call's keys and values and returns all of them.
  std::pair<Tensor, Tensor> append(int64_t layer, const Tensor& k_BHTD, const Tensor& v_BHTD);
  int64_t length() const { return keys_[0].defined() ? keys_[0].size(2) : 0; }
  /// Forgets all but the first `length` tokens.
  void truncate(int64_t length);

 private:
  std::vector<Tensor> keys_, values_;
};

}  // namespace showo
