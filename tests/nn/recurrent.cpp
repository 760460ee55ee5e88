#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/default_dtype.hpp>
#include <xgrad/autograd/threads.hpp>
#include <xgrad/nn/nn.hpp>
#include "../support.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using testing::is_close;
using testing::message_of;

namespace {

/// All that is built in a test is float64.
struct InDouble {
  DefaultDtype dtype{DType::float64};
  Generator generator{7};

  Tensor random(const Shape& shape) { return uniform(shape, -1, 1, {.dtype = DType::float64}, generator); }
};

std::vector<std::string> names_of(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : module.named_parameters()) names.push_back(name);
  return names;
}

/// One sequence of a batch [T, N, ...], cut to its length.
Tensor sequence(const Tensor& x, std::int64_t n, std::int64_t length) { return x[{slice(0, length), n}]; }

}  // namespace

// ---- What they hold ----

TEST_CASE("Recurrent layers carry PyTorch's names and shapes", "[nn][recurrent]") {
  nn::LSTM lstm(3, 5, {.num_layers = 2, .bidirectional = true, .proj_size = 2});
  std::vector<std::string> expected;
  for (const char* ending : {"_l0", "_l0_reverse", "_l1", "_l1_reverse"})
    for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"})
      expected.push_back(std::string(name) + ending);
  CHECK(names_of(lstm) == expected);
  auto shape_of = [&](const std::string& name) {
    for (const auto& [own, tensor] : lstm.named_parameters())
      if (own == name) return tensor.shape();
    return Shape{};
  };
  CHECK(shape_of("weight_ih_l0") == Shape{20, 3});
  CHECK(shape_of("weight_ih_l1") == Shape{20, 4});
  CHECK(shape_of("weight_hh_l1_reverse") == Shape{20, 2});
  CHECK(shape_of("weight_hr_l0") == Shape{2, 5});
  CHECK(names_of(nn::GRU(3, 4, {.bias = false})) == std::vector<std::string>{"weight_ih_l0", "weight_hh_l0"});
  CHECK(nn::GRU(3, 4).named_parameters()[2].second.shape() == Shape{12});
  CHECK(names_of(nn::RNNCell(3, 4)) == std::vector<std::string>{"weight_ih", "weight_hh", "bias_ih", "bias_hh"});
}

TEST_CASE("Recurrent parameters start uniform in 1 / sqrt(hidden)", "[nn][recurrent]") {
  Generator generator(1);
  nn::LSTM layer(30, 25, {.generator = &generator});
  for (const auto& [name, tensor] : layer.named_parameters()) {
    INFO(name);
    CHECK(max(abs(tensor)).item() <= 0.2);
    CHECK(max(abs(tensor)).item() > 0.19);
  }
  nn::GRUCell cell(3, 4, {.init = nn::init::constant(0.5)});
  CHECK(min(cell.weight_hh()).item() == 0.5);
}

// ---- What they compute ----

TEST_CASE("A stack is its layers one after the other", "[nn][recurrent]") {
  InDouble d;
  nn::LSTM both(3, 4, {.num_layers = 2});
  nn::LSTM first(3, 4), second(4, 4);
  nn::NamedTensors of_first, of_second;
  for (const auto& [name, tensor] : both.named_parameters()) {
    const std::string base = name.substr(0, name.size() - 1) + "0";
    (name.back() == '0' ? of_first : of_second).emplace_back(base, tensor);
  }
  first.load(of_first);
  second.load(of_second);
  const Tensor x = d.random({5, 2, 3}), h = d.random({2, 2, 4}), c = d.random({2, 2, 4});
  const nn::LSTMOutput all = both(x, {.h = h, .c = c});
  const nn::LSTMOutput one = first(x, {.h = h[slice(0, 1)], .c = c[slice(0, 1)]});
  const nn::LSTMOutput two = second(one.output, {.h = h[slice(1, 2)], .c = c[slice(1, 2)]});
  CHECK(is_close(all.output, two.output));
  CHECK(is_close(all.h, cat({one.h, two.h})));
  CHECK(is_close(all.c, cat({one.c, two.c})));
}

TEST_CASE("Steps of a cell are a layer", "[nn][recurrent]") {
  InDouble d;
  const Tensor x = d.random({4, 2, 3});
  auto load = [](nn::Module cell, const nn::Module& layer) {
    nn::NamedTensors values;
    for (const auto& [name, tensor] : layer.named_parameters())
      values.emplace_back(name.substr(0, name.size() - 3), tensor);
    cell.load(values);
  };
  {
    nn::LSTM layer(3, 5);
    nn::LSTMCell cell(3, 5);
    load(cell, layer);
    nn::LSTMState state;
    for (int t = 0; t < 4; ++t) state = cell(x[t], state);
    CHECK(is_close(state.h, layer(x).h[0]));
    CHECK(is_close(state.c, layer(x).c[0]));
    CHECK(is_close(cell(x[{0, 1}]).h, cell(x[0]).h[1]));  // a single row
  }
  {
    nn::GRU layer(3, 5);
    nn::GRUCell cell(3, 5);
    load(cell, layer);
    Tensor h;
    for (int t = 0; t < 4; ++t) h = cell(x[t], h);
    CHECK(is_close(h, layer(x).h[0]));
  }
  {
    nn::RNN layer(3, 5, {.nonlinearity = RnnFunction::relu});
    nn::RNNCell cell(3, 5, {.nonlinearity = RnnFunction::relu});
    load(cell, layer);
    Tensor h;
    for (int t = 0; t < 4; ++t) h = cell(x[t], h);
    CHECK(is_close(h, layer(x).h[0]));
  }
}

TEST_CASE("batch_first and single sequences are the same numbers in other places", "[nn][recurrent]") {
  InDouble d;
  nn::GRU layer(3, 4, {.num_layers = 2, .bidirectional = true});
  nn::GRU other(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true});
  other.copy_parameters_from(layer);
  const Tensor x = d.random({5, 2, 3}), h = d.random({4, 2, 4});
  const nn::RecurrentOutput expected = layer(x, {.h = h});
  const nn::RecurrentOutput turned = other(transpose(x, 0, 1), {.h = h});
  CHECK(is_close(turned.output, transpose(expected.output, 0, 1)));
  CHECK(is_close(turned.h, expected.h));
  const nn::RecurrentOutput single = other(x[{ellipsis, 1, slice(0, 3)}], {.h = h[{slice(0, 4), 1}]});
  CHECK(is_close(single.output, expected.output[{slice(0, 5), 1}]));
  CHECK(is_close(single.h, expected.h[{slice(0, 4), 1}]));
}

TEST_CASE("Sequences of different lengths are each as if alone", "[nn][recurrent]") {
  InDouble d;
  const std::vector<std::int64_t> lengths = {3, 5, 0, 1};
  const Tensor x = d.random({5, 4, 3});
  auto check = [&](const auto& layer, const Tensor& h) {
    const auto all = layer(x, {.h = h, .lengths = tensor({3, 5, 0, 1})});
    for (std::int64_t n = 0; n < 4; ++n) {
      const std::int64_t length = lengths[static_cast<std::size_t>(n)];
      if (length == 0) continue;
      const auto alone = layer(sequence(x, n, length), {.h = h[{slice(0, h.size(0)), n}]});
      CHECK(is_close(sequence(all.output, n, length), alone.output));
      CHECK(is_close(all.h[{slice(0, h.size(0)), n}], alone.h));
      CHECK(max(abs(cat({all.output[{slice(length, 5), n}], zeros({1, all.output.size(-1)})}))).item() == 0);
    }
    CHECK(is_close(all.h[{slice(0, h.size(0)), 2}], h[{slice(0, h.size(0)), 2}]));
  };
  check(nn::RNN(3, 4, {.bidirectional = true}), d.random({2, 4, 4}));
  check(nn::GRU(3, 4, {.num_layers = 2, .bidirectional = true}), d.random({4, 4, 4}));
  check(nn::LSTM(3, 4, {.num_layers = 2, .bidirectional = true, .proj_size = 2}), d.random({4, 4, 2}));
}

TEST_CASE("What stands beyond a length has no part in results or gradients", "[nn][recurrent]") {
  InDouble d;
  nn::LSTM layer(3, 4, {.bidirectional = true});
  Tensor x = d.random({4, 2, 3}).set_requires_grad();
  Tensor spoiled = x.detach() * 1;
  spoiled[{slice(2, 4), 1}].assign(NAN);
  spoiled.set_requires_grad();
  auto run = [&](const Tensor& input) { return layer(input, {.lengths = tensor({4, 2})}); };
  const nn::LSTMOutput a = run(x), b = run(spoiled);
  CHECK(is_close(a.output, b.output));
  CHECK(is_close(a.c, b.c));
  sum(a.output * a.output).backward();
  layer.zero_grad();
  sum(b.output * b.output).backward();
  CHECK(is_close(x.grad(), spoiled.grad()));
  for (const Tensor& parameter : layer.parameters()) CHECK(all(isfinite(parameter.grad())).item<bool>());
}

TEST_CASE("Dropout stands between the layers, in training", "[nn][recurrent]") {
  InDouble d;
  nn::GRU layer(3, 4, {.num_layers = 2, .dropout = 1});
  nn::GRU plain(3, 4, {.num_layers = 2});
  plain.copy_parameters_from(layer);
  const Tensor x = d.random({5, 2, 3});
  CHECK_FALSE(is_close(layer(x).output, plain(x).output));
  CHECK(is_close(layer(x).output, layer(d.random({5, 2, 3})).output));  // nothing of x reaches the second layer
  layer.eval();
  CHECK(is_close(layer(x).output, plain(x).output));
}

TEST_CASE("OutputOf and LastOf take a part for Sequential", "[nn][recurrent]") {
  InDouble d;
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true});
  const Tensor x = d.random({5, 2, 3});
  nn::Sequential all{nn::OutputOf(lstm), nn::Dense(8, 2)};
  CHECK(all(x).shape() == Shape{5, 2, 2});
  CHECK(all.named_parameters()[0].first == "0.layer.weight_ih_l0");
  const nn::LSTMOutput result = lstm(x);
  CHECK(is_close(nn::OutputOf(lstm)(x), result.output));
  CHECK(is_close(nn::LastOf(lstm)(x), cat({result.h[2], result.h[3]}, -1)));
  CHECK(is_close(nn::LastOf(nn::GRU(3, 4))(x[{slice(0, 5), 0}]), nn::LastOf(nn::GRU(3, 4))(x)[0]) == false);
  nn::GRU gru(3, 4);
  CHECK(is_close(nn::LastOf(gru)(x[{slice(0, 5), 0}]), gru(x).output[-1][0]));
}

// ---- Gradients ----

TEST_CASE("Recurrent layers have right gradients to order 2", "[nn][recurrent][gradcheck]") {
  InDouble d;
  const Tensor x = d.random({3, 2, 2});
  auto check = [&](const auto& layer, auto start) {
    gradcheck(
        [&] {
          const auto result = layer(x, start);
          return sum(result.output * result.output) + sum(sin(result.h));
        },
        layer.named_parameters(), {.order = 2});
    gradcheck(
        [&](const Tensor& x) {
          const auto result = layer(x, start);
          return sum(result.output * result.output) + sum(sin(result.h));
        },
        x, {.order = 2});
  };
  check(nn::RNN(2, 3, {.num_layers = 2, .bidirectional = true}), nn::RecurrentStart{.lengths = tensor({3, 1})});
  check(nn::GRU(2, 3, {.bidirectional = true}), nn::RecurrentStart{.h = d.random({2, 2, 3})});
  check(nn::LSTM(2, 3, {.bidirectional = true, .proj_size = 2}),
        nn::LSTMStart{.h = d.random({2, 2, 2}), .c = d.random({2, 2, 3}), .lengths = tensor({2, 3})});
  auto check_cell = [&](const auto& cell, const auto& run) {
    gradcheck([&] { return sum(square(run(cell))); }, cell.named_parameters(), {.order = 2});
  };
  check_cell(nn::RNNCell(2, 3), [&](const auto& cell) { return cell(x[0], cell(x[1])); });
  check_cell(nn::GRUCell(2, 3), [&](const auto& cell) { return cell(x[0], cell(x[1])); });
  check_cell(nn::LSTMCell(2, 3), [&](const auto& cell) {
    const nn::LSTMState state = cell(x[0], cell(x[1]));
    return state.h + state.c;
  });
}

TEST_CASE("Recurrent layers can be put on other parameters", "[nn][recurrent]") {
  InDouble d;
  const nn::LSTM layer(2, 3, {.num_layers = 2});
  nn::check_registration(layer, [&] { layer(d.random({3, 2, 2})); });
  std::vector<Tensor> doubled;
  for (const Tensor& parameter : layer.parameters()) doubled.push_back(2 * parameter);
  const Tensor x = d.random({3, 2, 2});
  const nn::LSTM other = nn::with_parameters(layer, doubled);
  nn::LSTM same(2, 3, {.num_layers = 2});
  same.load([&] {
    nn::NamedTensors values = layer.named_parameters();
    for (std::size_t i = 0; i < values.size(); ++i) values[i].second = doubled[i].detach();
    return values;
  }());
  CHECK(is_close(other(x).output, same(x).output));
  sum(other(x).output).backward();
  CHECK(layer.parameters()[0].grad().defined());
}

TEST_CASE("Recurrent results do not depend on the number of threads", "[nn][recurrent]") {
  Generator generator(3);
  nn::LSTM layer(20, 70, {.bidirectional = true, .generator = &generator});
  const Tensor x = uniform({6, 100, 20}, -1, 1, {}, generator);
  auto run = [&](int threads) {
    const int before = num_threads();
    set_num_threads(threads);
    layer.zero_grad();
    const Tensor y = layer(x).output;
    sum(y * y).backward();
    set_num_threads(before);
    return std::pair(y.to_vector<float>(), layer.parameters()[1].grad().to_vector<float>());
  };
  const auto one = run(1), three = run(3);
  CHECK(one.first == three.first);
  CHECK(one.second == three.second);
}

// ---- Errors ----

TEST_CASE("Recurrent layers say what is wrong", "[nn][recurrent]") {
  using invalid = std::invalid_argument;
  CHECK_THAT(message_of<invalid>([] { nn::RNN(0, 3); }),
             Contains("RNN: its sizes must be at least 1, but in is 0 and hidden is 3."));
  CHECK_THAT(message_of<invalid>([] { nn::LSTM(2, 3, {.proj_size = 3}); }),
             Contains("LSTM: proj_size must be at least 0 and below hidden, but it is 3 and hidden is 3."));
  CHECK_THAT(message_of<invalid>([] { nn::GRU(2, 3, {.dropout = 1.5}); }),
             Contains("GRU: dropout must be in [0, 1], but it is 1.5."));
  CHECK_THAT(message_of<invalid>([] { nn::GRU(2, 3, {.num_layers = 0}); }),
             Contains("num_layers must be at least 1, but it is 0."));
  nn::LSTM layer(2, 3);
  CHECK_THAT(message_of<invalid>([&] {
               layer(ones({4, 2, 3}));
             }),
             Contains("LSTM: last axis of x must be 2, but x is [4, 2, 3]. at recurrent.cpp:"));
  CHECK_THAT(message_of<invalid>([&] { layer(ones({4})); }),
             Contains("x must be [T, N, in] or [T, in], but it is [4]."));
  CHECK_THAT(message_of<invalid>([&] {
               layer(ones({4, 5, 2}), {.h = ones({1, 4, 3})});
             }),
             Contains("h must be [1, 5, 3], but it is [1, 4, 3]."));
  CHECK_THAT(message_of<std::out_of_range>([&] {
               layer(ones({4, 1, 2}), {.lengths = tensor({5})});
             }),
             Contains("lengths must be in [0, 4], but that of sequence 0 is 5."));
  nn::GRUCell cell(2, 3);
  CHECK_THAT(message_of<invalid>([&] {
               cell(ones({4, 2}), ones({3, 3}));
             }),
             Contains("GRUCell: h must be [4, 3], but it is [3, 3]."));
}
