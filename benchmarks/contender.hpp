// What is measured, and who can be measured: the workloads as one interface, with the library, libtorch and
// the machine's limit behind it. Each implementation stands in its own files, so that only libtorch's
// include libtorch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// A workload made ready to run.
struct Task {
  std::function<void()> run;  ///< one iteration; empty when the contender has nothing to run
  /// A few numbers that the last iteration came to: the same for all who compute the same.
  std::function<std::vector<double>()> outcome = {};
};

/// Operations that memory bounds, on [size, size].
enum class Bound {
  stack,         // two along a last axis
  largest,       // the largest of each row
  ties,          // the largest of each row, which each of them shares with others
  scalar,        // x s, with a scalar s that wants a gradient too
  square_sum,    // sum(x x)
  one_of_fused,  // a b + c in one fused pass, of which a alone wants a gradient
};
enum class Special { lgamma, digamma, erfinv };
inline constexpr const char* name_of(Special function) {
  return function == Special::lgamma ? "lgamma" : function == Special::digamma ? "digamma" : "erfinv";
}

/// Layers of networks.
enum class Layer {
  convolution,   // images [32, 16, 28, 28] with a weight [32, 16, 3, 3], padded by 1
  max_pool,      // of the same images, 2 x 2
  layer_norm,    // [2048, 512]
  attention,     // queries, keys and values [16, 8, 64, 64]
  lstm,          // 64 to 128 units, 50 steps of 32 sequences
  gru,           // the same
  encoder,       // a transformer's, 64 steps of 16 sequences, width 128, 4 heads, 512 units between its dense layers
  wide_encoder,  // the same with 2048 units
};

/// Someone who runs the workloads. All numbers are float32.
class Contender {
 public:
  virtual ~Contender() = default;

  virtual void set_threads(int count) = 0;

  /// y = x + x + ... of `length` additions, and its gradient.
  virtual Task add_chain(int length, std::int64_t size) = 0;
  /// A training step of a multilayer perceptron: affine layers with relu between them, cross-entropy, Adam.
  virtual Task mlp_step(const std::vector<std::int64_t>& sizes, std::int64_t batch) = 0;
  /// sum(tanh(x) sigmoid(x) + exp(-x x)) and its gradient.
  virtual Task formula(std::int64_t size) = 0;
  /// The same as one fused pass, where the contender has such a thing.
  virtual Task fused_formula(std::int64_t size) = 0;
  /// Mean cross-entropy of logits [rows, classes] with integer labels, and its gradient.
  virtual Task cross_entropy(std::int64_t rows, std::int64_t classes) = 0;
  /// Mean square of (x - mean over axis 0) / (std over axis 1 + 1e-5), x [size, size], and its gradient.
  virtual Task normalize(std::int64_t size) = 0;
  /// sum(a transpose(b) + c[:, newaxis]), a and b [size, size], c [size], and its gradients.
  virtual Task transposed(std::int64_t size) = 0;
  /// A step of an optimizer on `count` tensors of `size` elements whose gradients are there.
  virtual Task adam(int count, std::int64_t size) = 0;
  virtual Task sgd_momentum(int count, std::int64_t size) = 0;
  /// Products of `batch` pairs of matrices [size, size], and the gradients of both factors.
  virtual Task batched_matmul(std::int64_t batch, std::int64_t size) = 0;
  /// The sum of a special function of each of `size` numbers within its domain, and the gradient.
  virtual Task special(Special function, std::int64_t size) = 0;
  /// a + b, no gradient.
  virtual Task add(std::int64_t size) = 0;
  /// a + b where a requires a gradient: recorded, and let go.
  virtual Task recorded_add(std::int64_t size) = 0;
  /// x moves down the gradient of sum(w^2 x^2) `steps` times, each gradient part of the graph; then the gradient of
  /// sum(x x) with respect to w.
  virtual Task nested_gradient(int steps, std::int64_t size) = 0;
  /// The sum of the squares of each of `rows` rows x[i] of x [rows, columns], added up in a loop, and the gradient.
  virtual Task rows_in_loop(std::int64_t rows, std::int64_t columns) = 0;
  /// One of these operations and its gradient.
  virtual Task bound(Bound operation, std::int64_t size) = 0;
  /// The operator's row of this name: see operations.hpp.
  virtual Task operation(const std::string& name) = 0;
  /// One of these layers and the gradients of all that it takes.
  virtual Task layer(Layer layer) = 0;
  /// A process that starts, computes the gradient of sum(x x) for four numbers, and ends.
  virtual Task first_gradient() = 0;
};

/// Runs a program that stands beside this one, with these arguments, to its end. Throws std::runtime_error where it
/// fails.
void run_beside(const std::string& program, const std::vector<std::string>& arguments = {});

std::unique_ptr<Contender> make_xgrad();
/// libtorch; null in a build without it.
std::unique_ptr<Contender> make_torch();
/// What the machine allows: the same matrix products by bare BLAS calls, and for work that memory bounds,
/// plain loops that read each input and write each result once.
std::unique_ptr<Contender> make_limits();

/// Name and version of what was measured: "libtorch 1.13.1", "OpenBLAS 0.3.21".
std::string xgrad_version();
std::string torch_version();  // empty in a build without libtorch
std::string blas_version();

// ---- Data, the same for all ----

/// `count` numbers in [-1, 1), other ones for each seed.
std::vector<float> numbers(std::int64_t count, unsigned seed);
/// Random whole numbers in [0, bound).
std::vector<std::int64_t> places(std::int64_t count, std::int64_t bound, unsigned seed);
/// `count` numbers within the domain of a special function.
std::vector<float> operands_of(Special function, std::int64_t count);
/// `count` integers in [0, classes).
std::vector<std::int64_t> labels(std::int64_t count, std::int64_t classes);
/// Weight [out, in] and bias [out] of each affine layer, one after the other, in the range of the usual
/// initialisation.
std::vector<std::vector<float>> mlp_parameters(const std::vector<std::int64_t>& sizes);

/// The learning rate of all optimizers. It is that small because a benchmark repeats the same step: at a
/// usual rate the gradients would vanish on the way to the optimum, and denormal numbers be measured.
inline constexpr double kLearningRate = 1e-7;

}  // namespace bench
