// The workloads in xgrad, as its documentation writes them.
#include <cblas.h>

#include <xgrad/xgrad.hpp>

#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/ops/loss.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/optim/optim.hpp>
#include "contender.hpp"
#include "layers.hpp"
#include "operations.hpp"

namespace bench {
namespace {

using xgrad::Shape;
using xgrad::Tensor;

Tensor tensor_of(const std::vector<float>& values, const Shape& shape) { return xgrad::from_vector(values, shape); }

Tensor variable_of(const std::vector<float>& values, const Shape& shape) {
  return tensor_of(values, shape).set_requires_grad();
}

/// First and last element of a tensor.
void append_ends(std::vector<double>& to, const Tensor& tensor) {
  Tensor flat = xgrad::reshape(tensor, {-1});
  to.push_back(flat[0].item());
  to.push_back(flat[-1].item());
}

std::vector<double> ends_of(std::initializer_list<Tensor> tensors) {
  std::vector<double> result;
  for (const Tensor& tensor : tensors) append_ends(result, tensor);
  return result;
}

/// A scalar function of variables, and its gradients.
struct Function {
  std::vector<Tensor> variables;
  Tensor value{};

  template <class F>
  void run(F&& f) {
    for (Tensor& variable : variables) variable.zero_grad();
    value = f();
    value.backward();
  }
  std::vector<double> outcome() const {
    std::vector<double> result{value.item()};
    for (const Tensor& variable : variables) append_ends(result, variable.grad());
    return result;
  }
};

/// A task from a function of the variables: `f(variables)` returns the scalar.
template <class F>
Task task_of(std::vector<Tensor> variables, F f) {
  auto function = std::make_shared<Function>(Function{std::move(variables)});
  return {[=] { function->run([&] { return f(function->variables); }); }, [=] { return function->outcome(); }};
}

struct Mlp : xgrad::nn::Module {
  explicit Mlp(const std::vector<std::int64_t>& sizes) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.push_back(child("layer" + std::to_string(i), xgrad::nn::Dense(sizes[i], sizes[i + 1])));
    std::vector<std::vector<float>> values = mlp_parameters(sizes);
    std::size_t k = 0;
    for (Tensor& parameter : parameters()) parameter.assign(tensor_of(values[k++], parameter.shape()));
  }
  Tensor operator()(Tensor x) const {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = xgrad::relu(layers[i](x));
    return layers.back()(x);
  }
  std::vector<xgrad::nn::Dense> layers;
};

struct Training {
  Training(const std::vector<std::int64_t>& sizes, std::int64_t batch)
      : model(sizes),
        adam(model.parameters(), {.lr = kLearningRate}),
        x(tensor_of(numbers(batch * sizes.front(), 100), {batch, sizes.front()})),
        y(xgrad::from_vector(labels(batch, sizes.back()))) {}

  Mlp model;
  xgrad::optim::Adam adam;
  Tensor x, y, loss;
};

class Xgrad : public Contender {
 public:
  void set_threads(int count) override {
    xgrad::set_num_threads(count);
    openblas_set_num_threads(1);  // as xgrad leaves it; the others have changed it
  }

  Task add_chain(int length, std::int64_t size) override {
    Tensor x = variable_of(numbers(size, 1), {size});
    Tensor ones = xgrad::ones({size});
    auto run = [=]() mutable {
      x.zero_grad();
      Tensor y = x;
      for (int i = 0; i < length; ++i) y = y + x;
      y.backward(ones);
    };
    return {run, [=] { return ends_of({x.grad()}); }};
  }

  Task mlp_step(const std::vector<std::int64_t>& sizes, std::int64_t batch) override {
    auto training = std::make_shared<Training>(sizes, batch);
    auto run = [=] {
      training->loss = xgrad::nn::cross_entropy(training->model(training->x), training->y);
      training->adam.zero_grad();
      training->loss.backward();
      training->adam.step();
    };
    return {run, [=] { return std::vector{training->loss.item()}; }};
  }

  Task formula(std::int64_t size) override {
    return task_of({variable_of(numbers(size, 1), {size})}, [](const std::vector<Tensor>& v) {
      const Tensor& x = v[0];
      return xgrad::sum(xgrad::tanh(x) * xgrad::sigmoid(x) + xgrad::exp(-x * x));
    });
  }
  Task fused_formula(std::int64_t size) override {
    return task_of({variable_of(numbers(size, 1), {size})}, [](const std::vector<Tensor>& v) {
      return xgrad::map_sum([](auto x) { return tanh(x) * sigmoid(x) + exp(-x * x); }, v[0]);
    });
  }

  Task special(Special function, std::int64_t size) override {
    return task_of({variable_of(operands_of(function, size), {size})}, [=](const std::vector<Tensor>& v) {
      return xgrad::sum(function == Special::lgamma    ? xgrad::lgamma(v[0])
                        : function == Special::digamma ? xgrad::digamma(v[0])
                                                       : xgrad::erfinv(v[0]));
    });
  }

  Task cross_entropy(std::int64_t rows, std::int64_t classes) override {
    Tensor y = xgrad::from_vector(labels(rows, classes));
    return task_of({variable_of(numbers(rows * classes, 1), {rows, classes})},
                   [=](const std::vector<Tensor>& v) { return xgrad::nn::cross_entropy(v[0], y); });
  }

  Task normalize(std::int64_t size) override {
    return task_of({variable_of(numbers(size * size, 1), {size, size})}, [](const std::vector<Tensor>& v) {
      const Tensor& x = v[0];
      Tensor z = (x - xgrad::mean(x, 0)) / (xgrad::std(x, 1, {.keepdims = true}) + 1e-5);
      return xgrad::mean(xgrad::square(z));
    });
  }

  Task transposed(std::int64_t size) override {
    return task_of({variable_of(numbers(size * size, 1), {size, size}),
                    variable_of(numbers(size * size, 2), {size, size}), variable_of(numbers(size, 3), {size})},
                   [](const std::vector<Tensor>& v) {
                     return xgrad::sum(v[0] * xgrad::transpose(v[1]) + v[2][{xgrad::ellipsis, xgrad::newaxis}]);
                   });
  }

  Task adam(int count, std::int64_t size) override {
    return optimizer<xgrad::optim::Adam>(count, size, xgrad::optim::AdamOptions{.lr = kLearningRate});
  }
  Task sgd_momentum(int count, std::int64_t size) override {
    return optimizer<xgrad::optim::SGD>(count, size, xgrad::optim::SGDOptions{.lr = kLearningRate, .momentum = 0.9});
  }

  Task batched_matmul(std::int64_t batch, std::int64_t size) override {
    Tensor a = variable_of(numbers(batch * size * size, 1), {batch, size, size});
    Tensor b = variable_of(numbers(batch * size * size, 2), {batch, size, size});
    Tensor cotangent = tensor_of(numbers(batch * size * size, 3), {batch, size, size});
    auto run = [=]() mutable {
      a.zero_grad();
      b.zero_grad();
      xgrad::matmul(a, b).backward(cotangent);
    };
    return {run, [=] { return ends_of({a.grad(), b.grad()}); }};
  }

  Task add(std::int64_t size) override {
    Tensor a = tensor_of(numbers(size, 1), {size}), b = tensor_of(numbers(size, 2), {size});
    auto sum = std::make_shared<Tensor>();
    return {[=] {
              *sum = Tensor();  // the last sum goes first, as one that is local to a loop's body does
              *sum = a + b;
            },
            [=] { return ends_of({*sum}); }};
  }

  Task recorded_add(std::int64_t size) override {
    Tensor a = variable_of(numbers(size, 1), {size}), b = tensor_of(numbers(size, 2), {size});
    auto sum = std::make_shared<Tensor>();
    return {[=] {
              *sum = Tensor();
              *sum = a + b;
            },
            [=] { return ends_of({sum->detach()}); }};
  }

  Task nested_gradient(int steps, std::int64_t size) override {
    Tensor start = tensor_of(numbers(size, 2), {size});
    return task_of({variable_of(numbers(size, 1), {size})}, [=](const std::vector<Tensor>& v) {
      Tensor x = start;
      for (int i = 0; i < steps; ++i)
        x = x - 0.01 * xgrad::grad([&](const Tensor& x) { return xgrad::sum(v[0] * v[0] * x * x); }, x);
      return xgrad::sum(x * x);
    });
  }

  Task rows_in_loop(std::int64_t rows, std::int64_t columns) override {
    return task_of({variable_of(numbers(rows * columns, 1), {rows, columns})}, [=](const std::vector<Tensor>& v) {
      Tensor total = xgrad::sum(v[0][0] * v[0][0]);
      for (std::int64_t i = 1; i < rows; ++i) {
        Tensor row = v[0][i];
        total = total + xgrad::sum(row * row);
      }
      return total;
    });
  }

  Task bound(Bound operation, std::int64_t size) override {
    std::vector<Tensor> v;
    for (unsigned seed = 1; seed <= 3; ++seed) v.push_back(tensor_of(numbers(size * size, seed), {size, size}));
    if (operation == Bound::ties) v[0] = xgrad::floor(4 * v[0]);
    v[0].set_requires_grad();
    switch (operation) {
      case Bound::stack: {
        v[1].set_requires_grad();
        return pulled({v[0], v[1]}, tensor_of(numbers(2 * size * size, 4), {size, size, 2}),
                      [](const std::vector<Tensor>& v) {
                        return xgrad::stack({v[0], v[1]}, -1);
                      });
      }
      case Bound::largest:
        return pulled({v[0]}, tensor_of(numbers(size, 4), {size}),
                      [](const std::vector<Tensor>& v) { return xgrad::max(v[0], 1).values; });
      case Bound::ties:
        return pulled({v[0]}, tensor_of(numbers(size, 4), {size}),
                      [](const std::vector<Tensor>& v) { return xgrad::amax(v[0], xgrad::Axes(1)); });
      case Bound::scalar:
        return pulled({v[0], variable_of({2}, {})}, v[1], [](const std::vector<Tensor>& v) { return v[0] * v[1]; });
      case Bound::square_sum:
        return task_of({v[0]}, [](const std::vector<Tensor>& v) { return xgrad::sum(v[0] * v[0]); });
      default:
        return pulled({v[0]}, v[2], [b = v[1], c = v[2]](const std::vector<Tensor>& v) {
          return xgrad::map([](auto a, auto b, auto c) { return a * b + c; }, v[0], b, c);
        });
    }
  }
  Task operation(const std::string& name) override { return task_named(xgrad_operations(), name); }

  Task layer(Layer layer) override { return xgrad_layer(layer); }

  Task first_gradient() override {
    return {[] { run_beside("bench_first", {"gradient"}); }};
  }

 private:
  /// f(variables), and the variables' gradients for this cotangent.
  template <class F>
  static Task pulled(std::vector<Tensor> variables, const Tensor& cotangent, F f) {
    auto run = [=]() mutable {
      for (Tensor& variable : variables) variable.zero_grad();
      f(variables).backward(cotangent);
    };
    return {run, [=] { return ends_of({variables.back().grad()}); }};
  }

  template <class Optimizer, class Options>
  static Task optimizer(int count, std::int64_t size, const Options& options) {
    std::vector<Tensor> parameters;
    for (int i = 0; i < count; ++i) {
      parameters.push_back(xgrad::zeros({size}, {.requires_grad = true}));
      parameters.back().set_grad(tensor_of(numbers(size, i + 1), {size}));
    }
    auto optimizer = std::make_shared<Optimizer>(parameters, options);
    return {[=] { optimizer->step(); }, [=] { return ends_of({parameters.front(), parameters.back()}); }};
  }
};

}  // namespace

std::unique_ptr<Contender> make_xgrad() { return std::make_unique<Xgrad>(); }

std::string xgrad_version() {
  return "xgrad " + std::to_string(XGRAD_VERSION_MAJOR) + "." + std::to_string(XGRAD_VERSION_MINOR) + "." +
         std::to_string(XGRAD_VERSION_PATCH);
}

}  // namespace bench
