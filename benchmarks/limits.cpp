// What the machine allows. Loops are plain and left to the compiler; threads are OpenMP's.
#include <cblas.h>
#include <omp.h>

#include <algorithm>
#include <new>
#include <utility>

#include "contender.hpp"
#include "layers.hpp"

namespace bench {
namespace {

/// Floats in memory aligned as tensors are, written once so that the pages are there.
class Buffer {
 public:
  explicit Buffer(std::int64_t count, unsigned seed = 0)
      : data_(static_cast<float*>(operator new (count * sizeof(float), std::align_val_t{64}))) {
    if (seed == 0)
      std::fill_n(data_, count, 0.0f);
    else
      std::copy_n(numbers(count, seed).data(), count, data_);
  }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  ~Buffer() { operator delete (data_, std::align_val_t{64}); }

  float* data() const { return data_; }

 private:
  float* data_;
};

/// Calls body(i) for all i below count.
template <class F>
void loop(int threads, std::int64_t count, F body) {
  if (threads == 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  } else {
#pragma omp parallel for num_threads(threads) firstprivate(body)
    for (std::int64_t i = 0; i < count; ++i) body(i);
  }
}

void product(CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
             const float* a, const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, transpose_a, transpose_b, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k),
              1.0f, a, static_cast<int>(transpose_a == CblasNoTrans ? k : m), b,
              static_cast<int>(transpose_b == CblasNoTrans ? n : k), 0.0f, c, static_cast<int>(n));
}

class Limits : public Contender {
 public:
  void set_threads(int count) override {
    threads_ = count;
    openblas_set_num_threads(count);
  }

  Task add_chain(int, std::int64_t) override { return {}; }

  /// The products of the affine layers, forward and backward.
  Task mlp_step(const std::vector<std::int64_t>& sizes, std::int64_t batch) override {
    struct Layer {
      std::int64_t in, out;
      Buffer weight, weight_gradient;
    };
    struct Products {
      std::vector<Layer> layers;
      std::vector<Buffer> values, cotangents;
    };
    auto products = std::make_shared<Products>();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      products->values.emplace_back(batch * sizes[i], static_cast<unsigned>(i) + 1);
      products->cotangents.emplace_back(batch * sizes[i], static_cast<unsigned>(i) + 50);
      if (i == 0) continue;
      std::int64_t in = sizes[i - 1], out = sizes[i];
      products->layers.push_back({in, out, Buffer(in * out, static_cast<unsigned>(i) + 100), Buffer(in * out)});
    }
    return {[=] {
      auto& [layers, values, cotangents] = *products;
      for (std::size_t i = 0; i < layers.size(); ++i)
        product(CblasNoTrans, CblasTrans, batch, layers[i].out, layers[i].in, values[i].data(), layers[i].weight.data(),
                values[i + 1].data());
      for (std::size_t i = layers.size(); i-- > 0;) {
        product(CblasTrans, CblasNoTrans, layers[i].out, layers[i].in, batch, cotangents[i + 1].data(),
                values[i].data(), layers[i].weight_gradient.data());
        if (i > 0)  // the input needs no gradient
          product(CblasNoTrans, CblasNoTrans, batch, layers[i].in, layers[i].out, cotangents[i + 1].data(),
                  layers[i].weight.data(), cotangents[i].data());
      }
    }};
  }

  Task formula(std::int64_t size) override { return read_and_write(size); }
  Task fused_formula(std::int64_t size) override { return read_and_write(size); }
  Task special(Special, std::int64_t size) override { return read_and_write(size); }
  Task cross_entropy(std::int64_t rows, std::int64_t classes) override { return read_and_write(rows * classes); }
  Task normalize(std::int64_t size) override { return read_and_write(size * size); }

  /// Two read and two written: the gradient of c is small.
  Task transposed(std::int64_t size) override {
    auto buffers = std::make_shared<std::vector<Buffer>>();
    for (unsigned seed = 1; seed <= 4; ++seed) buffers->emplace_back(size * size, seed);
    return {[=, this] {
      const float *a = (*buffers)[0].data(), *b = (*buffers)[1].data();
      float *ga = (*buffers)[2].data(), *gb = (*buffers)[3].data();
      loop(threads_, size * size, [=](std::int64_t i) {
        ga[i] = b[i];
        gb[i] = a[i];
      });
    }};
  }

  /// Reads w, g, m and v, writes w, m and v.
  Task adam(int count, std::int64_t size) override {
    return per_tensor(count, size, [](float& w, float g, float& m, float& v) {
      m = 0.9f * m + 0.1f * g;
      v = 0.999f * v + 0.001f * g;
      w += 1e-7f * m + v;
    });
  }
  /// Reads w, g and m, writes w and m.
  Task sgd_momentum(int count, std::int64_t size) override {
    return per_tensor(count, size, [](float& w, float g, float& m, float&) {
      m = 0.9f * m + g;
      w -= 1e-7f * m;
    });
  }

  Task batched_matmul(std::int64_t batch, std::int64_t size) override {
    auto buffers = std::make_shared<std::vector<Buffer>>();
    for (unsigned seed = 1; seed <= 6; ++seed) buffers->emplace_back(batch * size * size, seed);
    return {[=] {
      for (std::int64_t i = 0; i < batch; ++i) {
        auto matrix = [&](int k) { return (*buffers)[k].data() + i * size * size; };
        product(CblasNoTrans, CblasNoTrans, size, size, size, matrix(0), matrix(1), matrix(2));
        product(CblasNoTrans, CblasTrans, size, size, size, matrix(3), matrix(1), matrix(4));
        product(CblasTrans, CblasNoTrans, size, size, size, matrix(0), matrix(3), matrix(5));
      }
    }};
  }

  /// The triad.
  Task add(std::int64_t size) override {
    auto buffers = std::make_shared<std::vector<Buffer>>();
    for (unsigned seed = 1; seed <= 3; ++seed) buffers->emplace_back(size, seed);
    return {[=, this] {
      const float *a = (*buffers)[0].data(), *b = (*buffers)[1].data();
      float* sum = (*buffers)[2].data();
      loop(threads_, size, [=](std::int64_t i) { sum[i] = a[i] + 0.5f * b[i]; });
    }};
  }

  Task recorded_add(std::int64_t) override { return {}; }
  Task nested_gradient(int, std::int64_t) override { return {}; }
  Task rows_in_loop(std::int64_t rows, std::int64_t columns) override { return read_and_write(rows * columns); }
  /// Each input read and each result written once in each direction; nothing is remembered between the two.
  Task bound(Bound operation, std::int64_t size) override {
    const std::int64_t n = size * size;
    auto buffers = std::make_shared<std::vector<Buffer>>();
    for (unsigned seed = 1; seed <= 6; ++seed) buffers->emplace_back(2 * n, seed);
    return {[=, this] {
      auto at = [&](int k) { return (*buffers)[static_cast<std::size_t>(k)].data(); };
      const float *a = at(0), *b = at(1), *c = at(2);
      float *y = at(3), *ga = at(4), *gb = at(5);
      switch (operation) {
        case Bound::stack:
          loop(threads_, n, [=](std::int64_t i) {
            y[2 * i] = a[i];
            y[2 * i + 1] = b[i];
          });
          return loop(threads_, n, [=](std::int64_t i) {
            ga[i] = c[2 * i];
            gb[i] = c[2 * i + 1];
          });
        case Bound::largest:
          y[0] = sum_of(n, [=](std::int64_t i) { return a[i]; });
          return loop(threads_, n, [=](std::int64_t i) { ga[i] = 0; });
        case Bound::ties:
          y[0] = sum_of(n, [=](std::int64_t i) { return a[i]; });
          return loop(threads_, n, [=](std::int64_t i) { ga[i] = 0.5f * a[i]; });
        case Bound::scalar:
          loop(threads_, n, [=](std::int64_t i) { y[i] = 2 * a[i]; });
          loop(threads_, n, [=](std::int64_t i) { ga[i] = 2 * b[i]; });
          y[0] = sum_of(n, [=](std::int64_t i) { return a[i] * b[i]; });
          return;
        case Bound::square_sum:
          loop(threads_, n, [=](std::int64_t i) { y[i] = a[i] * a[i]; });
          gb[0] = sum_of(n, [=](std::int64_t i) { return y[i]; });
          return loop(threads_, n, [=](std::int64_t i) { ga[i] = 2 * a[i]; });
        case Bound::one_of_fused:
          loop(threads_, n, [=](std::int64_t i) { y[i] = a[i] * b[i] + c[i]; });
          return loop(threads_, n, [=](std::int64_t i) { ga[i] = c[i] * b[i]; });
      }
    }};
  }

  /// A process that does nothing.
  Task operation(const std::string&) override { return {}; }
  Task layer(Layer layer) override { return limit_of_layer(layer); }

  Task first_gradient() override {
    return {[] { run_beside("bench_first_nothing"); }};
  }

 private:
  /// Sum of body(i) for all i below count.
  template <class F>
  float sum_of(std::int64_t count, F body) const {
    float sum = 0;
    if (threads_ == 1) {
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < count; ++i) sum += body(i);
    } else {
#pragma omp parallel for simd num_threads(threads_) reduction(+ : sum) firstprivate(body)
      for (std::int64_t i = 0; i < count; ++i) sum += body(i);
    }
    return sum;
  }

  /// What reading x and writing its gradient takes.
  Task read_and_write(std::int64_t size) {
    auto buffers = std::make_shared<std::pair<Buffer, Buffer>>(Buffer(size, 1), Buffer(size));
    return {[=, this] {
      const float* x = buffers->first.data();
      float* gradient = buffers->second.data();
      loop(threads_, size, [=](std::int64_t i) { gradient[i] = 0.5f * x[i]; });
    }};
  }

  template <class F>
  Task per_tensor(int count, std::int64_t size, F formula) {
    struct Parameter {
      Buffer w, g, m, v;
    };
    auto parameters = std::make_shared<std::vector<Parameter>>();
    for (int i = 0; i < count; ++i)
      parameters->push_back({Buffer(size, i + 1), Buffer(size, i + 2), Buffer(size, i + 3), Buffer(size, i + 4)});
    return {[=, this] {
      for (const Parameter& parameter : *parameters) {
        float *w = parameter.w.data(), *m = parameter.m.data(), *v = parameter.v.data();
        const float* g = parameter.g.data();
        loop(size < 10'000 ? 1 : threads_, size, [=](std::int64_t i) { formula(w[i], g[i], m[i], v[i]); });
      }
    }};
  }

  int threads_ = 1;
};

}  // namespace

std::unique_ptr<Contender> make_limits() { return std::make_unique<Limits>(); }

std::string blas_version() { return openblas_get_config(); }

}  // namespace bench
