// Keys and values of what was already read, so that it is not read again.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace showo {

using torch::Tensor;

/// One pair a layer, in buffers that have room to grow; G heads of keys and values, T tokens, D
/// head size. Copying it is cheap and makes an independent cache: a shared buffer is copied when
/// one of its holders appends.
class KvCache {
 public:
  explicit KvCache(int64_t layers) : layers_(layers) {}
  /// Appends this call's keys and values [G, T, D] and returns all of them, for use before the next
  /// call.
  std::pair<Tensor, Tensor> append(int64_t layer, const Tensor& k_GTD, const Tensor& v_GTD);
  /// Puts them where tokens already are instead, `places` int64 [T]; the length stays.
  std::pair<Tensor, Tensor> put(int64_t layer, const Tensor& places_T, const Tensor& k_GTD,
                                const Tensor& v_GTD);
  int64_t length() const { return layers_[0].length; }
  /// Forgets all but the first `length` tokens; the room stays.
  void truncate(int64_t length);
  /// Makes it as long with zeros, in places of their own that `put` fills.
  void extend(int64_t length);

 private:
  struct Layer {
    Tensor keys, values;  // [G, room, D]
    int64_t length = 0;
  };
  std::vector<Layer> layers_;
};

}  // namespace showo
