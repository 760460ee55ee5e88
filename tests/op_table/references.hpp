// What the references of the table are made of: plain loops over elements in double.
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/autograd/function.hpp>
#include <xgrad/autograd/tensor.hpp>

namespace xgrad::testing {

/// An index, one number for each axis.
using Place = std::vector<std::int64_t>;

/// A tensor's elements, read by their index.
class Elements {
 public:
  explicit Elements(const Tensor& x);
  double operator()(const Place& place) const { return numbers_[position(place)]; }
  const std::vector<double>& all() const { return numbers_; }
  const Shape& shape() const { return shape_; }

 private:
  std::size_t position(const Place& place) const;

  Shape shape_;
  std::vector<double> numbers_;
};

/// A float64 tensor of this shape, each element by its index.
Tensor by_place(const Shape& shape, const Function<double(const Place& place)>& element);
/// Each list of elements along these axes as one number.
Tensor reduced(const Tensor& x, const std::vector<int>& axes, bool keepdims,
               const Function<double(const std::vector<double>& elements)>& fold);
/// All elements as one number.
Tensor reduced(const Tensor& x, const Function<double(const std::vector<double>& elements)>& fold);
/// Each list of elements along an axis as another of the same length.
Tensor along(const Tensor& x, int axis,
             const Function<std::vector<double>(const std::vector<double>& elements)>& change);
/// Elements by their order: [0, 1, 2 ...] in row-major order, in another shape.
Tensor reshaped(const Tensor& x, const Shape& shape);

/// Pieces put together again, each multiplied by its number from 1 on: tells where each begins and which one it is.
Tensor numbered(const std::vector<Tensor>& pieces, int axis);
/// The same of x by its definition: `bounds` are where the pieces but the first begin.
Tensor numbered_at(const Tensor& x, int axis, const std::vector<std::int64_t>& bounds);

/// x with nan in place of all above 1, for operators that leave those out.
Tensor with_holes(const Tensor& x);
/// The elements that with_holes leaves.
std::vector<double> without_holes(const std::vector<double>& elements);

double sum_of(const std::vector<double>& elements);
double mean_of(const std::vector<double>& elements);
/// Squared distances from the mean, divided by the count - correction.
double variance_of(const std::vector<double>& elements, double correction);
double largest_of(const std::vector<double>& elements);
double smallest_of(const std::vector<double>& elements);
/// The position of the first largest one.
double argmax_of(const std::vector<double>& elements);
double argmin_of(const std::vector<double>& elements);
double logsumexp_of(const std::vector<double>& elements);
double norm_of(const std::vector<double>& elements, double p);

double sigmoid_of(double x);
/// log(1 + e^x).
double softplus_of(double x);
/// Phi(x).
double normal_distribution_of(double x);

}  // namespace xgrad::testing
