// A recurrent layer in one direction over a whole sequence of raw memory: all that is left when the products of the
// input with its weights have been made. T: float or double.
//
// Sequences are [steps, batch, ...], row-major. The rows of the batch do not know of each other, so that each thread
// takes some of them through all steps. A row whose sequence has ended (or, backwards in time, has not begun) keeps its
// state.
#pragma once

#include <cstdint>

namespace xgrad::internal {

enum class RecurrentCell : std::uint8_t { tanh, relu, lstm, gru };

struct RecurrentShape {
  std::int64_t steps, batch, hidden;
  std::int64_t out;             // extent of the states: hidden, or less where an LSTM projects them
  bool reverse;                 // from the last step to the first
  const std::int64_t* lengths;  // of each row's sequence, or null: all are `steps`

  /// Where the state after step t stands among the steps + 1 states, and that before it.
  std::int64_t after(std::int64_t t) const { return reverse ? t : t + 1; }
  std::int64_t before(std::int64_t t) const { return reverse ? t + 1 : t; }
  bool is_active(std::int64_t t, std::int64_t row) const { return lengths == nullptr || t < lengths[row]; }
};

/// Rows of the weights for each unit: 1, 4 (i, f, g, o) or 3 (r, z, n).
constexpr std::int64_t gates_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1;
}
/// What is kept of each unit at each step: what goes into the gates' functions. A GRU's are r, z, and n's two parts.
constexpr std::int64_t kept_of(RecurrentCell cell) {
  return cell == RecurrentCell::lstm || cell == RecurrentCell::gru ? 4 : 1;
}

template <class T>
struct RecurrentForward {
  RecurrentShape shape;
  const T* weight;      // [out, gates hidden], packed
  const T* projection;  // [hidden, out], packed; null for none
  const T* bias;  // [gates hidden], that of the input, or of both where they just add up; for a GRU see hidden_bias
  const T* hidden_bias;  // a GRU's, [3 hidden]
  T* kept;    // [steps, batch, kept hidden]: the input's products in the first gates hidden columns; then what is kept
  T* states;  // [steps + 1, batch, out], the first state in its place
  T* cells;   // an LSTM's, [steps + 1, batch, hidden], likewise
  T* raw;     // what is projected, [steps, batch, hidden]
  T* room;    // a GRU's, [batch, 3 hidden]
  T* y;       // states without those that were just kept, [steps, batch, out]; null where there are none
};

template <class T>
struct RecurrentBackward {
  RecurrentShape shape;
  const T* weight;      // [gates hidden, out], packed
  const T* projection;  // [out, hidden], packed
  const T *kept, *states, *cells;
  const T* g;      // of y; may be null
  T* g_state;      // [batch, out]: the last state's cotangent; then the first's
  T* g_cell;       // [batch, hidden], an LSTM's, likewise
  T* g_gates;      // [steps, batch, gates hidden]: of the input's products
  T* g_hidden;     // the same of the hidden state's products, a GRU's; null for others, whose are g_gates
  T* g_projected;  // [steps, batch, out]: of what was projected
  T* room;         // [batch, hidden], for a projection
};

template <class T>
void recurrent_forward(RecurrentCell cell, const RecurrentForward<T>& pass);
template <class T>
void recurrent_backward(RecurrentCell cell, const RecurrentBackward<T>& pass);

/// Elements that a packed weight [k, n] takes, and its packing.
template <class T>
std::int64_t packed_weight_size(std::int64_t k, std::int64_t n);
/// Element (i, j) of the weight is data[i * row_stride + j * column_stride].
template <class T>
void pack_weight(std::int64_t k, std::int64_t n, const T* data, std::int64_t row_stride, std::int64_t column_stride,
                 T* to);

}  // namespace xgrad::internal
