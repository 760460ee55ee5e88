// Attention: values weighed by how well their keys match a query.
#pragma once

#include <optional>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

class Generator;

/// Options of scaled_dot_product_attention and attention_weights.
struct AttentionOptions {
  /// Broadcast to `[..., L, S]`. A boolean mask says which keys a query attends to (true); a floating one is added to
  /// the scores.
  Tensor mask = {};
  bool causal = false;               ///< a query attends to the keys up to its own place
  std::optional<double> scale = {};  ///< factor of the scores; 1 / sqrt(E) where it is not given
  double dropout = 0;                ///< the part of the weights that is dropped, from 0 to 1
  Generator* generator = nullptr;    ///< of the numbers that decide it; the thread's own where it is null
};
/// Attention: softmax(q k^T scale + mask) v, the softmax over the keys. A query that may attend to no key has the
/// result 0, and gradient 0. A primitive, for speed: without a gradient the weights are never all in memory.
/// Shapes: `q [..., L, E], k [..., S, E], v [..., S, D] -> [..., L, D]`; leading axes broadcast.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: with weights p and gp = g v^T, gs = p (gp - sum(p gp)): scale gs k for q, scale gs^T q for k, p^T g for
/// v, gs for a floating mask. Where one p is above 1/2, gp is taken relative to that key's: what p lacks of 1 is not
/// lost to rounding.
/// Throws: std::invalid_argument for other shapes, a mask that does not broadcast or is of integers, and a dropout
/// outside [0, 1].
/// Source: Vaswani et al., Attention is all you need, 2017.
/// Example: `scaled_dot_product_attention(ones({2, 4, 8}), ones({2, 4, 8}), ones({2, 4, 8}), {.causal = true})`
/// NumPy: -
/// PyTorch: `nn.functional.scaled_dot_product_attention` from 2.0 on
Tensor scaled_dot_product_attention(const Operand& q, const Tensor& k, const Tensor& v, AttentionOptions options = {});

/// Weights of an attention: softmax(q k^T scale + mask) over the keys; 0 for a query that may attend to no key.
/// Shapes: `q [..., L, E], k [..., S, E] -> [..., L, S]`; leading axes broadcast.
/// Dtype: the common one; integers become the default dtype.
/// Derivative: that of the softmax.
/// Throws: as scaled_dot_product_attention.
/// NumPy: -
/// PyTorch: -
Tensor attention_weights(const Operand& q, const Tensor& k, AttentionOptions options = {});

}  // namespace xgrad
