// Equal eigenvalues and singular values, at which vectors have no derivative.
#pragma once

#include "../linalg.hpp"

namespace xgrad::internal {

/// 1 / (v_j - v_i) for all pairs of values [..., n] but the equal ones (and i = j), where it is 0: a tensor [..., n, n].
/// Throws: std::invalid_argument, in the operation's name, for equal values of which `used` [..., n] names one, unless
/// they are to make zero.
Tensor inverse_differences(const char* name, const Tensor& values, const Tensor& used, linalg::Degenerate degenerate,
                           SourceLocation where);

/// The bound to which values [..., n] count as 0: [..., 1].
Tensor rounding_of(const Tensor& values);

// ---- The second derivative of functions of values alone ----
//
// The gradient of a function f of values s is U diag(g) V^T, g the slopes of f. Its derivative has terms
// (g_i - g_j) / (s_i - s_j), whose limit for equal values is a second derivative of f. That cannot be told from g, but
// for slopes that do not depend on the values: it is 0 then. The same holds of g_i / s_i where s_i is 0.

/// What is known of the slopes g beside their values.
enum class Slopes {
  vary,      // nothing: they may depend on the values
  constant,  // they do not, or are the same for all: equal slopes stay equal
  extremes,  // they are those of a largest or least value: where they are 0 they stay so
};

/// What is known of a cotangent of all values: without a graph it is a constant.
Slopes slopes_of(const Tensor& g);

/// The terms of such a second derivative.
struct SlopeTerms {
  const char* name;
  Slopes slopes;
  linalg::Degenerate degenerate;
  bool has_option;  // whether the operation has Degenerate as an option
  SourceLocation where;

  /// (g_i - g_j) / (s_i - s_j) p_ij for symmetric p [..., n, n]; 0 for i = j.
  Tensor differences(const Tensor& g, const Tensor& s, const Tensor& p) const;
  /// (g_i + g_j) / (s_i + s_j) p_ij for skew p [..., n, n].
  Tensor sums(const Tensor& g, const Tensor& s, const Tensor& p) const;
  /// g_j / s_j p_ij for p [..., m, n].
  Tensor singles(const Tensor& g, const Tensor& s, const Tensor& p) const;

 private:
  /// numerators / denominators * p; throws for an element that is_zero and whose slopes do not stay.
  Tensor divided(const Tensor& numerators, const Tensor& denominators, const Tensor& is_zero, const Tensor& stays,
                 const Tensor& p, const Tensor& s, bool of_pairs) const;
};

}  // namespace xgrad::internal
