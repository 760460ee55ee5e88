// How the node of a recurrent layer is laid out, and its derivative.
#pragma once

#include <cstdint>

#include "../../rule.hpp"

namespace xgrad::internal {

enum class RecurrentCell : std::uint8_t;
struct RecurrentShape;

/// What may go into the node. Which input each is says RecurrentRule::at.
enum class RecurrentInput : std::uint8_t {
  x,
  input_weight,
  hidden_weight,
  input_bias,
  hidden_bias,
  projection,
  h,
  c,
  lengths
};
inline constexpr int kRecurrentInputs = 9;

/// The node's outputs; those from `states` on are kept for the rule, and not shown. A cell without them has no such
/// outputs at the end.
enum RecurrentOutput { kOutput, kLastState, kLastCell, kStates, kKept, kCells, kRaw };

struct RecurrentRule {
  const char* name;
  RecurrentCell cell;
  bool reverse;
  std::int8_t at[kRecurrentInputs];  // -1: not there

  int of(RecurrentInput input) const { return at[static_cast<int>(input)]; }
  bool has(RecurrentInput input) const { return of(input) >= 0; }
  const Tensor& value(Vjp& vjp, RecurrentInput input) const { return vjp.input(of(input)); }
  bool needs(Vjp& vjp, RecurrentInput input) const { return has(input) && vjp.needs(of(input)); }

  void operator()(Vjp& vjp) const { vjp.creates_graph() ? by_operators(vjp) : by_kernel(vjp); }
  void by_kernel(Vjp& vjp) const;
  void by_operators(Vjp& vjp) const;
};

/// What the kernels are told of a sequence.
RecurrentShape recurrent_shape(const Tensor& x, const Tensor& hidden_weight, RecurrentCell cell, bool reverse,
                               const Tensor& lengths);

/// The weight [k, n], packed for the kernels.
template <class T>
Tensor packed_weight(const char* name, const Tensor& weight, bool transposed, SourceLocation where);

}  // namespace xgrad::internal
