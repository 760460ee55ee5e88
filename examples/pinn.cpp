// A physics-informed network: learns the solution of the heat equation
//
//     u_t = 0.1 u_xx   on 0 < x < 1, 0 < t < 1,    u(x, 0) = sin(pi x),    u(0, t) = u(1, t) = 0
//
// from the equation alone. The loss is how far the network is from satisfying it, so that the gradient goes through the
// network's second derivative. Adam first, then L-BFGS; the error is against the solution exp(-0.1 pi^2 t) sin(pi x).
//
//     pinn                    about a minute at most
//     pinn --report FOLDER    leaves a page of the run there
//     pinn --help             all options
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

constexpr double kConductivity = 0.1;
constexpr double kPi = 3.14159265358979323846;

struct Settings {
  int adam_steps = 1000;
  int lbfgs_steps = 40;
  std::string picture, report;  // empty: none
};

struct Network : nn::Module {
  nn::Dense first =
      child("first", nn::Dense(2, 24, {.weight_init = nn::init::glorot_normal(), .dtype = DType::float64}));
  nn::Dense second =
      child("second", nn::Dense(24, 24, {.weight_init = nn::init::glorot_normal(), .dtype = DType::float64}));
  nn::Dense last = child("last", nn::Dense(24, 1, {.weight_init = nn::init::glorot_normal(), .dtype = DType::float64}));
  /// u at the points (x, t), both [n, 1].
  Tensor operator()(const Tensor& x, const Tensor& t) const {
    return last(tanh(second(tanh(first(cat({2 * x - 1, 2 * t - 1}, 1))))));
  }
};

Tensor solution(const Tensor& x, const Tensor& t) { return exp(-kConductivity * kPi * kPi * t) * sin(kPi * x); }

/// Points at which the equation, the start and the edges are asked for.
struct Points {
  Tensor x, t;            // inside
  Tensor x_start;         // at t = 0
  Tensor x_edge, t_edge;  // at x = 0 and x = 1
};

Points random_points() {
  const TensorOptions options = {.dtype = DType::float64};
  Points points;
  points.x = uniform({400, 1}, 0, 1, options).set_requires_grad();
  points.t = uniform({400, 1}, 0, 1, options).set_requires_grad();
  points.x_start = linspace(0, 1, 50, options).detach();
  points.x_start = reshape(points.x_start, {50, 1});
  points.t_edge = reshape(linspace(0, 1, 50, options), {50, 1});
  points.t_edge = cat({points.t_edge, points.t_edge});
  points.x_edge = cat({zeros({50, 1}, options), ones({50, 1}, options)});
  return points;
}

Tensor loss_of(const Network& network, const Points& points) {
  const Tensor u = network(points.x, points.t);
  const std::vector<Tensor> first = grad(sum(u), {points.x, points.t}, {.create_graph = true});
  const Tensor u_xx = grad(sum(first[0]), points.x, {.create_graph = true});
  const Tensor equation = mean(square(first[1] - kConductivity * u_xx));
  const Tensor start = mean(square(network(points.x_start, zeros_like(points.x_start)) - sin(kPi * points.x_start)));
  const Tensor edges = mean(square(network(points.x_edge, points.t_edge)));
  return equation + 10 * start + 10 * edges;
}

/// A grid of points, u there, and |u - solution| / |solution| over it.
double relative_error(const Network& network, Tensor* difference = nullptr) {
  NoGrad no_grad;
  const TensorOptions options = {.dtype = DType::float64};
  const Tensor line = linspace(0, 1, 41, options);
  const Tensor x = reshape(expand(line, {41, 41}), {-1, 1});
  const Tensor t = reshape(expand(reshape(line, {41, 1}), {41, 41}), {-1, 1});
  const Tensor exact = solution(x, t), error = network(x, t) - exact;
  if (difference != nullptr) *difference = reshape(error, {41, 41});
  return (norm(error) / norm(exact)).item();
}

int run(const Settings& settings) {
  manual_seed(0);
  const Network network;
  const Points points = random_points();
  std::vector<double> steps, losses, errors;
  RunReport report(settings.report);
  const auto start = std::chrono::steady_clock::now();
  const auto tell = [&](const char* optimizer, double step, double loss) {
    const double error = relative_error(network);
    std::printf("%-7s step %5.0f   loss %.3e   relative error %.3e\n", optimizer, step, loss, error);
    steps.push_back(step);
    losses.push_back(loss);
    errors.push_back(error);
    report.scalars(static_cast<std::int64_t>(step), {{"loss", loss}, {"relative error", error}});
  };

  optim::Adam adam(network.parameters(), {.lr = 5e-3});
  optim::CosineAnnealingLR schedule(adam, {.T_max = settings.adam_steps, .eta_min = 5e-4});
  for (int step = 0; step < settings.adam_steps; ++step) {
    const double loss = adam.step([&] { return loss_of(network, points); }).item();
    schedule.step();
    if (step % 100 == 0) tell("Adam", step, loss);
  }
  const double by_adam = relative_error(network);

  optim::LBFGS lbfgs(network.parameters(), {.max_iter = 20,
                                            .tolerance_grad = 1e-9,
                                            .tolerance_change = 1e-14,
                                            .history_size = 50,
                                            .line_search = optim::LineSearch::strong_wolfe});
  for (int step = 0; step < settings.lbfgs_steps; ++step) {
    const double loss = lbfgs.step([&] { return loss_of(network, points); }).item();
    if (step % 5 == 0) tell("L-BFGS", settings.adam_steps + 20.0 * step, loss);
  }
  Tensor difference;
  const double by_lbfgs = relative_error(network, &difference);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("\nrelative error %.2e after Adam, %.2e after L-BFGS (%.1f s)\n", by_adam, by_lbfgs, seconds.count());

  if (!settings.picture.empty() || report.log() != nullptr) {
    const train::Plot progress =
        train::Plot({.title = "Adam, then L-BFGS", .x_label = "iteration", .y_scale = train::AxisScale::log})
            .curve("loss", steps, losses)
            .curve("relative error", steps, errors);
    std::vector<std::string> places;
    for (int i = 0; i <= 40; ++i) places.push_back(concat(i / 40.0));
    const train::Plot map = train::Plot({.title = "What is wrong with u", .x_label = "x", .y_label = "t"})
                                .heat_map(difference, {.rows = places, .columns = places, .numbers = false});
    if (!settings.picture.empty()) train::Panels({progress, map}).save(settings.picture);
    report.note("relative error after Adam", by_adam);
    report.note("relative error after L-BFGS", by_lbfgs);
    report.save("The heat equation by a physics-informed network", map);
  }
  return by_lbfgs < by_adam ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Learns the solution of the heat equation from the equation");
  add_integer(app, "--adam", settings.adam_steps, 1, 1'000'000, "steps by Adam");
  add_integer(app, "--lbfgs", settings.lbfgs_steps, 0, 1'000'000, "steps by L-BFGS, of 20 iterations");
  app.add_option("--picture", settings.picture, "where to write the course and the error, as .svg or .png");
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] { return run(settings); });
}
