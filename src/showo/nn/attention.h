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

/// Keys and values of what was already read, one pair a layer, in buffers that have room to grow.
/// Copying it is cheap and makes an independent cache: a shared buffer is copied when one of its
/// holders appends.
class KvCache {
 public:
  explicit KvCache(int64_t layers) : layers_(layers) {}
  /// Appends this call's keys and values and returns all of them, for use before the next call.
  std::pair<Tensor, Tensor> append(int64_t layer, const Tensor& k_BHTD, const Tensor& v_BHTD);
  /// Puts them where tokens already are instead, `places` int64 [T]; the length stays.
  std::pair<Tensor, Tensor> put(int64_t layer, const Tensor& places_T, const Tensor& k_BHTD,
                                const Tensor& v_BHTD);
  int64_t length() const { return layers_[0].length; }
  /// Forgets all but the first `length` tokens; the room stays.
  void truncate(int64_t length);
  /// Makes it as long with zeros, in places of their own that `put` fills.
  void extend(int64_t length);

 private:
  struct Layer {
    Tensor keys, values;  // [B, H, room, D]
    int64_t length = 0;
  };
  std::vector<Layer> layers_;
};

/// One of several sequences whose tokens follow each other in a call's T: how many tokens are its
/// own, whom they see of it, and where its earlier ones are (null: there are none). Tokens follow
/// the earlier ones, or with `places` they take the places of some of them.
struct Sequence {
  int64_t tokens;
  Visible visible;
  KvCache* cache = nullptr;
  Tensor places{};  // int64 [tokens]
};
using Sequences = std::vector<Sequence>;

}  // namespace showo
