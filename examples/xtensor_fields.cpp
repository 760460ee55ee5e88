// Fields in xt::xarray, and the gradient of a model of them: which conductivity makes heat spread as it was measured?
//
// Heat u on a ring of cells changes by what flows between neighbours: u += dt * (flow in - flow out), flow = k *
// difference. The conductivity k, one number for each boundary, is unknown; u after some steps is measured. The model
// is a plain loop of xgrad's operators, and its gradient goes back through all steps. All data stay in xtensor's
// arrays: none is copied on its way.
#include <cstdio>

#include <xgrad/autograd/xtensor.hpp>
#include <xgrad/xgrad.hpp>

// Where xtensor keeps its headers: in folders from 0.26 on.
#if __has_include(<xtensor/generators/xbuilder.hpp>)
#include <xtensor/generators/xbuilder.hpp>
#else
#include <xtensor/xbuilder.hpp>
#endif

using namespace xgrad;

/// The temperatures after so many steps.
Tensor spread(Tensor u, const Tensor& conductivity, int steps) {
  for (int i = 0; i < steps; ++i) {
    const Tensor flow = conductivity * (roll(u, -1, 0) - u);  // into each cell from the next one
    u = u + 0.2 * (flow - roll(flow, 1, 0));
  }
  return u;
}

int main() {
  constexpr int kCells = 24, kSteps = 30;
  // What is to be found out: the ring conducts badly in one half.
  const xt::xarray<double> place = xt::arange<double>(kCells);
  const xt::xarray<double> truth = xt::where(place < kCells / 2, 1.0, 0.3);
  xt::xarray<double> start = xt::exp(-0.05 * xt::square(place - 6)) + xt::exp(-0.1 * xt::square(place - 17));

  // Arrays that are moved become tensors of the same memory.
  const Tensor u0 = from_xtensor(std::move(start));
  const Tensor measured = spread(u0, from_xtensor(truth), kSteps);

  // The guess stays an array, and the tensor shows it as it is now.
  xt::xarray<double> guess = 0.6 * xt::ones<double>({kCells});
  Tensor conductivity = borrow_xtensor(guess).set_requires_grad();
  xt::xarray<double> velocity = xt::zeros<double>({kCells});
  double loss = 0;
  for (int step = 0; step < 1000; ++step) {
    const Tensor error = sum(square(spread(u0, conductivity, kSteps) - measured));
    loss = error.item();
    const Tensor gradient = grad(error, conductivity);
    // Descent with momentum, in xtensor's expressions.
    velocity = 0.9 * velocity - 0.2 * as_xtensor<double>(gradient);
    xt::noalias(guess) += velocity;  // in its own memory, which the tensor shows
    if (step % 100 == 0) std::printf("step %3d: squared error %.3e\n", step, loss);
  }
  const double worst = xt::amax(xt::abs(guess - truth))();
  std::printf("squared error %.3e; the conductivity is found to %.3f\n", loss, worst);
  return loss < 1e-4 ? 0 : 1;
}
