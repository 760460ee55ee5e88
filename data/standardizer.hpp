// Features brought to mean 0 and standard deviation 1.
#pragma once

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// Shifts and scales each feature as fitted on training data; test data must take the same shift and scale,
/// since fitting on it would let the model see it:
///
///     auto standardizer = data::Standardizer::fit(train.inputs);
///     train.inputs = standardizer.transform(train.inputs);
///     test.inputs = standardizer.transform(test.inputs);
class Standardizer {
 public:
  /// Mean and standard deviation (of the population, computed in float64) of each feature of x [n, ...]. A
  /// constant feature has scale 1: it becomes 0. Throws std::invalid_argument unless x is floating and n > 0.
  static Standardizer fit(const Tensor& x, SourceLocation where = SourceLocation::current());

  /// (x - mean) / scale in x's dtype, for x [..., features as fitted]. Throws std::invalid_argument for other
  /// features.
  Tensor transform(const Tensor& x, SourceLocation where = SourceLocation::current()) const;
  /// y scale + mean: undoes transform().
  Tensor inverse(const Tensor& y, SourceLocation where = SourceLocation::current()) const;

  const Tensor& mean() const { return mean_; }    ///< float64, in the shape of one point
  const Tensor& scale() const { return scale_; }  ///< the same

 private:
  Standardizer(Tensor mean, Tensor scale) : mean_(std::move(mean)), scale_(std::move(scale)) {}
  void check_features(const char* operation, const Tensor& x, SourceLocation where) const;

  Tensor mean_, scale_;
};

}  // namespace data
}  // namespace xgrad
