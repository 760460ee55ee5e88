// Features brought to mean 0 and standard deviation 1.
#pragma once

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Standardizer: shifts and scales each feature as fitted on training data. Test data must take the same shift and
/// scale, since fitting on it would let the model see it:
///
///     auto standardizer = data::Standardizer::fit(train.inputs);
///     train.inputs = standardizer.transform(train.inputs);
///     test.inputs = standardizer.transform(test.inputs);
class Standardizer {
 public:
  /// Finds mean and standard deviation (of the population, computed in float64) of each feature. A constant feature has
  /// scale 1: it becomes 0.
  ///
  /// Shapes: x [n, ...], n > 0.
  /// Dtype: floating.
  /// Throws: std::invalid_argument for another x, and for one with an element that is nan or infinite: it would make
  /// its whole feature nan. Replace or drop such points first.
  static Standardizer fit(const Tensor& x, SourceLocation where = SourceLocation::current());

  /// (x - mean) / scale, computed in float64 and rounded once to x's dtype. A nan stays nan.
  ///
  /// Shapes: x [..., features as fitted].
  /// Throws: std::invalid_argument for other features.
  Tensor transform(const Tensor& x, SourceLocation where = SourceLocation::current()) const;
  /// y scale + mean, which undoes transform(), in the same precision.
  Tensor inverse(const Tensor& y, SourceLocation where = SourceLocation::current()) const;

  const Tensor& mean() const { return mean_; }    ///< float64, in the shape of one point
  const Tensor& scale() const { return scale_; }  ///< float64, in the shape of one point

 private:
  Standardizer(Tensor mean, Tensor scale);
  void check_features(const char* operation, const Tensor& x, SourceLocation where) const;

  Tensor mean_, scale_;
};

}  // namespace data
}  // namespace xgrad
