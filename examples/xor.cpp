// Exclusive or: the smallest function that needs a hidden layer, learned by gradient descent on its four
// points.
//
//     xor                    learns it
//     xor --report FOLDER    leaves a page of the run there
#include <cstdio>
#include <string>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "run_report.hpp"

using namespace xgrad;

struct Xor : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(2, 8));
  nn::Dense output = child("output", nn::Dense(8, 1));
  /// The logit of "yes".
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
};

int run(const std::string& folder) {
  const Tensor x = tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}});
  const Tensor y = tensor({{0.}, {1.}, {1.}, {0.}});

  manual_seed(0);
  Xor model;
  optim::SGD sgd(model.parameters(), {.lr = 0.5, .momentum = 0.9});
  RunReport report(folder);
  for (int step = 0; step <= 500; ++step) {
    const Tensor loss = nn::binary_cross_entropy_with_logits(model(x), y);
    sgd.zero_grad();
    loss.backward();
    sgd.step();
    report.scalars(step, {{"loss", loss.item()}});
    if (step % 100 == 0) std::printf("step %3d  loss %.6f\n", step, loss.item());
  }

  NoGrad no_grad;
  const Tensor answer = sigmoid(model(x));
  bool right = true;
  for (int i = 0; i < 4; ++i) {
    std::printf("%.0f xor %.0f = %.3f\n", x[{i, 0}].item(), x[{i, 1}].item(), answer[i].item());
    right &= (answer[i].item() > 0.5) == (y[i].item() == 1);
  }
  report.note("right", right ? "all four" : "not all four");
  report.save("Exclusive or");
  return right ? 0 : 1;
}

int main(int argc, char** argv) {
  std::string report;
  CLI::App app("Learns exclusive or");
  add_report(app, report);
  return run_program(app, argc, argv, [&] { return run(report); });
}
