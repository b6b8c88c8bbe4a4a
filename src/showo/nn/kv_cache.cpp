#include "showo/nn/kv_cache.h"

namespace showo {
namespace {

// A buffer that nobody else holds and that has room for `needed` tokens may be written to.
void make_room(Tensor& buffer, int64_t length, int64_t needed) {
  const bool shared = buffer.use_count() > 1 || buffer.storage().use_count() > 1;
  if (!shared && buffer.size(1) >= needed) return;
  auto sizes = buffer.sizes().vec();
  sizes[1] = needed + needed / 8 + 64;
  Tensor larger = torch::empty(sizes, buffer.options());
  larger.narrow(1, 0, length).copy_(buffer.narrow(1, 0, length));
  buffer = larger;
}

}  // namespace

std::pair<Tensor, Tensor> KvCache::append(int64_t layer, const Tensor& k, const Tensor& v) {
  auto& [keys, values, length] = layers_[layer];
  const int64_t tokens = k.size(1), needed = length + tokens;
  if (length == 0) {
    keys = k;
    values = v;
  } else {
    make_room(keys, length, needed);
    make_room(values, length, needed);
    keys.narrow(1, length, tokens).copy_(k);
    values.narrow(1, length, tokens).copy_(v);
  }
  length = needed;
  return {keys.narrow(1, 0, length), values.narrow(1, 0, length)};
}

std::pair<Tensor, Tensor> KvCache::put(int64_t layer, const Tensor& places, const Tensor& k,
                                       const Tensor& v) {
  auto& [keys, values, length] = layers_[layer];
  make_room(keys, length, length);
  make_room(values, length, length);
  keys.index_copy_(1, places, k);
  values.index_copy_(1, places, v);
  return {keys.narrow(1, 0, length), values.narrow(1, 0, length)};
}

void KvCache::truncate(int64_t length) {
  for (auto& layer : layers_) layer.length = std::min(layer.length, length);
}

void KvCache::extend(int64_t length) {
  for (auto& layer : layers_) {
    for (Tensor* buffer : {&layer.keys, &layer.values}) {
      make_room(*buffer, layer.length, length);
      buffer->narrow(1, layer.length, length - layer.length).zero_();
    }
    layer.length = length;
  }
}

}  // namespace showo
