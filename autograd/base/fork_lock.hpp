// A small lock which the child of a fork() does not wait for in vain.
#pragma once

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A lock of one byte for short sections. A thread that holds it while another one calls fork() is not there in the
/// child, where a std::mutex would stay locked for ever: here the child takes the lock over. What the other thread was
/// writing at that moment may be half written, so that it must do for the child to be able to read it, replace it and
/// let it go.
class ForkLock {
 public:
  void lock();
  void unlock() { __atomic_store_n(&holder_, 0, __ATOMIC_RELEASE); }

 private:
  unsigned char holder_ = 0;  // 0: free; otherwise the generation of the process that the holder runs in
};

}  // namespace internal
}  // namespace xgrad
