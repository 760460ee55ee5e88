// Writing one value, or a function of the position, to every element.
#pragma once

#include <cstdint>

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
    for (std::int64_t i = begin; i < end; ++i) a.to[i] = a.element(i);
  }
};

template <class T, class F>
void generate(T* to, std::int64_t count, F element) {
  launch(Generate<T, F>{to, element}, count, kFillGrain);
}

template <class T>
void fill(T* to, std::int64_t count, T value) {
  generate(to, count, [value](std::int64_t) { return value; });
}

}  // namespace xgrad::internal
