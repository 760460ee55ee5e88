// The workloads in libtorch's C++ interface, as its documentation writes them. This file, layers_torch.cpp and
// torch_operations.cpp are the only ones that include libtorch.
#include "contender.hpp"
#include "layers.hpp"

#ifdef XGRAD_WITH_TORCH

#include <cblas.h>
#include <torch/torch.h>

#include "operations.hpp"

namespace bench {
namespace {

torch::Tensor tensor_of(std::vector<float> values, torch::IntArrayRef shape) {
  return torch::from_blob(values.data(), shape).clone();
}

torch::Tensor variable_of(std::vector<float> values, torch::IntArrayRef shape) {
  return tensor_of(std::move(values), shape).requires_grad_();
}

torch::Tensor labels_of(std::int64_t count, std::int64_t classes) {
  std::vector<std::int64_t> values = labels(count, classes);
  return torch::from_blob(values.data(), {count}, torch::kInt64).clone();
}

/// First and last element of a gradient.
void append_ends(std::vector<double>& to, const torch::Tensor& tensor) {
  torch::Tensor flat = tensor.reshape(-1);
  to.push_back(flat[0].item<double>());
  to.push_back(flat[-1].item<double>());
}

/// A scalar function of variables, and its gradients.
struct Function {
  std::vector<torch::Tensor> variables;
  torch::Tensor value{};

  template <class F>
  void run(F&& f) {
    for (torch::Tensor& variable : variables) variable.mutable_grad().reset();
    value = f();
    value.backward();
  }
  std::vector<double> outcome() const {
    std::vector<double> result{value.item<double>()};
    for (const torch::Tensor& variable : variables) append_ends(result, variable.grad());
    return result;
  }
};

/// A task from a function of the variables: `f(variables)` returns the scalar.
template <class F>
Task task_of(std::vector<torch::Tensor> variables, F f) {
  auto function = std::make_shared<Function>(Function{std::move(variables)});
  return {[=] { function->run([&] { return f(function->variables); }); }, [=] { return function->outcome(); }};
}

struct Mlp : torch::nn::Module {
  explicit Mlp(const std::vector<std::int64_t>& sizes) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.push_back(register_module("layer" + std::to_string(i), torch::nn::Linear(sizes[i], sizes[i + 1])));
    std::vector<std::vector<float>> values = mlp_parameters(sizes);
    torch::NoGradGuard no_grad;
    std::size_t k = 0;
    for (torch::Tensor& parameter : parameters()) parameter.copy_(tensor_of(values[k++], parameter.sizes()));
  }
  torch::Tensor forward(torch::Tensor x) {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = torch::relu(layers[i]->forward(x));
    return layers.back()->forward(x);
  }
  std::vector<torch::nn::Linear> layers;
};

struct Training {
  Training(const std::vector<std::int64_t>& sizes, std::int64_t batch)
      : model(sizes),
        adam(model.parameters(), torch::optim::AdamOptions(kLearningRate)),
        x(tensor_of(numbers(batch * sizes.front(), 100), {batch, sizes.front()})),
        y(labels_of(batch, sizes.back())) {}

  Mlp model;
  torch::optim::Adam adam;
  torch::Tensor x, y, loss;
};

class Torch : public Contender {
 public:
  void set_threads(int count) override {
    torch::set_num_threads(count);
    openblas_set_num_threads(count);
  }

  Task add_chain(int length, std::int64_t size) override {
    torch::Tensor x = variable_of(numbers(size, 1), {size});
    torch::Tensor ones = torch::ones({size});
    auto run = [=]() mutable {
      x.mutable_grad().reset();
      torch::Tensor y = x;
      for (int i = 0; i < length; ++i) y = y + x;
      y.backward(ones);
    };
    return {run, [=] {
              std::vector<double> result;
              append_ends(result, x.grad());
              return result;
            }};
  }

  Task mlp_step(const std::vector<std::int64_t>& sizes, std::int64_t batch) override {
    auto training = std::make_shared<Training>(sizes, batch);
    auto run = [=] {
      training->loss = torch::cross_entropy_loss(training->model.forward(training->x), training->y);
      training->model.zero_grad(/*set_to_none=*/true);
      training->loss.backward();
      training->adam.step();
    };
    return {run, [=] { return std::vector{training->loss.item<double>()}; }};
  }

  Task formula(std::int64_t size) override {
    return task_of({variable_of(numbers(size, 1), {size})}, [](const std::vector<torch::Tensor>& v) {
      const torch::Tensor& x = v[0];
      return torch::sum(torch::tanh(x) * torch::sigmoid(x) + torch::exp(-x * x));
    });
  }
  Task fused_formula(std::int64_t size) override { return formula(size); }

  Task special(Special function, std::int64_t size) override {
    return task_of({variable_of(operands_of(function, size), {size})}, [=](const std::vector<torch::Tensor>& v) {
      return torch::sum(function == Special::lgamma    ? torch::lgamma(v[0])
                        : function == Special::digamma ? torch::digamma(v[0])
                                                       : torch::erfinv(v[0]));
    });
  }

  Task cross_entropy(std::int64_t rows, std::int64_t classes) override {
    torch::Tensor y = labels_of(rows, classes);
    return task_of({variable_of(numbers(rows * classes, 1), {rows, classes})},
                   [=](const std::vector<torch::Tensor>& v) { return torch::cross_entropy_loss(v[0], y); });
  }

  Task normalize(std::int64_t size) override {
    return task_of({variable_of(numbers(size * size, 1), {size, size})}, [](const std::vector<torch::Tensor>& v) {
      const torch::Tensor& x = v[0];
      torch::Tensor z = (x - torch::mean(x, 0)) / (torch::std(x, 1, /*unbiased=*/true, /*keepdim=*/true) + 1e-5);
      return torch::mean(torch::square(z));
    });
  }

  Task transposed(std::int64_t size) override {
    return task_of({variable_of(numbers(size * size, 1), {size, size}),
                    variable_of(numbers(size * size, 2), {size, size}), variable_of(numbers(size, 3), {size})},
                   [](const std::vector<torch::Tensor>& v) {
                     return torch::sum(v[0] * torch::transpose(v[1], 0, 1) + v[2].unsqueeze(1));
                   });
  }

  Task adam(int count, std::int64_t size) override {
    return optimizer<torch::optim::Adam>(count, size, torch::optim::AdamOptions(kLearningRate));
  }
  Task sgd_momentum(int count, std::int64_t size) override {
    return optimizer<torch::optim::SGD>(count, size, torch::optim::SGDOptions(kLearningRate).momentum(0.9));
  }

  Task batched_matmul(std::int64_t batch, std::int64_t size) override {
    torch::Tensor a = variable_of(numbers(batch * size * size, 1), {batch, size, size});
    torch::Tensor b = variable_of(numbers(batch * size * size, 2), {batch, size, size});
    torch::Tensor cotangent = tensor_of(numbers(batch * size * size, 3), {batch, size, size});
    auto run = [=]() mutable {
      a.mutable_grad().reset();
      b.mutable_grad().reset();
      torch::matmul(a, b).backward(cotangent);
    };
    return {run, [=] {
              std::vector<double> result;
              append_ends(result, a.grad());
              append_ends(result, b.grad());
              return result;
            }};
  }

  Task add(std::int64_t size) override {
    torch::Tensor a = tensor_of(numbers(size, 1), {size}), b = tensor_of(numbers(size, 2), {size});
    auto sum = std::make_shared<torch::Tensor>();
    return {[=] {
              *sum = torch::Tensor();
              *sum = a + b;
            },
            [=] {
              std::vector<double> result;
              append_ends(result, *sum);
              return result;
            }};
  }

  Task recorded_add(std::int64_t size) override {
    torch::Tensor a = variable_of(numbers(size, 1), {size}), b = tensor_of(numbers(size, 2), {size});
    auto sum = std::make_shared<torch::Tensor>();
    return {[=] {
              *sum = torch::Tensor();
              *sum = a + b;
            },
            [=] {
              std::vector<double> result;
              append_ends(result, sum->detach());
              return result;
            }};
  }

  Task nested_gradient(int steps, std::int64_t size) override {
    torch::Tensor start = tensor_of(numbers(size, 2), {size});
    return task_of({variable_of(numbers(size, 1), {size})}, [=](const std::vector<torch::Tensor>& v) {
      torch::Tensor x = start.clone().requires_grad_();
      for (int i = 0; i < steps; ++i) {
        torch::Tensor y = torch::sum(v[0] * v[0] * x * x);
        x = x - 0.01 * torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
      }
      return torch::sum(x * x);
    });
  }

  Task rows_in_loop(std::int64_t rows, std::int64_t columns) override {
    return task_of({variable_of(numbers(rows * columns, 1), {rows, columns})},
                   [=](const std::vector<torch::Tensor>& v) {
                     torch::Tensor total = torch::sum(v[0][0] * v[0][0]);
                     for (std::int64_t i = 1; i < rows; ++i) {
                       torch::Tensor row = v[0][i];
                       total = total + torch::sum(row * row);
                     }
                     return total;
                   });
  }

  Task bound(Bound operation, std::int64_t size) override {
    std::vector<torch::Tensor> v;
    for (unsigned seed = 1; seed <= 3; ++seed) v.push_back(tensor_of(numbers(size * size, seed), {size, size}));
    if (operation == Bound::ties) v[0] = torch::floor(4 * v[0]);
    v[0].set_requires_grad(true);
    switch (operation) {
      case Bound::stack: {
        v[1].set_requires_grad(true);
        return pulled({v[0], v[1]}, tensor_of(numbers(2 * size * size, 4), {size, size, 2}),
                      [](const std::vector<torch::Tensor>& v) {
                        return torch::stack({v[0], v[1]}, -1);
                      });
      }
      case Bound::largest:
        return pulled({v[0]}, tensor_of(numbers(size, 4), {size}),
                      [](const std::vector<torch::Tensor>& v) { return std::get<0>(torch::max(v[0], 1)); });
      case Bound::ties:
        return pulled({v[0]}, tensor_of(numbers(size, 4), {size}),
                      [](const std::vector<torch::Tensor>& v) { return torch::amax(v[0], 1); });
      case Bound::scalar:
        return pulled({v[0], variable_of({2}, {})}, v[1],
                      [](const std::vector<torch::Tensor>& v) { return v[0] * v[1]; });
      case Bound::square_sum:
        return task_of({v[0]}, [](const std::vector<torch::Tensor>& v) { return torch::sum(v[0] * v[0]); });
      default:
        return pulled({v[0]}, v[2], [b = v[1], c = v[2]](const std::vector<torch::Tensor>& v) { return v[0] * b + c; });
    }
  }
  Task operation(const std::string& name) override { return task_named(torch_operations(), name); }

  Task layer(Layer layer) override { return torch_layer(layer); }

  Task first_gradient() override {
    return {[] { run_beside("bench_first_torch"); }};
  }

 private:
  /// f(variables), and the variables' gradients for this cotangent.
  template <class F>
  static Task pulled(std::vector<torch::Tensor> variables, const torch::Tensor& cotangent, F f) {
    auto run = [=]() mutable {
      for (torch::Tensor& variable : variables) variable.mutable_grad().reset();
      f(variables).backward(cotangent);
    };
    return {run, [=] {
              std::vector<double> result;
              append_ends(result, variables.back().grad());
              return result;
            }};
  }

  template <class Optimizer, class Options>
  static Task optimizer(int count, std::int64_t size, const Options& options) {
    std::vector<torch::Tensor> parameters;
    for (int i = 0; i < count; ++i) {
      parameters.push_back(torch::zeros({size}).requires_grad_());
      parameters.back().mutable_grad() = tensor_of(numbers(size, i + 1), {size});
    }
    auto optimizer = std::make_shared<Optimizer>(parameters, options);
    return {[=] { optimizer->step(); },
            [=] {
              std::vector<double> result;
              append_ends(result, parameters.front());
              append_ends(result, parameters.back());
              return result;
            }};
  }
};

}  // namespace

std::unique_ptr<Contender> make_torch() { return std::make_unique<Torch>(); }

std::string torch_version() {
  // show_config() writes "CPU capability usage: AVX512" among much else.
  std::string config = torch::show_config();
  std::string key = "CPU capability usage: ";
  std::size_t at = config.find(key);
  std::string version = std::string("libtorch ") + TORCH_VERSION;
  if (at == std::string::npos) return version;
  at += key.size();
  return version + " (" + config.substr(at, config.find('\n', at) - at) + ")";
}

}  // namespace bench

#else

namespace bench {

std::unique_ptr<Contender> make_torch() { return nullptr; }

std::string torch_version() { return ""; }

}  // namespace bench

#endif
