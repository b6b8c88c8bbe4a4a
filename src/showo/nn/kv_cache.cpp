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

// Without the room behind it, and without what else its memory holds.
Tensor trimmed(const Tensor& buffer, int64_t length) {
  const Tensor used = buffer.narrow(1, 0, length);
  const bool alone = used.storage().nbytes() <= used.nbytes() + used.nbytes() / 4;
  return alone ? used : used.clone(at::MemoryFormat::Contiguous);
}

}  // namespace

KvCache KvCache::fork() {
  const auto layers = std::ssize(own_);
  if (const int64_t length = own_[0].length; length > 0) {
    for (Layer& layer : own_)
      layer = {trimmed(layer.keys, length), trimmed(layer.values, length), length};
    parts_.push_back({std::make_shared<const std::vector<Layer>>(std::move(own_)), length});
    own_ = std::vector<Layer>(layers);
  }
  KvCache copy(layers);
  copy.parts_ = parts_;
  return copy;
}

int64_t KvCache::shared_length() const {
  int64_t length = 0;
  for (const Part& part : parts_) length += part.length;
  return length;
}

std::vector<std::pair<const void*, int64_t>> KvCache::blocks() const {
  std::vector<std::pair<const void*, int64_t>> blocks;
  for (const Part& part : parts_) {
    int64_t bytes = 0;
    for (const Layer& layer : *part.block)
      bytes +=
          static_cast<int64_t>(layer.keys.storage().nbytes() + layer.values.storage().nbytes());
    blocks.emplace_back(part.block.get(), bytes);
  }
  return blocks;
}

KeyRuns KvCache::runs(int64_t layer) const {
  KeyRuns runs;
  const auto add = [&](const Layer& of, int64_t length) {
    if (length > 0) runs.push_back({of.keys.narrow(1, 0, length), of.values.narrow(1, 0, length)});
  };
  for (const Part& part : parts_) add((*part.block)[layer], part.length);
  add(own_[layer], own_[layer].length);
  return runs;
}

KeyRuns KvCache::append(int64_t layer, const Tensor& k, const Tensor& v) {
  auto& [keys, values, length] = own_[layer];
  const int64_t tokens = k.size(1), needed = length + tokens;
  const bool room = keys.defined() && keys.size(1) >= needed;
  if (length == 0 && !room) {
    keys = k;
    values = v;
  } else {
    make_room(keys, length, needed);
    make_room(values, length, needed);
    keys.narrow(1, length, tokens).copy_(k);
    values.narrow(1, length, tokens).copy_(v);
  }
  length = needed;
  return runs(layer);
}

KeyRuns KvCache::put(int64_t layer, const Tensor& places, const Tensor& k, const Tensor& v) {
  auto& [keys, values, length] = own_[layer];
  make_room(keys, length, length);
  make_room(values, length, length);
  const int64_t shared = shared_length();
  const Tensor own = shared > 0 ? places - shared : places;
  keys.index_copy_(1, own, k);
  values.index_copy_(1, own, v);
  return runs(layer);
}

void KvCache::truncate(int64_t length) {
  int64_t left = length;
  for (Part& part : parts_) {
    part.length = std::min(part.length, left);
    left -= part.length;
  }
  std::erase_if(parts_, [](const Part& part) { return part.length == 0; });
  for (Layer& layer : own_) layer.length = std::min(layer.length, left);
}

void KvCache::extend(int64_t length) {
  for (int64_t i = 0; i < std::ssize(own_); ++i) {
    Layer& layer = own_[i];
    if (!parts_.empty()) {
      const KeyRun all = joined(runs(i));
      layer = {all.keys, all.values, all.keys.size(1)};
    }
    for (Tensor* buffer : {&layer.keys, &layer.values}) {
      make_room(*buffer, layer.length, length);
      buffer->narrow(1, layer.length, length - layer.length).zero_();
    }
    layer.length = length;
  }
  parts_.clear();
}

}  // namespace showo
