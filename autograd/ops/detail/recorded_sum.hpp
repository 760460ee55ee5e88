// Adding to the sum of cotangents that is there, in place, also where the sum is recorded.
#pragma once

#include <initializer_list>
#include <utility>

#include "../../engine/pass.hpp"
#include "../../extend.hpp"
#include "../../tensor_impl.hpp"

namespace xgrad::internal {

/// Records that something was added to the elements of `sum`, the first of the inputs, and makes the recorded handle the sum.
/// No earlier handle to the elements is left, as what a rule saved would have kept them from being written over.
template <class R>
void record_added_to_sum(Vjp& vjp, Tensor& sum, Inputs inputs, std::initializer_list<Uses> uses, R rule) {
  Tensor elements = new_view(sum, sum.shape(), sum.strides(), sum.impl()->data);
  sum = record("add_in_place", vjp.where(), inputs, std::move(elements), uses, std::move(rule));
}

/// For a rule whose input 0 is read where `indices` say: add(sum) adds g to the sum of that input's cotangents, if one is
/// there that can be added to; pull(vjp, indices) is, of the sum's cotangent, that of g. Answers whether it was added.
template <class Add, class Pull>
bool add_indexed_to_sum(Vjp& vjp, const Tensor& g, const Tensor& indices, const Add& add, Pull pull) {
  SumPlace place = vjp.place_of_sum(0);
  if (place.sum == nullptr || !place.view.is_contiguous()) return false;
  if (vjp.creates_graph() && !place.is_direct()) return false;
  add(place.view);
  if (!vjp.creates_graph()) return true;
  record_added_to_sum(vjp, *place.sum, {*place.sum, g, indices}, {Uses(), Uses::input(2), Uses()}, [pull](Vjp& vjp) {
    if (vjp.needs(1)) vjp.give(1, pull(vjp, vjp.input(2)));
    if (vjp.needs(0)) vjp.give(0, vjp.take_g());
  });
  return true;
}

}  // namespace xgrad::internal
