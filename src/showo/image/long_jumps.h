// Errors of C libraries that arrive by longjmp. It runs no destructors, and what a local variable
// of the function that called setjmp holds afterwards is undefined when it was changed meanwhile.
// So setjmp stands here alone, in a function that changes nothing and is never inlined; what the
// body changes lives in the caller's frame. Private to this folder.
#pragma once

#include <csetjmp>

namespace showo {

class LongJumps {
 public:
  /// Whether `body` ran to its end. While it calls the library, which may call leave(), it must
  /// hold no object that has a destructor.
  template <class Body>
  [[gnu::noinline]] bool run(const Body& body) {
    if (setjmp(target_) != 0) return false;
    body();
    return true;
  }
  /// Only below run().
  [[noreturn]] void leave() { std::longjmp(target_, 1); }

 private:
  std::jmp_buf target_;
};

}  // namespace showo
