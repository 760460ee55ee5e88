// Adding to the sum of cotangents that is there, in place, also where the sum is recorded.
#pragma once

#include <initializer_list>
#include <utility>

#include "../../engine/pass.hpp"
#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "window.hpp"

namespace xgrad::internal {

/// Records that something was added to the elements of `sum`, the first of the inputs, and makes the recorded handle
/// the sum. No earlier handle to the elements is left, as what a rule saved would have kept them from being written
/// over.
template <class R>
void record_added_to_sum(Vjp& vjp, Tensor& sum, Inputs inputs, std::initializer_list<Uses> uses, R rule) {
  Tensor elements = new_view(sum, sum.shape(), sum.strides(), sum.impl()->data);
  sum = record("add_in_place", vjp.where(), inputs, std::move(elements), uses, std::move(rule));
}

/// For a rule whose input 0 is read where `indices` say. add(sum) adds g to the sum of that input's cotangents, or to a
/// view of one, and answers whether it could: not to every view with gaps. pull(g, indices, where) is, of a sum's
/// cotangent, that of what was added. Answers whether there is a sum to which it was added.
template <class Add, class Pull>
bool add_indexed_to_sum(Vjp& vjp, const Tensor& g, const Tensor& indices, const Add& add, Pull pull) {
  const SumPlace place = vjp.place_of_sum(0);
  if (place.sum == nullptr) return false;
  // The view is taken again of the sum's cotangent.
  if (vjp.creates_graph() && !can_be_added_to(place.view)) return false;
  if (!add(place.view)) return false;
  if (!vjp.creates_graph()) return true;
  const std::initializer_list<Uses> uses = {Uses(), Uses::input(2), Uses()};
  if (place.is_direct()) {
    record_added_to_sum(vjp, *place.sum, {*place.sum, g, indices}, uses, [pull](Vjp& vjp) {
      if (vjp.needs(1)) vjp.give(1, pull(vjp.g(), vjp.input(2), vjp.where()));
      if (vjp.needs(0)) vjp.give(0, vjp.take_g());
    });
    return true;
  }
  record_added_to_sum(vjp, *place.sum, {*place.sum, g, indices}, uses,
                      [pull, window = window_of(place.view, *place.sum)](Vjp& vjp) {
                        const Tensor g = recorded_without_gaps(vjp.g(), vjp.where());
                        if (vjp.needs(1))
                          vjp.give(1, pull(get("get", g, window, vjp.where()), vjp.input(2), vjp.where()));
                        if (vjp.needs(0)) vjp.give(0, g);
                      });
  return true;
}

}  // namespace xgrad::internal
