// Recurrent layers: one layer in one direction over a whole sequence. nn::RNN, nn::LSTM and nn::GRU are made of them.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Weights of a recurrent layer in one direction, as PyTorch lays them out: the rows of the gates one after the other
/// (an LSTM's i, f, g, o; a GRU's r, z, n).
struct RecurrentWeights {
  Tensor input;             ///< [gates * hidden, in]: PyTorch's weight_ih
  Tensor hidden;            ///< [gates * hidden, out]: weight_hh; `out` is the extent of a state
  Tensor input_bias = {};   ///< [gates * hidden]: bias_ih; undefined for none
  Tensor hidden_bias = {};  ///< [gates * hidden]: bias_hh; undefined for none
  Tensor projection =
      {};  ///< [out, hidden]: weight_hr, for lstm() alone; undefined for none, and `out` is `hidden` then
};

/// What a recurrent layer answers with.
struct RecurrentResult {
  Tensor output;  ///< the state after each step, `[T, N, out]`; 0 beyond a sequence's length
  Tensor h;       ///< the last state of each sequence, `[N, out]`
  Tensor c = {};  ///< lstm(): the last cell of each sequence, `[N, hidden]`
};

/// The function of a simple recurrent layer.
enum class RnnFunction : std::uint8_t { tanh, relu };

/// Options of rnn, lstm and gru.
struct RecurrentOptions {
  Tensor h = {};  ///< the state before the first step, `[N, out]`; zeros where it is undefined
  Tensor c = {};  ///< lstm(): the cell before the first step, `[N, hidden]`; zeros where it is undefined
  Tensor lengths =
      {};  ///< int64 `[N]`: how many steps each sequence has, from 0 to T; all have T where it is undefined
  bool reverse = false;      ///< from each sequence's last step to its first: `h` is the state before its last step
  bool batch_first = false;  ///< x and the output are `[N, T, ...]`
  RnnFunction nonlinearity = RnnFunction::tanh;  ///< rnn(): the function of its states
};

/// Simple recurrent layer: h_t = tanh(W_input x_t + b_input + W_hidden h_(t-1) + b_hidden), or relu of it, over a whole
/// sequence. A primitive, for speed: one product makes all that the input adds, and the backward pass makes the
/// weights' gradients in one product each. Steps beyond a sequence's length leave its state as it is, and their output
/// is 0.
/// Shapes: `x [T, N, in] -> output [T, N, hidden], h [N, hidden]`.
/// Dtype: the common one of all operands; integers become the default dtype.
/// Derivative: back through time; it can be differentiated again.
/// Throws: std::invalid_argument for other shapes and for lengths that are not int64; std::out_of_range for a length
/// outside of [0, T].
/// Source: Elman, Finding structure in time, 1990.
/// Example: `rnn(ones({5, 2, 3}), {.input = ones({4, 3}), .hidden = ones({4, 4})}).output`
/// NumPy: -
/// PyTorch: `nn.RNN`
RecurrentResult rnn(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options = {});

/// Long short-term memory over a whole sequence: with the gates i, f, g, o of W_input x_t + b_input + W_hidden h_(t-1)
/// + b_hidden, c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g) and h_t = sigmoid(o) tanh(c_t), the latter multiplied by
/// weights.projection where that is given. A primitive as rnn() is.
/// Shapes: `x [T, N, in] -> output [T, N, out], h [N, out], c [N, hidden]`.
/// Dtype: the common one of all operands; integers become the default dtype.
/// Derivative: back through time; it can be differentiated again.
/// Throws: std::invalid_argument for other shapes and for lengths that are not int64; std::out_of_range for a length
/// outside of [0, T].
/// Source: Hochreiter, Schmidhuber, Long short-term memory, 1997; Gers, Schmidhuber, Cummins, Learning to forget, 2000.
/// Example: `lstm(ones({5, 2, 3}), {.input = ones({16, 3}), .hidden = ones({16, 4})}).c`
/// NumPy: -
/// PyTorch: `nn.LSTM`
RecurrentResult lstm(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options = {});

/// Gated recurrent units over a whole sequence: r and z are the sigmoids of W_input x_t + b_input + W_hidden h_(t-1) +
/// b_hidden in their rows, n = tanh(W_input x_t + b_input + r (W_hidden h_(t-1) + b_hidden)) in its own, and h_t = (1 -
/// z) n + z h_(t-1). A primitive as rnn() is.
/// Shapes: `x [T, N, in] -> output [T, N, hidden], h [N, hidden]`.
/// Dtype: the common one of all operands; integers become the default dtype.
/// Derivative: back through time; it can be differentiated again.
/// Throws: std::invalid_argument for other shapes and for lengths that are not int64; std::out_of_range for a length
/// outside of [0, T].
/// Source: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.
/// Example: `gru(ones({5, 2, 3}), {.input = ones({12, 3}), .hidden = ones({12, 4})}).h`
/// NumPy: -
/// PyTorch: `nn.GRU`
RecurrentResult gru(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options = {});

}  // namespace xgrad
