// The largest and the smallest of rows, and where they stand.
#include <cstring>
#include <limits>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/threads.hpp>

#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// First position of the largest (the smallest) of each row by definition, NaN before all else.
template <class T>
std::vector<std::int64_t> positions_by_definition(const std::vector<T>& x, std::int64_t length, bool largest) {
  std::vector<std::int64_t> positions;
  for (std::size_t begin = 0; begin < x.size(); begin += static_cast<std::size_t>(length)) {
    const T* row = x.data() + begin;
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < length && row[best] == row[best]; ++i)
      if (row[i] != row[i] || (largest ? row[i] > row[best] : row[i] < row[best])) best = i;
    positions.push_back(best);
  }
  return positions;
}

/// One of the tests' numbers of threads.
struct Threads {
  int before;
  explicit Threads(int count) : before(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before); }
};

Tensor random(const Shape& shape, DType dtype, std::uint64_t seed) {
  Generator generator(seed);
  return normal(shape, 0, 1, {.dtype = dtype}, generator);
}

}  // namespace

TEST_CASE("max and min find the first of equals in rows of every length, with NaN, zeros of both signs and infinities",
          "[reduce]") {
  auto check_rows = [](auto zero, const Tensor& x, const Tensor& stored) {
    using T = decltype(zero);
    const std::int64_t length = x.shape()[1];
    const std::vector<T> elements = x.to_vector<T>();
    for (bool largest : {true, false}) {
      INFO((largest ? "max" : "min") << " of " << to_string(stored.shape()) << " strides "
                                     << to_string(stored.strides()) << " " << name(stored.dtype()));
      const std::vector<std::int64_t> right = positions_by_definition(elements, length, largest);
      const auto [values, indices] = largest ? max(stored, 1) : min(stored, 1);
      CHECK(indices.to_vector<std::int64_t>() == right);
      CHECK((largest ? argmax(stored, 1) : argmin(stored, 1)).to_vector<std::int64_t>() == right);
      const std::vector<T> found = values.to_vector<T>();
      std::vector<T> wanted;
      for (std::size_t i = 0; i < right.size(); ++i)
        wanted.push_back(elements[i * static_cast<std::size_t>(length) + static_cast<std::size_t>(right[i])]);
      CHECK(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(T)) == 0);  // the sign of a zero too
      if constexpr (std::is_floating_point_v<T>) {
        Tensor leaf = stored.detach().set_requires_grad();
        Tensor weights = random({x.shape()[0]}, stored.dtype(), 3);
        Tensor g = grad((largest ? max(leaf, 1) : min(leaf, 1)).values, leaf, weights);
        const std::vector<T> w = weights.to_vector<T>();
        std::vector<T> shares(elements.size());
        for (std::size_t i = 0; i < right.size(); ++i)
          shares[i * static_cast<std::size_t>(length) + static_cast<std::size_t>(right[i])] = w[i];
        CHECK((g.to_vector<T>() == shares));  // not printed: too long
      }
    }
  };
  auto check_dtype = [&](auto zero, DType dtype) {
    using T = decltype(zero);
    Generator generator(7);
    for (std::int64_t length : {2,  3,  4,   5,   7,   8,   9,   15,  16,  17,   31,   33,   48,  63,
                                64, 65, 100, 127, 128, 129, 190, 257, 300, 1000, 2048, 2049, 5000})
      for (std::int64_t rows : {1, 3, 16, 37}) {
        // Few different numbers: each stands in many places.
        Tensor x = cast(randint(-3, 4, {rows, length}, generator), dtype);
        check_rows(zero, x, x);
        if constexpr (std::is_floating_point_v<T>) {
          Tensor all_different = random({rows, length}, dtype, static_cast<std::uint64_t>(length));
          check_rows(zero, all_different, all_different);
          std::vector<T> numbers = x.to_vector<T>();
          const auto size = static_cast<std::size_t>(length);
          const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
          for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
            T* at = numbers.data() + row * size;
            switch (row % 8) {
              case 0:  // one NaN
                at[row * 5 % size] = nan;
                break;
              case 1:  // NaN alone
                std::fill_n(at, size, nan);
                break;
              case 2:  // a NaN behind the best
                at[0] = inf;
                at[size - 1] = nan;
                break;
              case 3:
                std::fill_n(at, size, -inf);
                break;
              case 4:
                std::fill_n(at, size, inf);
                break;
              case 5:  // zeros of both signs
                for (std::size_t i = 0; i < size; ++i) at[i] = i % 3 == 1 ? T(0) : T(-0.0);
                break;
              case 6:
                at[size / 2] = inf;
                at[size - 1] = -inf;
                break;
              default:
                break;
            }
          }
          Tensor edges = from_vector(numbers, {rows, length});
          check_rows(zero, edges, edges);
          Tensor wide = random({rows, length + 3}, dtype, 2);
          wide[{slice(), slice(1, length + 1)}].assign(edges);
          check_rows(zero, edges, wide[{slice(), slice(1, length + 1)}]);
          check_rows(zero, flip(edges, 0), flip(edges, 0));
        }
      }
  };
  for (int threads : {1, 2}) {
    Threads with(threads);
    check_dtype(float{}, DType::float32);
    check_dtype(double{}, DType::float64);
    check_dtype(std::int64_t{}, DType::int64);
  }
}

TEST_CASE("max of rows that lie in another order than their results", "[reduce]") {
  Tensor x = permute(random({5, 20, 37}, DType::float64, 1), {1, 0, 2});
  auto [values, indices] = max(x, 2);
  auto [dense_values, dense_indices] = max(contiguous(x), 2);
  CHECK(values.to_vector<double>() == dense_values.to_vector<double>());
  CHECK(indices.to_vector<std::int64_t>() == positions_by_definition(x.to_vector<double>(), 37, true));
  CHECK(dense_indices.to_vector<std::int64_t>() == indices.to_vector<std::int64_t>());
}

TEST_CASE("The gradient of an extreme that is nan goes to the nan", "[reduce]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = f64({{1, nan, nan}, {3, 2, 3}});
  const Tensor expected = f64({{0, 0.5, 0.5}, {0.5, 0, 0.5}});
  CHECK(is_close(grad([](const Tensor& v) { return sum(amax(v, 1)); }, x), expected));
  CHECK(is_close(grad([](const Tensor& v) { return sum(amin(v, 1)); }, x), f64({{0, 0.5, 0.5}, {0, 1, 0}})));
  CHECK(is_close(grad([](const Tensor& v) { return max(v); }, x), f64({{0, 0.5, 0.5}, {0, 0, 0}})));
  Tensor v = variable({1, nan, nan});
  Tensor g = grad(amax(v) * 2, v, {.create_graph = true});
  CHECK(is_close(g, f64({0, 1, 1})));
  // The largest magnitude's goes to nan everywhere, as that of every other norm.
  for (double p : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
    for (bool create_graph : {false, true})
      for (double element : grad(norm(v, {0}, {.p = p}), v, {.create_graph = create_graph}).to_vector<double>())
        CHECK(std::isnan(element));
}
