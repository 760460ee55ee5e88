#include <cmath>

#include <xgrad/autograd/ops.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

// ---- The references: one row of the batch after the other, step by step, in plain loops ----

/// Gates' sums at one step: weight [rows, columns] times a vector, and a bias.
using Numbers = std::vector<double>;

enum class Kind { tanh, relu, lstm, gru };

/// What a recurrent layer reads, with empty lists for what is not there.
struct Layer {
  Kind kind;
  Elements x, input, hidden;
  Numbers input_bias, hidden_bias;
  std::vector<Elements> projection;  // none or one
  std::vector<Elements> h, c;        // none or one
  std::vector<std::int64_t> lengths;
  bool reverse = false;

  std::int64_t gates() const { return kind == Kind::lstm ? 4 : kind == Kind::gru ? 3 : 1; }
  std::int64_t units() const { return input.shape()[0] / gates(); }
  std::int64_t out() const { return hidden.shape()[1]; }
};

double bias_at(const Numbers& bias, std::int64_t row) { return bias.empty() ? 0 : bias[static_cast<std::size_t>(row)]; }

/// All that a layer answers with, one after the other: the output, the last states, the last cells.
Tensor answers(const Layer& layer) {
  const std::int64_t steps = layer.x.shape()[0], batch = layer.x.shape()[1], in = layer.x.shape()[2];
  const std::int64_t units = layer.units(), out = layer.out();
  Numbers output(static_cast<std::size_t>(steps * batch * out)), last, last_cells;
  for (std::int64_t n = 0; n < batch; ++n) {
    Numbers h(static_cast<std::size_t>(out)), c(static_cast<std::size_t>(units));
    for (std::size_t i = 0; i < h.size(); ++i)
      if (!layer.h.empty()) h[i] = layer.h[0]({n, static_cast<std::int64_t>(i)});
    for (std::size_t i = 0; i < c.size(); ++i)
      if (!layer.c.empty()) c[i] = layer.c[0]({n, static_cast<std::int64_t>(i)});
    const std::int64_t length = layer.lengths.empty() ? steps : layer.lengths[static_cast<std::size_t>(n)];
    for (std::int64_t step = 0; step < length; ++step) {
      const std::int64_t t = layer.reverse ? length - 1 - step : step;
      auto of_input = [&](std::int64_t row) {
        double sum = bias_at(layer.input_bias, row);
        for (std::int64_t j = 0; j < in; ++j) sum += layer.input({row, j}) * layer.x({t, n, j});
        return sum;
      };
      auto of_state = [&, before = h](std::int64_t row) {
        double sum = bias_at(layer.hidden_bias, row);
        for (std::int64_t j = 0; j < out; ++j) sum += layer.hidden({row, j}) * before[static_cast<std::size_t>(j)];
        return sum;
      };
      Numbers next(static_cast<std::size_t>(units));
      for (std::int64_t i = 0; i < units; ++i) {
        auto gate = [&](std::int64_t g) { return of_input(g * units + i) + of_state(g * units + i); };
        double& own = next[static_cast<std::size_t>(i)];
        if (layer.kind == Kind::tanh) {
          own = std::tanh(gate(0));
        } else if (layer.kind == Kind::relu) {
          own = gate(0) > 0 || std::isnan(gate(0)) ? gate(0) : 0;
        } else if (layer.kind == Kind::lstm) {
          double& cell = c[static_cast<std::size_t>(i)];
          cell = sigmoid_of(gate(1)) * cell + sigmoid_of(gate(0)) * std::tanh(gate(2));
          own = sigmoid_of(gate(3)) * std::tanh(cell);
        } else {
          const double candidate = std::tanh(of_input(2 * units + i) + sigmoid_of(gate(0)) * of_state(2 * units + i));
          own = (1 - sigmoid_of(gate(1))) * candidate + sigmoid_of(gate(1)) * h[static_cast<std::size_t>(i)];
        }
      }
      if (layer.projection.empty()) {
        h = next;
      } else {
        for (std::int64_t k = 0; k < out; ++k) {
          h[static_cast<std::size_t>(k)] = 0;
          for (std::int64_t i = 0; i < units; ++i)
            h[static_cast<std::size_t>(k)] += layer.projection[0]({k, i}) * next[static_cast<std::size_t>(i)];
        }
      }
      std::copy(h.begin(), h.end(), output.begin() + (t * batch + n) * out);
    }
    last.insert(last.end(), h.begin(), h.end());
    if (layer.kind == Kind::lstm) last_cells.insert(last_cells.end(), c.begin(), c.end());
  }
  output.insert(output.end(), last.begin(), last.end());
  output.insert(output.end(), last_cells.begin(), last_cells.end());
  const Shape shape{static_cast<std::int64_t>(output.size())};
  return by_place(shape, [&](const Place& at) { return output[static_cast<std::size_t>(at[0])]; });
}

/// The same of an operator's answer.
Tensor joined(const RecurrentResult& result) {
  std::vector<Tensor> parts = {reshape(result.output, {-1}), reshape(result.h, {-1})};
  if (result.c.defined()) parts.push_back(reshape(result.c, {-1}));
  return cat(parts);
}

// ---- The rows ----

const OperatorInput kAny = {.low = -1.5, .high = 1.5};

/// x [T, N, in], the two weights, the two biases and the first state.
std::vector<Shape> shapes_of(std::int64_t gates, std::int64_t steps, std::int64_t batch, std::int64_t in,
                             std::int64_t units) {
  return {{steps, batch, in}, {gates * units, in}, {gates * units, units},
          {gates * units},    {gates * units},     {batch, units}};
}

Layer full_layer(Kind kind, std::span<const Tensor> x) {
  return {kind,
          Elements(x[0]),
          Elements(x[1]),
          Elements(x[2]),
          x[3].to_vector(),
          x[4].to_vector(),
          {},
          {Elements(x[5])},
          {},
          {}};
}

OperatorRow simple_row(std::string name, RnnFunction function) {
  const Kind kind = function == RnnFunction::tanh ? Kind::tanh : Kind::relu;
  return {.name = std::move(name),
          .function =
              [function](const Tensor& x, const Tensor& input, const Tensor& hidden, const Tensor& input_bias,
                         const Tensor& hidden_bias, const Tensor& h) {
                return joined(rnn(x, {input, hidden, input_bias, hidden_bias}, {.h = h, .nonlinearity = function}));
              },
          .inputs = {kAny, kAny, kAny, kAny, kAny, kAny},
          .shapes = {shapes_of(1, 3, 2, 2, 3), shapes_of(1, 1, 1, 1, 1), shapes_of(1, 2, 3, 1, 17)},
          .expected = [kind](std::span<const Tensor> x) { return answers(full_layer(kind, x)); },
          .rtol = 1e-11};
}

/// Many units, with weights at which the states neither explode nor lose themselves in rounding errors.
/// Three sequences of the lengths 1, 3 and 2 along the first axis, by a layer that has so many gates.
template <class F>
OperatorRow lengths_row(std::string name, Kind kind, std::int64_t gates, F layer) {
  return {
      .name = std::move(name),
      .function =
          [layer](const Tensor& x, const Tensor& input, const Tensor& hidden) {
            RecurrentResult result = layer(x, input, hidden);
            result.output = x.ndim() == 3 ? transpose(result.output, 0, 1) : result.output;
            return joined(result);
          },
      .inputs = {kAny, kAny, kAny},
      .shapes = {{{3, 3, 2}, {2 * gates, 2}, {2 * gates, 2}}, {{3, 4, 2}, {2 * gates, 2}, {2 * gates, 2}}},
      .expected =
          [kind](std::span<const Tensor> x) {
            return answers(
                {kind, Elements(transpose(x[0], 0, 1)), Elements(x[1]), Elements(x[2]), {}, {}, {}, {}, {}, {1, 3, 2}});
          },
      .propagates_nan = false,
      .rtol = 1e-11};
}

OperatorRow large_row(std::string name, RnnFunction function) {
  OperatorRow row = simple_row(std::move(name), function);
  row.inputs[2] = {.low = -0.25, .high = 0.25};
  row.shapes = {shapes_of(1, 2, 2, 2, 3)};
  row.large = {shapes_of(1, 9, 130, 5, 40)};
  return row;
}

Rows rows() {
  Rows rows = {
      simple_row("rnn", RnnFunction::tanh),
      simple_row("rnn(relu)", RnnFunction::relu),
      large_row("rnn(large)", RnnFunction::tanh),
      large_row("rnn(relu, large)", RnnFunction::relu),
      {.name = "rnn(no biases, backwards)",
       .function =
           [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
             return joined(rnn(x, {input, hidden}, {.reverse = true}));
           },
       .inputs = {kAny, kAny, kAny},
       .shapes = {{{3, 2, 2}, {3, 2}, {3, 3}},
                  {{0, 2, 2}, {3, 2}, {3, 3}},
                  {{2, 0, 2}, {3, 2}, {3, 3}},
                  {{2, 3, 0}, {3, 0}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Layer layer{Kind::tanh, Elements(x[0]), Elements(x[1]), Elements(x[2]), {}, {}, {}, {}, {}, {}, true};
             return answers(layer);
           },
       .refused = {[](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                     return rnn(x, {input, hidden}, {.h = zeros({7, 7})}).h;
                   },
                   [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                     return rnn(x, {input, hidden}, {.c = zeros({2, 3})}).h;
                   },
                   [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                     return rnn(x, {input, hidden, {}, {}, zeros({2, 3})}).h;
                   },
                   [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                     return rnn(x, {input, hidden}, {.lengths = tensor({1, 99})}).h;
                   },
                   [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                     return rnn(x, {input, hidden}, {.lengths = ones({2})}).h;
                   }},
       .propagates_nan = false},
      {.name = "lstm",
       .function =
           [](const Tensor& x, const Tensor& input, const Tensor& hidden, const Tensor& input_bias,
              const Tensor& hidden_bias, const Tensor& h, const Tensor& c) {
             return joined(lstm(x, {input, hidden, input_bias, hidden_bias}, {.h = h, .c = c}));
           },
       .inputs = {kAny, kAny, kAny, kAny, kAny, kAny, kAny},
       .shapes = {[] {
                    auto shapes = shapes_of(4, 3, 2, 2, 3);
                    shapes.push_back({2, 3});
                    return shapes;
                  }(),
                  [] {
                    auto shapes = shapes_of(4, 2, 1, 1, 17);
                    shapes.push_back({1, 17});
                    return shapes;
                  }()},
       .large = {[] {
         auto shapes = shapes_of(4, 9, 130, 5, 40);
         shapes.push_back({130, 40});
         return shapes;
       }()},
       .expected =
           [](std::span<const Tensor> x) {
             Layer layer = full_layer(Kind::lstm, x);
             layer.c = {Elements(x[6])};
             return answers(layer);
           },
       .rtol = 1e-11},
      {.name = "lstm(projection, lengths, backwards)",
       .function =
           [](const Tensor& x, const Tensor& input, const Tensor& hidden, const Tensor& projection, const Tensor& h,
              const Tensor& c) {
             return joined(lstm(x, {input, hidden, {}, {}, projection},
                                {.h = h, .c = c, .lengths = tensor({2, 0, 3}), .reverse = true}));
           },
       .inputs = {kAny, kAny, kAny, kAny, kAny, kAny},
       .shapes = {{{3, 3, 2}, {12, 2}, {12, 2}, {2, 3}, {3, 2}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return answers({Kind::lstm,
                             Elements(x[0]),
                             Elements(x[1]),
                             Elements(x[2]),
                             {},
                             {},
                             {Elements(x[3])},
                             {Elements(x[4])},
                             {Elements(x[5])},
                             {2, 0, 3},
                             true});
           },
       .propagates_nan = false,
       .rtol = 1e-11},
      lengths_row("lstm(lengths, batch first)", Kind::lstm, 4,
                  [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                    return lstm(x, {input, hidden}, {.lengths = tensor({1, 3, 2}), .batch_first = true});
                  }),
      {.name = "gru",
       .function =
           [](const Tensor& x, const Tensor& input, const Tensor& hidden, const Tensor& input_bias,
              const Tensor& hidden_bias, const Tensor& h) {
             return joined(gru(x, {input, hidden, input_bias, hidden_bias}, {.h = h}));
           },
       .inputs = {kAny, kAny, kAny, kAny, kAny, kAny},
       .shapes = {shapes_of(3, 3, 2, 2, 3), shapes_of(3, 1, 1, 1, 1), shapes_of(3, 2, 2, 1, 17)},
       .large = {shapes_of(3, 9, 130, 5, 40)},
       .expected = [](std::span<const Tensor> x) { return answers(full_layer(Kind::gru, x)); },
       .rtol = 1e-11},
      lengths_row("rnn(lengths, batch first)", Kind::tanh, 1,
                  [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                    return rnn(x, {input, hidden}, {.lengths = tensor({1, 3, 2}), .batch_first = true});
                  }),
      lengths_row("gru(lengths, batch first)", Kind::gru, 3,
                  [](const Tensor& x, const Tensor& input, const Tensor& hidden) {
                    return gru(x, {input, hidden}, {.lengths = tensor({1, 3, 2}), .batch_first = true});
                  }),
      {.name = "gru(lengths, backwards)",
       .function =
           [](const Tensor& x, const Tensor& input, const Tensor& hidden, const Tensor& h) {
             return joined(gru(x, {input, hidden}, {.h = h, .lengths = tensor({2, 0, 4}), .reverse = true}));
           },
       .inputs = {kAny, kAny, kAny, kAny},
       .shapes = {{{4, 3, 2}, {9, 2}, {9, 3}, {3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return answers({Kind::gru,
                             Elements(x[0]),
                             Elements(x[1]),
                             Elements(x[2]),
                             {},
                             {},
                             {},
                             {Elements(x[3])},
                             {},
                             {2, 0, 4},
                             true});
           },
       .propagates_nan = false,
       .rtol = 1e-11},
  };
  return rows;
}

const Family kFamily("recurrent", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Recurrent layers keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("recurrent"); }
