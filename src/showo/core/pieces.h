// Work that threads take in pieces as they finish.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace showo {

/// work(begin, end) over from … to by all threads, at least `grain` at a time: whoever is done
/// takes the next piece, since cores that share memory and neighbours are not equally fast.
template <class Work>
void for_each_piece(int64_t from, int64_t to, int64_t grain, const Work& work) {
  constexpr int64_t kPieces = 16;  // a thread
  const int64_t threads =
      std::clamp<int64_t>((to - from + grain - 1) / grain, 1, at::get_num_threads());
  const int64_t piece = std::max(grain, (to - from) / (threads * kPieces));
  std::atomic<int64_t> next = from;
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t at; (at = next.fetch_add(piece)) < to;) work(at, std::min(at + piece, to));
  });
}

}  // namespace showo
