// Writing one value, or a function of the position, to every element; and copying a run of neighbours.
#pragma once

#include <cstdint>
#include <cstring>

#include "../base/launch.hpp"

namespace xgrad::internal {

/// Elements from which filling memory is worth a second thread.
inline constexpr std::int64_t kFillGrain = 1 << 18;

/// to[i] = element(i). `element` is a plain struct, or a lambda that captures by value.
template <class T, class F>
struct Generate {
  T* to;
  F element;
  static void run(const Generate& a, std::int64_t begin, std::int64_t end) {
    T* to = a.to;
    const F element = a.element;
    for (std::int64_t i = begin; i < end; ++i) to[i] = element(i);
  }
};

template <class T, class F>
void generate(T* to, std::int64_t count, F element) {
  launch(Generate<T, F>{to, element}, count, kFillGrain);
}

/// The bytes of zeros, whatever their type. Over bytes.
struct Zero {
  char* to;
  static void run(const Zero& a, std::int64_t begin, std::int64_t end) {
    std::memset(a.to + begin, 0, static_cast<std::size_t>(end - begin));
  }
};

/// to[i] = from[i].
template <class T>
struct CopyRun {
  const T* from;
  T* to;
  static void run(const CopyRun& a, std::int64_t begin, std::int64_t end) {
    std::memcpy(a.to + begin, a.from + begin, static_cast<std::size_t>(end - begin) * sizeof(T));
  }
};

template <class T>
void copy_run(const T* from, std::int64_t count, T* to) {
  launch(CopyRun<T>{from, to}, count, kFillGrain);
}

template <class T>
void fill(T* to, std::int64_t count, T value) {
  generate(to, count, [value](std::int64_t) { return value; });
}

}  // namespace xgrad::internal
