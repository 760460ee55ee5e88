#include "lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/index.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/reduce.hpp"
#include "detail/update.hpp"
#include "detail/vectors.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

Tensor row(const Tensor& rows, std::int64_t i) { return reshape(narrow(rows, 0, i, 1), {rows.size(1)}); }

bool was_frozen(const State& state) {
  const double* frozen = state.find_number("frozen");
  return frozen != nullptr && *frozen != 0;
}

// PyTorch's comparisons: a nan as the first operand stays.
double at_least(double x, double bound) { return bound > x ? bound : x; }
double at_most(double x, double bound) { return bound < x ? bound : x; }

/// Where the cubic through two points with their slopes is least, within bounds.
double least_of_cubic(double x1, double f1, double g1, double x2, double f2, double g2, double low, double high) {
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2);
  const double square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double least = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                                : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return at_most(at_least(least, low), high);
}

}  // namespace

void LBFGSOptions::check(SourceLocation where) const {
  check_not_negative(kOptimizer, "lr", lr, where);
  xgrad::check(max_iter >= 1, where, kOptimizer, ": max_iter must be at least 1, but it is ", max_iter, '.');
  xgrad::check(max_eval >= 0, where, kOptimizer, ": max_eval must be at least 0, but it is ", max_eval, '.');
  check_not_negative(kOptimizer, "tolerance_grad", tolerance_grad, where);
  check_not_negative(kOptimizer, "tolerance_change", tolerance_change, where);
  xgrad::check(history_size >= 1, where, kOptimizer, ": history_size must be at least 1, but it is ", history_size,
               '.');
}

std::vector<Kept> LBFGS::keeps(const LBFGSOptions&, const Tensor& w) const {
  std::vector<Kept> kept = {
      {"direction", w}, {"previous_gradient", w}, Kept::rows("gradient_changes", w), Kept::rows("moves", w)};
  if (w.is_same(parameters()[0]))
    for (const char* name : {"iterations", "evaluations", "step_size", "scale", "previous_loss"})
      kept.push_back(Kept::number(name));
  kept.push_back(Kept::number("frozen"));
  kept.back().is_optional = true;
  return kept;
}

/// The loss and its gradient at one length of the step.
struct LBFGS::Evaluation {
  double t = 0, loss = 0;
  Tensor gradient;   // [n]
  double slope = 0;  // gradient . direction
};

/// The search for a length of the step by which the loss falls by c1 of what the slope promises, and the slope to c2 of
/// itself: first a bracket around such a point, then smaller ones.
struct LBFGS::Search {
  static constexpr double kC1 = 1e-4, kC2 = 0.9, kTolerance = 1e-9;
  static constexpr int kMost = 25;

  const Evaluation& start;
  const Tensor& direction;
  Function<Evaluation(double)> evaluate;
  std::int64_t evaluations = 0;

  bool falls_too_little(const Evaluation& point) const { return point.loss > start.loss + kC1 * point.t * start.slope; }
  bool is_flat(const Evaluation& point) const { return std::abs(point.slope) <= -kC2 * start.slope; }
  Evaluation at(double t) {
    ++evaluations;
    return evaluate(t);
  }

  Evaluation run(double t) {
    const double longest = largest_of(direction);
    Evaluation now = at(t), before = start;
    Evaluation bracket[2];
    int tries = 0;
    bool bracketed = false;
    for (; tries < kMost; ++tries) {
      if (falls_too_little(now) || (tries > 1 && now.loss >= before.loss)) {
        bracketed = true;
        break;
      }
      if (is_flat(now)) return now;
      if (now.slope >= 0) {
        bracketed = true;
        break;
      }
      const double next = least_of_cubic(before.t, before.loss, before.slope, now.t, now.loss, now.slope,
                                         now.t + 0.01 * (now.t - before.t), now.t * 10);
      before = std::move(now);
      now = at(next);
    }
    if (bracketed)
      bracket[0] = std::move(before);
    else
      bracket[0] = start;
    bracket[1] = std::move(now);

    bool is_stuck = false;
    int low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
    while (tries < kMost) {
      const auto [least, most] = std::minmax(bracket[0].t, bracket[1].t);
      if (std::abs(bracket[1].t - bracket[0].t) * longest < kTolerance) break;
      double next = least_of_cubic(bracket[0].t, bracket[0].loss, bracket[0].slope, bracket[1].t, bracket[1].loss,
                                   bracket[1].slope, least, most);
      // A point too near to an end, for the second time or right there, moves inside.
      const double margin = 0.1 * (most - least);
      if (at_most(most - next, next - least) < margin) {
        if (is_stuck || next >= most || next <= least) {
          next = std::abs(next - most) < std::abs(next - least) ? most - margin : least + margin;
          is_stuck = false;
        } else {
          is_stuck = true;
        }
      } else {
        is_stuck = false;
      }

      Evaluation point = at(next);
      ++tries;
      const int high = 1 - low;
      if (falls_too_little(point) || point.loss >= bracket[low].loss) {
        bracket[high] = std::move(point);
        low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
        continue;
      }
      const bool is_done = is_flat(point);
      if (!is_done && point.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
      bracket[low] = std::move(point);
      if (is_done) break;
    }
    return bracket[low];
  }
};

void LBFGS::remember(Memory& memory, const Tensor& gradient) const {
  const LBFGSOptions& options = this->options();
  const Tensor change = gradient - memory.previous_gradient;
  const Tensor move = memory.direction * memory.step_size;
  const double product = dot(change, move);
  if (!(product > 1e-10)) return;

  auto count = static_cast<std::int64_t>(memory.inverses.size());
  while (count >= options.history_size) {
    memory.inverses.erase(memory.inverses.begin());
    ++memory.first;
    --count;
  }
  const std::int64_t capacity = memory.changes.defined() ? memory.changes.size(0) : 0;
  if (memory.first + count == capacity) {
    // New room, not the old one's front: a step that fails goes back to what is there.
    const std::int64_t slack = std::max<std::int64_t>(8, options.history_size / 4);
    const std::int64_t rows = std::min(std::max<std::int64_t>(8, 2 * count), options.history_size) + slack;
    for (Tensor* old : {&memory.changes, &memory.moves}) {
      const Tensor room = zeros({rows, gradient.numel()}, {.dtype = gradient.dtype()});
      if (count > 0) narrow(room, 0, 0, count).assign(narrow(*old, 0, memory.first, count));
      *old = room;
    }
    memory.first = 0;
  }
  row(memory.changes, memory.first + count).assign(change);
  row(memory.moves, memory.first + count).assign(move);
  memory.inverses.push_back(1 / product);
  memory.scale = product / dot(change, change);
}

/// The two loops of Nocedal: minus the approximate inverse Hessian times the gradient. Each pass adds one row and makes
/// the product with the next.
Tensor LBFGS::direction_of(const Memory& memory, const Tensor& gradient) const {
  const auto count = static_cast<std::int64_t>(memory.inverses.size());
  const auto change = [&](std::int64_t i) { return row(memory.changes, memory.first + i); };
  const auto move = [&](std::int64_t i) { return row(memory.moves, memory.first + i); };
  Tensor q = -gradient;
  if (count == 0) return q * memory.scale;
  std::vector<double> weights(count);
  double product = dot(move(count - 1), q);
  for (std::int64_t i = count - 1; i >= 0; --i) {
    weights[i] = product * memory.inverses[i];
    if (i > 0)
      product = add_scaled_dot(q, -weights[i], change(i), move(i - 1));
    else
      add_scaled(q, -weights[0], change(0));
  }
  q = q * memory.scale;
  product = dot(change(0), q);
  for (std::int64_t i = 0; i < count; ++i) {
    const double weight = weights[i] - product * memory.inverses[i];
    if (i + 1 < count)
      product = add_scaled_dot(q, weight, move(i), change(i + 1));
    else
      add_scaled(q, weight, move(i));
  }
  return q;
}

bool LBFGS::iterate(const Function<Tensor()>& loss, Memory& memory, Tensor& answer, SourceLocation where) {
  const LBFGSOptions& options = this->options();
  const std::int64_t max_eval = options.max_eval > 0 ? options.max_eval : options.max_iter * 5 / 4;
  ParameterVector vector(moving(memory));
  const auto evaluate = [&](double t) {
    const Tensor value = loss_with_gradients(loss, where);
    NoGrad no_grad;
    return std::pair(value, Evaluation{t, value.item(), vector.gradients(), 0});
  };
  const auto is_finite = [&](const Evaluation& point) {
    if (options.nonfinite == NonFinite::proceed) return true;
    const bool finite = std::isfinite(point.loss) && std::isfinite(largest_of(point.gradient));
    check<std::runtime_error>(finite || options.nonfinite != NonFinite::error, where, name(),
                              ": loss and gradients must be finite, but the loss is ", point.loss,
                              finite ? "" : " and an element of its gradient may not be", ". Nothing was updated.");
    return finite;
  };

  Evaluation now;
  std::tie(answer, now) = evaluate(0);
  ++memory.evaluations;
  NoGrad no_grad;
  if (!is_finite(now)) return false;
  if (largest_of(now.gradient) <= options.tolerance_grad) return true;

  std::int64_t evaluations = 1;
  for (std::int64_t iteration = 1; iteration <= options.max_iter; ++iteration) {
    if (++memory.iterations == 1) {
      memory.direction = -now.gradient;
      memory.scale = 1;
    } else {
      remember(memory, now.gradient);
      memory.direction = direction_of(memory, now.gradient);
    }
    memory.previous_gradient = now.gradient;
    memory.previous_loss = now.loss;
    memory.step_size = options.lr;
    if (memory.iterations == 1) memory.step_size = at_most(1, 1 / sum(abs(now.gradient)).item()) * options.lr;

    const Tensor direction = memory.direction;
    now.t = 0;
    now.slope = dot(now.gradient, direction);
    if (now.slope > -options.tolerance_change) break;

    const Tensor start = vector.values();
    std::int64_t tried = 0;
    if (options.line_search == LineSearch::strong_wolfe) {
      double last = 0;
      Search search{now, direction, [&](double t) {
                      vector.assign(moved(start, t, direction));
                      last = t;
                      GradMode recording(true);
                      Evaluation point = evaluate(t).second;
                      point.slope = dot(point.gradient, direction);
                      return point;
                    }};
      Evaluation found = search.run(memory.step_size);
      tried = search.evaluations;
      now = std::move(found);
      memory.step_size = now.t;
      if (last != now.t) vector.assign(moved(start, now.t, direction));
    } else {
      vector.assign(moved(start, memory.step_size, direction));
      if (iteration < options.max_iter) {
        GradMode recording(true);
        now = evaluate(memory.step_size).second;
        tried = 1;
      }
    }
    if (!is_finite(now)) return false;
    evaluations += tried;
    memory.evaluations += static_cast<double>(tried);

    if (iteration == options.max_iter || evaluations >= max_eval) break;
    if (largest_of(now.gradient) <= options.tolerance_grad) break;
    if (largest_of(direction) * std::abs(memory.step_size) <= options.tolerance_change) break;
    if (std::abs(now.loss - memory.previous_loss) < options.tolerance_change) break;
  }
  return true;
}

Tensor LBFGS::step(const Function<Tensor()>& loss, SourceLocation where) {
  Memory memory = memory_of_states(where);
  std::vector<bool> frozen;
  for (const Tensor& parameter : parameters()) frozen.push_back(!parameter.requires_grad());
  if (memory.frozen != frozen) {
    const double evaluations = memory.evaluations;
    memory = {};
    memory.evaluations = evaluations;
    memory.frozen = std::move(frozen);
  }
  const std::vector<Tensor> moving = this->moving(memory);
  if (moving.empty()) return loss_with_gradients(loss, where);
  ParameterVector vector(moving);
  std::vector<Tensor> before;  // made before anything moves: to go back takes no memory
  {
    NoGrad no_grad;
    before = vector.parts(vector.values());
  }
  const auto put_back = [&] {
    NoGrad no_grad;
    vector.assign(before);
  };
  Tensor answer;
  bool is_kept = false;
  std::vector<State> states;
  try {
    is_kept = iterate(loss, memory, answer, where);
    if (is_kept) states = states_of(memory);
  } catch (...) {
    put_back();
    throw;
  }
  if (!is_kept) {
    put_back();
    return answer;
  }
  // All is made: nothing fails from here on.
  memory_ = std::move(memory);
  for (std::size_t i = 0; i < states.size(); ++i) std::swap(state_of(i), states[i]);
  const auto lead = std::find(memory_.frozen.begin(), memory_.frozen.end(), false) - memory_.frozen.begin();
  const Tensor* direction = this->states()[lead].find_tensor("direction");
  published_ = direction != nullptr ? *direction : Tensor();
  return answer;
}

std::vector<Tensor> LBFGS::moving(const Memory& memory) const {
  std::vector<Tensor> moving;
  for (std::size_t i = 0; i < parameters().size(); ++i)
    if (!memory.frozen[i]) moving.push_back(parameters()[i]);
  return moving;
}

/// What the states say is what counts: they may have been loaded since the last step.
LBFGS::Memory LBFGS::memory_of_states(SourceLocation where) const {
  const std::vector<State>& states = this->states();
  if (states[0].steps == 0) return {};
  Memory memory;
  for (const State& state : states) memory.frozen.push_back(was_frozen(state));
  const auto lead = std::find(memory.frozen.begin(), memory.frozen.end(), false) - memory.frozen.begin();
  const Tensor* direction = lead == std::ssize(states) ? nullptr : states[lead].find_tensor("direction");
  if (direction == nullptr) return {};
  const State& first = states[lead];
  check(direction->dtype() == parameters()[0].dtype(), where, name(),
        ": what is kept for a parameter must fit it, but the parameters are ", parameters()[0].dtype(),
        " and the direction is ", direction->dtype(),
        ". Make a new optimizer after Module::to(). Nothing was updated.");
  if (direction->is_same(published_)) return memory_;

  NoGrad no_grad;
  const ParameterVector vector(moving(memory));
  const auto joined = [&](const char* name) {
    std::vector<Tensor> parts;
    for (const State& state : states)
      if (!was_frozen(state)) parts.push_back(state[name]);
    return vector.joined(parts);
  };
  const auto rows = [&](const char* name) {
    std::vector<Tensor> parts;
    for (const State& state : states)
      if (!was_frozen(state)) parts.push_back(reshape(state[name], {first[name].size(0), -1}));
    return cat(parts, 1);
  };
  memory.direction = joined("direction");
  memory.previous_gradient = joined("previous_gradient");
  if (const std::int64_t count = first["moves"].size(0); count > 0) {
    memory.changes = rows("gradient_changes");
    memory.moves = rows("moves");
    for (std::int64_t i = 0; i < count; ++i)
      memory.inverses.push_back(1 / dot(row(memory.changes, i), row(memory.moves, i)));
  }
  memory.iterations = states[0].number("iterations");
  memory.evaluations = states[0].number("evaluations");
  memory.step_size = states[0].number("step_size");
  memory.scale = states[0].number("scale");
  memory.previous_loss = states[0].number("previous_loss");
  return memory;
}

std::vector<State> LBFGS::states_of(const Memory& memory) const {
  NoGrad no_grad;
  const ParameterVector vector(moving(memory));
  const auto count = static_cast<std::int64_t>(memory.inverses.size());
  const auto parts_of = [&](const Tensor& of) { return of.defined() ? vector.parts(of) : std::vector<Tensor>(); };
  const auto rows_of = [&](const Tensor& rows) {
    const DType dtype = parameters()[0].dtype();
    return vector.parts(rows.defined() ? narrow(rows, 0, memory.first, count)
                                       : zeros({0, vector.size()}, {.dtype = dtype}));
  };
  const std::vector<Tensor> directions = parts_of(memory.direction), gradients = parts_of(memory.previous_gradient);
  const std::vector<Tensor> changes = rows_of(memory.changes), moves = rows_of(memory.moves);
  std::vector<State> states = this->states();
  for (std::size_t i = 0, next = 0; i < parameters().size(); ++i) {
    State& state = states[i];
    ++state.steps;
    state.tensors.clear();
    state.numbers.clear();
    if (directions.empty()) continue;  // the first gradient was within the tolerance
    if (!memory.frozen[i]) {
      state.tensors = {{"direction", directions[next]},
                       {"previous_gradient", gradients[next]},
                       {"gradient_changes", changes[next]},
                       {"moves", moves[next]}};
      ++next;
    }
    if (i == 0)
      state.numbers = {{"iterations", memory.iterations},
                       {"evaluations", memory.evaluations},
                       {"step_size", memory.step_size},
                       {"scale", memory.scale},
                       {"previous_loss", memory.previous_loss}};
    if (memory.frozen[i]) state.numbers.emplace_back("frozen", 1);
  }
  return states;
}

void LBFGS::check_loaded(const std::vector<State>& states, SourceLocation where) const {
  const State& first = states[0];
  const auto lead = std::find_if_not(states.begin(), states.end(), was_frozen) - states.begin();
  for (std::size_t i = 0; i < states.size(); ++i) {
    check((states[i].steps == 0) == (first.steps == 0), where, name(),
          ": the state must have an entry for each parameter or for none, but '", parameter_names()[i],
          "' differs from '", parameter_names()[0], "'. Nothing was changed.");
    if (first.steps == 0 || was_frozen(states[i])) continue;
    const std::int64_t count = states[lead]["moves"].size(0);
    for (const char* rows : {"gradient_changes", "moves"})
      check(states[i][rows].size(0) == count, where, name(),
            ": what is remembered must have the same number of rows for all parameters, but '", parameter_names()[i],
            "' has ", states[i][rows].size(0), " and '", parameter_names()[lead], "' ", count,
            ". Nothing was changed.");
  }
}

template class OptimizerOf<LBFGSOptions>;

}  // namespace optim
}  // namespace xgrad
