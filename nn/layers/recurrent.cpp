#include "recurrent.hpp"

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

/// A parameter's first value, by the initialiser of the options or, without one, uniform in +-1 / sqrt(hidden).
Tensor start(const char* name, const Initializer& given, const Shape& shape, std::int64_t hidden, DType dtype,
             Generator* generator, SourceLocation where) {
  return detail::Start{name, dtype, generator, where}("init", given, detail::uniform_by_fan(hidden), shape);
}

void check_sizes(const char* name, std::int64_t in, std::int64_t hidden, DType dtype, SourceLocation where) {
  check(in >= 1 && hidden >= 1, where, name, ": its sizes must be at least 1, but in is ", in, " and hidden is ",
        hidden, ".");
  check(is_floating(dtype), where, name, ": its dtype must be floating, but it is ", dtype, ".");
}

RecurrentLayerOptions common(const RNNOptions& o) {
  return {o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional, o.init, o.dtype, o.generator};
}
RecurrentLayerOptions common(const LSTMOptions& o) {
  return {o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional, o.init, o.dtype, o.generator};
}

/// A given matrix, checked before its extents are read.
const Tensor& checked_matrix(const char* name, const std::string& parameter, const Tensor& weight,
                             SourceLocation where) {
  check(weight.defined(), where, name, ": ", parameter, " must be a tensor, but it is undefined.");
  check(weight.ndim() == 2, where, name, ": ", parameter, " must be a matrix, but it is ", weight.shape(), ".");
  check(is_floating(weight.dtype()), where, name, ": ", parameter, " must be floating, but it is ", weight.dtype(),
        ".");
  return weight;
}

/// The number of rows of one gate.
std::int64_t rows_of_gate(const char* name, const std::string& parameter, const Tensor& weight, std::int64_t gates,
                          SourceLocation where) {
  check(weight.size(0) > 0 && weight.size(0) % gates == 0, where, name, ": the rows of ", parameter,
        " must be those of ", gates, " gates, but it is ", weight.shape(), ".");
  return weight.size(0) / gates;
}

/// One given tensor, which must be there or not as the layer's others.
const Tensor& checked_tensor(const char* name, const std::string& parameter, const Tensor& given, const Shape& shape,
                             DType dtype, SourceLocation where) {
  check(given.defined(), where, name, ": ", parameter, " must be ", dtype, ' ', shape, ", but it is undefined.");
  check(given.shape() == shape && given.dtype() == dtype, where, name, ": ", parameter, " must be ", dtype, ' ', shape,
        ", but it is ", given.dtype(), ' ', given.shape(), ".");
  return given;
}

void check_none(const char* name, const std::string& parameter, const Tensor& given, const char* why,
                SourceLocation where) {
  check(!given.defined(), where, name, ": ", parameter, " must be undefined, as ", why, ", but it is ",
        given.defined() ? given.shape() : Shape{}, ".");
}

std::int64_t gates_of(bool is_lstm, bool is_gru) { return is_lstm ? 4 : is_gru ? 3 : 1; }

/// The options of a layer on given weights.
RecurrentLayerOptions options_on(const std::vector<RecurrentWeights>& weights, RecurrentLayerOptions options) {
  options.num_layers = static_cast<std::int64_t>(weights.size()) / (options.bidirectional ? 2 : 1);
  options.bias = weights[0].input_bias.defined() || weights[0].hidden_bias.defined();
  options.dtype = weights[0].input.dtype();
  return options;
}

}  // namespace

// ---- Stacks over sequences ----

RecurrentLayer::RecurrentLayer(const char* name, Kind kind, std::int64_t in, std::int64_t hidden,
                               std::int64_t projection, RnnFunction nonlinearity, const RecurrentLayerOptions& options,
                               SourceLocation where)
    : RecurrentLayer(name,
                     Settings{kind, nonlinearity, in, hidden, options.num_layers, options.bidirectional ? 2 : 1,
                              projection, options.batch_first, options.dropout, options.generator},
                     options, {}, where) {}

// In braces, what is handed on is made from left to right: the weights are checked before they are read.
RecurrentLayer::RecurrentLayer(const char* name, Kind kind, const std::vector<RecurrentWeights>& weights,
                               RnnFunction nonlinearity, const RecurrentLayerOptions& options, SourceLocation where)
    : RecurrentLayer{name, settings_of(name, kind, weights, nonlinearity, options, where), options_on(weights, options),
                     weights, where} {}

RecurrentLayer::Settings RecurrentLayer::settings_of(const char* name, Kind kind,
                                                     const std::vector<RecurrentWeights>& weights,
                                                     RnnFunction nonlinearity, const RecurrentLayerOptions& options,
                                                     SourceLocation where) {
  const std::int64_t directions = options.bidirectional ? 2 : 1, count = static_cast<std::int64_t>(weights.size());
  check(count > 0 && count % directions == 0, where, name, ": there must be weights for each of ", directions,
        directions == 2 ? " directions of each layer, but there are " : " direction of each layer, but there are ",
        count, ".");
  const Tensor& input = checked_matrix(name, "weight_ih_l0", weights[0].input, where);
  const std::int64_t hidden =
      rows_of_gate(name, "weight_ih_l0", input, gates_of(kind == Kind::lstm, kind == Kind::gru), where);
  const Tensor& projection = weights[0].projection;
  check(kind == Kind::lstm || !projection.defined(), where, name,
        ": weight_hr_l0 must be undefined, for only an LSTM projects, but it is ",
        projection.defined() ? projection.shape() : Shape{}, ".");
  const std::int64_t projected =
      projection.defined() ? checked_matrix(name, "weight_hr_l0", projection, where).size(0) : 0;
  check(!projection.defined() || projected >= 1, where, name, ": weight_hr_l0 must have a row at least, but it is ",
        projection.defined() ? projection.shape() : Shape{}, ".");
  return {kind,       nonlinearity, input.size(1),       hidden,          count / directions,
          directions, projected,    options.batch_first, options.dropout, options.generator};
}

RecurrentLayer::RecurrentLayer(const char* name, const Settings& settings, const RecurrentLayerOptions& options,
                               const std::vector<RecurrentWeights>& given, SourceLocation where)
    : settings_(settings) {
  const std::int64_t in = settings.in, hidden = settings.hidden, projection = settings.projection;
  check_sizes(name, in, hidden, options.dtype, where);
  check(options.num_layers >= 1, where, name, ": num_layers must be at least 1, but it is ", options.num_layers, ".");
  check(options.dropout >= 0 && options.dropout <= 1, where, name, ": dropout must be in [0, 1], but it is ",
        options.dropout, ".");
  check(projection >= 0 && projection < hidden, where, name,
        ": proj_size must be at least 0 and below hidden, but it is ", projection, " and hidden is ", hidden, ".");
  const std::int64_t gates = gates_of(settings.kind == Kind::lstm, settings.kind == Kind::gru);
  const std::int64_t out = projection > 0 ? projection : hidden;
  for (std::int64_t layer = 0; layer < settings_.layers; ++layer) {
    for (std::int64_t direction = 0; direction < settings_.directions; ++direction) {
      const std::string ending = concat("_l", layer, direction == 1 ? "_reverse" : "");
      const RecurrentWeights* from = given.empty() ? nullptr : &given[weights_->size()];
      auto own = [&](const char* begin, const Shape& shape, Tensor RecurrentWeights::*part) -> Tensor {
        const std::string parameter = begin + ending;
        return param(parameter,
                     from != nullptr
                         ? checked_tensor(name, parameter, from->*part, shape, options.dtype, where)
                         : start(name, options.init, shape, hidden, options.dtype, options.generator, where),
                     where);
      };
      const std::int64_t layer_in = layer == 0 ? in : out * settings_.directions;
      RecurrentWeights& weights = weights_->emplace_back();
      weights.input = own("weight_ih", {gates * hidden, layer_in}, &RecurrentWeights::input);
      weights.hidden = own("weight_hh", {gates * hidden, out}, &RecurrentWeights::hidden);
      if (options.bias) {
        weights.input_bias = own("bias_ih", {gates * hidden}, &RecurrentWeights::input_bias);
        weights.hidden_bias = own("bias_hh", {gates * hidden}, &RecurrentWeights::hidden_bias);
      } else if (from != nullptr) {
        check_none(name, "bias_ih" + ending, from->input_bias, "layer 0 has no bias", where);
        check_none(name, "bias_hh" + ending, from->hidden_bias, "layer 0 has no bias", where);
      }
      if (projection > 0)
        weights.projection = own("weight_hr", {projection, hidden}, &RecurrentWeights::projection);
      else if (from != nullptr)
        check_none(name, "weight_hr" + ending, from->projection, "layer 0 has no projection", where);
    }
  }
}

RecurrentResult RecurrentLayer::run_direction(const Tensor& x, const LSTMStart& start, std::int64_t layer,
                                              std::int64_t direction) const {
  const std::int64_t at = layer * settings_.directions + direction;
  RecurrentOptions options{.lengths = start.lengths, .reverse = direction == 1, .nonlinearity = settings_.nonlinearity};
  if (start.h.defined()) options.h = select(start.h, 0, at);
  if (start.c.defined()) options.c = select(start.c, 0, at);
  const RecurrentWeights& weights = (*weights_)[static_cast<std::size_t>(at)];
  switch (settings_.kind) {
    case Kind::rnn:
      return rnn(x, weights, options);
    case Kind::lstm:
      return lstm(x, weights, options);
    default:
      return gru(x, weights, options);
  }
}

LSTMOutput RecurrentLayer::run(const Operand& operand, const LSTMStart& given) const {
  const SourceLocation where = operand.where();
  CallSite site(where);
  Tensor x = operand.tensor("x");
  LSTMStart start = given;
  check(x.ndim() == 3 || x.ndim() == 2, where, "x must be ", settings_.batch_first ? "[N, T, in]" : "[T, N, in]",
        " or [T, in], but it is ", x.shape(), ".");
  check(x.size(-1) == settings_.in, where, "last axis of x must be ", settings_.in, ", but x is ", x.shape(), ".");
  const bool is_single = x.ndim() == 2;
  const std::int64_t count = settings_.layers * settings_.directions;
  const std::int64_t out = settings_.projection > 0 ? settings_.projection : settings_.hidden;
  const std::int64_t batch = is_single ? 1 : x.size(settings_.batch_first ? 0 : 1);
  auto check_state = [&](const char* name, const Tensor& state, std::int64_t extent) {
    const Shape wanted = is_single ? Shape{count, extent} : Shape{count, batch, extent};
    check(!state.defined() || state.shape() == wanted, where, name, " must be ", wanted, ", but it is ",
          state.defined() ? state.shape() : Shape{}, ".");
  };
  check_state("h", start.h, out);
  check_state("c", start.c, settings_.hidden);
  if (is_single) {
    check(!start.lengths.defined() || start.lengths.ndim() == 0, where,
          "lengths of a single sequence must be one number, but they are ",
          start.lengths.defined() ? start.lengths.shape() : Shape{}, ".");
    x = unsqueeze(x, 1);
    if (start.h.defined()) start.h = unsqueeze(start.h, 1);
    if (start.c.defined()) start.c = unsqueeze(start.c, 1);
    if (start.lengths.defined()) start.lengths = unsqueeze(start.lengths, 0);
  } else if (settings_.batch_first) {
    x = transpose(x, 0, 1);
  }

  std::vector<Tensor> h, c;
  for (std::int64_t layer = 0; layer < settings_.layers; ++layer) {
    if (layer > 0 && settings_.dropout > 0 && is_training())
      x = dropout(x, settings_.dropout, settings_.generator != nullptr ? *settings_.generator : default_generator());
    std::vector<Tensor> outputs;
    for (std::int64_t direction = 0; direction < settings_.directions; ++direction) {
      RecurrentResult result = run_direction(x, start, layer, direction);
      outputs.push_back(result.output);
      h.push_back(result.h);
      if (result.c.defined()) c.push_back(result.c);
    }
    x = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);
  }
  auto state = [&](const std::vector<Tensor>& states) {
    const Tensor all = states.size() == 1 ? unsqueeze(states[0], 0) : stack(states, 0);
    return is_single ? squeeze(all, 1) : all;
  };
  LSTMOutput result;
  result.output = is_single ? squeeze(x, 1) : settings_.batch_first ? transpose(x, 0, 1) : x;
  result.h = state(h);
  if (!c.empty()) result.c = state(c);
  return result;
}

RNN::RNN(std::int64_t in, std::int64_t hidden, RNNOptions options, SourceLocation where)
    : RecurrentLayer("RNN", Kind::rnn, in, hidden, 0, options.nonlinearity, common(options), where) {}
RNN::RNN(const std::vector<RecurrentWeights>& weights, RNNOptions options, SourceLocation where)
    : RecurrentLayer("RNN", Kind::rnn, weights, options.nonlinearity, common(options), where) {}
RecurrentOutput RNN::operator()(const Operand& x, const RecurrentStart& start) const {
  return call(x, [&]() -> RecurrentOutput {
    LSTMOutput result = run(x, {start.h, {}, start.lengths});
    return {result.output, result.h};
  });
}

LSTM::LSTM(std::int64_t in, std::int64_t hidden, LSTMOptions options, SourceLocation where)
    : RecurrentLayer("LSTM", Kind::lstm, in, hidden, options.proj_size, RnnFunction::tanh, common(options), where) {}
LSTM::LSTM(const std::vector<RecurrentWeights>& weights, LSTMOptions options, SourceLocation where)
    : RecurrentLayer("LSTM", Kind::lstm, weights, RnnFunction::tanh, common(options), where) {}
LSTMOutput LSTM::operator()(const Operand& x, const LSTMStart& start) const {
  return call(x, [&] { return run(x, start); });
}

GRU::GRU(std::int64_t in, std::int64_t hidden, GRUOptions options, SourceLocation where)
    : RecurrentLayer("GRU", Kind::gru, in, hidden, 0, RnnFunction::tanh, options, where) {}
GRU::GRU(const std::vector<RecurrentWeights>& weights, GRUOptions options, SourceLocation where)
    : RecurrentLayer("GRU", Kind::gru, weights, RnnFunction::tanh, options, where) {}
RecurrentOutput GRU::operator()(const Operand& x, const RecurrentStart& start) const {
  return call(x, [&]() -> RecurrentOutput {
    LSTMOutput result = run(x, {start.h, {}, start.lengths});
    return {result.output, result.h};
  });
}

// ---- Single steps ----

namespace {

/// A parameter's first value: the given tensor, where there is one for the cell's first, or what the options say.
Tensor cell_start(const char* name, const char* parameter, std::int64_t in, std::int64_t hidden, const Shape& shape,
                  const RecurrentCellOptions& options, const RecurrentWeights& given, const Tensor& own,
                  SourceLocation where) {
  if (given.input.defined()) return checked_tensor(name, parameter, own, shape, options.dtype, where);
  check_sizes(name, in, hidden, options.dtype, where);
  return start(name, options.init, shape, hidden, options.dtype, options.generator, where);
}

}  // namespace

RecurrentCell::RecurrentCell(const char* name, std::int64_t gates, std::int64_t in, std::int64_t hidden,
                             const RecurrentCellOptions& options, SourceLocation where)
    : RecurrentCell(name, Sizes{gates, in, hidden}, options, {}, where) {}

RecurrentCell::RecurrentCell(const char* name, std::int64_t gates, const RecurrentWeights& weights,
                             SourceLocation where)
    : RecurrentCell{name, sizes_of(name, gates, weights, where),
                    RecurrentCellOptions{.bias = weights.input_bias.defined() || weights.hidden_bias.defined(),
                                         .dtype = weights.input.dtype()},
                    weights, where} {}

RecurrentCell::Sizes RecurrentCell::sizes_of(const char* name, std::int64_t gates, const RecurrentWeights& weights,
                                             SourceLocation where) {
  const Tensor& input = checked_matrix(name, "weight_ih", weights.input, where);
  check_none(name, "the projection", weights.projection, "a cell has none", where);
  const Sizes sizes{gates, input.size(1), rows_of_gate(name, "weight_ih", input, gates, where)};
  check_sizes(name, sizes.in, sizes.hidden, input.dtype(), where);
  return sizes;
}

RecurrentCell::RecurrentCell(const char* name, const Sizes& sizes, const RecurrentCellOptions& options,
                             const RecurrentWeights& given, SourceLocation where)
    : weight_ih_(param("weight_ih",
                       cell_start(name, "weight_ih", sizes.in, sizes.hidden, {sizes.gates * sizes.hidden, sizes.in},
                                  options, given, given.input, where),
                       where)),
      weight_hh_(param("weight_hh",
                       cell_start(name, "weight_hh", sizes.in, sizes.hidden, {sizes.gates * sizes.hidden, sizes.hidden},
                                  options, given, given.hidden, where),
                       where)),
      bias_ih_(options.bias ? param("bias_ih",
                                    cell_start(name, "bias_ih", sizes.in, sizes.hidden, {sizes.gates * sizes.hidden},
                                               options, given, given.input_bias, where),
                                    where)
                            : Parameter()),
      bias_hh_(options.bias ? param("bias_hh",
                                    cell_start(name, "bias_hh", sizes.in, sizes.hidden, {sizes.gates * sizes.hidden},
                                               options, given, given.hidden_bias, where),
                                    where)
                            : Parameter()) {}

RecurrentResult RecurrentCell::step(RecurrentResult (*layer)(const Operand&, const RecurrentWeights&, RecurrentOptions),
                                    const Operand& operand, const Tensor& h, const Tensor& c,
                                    RnnFunction nonlinearity) const {
  const SourceLocation where = operand.where();
  CallSite site(where);
  const Tensor& x = operand.tensor("x");
  check(x.ndim() == 1 || x.ndim() == 2, where, "x must be [N, ", input_size(), "] or [", input_size(), "], but it is ",
        x.shape(), ".");
  check(x.size(-1) == input_size(), where, "last axis of x must be ", input_size(), ", but x is ", x.shape(), ".");
  const bool is_single = x.ndim() == 1;
  const Shape wanted = is_single ? Shape{hidden_size()} : Shape{x.size(0), hidden_size()};
  for (const auto& [name, state] : {std::pair<const char*, const Tensor*>("h", &h), {"c", &c}})
    check(!state->defined() || state->shape() == wanted, where, name, " must be ", wanted, ", but it is ",
          state->defined() ? state->shape() : Shape{}, ".");
  auto batched = [&](const Tensor& state) { return state.defined() && is_single ? unsqueeze(state, 0) : state; };
  RecurrentResult result = layer(unsqueeze(batched(x), 0), {weight_ih_, weight_hh_, bias_ih_, bias_hh_},
                                 {.h = batched(h), .c = batched(c), .nonlinearity = nonlinearity});
  if (is_single) result.h = squeeze(result.h, 0);
  if (is_single && result.c.defined()) result.c = squeeze(result.c, 0);
  return result;
}

RNNCell::RNNCell(std::int64_t in, std::int64_t hidden, RNNCellOptions options, SourceLocation where)
    : RecurrentCell("RNNCell", 1, in, hidden, {options.bias, options.init, options.dtype, options.generator}, where),
      nonlinearity_(options.nonlinearity) {}
RNNCell::RNNCell(const RecurrentWeights& weights, RNNCellOptions options, SourceLocation where)
    : RecurrentCell("RNNCell", 1, weights, where), nonlinearity_(options.nonlinearity) {}
Tensor RNNCell::operator()(const Operand& x, const Tensor& h) const {
  return call(x, [&]() -> Tensor { return step(rnn, x, h, {}, nonlinearity_).h; });
}

LSTMCell::LSTMCell(std::int64_t in, std::int64_t hidden, LSTMCellOptions options, SourceLocation where)
    : RecurrentCell("LSTMCell", 4, in, hidden, options, where) {}
LSTMCell::LSTMCell(const RecurrentWeights& weights, SourceLocation where)
    : RecurrentCell("LSTMCell", 4, weights, where) {}
LSTMState LSTMCell::operator()(const Operand& x, const LSTMState& state) const {
  return call(x, [&]() -> LSTMState {
    RecurrentResult result = step(lstm, x, state.h, state.c, RnnFunction::tanh);
    return {result.h, result.c};
  });
}

GRUCell::GRUCell(std::int64_t in, std::int64_t hidden, GRUCellOptions options, SourceLocation where)
    : RecurrentCell("GRUCell", 3, in, hidden, options, where) {}
GRUCell::GRUCell(const RecurrentWeights& weights, SourceLocation where) : RecurrentCell("GRUCell", 3, weights, where) {}
Tensor GRUCell::operator()(const Operand& x, const Tensor& h) const {
  return call(x, [&]() -> Tensor { return step(gru, x, h, {}, RnnFunction::tanh).h; });
}

}  // namespace nn
}  // namespace xgrad
