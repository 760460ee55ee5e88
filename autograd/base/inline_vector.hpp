// A vector whose first N elements live inside it.
//
// What an operation hands over has one to three elements almost always: as std::vectors these would take an allocation
// each, which is more than the kernel takes on a small tensor. The standard has none of the kind.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace xgrad::internal {

/// A vector of T with room for N elements inside of it. It moves, and does not copy; T's moves do not throw.
template <class T, int N>
class InlineVector {
 public:
  InlineVector() = default;
  InlineVector(InlineVector&& other) noexcept { take(other); }
  InlineVector& operator=(InlineVector&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  InlineVector(const InlineVector&) = delete;
  InlineVector& operator=(const InlineVector&) = delete;
  ~InlineVector() { release(); }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](int i) { return data_[i]; }
  const T& operator[](int i) const { return data_[i]; }

  void reserve(int capacity) {
    if (capacity <= capacity_) return;
    T* grown = std::allocator<T>().allocate(capacity);
    std::uninitialized_move(begin(), end(), grown);
    std::destroy(begin(), end());
    free_heap();
    data_ = grown;
    capacity_ = capacity;
  }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) reserve(2 * capacity_);
    T* slot = new (data_ + size_) T{std::forward<Args>(args)...};
    ++size_;
    return *slot;
  }

  /// Adds default-made elements until there are `size`.
  void grow(int size) {
    reserve(size);
    while (size_ < size) emplace_back();
  }

  void clear() {
    std::destroy(begin(), end());
    size_ = 0;
  }

 private:
  T* inline_data() { return reinterpret_cast<T*>(room_); }
  void free_heap() {
    if (data_ != inline_data()) std::allocator<T>().deallocate(data_, capacity_);
  }
  void release() {
    clear();
    free_heap();
    data_ = inline_data();
    capacity_ = N;
  }
  void take(InlineVector& other) {
    if (other.data_ != other.inline_data()) {
      data_ = std::exchange(other.data_, other.inline_data());
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, N);
    } else {
      std::uninitialized_move(other.begin(), other.end(), data_);
      size_ = other.size_;
      other.clear();
    }
  }

  alignas(T) unsigned char room_[N * sizeof(T)];
  T* data_ = inline_data();
  int size_ = 0;
  int capacity_ = N;
};

}  // namespace xgrad::internal
