// The README's first screen: a model, its training, and derivatives of plain functions.
#include <iostream>
#include <xgrad/xgrad.hpp>
using namespace xgrad;

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(64, 32));
  nn::Dense output = child("output", nn::Dense(32, 10));
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
};

int main() {
  auto train = data::separate_target(data::read_csv("examples/data/digits.csv.gz").values);
  Mlp model;
  optim::Adam adam(model.parameters(), {.lr = 1e-3});
  for (auto [x, y] : data::batches(train, {.size = 32, .shuffle = true})) {
    Tensor loss = nn::cross_entropy(model(x), y);
    adam.zero_grad();
    loss.backward();
    adam.step();
  }

  auto f = [](const Tensor& x) { return sum(sin(x) * exp(x)); };
  Tensor x = linspace(-1, 1, 5, {.dtype = DType::float64});
  Tensor dfdx = grad(f, x);  // also value_and_grad, hessian, jacobian, hvp, jvp, vjp
  gradcheck(f, {x});         // throws, naming the element, when a gradient is wrong
  Tensor y = map([](auto a, auto b) { return tanh(a) * exp(-b * b); }, x, dfdx);  // any lambda: one pass
  std::cout << dfdx << '\n' << y << '\n';
}
