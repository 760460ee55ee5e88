// Positional encodings: what tells a transformer where in a sequence an element stands.
#pragma once

#include <cstdint>

#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of sinusoidal_positions and SinusoidalPositions.
struct SinusoidalOptions {
  double base = 10000;            ///< the longest wave is 2 pi times as long
  std::int64_t first = 0;         ///< the place of the first element
  bool batch_first = false;       ///< SinusoidalPositions: x is [N, T, size], else [T, N, size]
  DType dtype = default_dtype();  ///< sinusoidal_positions(): of the result
};
/// Waves of many lengths: row t has sin(t / base^(2 i / size)) in column 2 i and the cosine in column 2 i + 1.
/// Shapes: `-> [length, size]`.
/// Dtype: that of the options.
/// Throws: std::invalid_argument for negative sizes, a base that is not positive, and a dtype that is not floating.
/// Source: Vaswani et al., Attention is all you need, 2017.
/// Example: `nn::sinusoidal_positions(64, 128)`
Tensor sinusoidal_positions(std::int64_t length, std::int64_t size, SinusoidalOptions options = {},
                            SourceLocation where = SourceLocation::current());

/// SinusoidalPositions adds sinusoidal_positions() to what it is given.
/// Shapes: `x [T, N, size] -> [T, N, size]`; with batch_first `[N, T, size]`; or `[T, size]`.
/// Dtype: x's, which is floating.
/// Throws: std::invalid_argument, when it is called, for other shapes and dtypes.
/// Source: Vaswani et al., Attention is all you need, 2017.
class SinusoidalPositions final : public Module {
 public:
  /// Throws: std::invalid_argument for a size below 1 and a base that is not positive.
  explicit SinusoidalPositions(std::int64_t size, SinusoidalOptions options = {},
                               SourceLocation where = SourceLocation::current());
  Tensor operator()(const Operand& x) const;

 private:
  std::int64_t size_;
  SinusoidalOptions options_;
};

/// Options of rotary_positions and RotaryPositions.
struct RotaryOptions {
  double base = 10000;
  std::int64_t first = 0;  ///< the place of the first element: how many came before, where a sequence is read in parts
  /// Which elements turn together: i and i + size / 2, as GPT-NeoX and Llama have it, or 2 i and 2 i + 1, as the paper.
  bool interleaved = false;
};
/// Queries or keys turned by their places: the pairs of elements of row t by the angles t / base^(2 i / size). The
/// product of a query and a key then depends on how far apart they stand.
/// Shapes: `x [..., T, size] -> ` the same; size is even.
/// Dtype: x's, which is floating.
/// Derivative: g turned back.
/// Throws: std::invalid_argument for fewer than two axes, an odd size, a base that is not positive, and a dtype that is
/// not floating.
/// Source: Su, Lu, Pan, Murtadha, Wen, Liu, RoFormer: enhanced transformer with rotary position embedding, 2021.
/// Example: `nn::rotary_positions(ones({2, 4, 8, 16}))`
Tensor rotary_positions(const Operand& x, RotaryOptions options = {});

/// RotaryPositions is rotary_positions() as a layer.
/// Shapes: `x [..., T, size] -> ` the same; size is even.
class RotaryPositions final : public Module {
 public:
  explicit RotaryPositions(RotaryOptions options = {});
  Tensor operator()(const Operand& x) const;

 private:
  RotaryOptions options_;
};

}  // namespace nn
}  // namespace xgrad
