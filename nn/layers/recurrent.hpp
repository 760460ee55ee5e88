// Recurrent layers: stacks of them over sequences (RNN, LSTM, GRU), single steps (RNNCell, LSTMCell, GRUCell), and
// layers for Sequential that take one part of what they answer with.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../../autograd/hidden.hpp"
#include "../../autograd/ops/index.hpp"
#include "../../autograd/ops/movement.hpp"
#include "../../autograd/ops/recurrent.hpp"
#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- What they are given, and what they answer with ----

/// Options of LSTM and GRU; of RNN with its nonlinearity.
struct RecurrentLayerOptions {
  std::int64_t num_layers = 1;  ///< each after the first reads the output of the one before
  bool bias = true;
  bool batch_first = false;  ///< x and the output are [N, T, ...]; states are not
  double dropout = 0;        ///< the part of the output of each layer but the last that is dropped in training
  bool bidirectional = false;
  Initializer init = {};  ///< of all parameters; none: uniform in +-1 / sqrt(hidden)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< of the parameters and of the dropout; null: the thread's default_generator()
};
/// Options of RNN.
struct RNNOptions {
  std::int64_t num_layers = 1;  ///< each after the first reads the output of the one before
  RnnFunction nonlinearity = RnnFunction::tanh;
  bool bias = true;
  bool batch_first = false;  ///< x and the output are [N, T, ...]; states are not
  double dropout = 0;        ///< the part of the output of each layer but the last that is dropped in training
  bool bidirectional = false;
  Initializer init = {};  ///< of all parameters; none: uniform in +-1 / sqrt(hidden)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< of the parameters and of the dropout; null: the thread's default_generator()
};
/// Options of LSTM.
struct LSTMOptions {
  std::int64_t num_layers = 1;  ///< each after the first reads the output of the one before
  bool bias = true;
  bool batch_first = false;  ///< x and the output are [N, T, ...]; states are not
  double dropout = 0;        ///< the part of the output of each layer but the last that is dropped in training
  bool bidirectional = false;
  std::int64_t proj_size = 0;  ///< states are projected to so many numbers, fewer than `hidden`; 0: they are not
  Initializer init = {};       ///< of all parameters; none: uniform in +-1 / sqrt(hidden)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< of the parameters and of the dropout; null: the thread's default_generator()
};
/// Options of GRU.
using GRUOptions = RecurrentLayerOptions;

/// What RNN and GRU may be given beside x.
struct RecurrentStart {
  Tensor h = {};        ///< the first states, `[layers * directions, N, out]`; zeros where undefined
  Tensor lengths = {};  ///< int64 `[N]`: how many steps each sequence has, from 0 to T; undefined: all have T
};
/// What LSTM may be given beside x.
struct LSTMStart {
  Tensor h = {};        ///< the first states, `[layers * directions, N, out]`; zeros where undefined
  Tensor c = {};        ///< the first cells, `[layers * directions, N, hidden]`; zeros where undefined
  Tensor lengths = {};  ///< int64 `[N]`: how many steps each sequence has, from 0 to T; undefined: all have T
};

/// What RNN and GRU answer with.
struct RecurrentOutput {
  Tensor output;  ///< the last layer's state after each step, `[T, N, directions * out]`; 0 beyond a sequence's length
  Tensor h;       ///< the last state of each layer and direction, `[layers * directions, N, out]`
};
/// What LSTM answers with.
struct LSTMOutput {
  Tensor output;  ///< the last layer's state after each step, `[T, N, directions * out]`; 0 beyond a sequence's length
  Tensor h;       ///< the last state of each layer and direction, `[layers * directions, N, out]`
  Tensor c;       ///< the last cell of each layer and direction, `[layers * directions, N, hidden]`
};

// ---- Stacks over sequences ----

/// Base of RNN, LSTM and GRU: parameters, and the way through the layers.
class RecurrentLayer : public Module {
 public:
  /// Moving is copying, too.
  RecurrentLayer(const RecurrentLayer& other) = default;

  std::int64_t input_size() const { return settings_.in; }
  std::int64_t hidden_size() const { return settings_.hidden; }
  std::int64_t num_layers() const { return settings_.layers; }
  bool is_bidirectional() const { return settings_.directions == 2; }

 protected:
  enum class Kind : std::uint8_t { rnn, lstm, gru };
  struct Settings {
    Kind kind;
    RnnFunction nonlinearity;
    std::int64_t in, hidden, layers, directions, projection;
    bool batch_first;
    double dropout;
    Generator* generator;
  };
  RecurrentLayer(const char* name, Kind kind, std::int64_t in, std::int64_t hidden, std::int64_t projection,
                 RnnFunction nonlinearity, const RecurrentLayerOptions& options, SourceLocation where);
  RecurrentLayer(const char* name, Kind kind, const std::vector<RecurrentWeights>& weights, RnnFunction nonlinearity,
                 const RecurrentLayerOptions& options, SourceLocation where);

  LSTMOutput run(const Operand& x, const LSTMStart& start) const;

 private:
  /// Makes the layer of sizes; where weights are given, on these very ones.
  RecurrentLayer(const char* name, const Settings& settings, const RecurrentLayerOptions& options,
                 const std::vector<RecurrentWeights>& given, SourceLocation where);
  static Settings settings_of(const char* name, Kind kind, const std::vector<RecurrentWeights>& weights,
                              RnnFunction nonlinearity, const RecurrentLayerOptions& options, SourceLocation where);
  RecurrentResult run_direction(const Tensor& x, const LSTMStart& start, std::int64_t layer,
                                std::int64_t direction) const;

  Settings settings_;
  internal::Hidden<std::vector<RecurrentWeights>> weights_;  // by layer, then direction: handles of the parameters
};

/// RNN is the simple recurrent layer (Elman's): h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu of it;
/// several of them on each other, in one direction or both. Each layer and direction is the operator rnn().
///
/// Parameters, for layer k: weight_ih_lk [hidden, in], weight_hh_lk [hidden, hidden], bias_ih_lk and bias_hh_lk
/// [hidden]; those of the other direction end in _reverse. They start uniform in +-1 / sqrt(hidden).
///
/// Shapes: `x [T, N, in] -> output [T, N, directions * hidden], h [layers * directions, N, hidden]`; with batch_first x
/// and output are `[N, T, ...]`; a single sequence is `[T, in]`, and all else has no axis N then.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes; std::out_of_range for a length outside of [0,
/// T].
/// Example: `nn::RNN(8, 16, {.bidirectional = true})(ones({5, 2, 8})).output`
class RNN final : public RecurrentLayer {
 public:
  /// Throws: std::invalid_argument for sizes below 1 and a dropout outside of [0, 1].
  RNN(std::int64_t in, std::int64_t hidden, RNNOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors, those of layer 0 first and within a layer those of the other direction second.
  /// Sizes, layers, biases and dtype are what the weights have, whatever the options say; the direction is told by the
  /// options.
  /// Throws: std::invalid_argument, naming the parameter, for other shapes, dtypes that differ, and biases in some
  /// alone.
  explicit RNN(const std::vector<RecurrentWeights>& weights, RNNOptions options = {},
               SourceLocation where = SourceLocation::current());
  RecurrentOutput operator()(const Operand& x, const RecurrentStart& start = {}) const;
};

/// LSTM is long short-term memory: see lstm(); several layers on each other, in one direction or both.
///
/// Parameters, for layer k: weight_ih_lk [4 hidden, in], weight_hh_lk [4 hidden, out], bias_ih_lk and bias_hh_lk [4
/// hidden], rows i, f, g, o, and with proj_size weight_hr_lk [out, hidden]; those of the other direction end in
/// _reverse. `out` is proj_size, or hidden. They start uniform in +-1 / sqrt(hidden).
///
/// Shapes:
/// `x [T, N, in] -> output [T, N, directions * out], h [layers * directions, N, out], c [layers * directions, N, hidden]`;
/// with batch_first x and output are `[N, T, ...]`; a single sequence is `[T, in]`, and all else has no axis N then.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes; std::out_of_range for a length outside of [0,
/// T].
/// Example: `auto [output, h, c] = nn::LSTM(8, 16)(ones({5, 2, 8}), {.lengths = tensor({5, 3})});`
class LSTM final : public RecurrentLayer {
 public:
  /// Throws: std::invalid_argument for sizes below 1, a dropout outside of [0, 1], and a proj_size that is not below
  /// hidden.
  LSTM(std::int64_t in, std::int64_t hidden, LSTMOptions options = {},
       SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors, those of layer 0 first and within a layer those of the other direction second.
  /// Sizes, layers, biases and dtype are what the weights have, whatever the options say; the direction is told by the
  /// options.
  /// Throws: std::invalid_argument, naming the parameter, for other shapes, dtypes that differ, and biases in some
  /// alone.
  explicit LSTM(const std::vector<RecurrentWeights>& weights, LSTMOptions options = {},
                SourceLocation where = SourceLocation::current());
  LSTMOutput operator()(const Operand& x, const LSTMStart& start = {}) const;
};

/// GRU is gated recurrent units: see gru(); several layers on each other, in one direction or both.
///
/// Parameters, for layer k: weight_ih_lk [3 hidden, in], weight_hh_lk [3 hidden, hidden], bias_ih_lk and bias_hh_lk [3
/// hidden], rows r, z, n; those of the other direction end in _reverse. They start uniform in +-1 / sqrt(hidden).
///
/// Shapes: as RNN.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes; std::out_of_range for a length outside of [0,
/// T].
/// Example: `nn::GRU(8, 16, {.num_layers = 2, .dropout = 0.1})(ones({5, 2, 8})).h`
class GRU final : public RecurrentLayer {
 public:
  /// Throws: std::invalid_argument for sizes below 1 and a dropout outside of [0, 1].
  GRU(std::int64_t in, std::int64_t hidden, GRUOptions options = {}, SourceLocation where = SourceLocation::current());
  /// A layer on these very tensors, those of layer 0 first and within a layer those of the other direction second.
  /// Sizes, layers, biases and dtype are what the weights have, whatever the options say; the direction is told by the
  /// options.
  /// Throws: std::invalid_argument, naming the parameter, for other shapes, dtypes that differ, and biases in some
  /// alone.
  explicit GRU(const std::vector<RecurrentWeights>& weights, GRUOptions options = {},
               SourceLocation where = SourceLocation::current());
  RecurrentOutput operator()(const Operand& x, const RecurrentStart& start = {}) const;
};

// ---- Single steps ----

/// Options of LSTMCell and GRUCell.
struct RecurrentCellOptions {
  bool bias = true;
  Initializer init = {};  ///< of all parameters; none: uniform in +-1 / sqrt(hidden)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};
/// Options of RNNCell.
struct RNNCellOptions {
  bool bias = true;
  RnnFunction nonlinearity = RnnFunction::tanh;
  Initializer init = {};  ///< of all parameters; none: uniform in +-1 / sqrt(hidden)
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};
/// Options of LSTMCell.
using LSTMCellOptions = RecurrentCellOptions;
/// Options of GRUCell.
using GRUCellOptions = RecurrentCellOptions;

/// Base of RNNCell, LSTMCell and GRUCell: their parameters.
class RecurrentCell : public Module {
 public:
  std::int64_t input_size() const { return weight_ih_.shape()[1]; }
  std::int64_t hidden_size() const { return weight_hh_.shape()[1]; }
  Parameter weight_ih() const { return weight_ih_; }
  Parameter weight_hh() const { return weight_hh_; }
  /// The biases; undefined for a cell without them.
  Parameter bias_ih() const { return bias_ih_; }
  Parameter bias_hh() const { return bias_hh_; }

 protected:
  RecurrentCell(const char* name, std::int64_t gates, std::int64_t in, std::int64_t hidden,
                const RecurrentCellOptions& options, SourceLocation where);
  RecurrentCell(const char* name, std::int64_t gates, const RecurrentWeights& weights, SourceLocation where);
  /// One step by `layer`, which is rnn(), lstm() or gru().
  RecurrentResult step(RecurrentResult (*layer)(const Operand&, const RecurrentWeights&, RecurrentOptions),
                       const Operand& x, const Tensor& h, const Tensor& c, RnnFunction nonlinearity) const;

 private:
  struct Sizes {
    std::int64_t gates, in, hidden;
  };
  /// Makes the cell of sizes; where weights are given, on these very ones.
  RecurrentCell(const char* name, const Sizes& sizes, const RecurrentCellOptions& options,
                const RecurrentWeights& given, SourceLocation where);
  static Sizes sizes_of(const char* name, std::int64_t gates, const RecurrentWeights& weights, SourceLocation where);

  Parameter weight_ih_;
  Parameter weight_hh_;
  Parameter bias_ih_;
  Parameter bias_hh_;
};

/// RNNCell is one step of RNN.
///
/// Parameters: weight_ih [hidden, in], weight_hh [hidden, hidden], bias_ih and bias_hh [hidden].
///
/// Shapes: `x [N, in], h [N, hidden] -> [N, hidden]`, or all without N. Without h the state is zeros.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class RNNCell final : public RecurrentCell {
 public:
  /// Throws: std::invalid_argument for sizes below 1.
  RNNCell(std::int64_t in, std::int64_t hidden, RNNCellOptions options = {},
          SourceLocation where = SourceLocation::current());
  /// A cell on these very tensors; undefined biases are none.
  /// Throws: std::invalid_argument for other shapes, dtypes that differ or are not floating, one bias alone, and a
  /// projection.
  explicit RNNCell(const RecurrentWeights& weights, RNNCellOptions options = {},
                   SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& x, const Tensor& h = {}) const;

 private:
  RnnFunction nonlinearity_;
};

/// The state of an LSTMCell.
struct LSTMState {
  Tensor h = {};  ///< `[N, hidden]`; zeros where undefined
  Tensor c = {};  ///< `[N, hidden]`; zeros where undefined
};
/// LSTMCell is one step of LSTM.
///
/// Parameters: weight_ih [4 hidden, in], weight_hh [4 hidden, hidden], bias_ih and bias_hh [4 hidden], rows i, f, g, o.
///
/// Shapes: `x [N, in], h and c [N, hidden] -> h and c [N, hidden]`, or all without N.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
/// Example: `state = cell(x, state);`
class LSTMCell final : public RecurrentCell {
 public:
  /// Throws: std::invalid_argument for sizes below 1.
  LSTMCell(std::int64_t in, std::int64_t hidden, LSTMCellOptions options = {},
           SourceLocation where = SourceLocation::current());
  /// A cell on these very tensors; undefined biases are none.
  /// Throws: std::invalid_argument for other shapes, dtypes that differ or are not floating, one bias alone, and a
  /// projection.
  explicit LSTMCell(const RecurrentWeights& weights, SourceLocation where = SourceLocation::current());
  LSTMState operator()(const Operand& x, const LSTMState& state = {}) const;
};

/// GRUCell is one step of GRU.
///
/// Parameters: weight_ih [3 hidden, in], weight_hh [3 hidden, hidden], bias_ih and bias_hh [3 hidden], rows r, z, n.
///
/// Shapes: `x [N, in], h [N, hidden] -> [N, hidden]`, or all without N. Without h the state is zeros.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class GRUCell final : public RecurrentCell {
 public:
  /// Throws: std::invalid_argument for sizes below 1.
  GRUCell(std::int64_t in, std::int64_t hidden, GRUCellOptions options = {},
          SourceLocation where = SourceLocation::current());
  /// A cell on these very tensors; undefined biases are none.
  /// Throws: std::invalid_argument for other shapes, dtypes that differ or are not floating, one bias alone, and a
  /// projection.
  explicit GRUCell(const RecurrentWeights& weights, SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& x, const Tensor& h = {}) const;
};

// ---- For Sequential ----

/// OutputOf is a layer that answers with the output of another one, leaving its last states: for Sequential. The other
/// layer is its child "layer".
/// Shapes: those of the layer's output.
/// Example: `nn::Sequential{nn::OutputOf(nn::LSTM(8, 16)), nn::Dense(16, 4)}`
template <std::derived_from<Module> M>
class OutputOf final : public Module {
 public:
  explicit OutputOf(M layer, SourceLocation where = SourceLocation::current())
      : layer_(child("layer", std::move(layer), where)) {}
  Tensor operator()(const Operand& x) const {
    return call(x, [&]() -> Tensor { return layer_(x).output; });
  }

 private:
  M layer_;
};

/// LastOf is a layer that answers with the last state of another one's last layer, both directions side by side: for
/// Sequential. Of a sequence with a length that is its state after that many steps. The other layer is its child
/// "layer".
/// Shapes: `[N, directions * out]`, for a single sequence `[directions * out]`.
/// Example: `nn::Sequential{nn::LastOf(nn::GRU(8, 16)), nn::Dense(16, 4)}`
template <std::derived_from<Module> M>
class LastOf final : public Module {
 public:
  explicit LastOf(M layer, SourceLocation where = SourceLocation::current())
      : layer_(child("layer", std::move(layer), where)) {}
  Tensor operator()(const Operand& x) const {
    return call(x, [&]() -> Tensor {
      const Tensor h = layer_(x).h;
      return layer_.is_bidirectional() ? cat({h[-2], h[-1]}, -1) : h[-1];
    });
  }

 private:
  M layer_;
};

}  // namespace nn
}  // namespace xgrad
