// The table is checked: operators of several families with a fault planted in them must fail, each kind of fault in
// each.
#include <xgrad/autograd/extend.hpp>
#include "op_table.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// The rows in which sign and factor are planted, of a family each.
const char* const kRows[] = {"tanh",   "sum(axis)",         "flip",         "index_select",
                             "matmul", "log_softmax(axis)", "cross_entropy"};

std::string report_of(const OperatorRow& row, OperatorFunction faulty) {
  OperatorRow changed = row;
  changed.function = std::move(faulty);
  return check_operator_report(changed).text();
}

bool fails(const OperatorRow& row, OperatorFunction faulty) {
  return report_of(row, std::move(faulty)).find(" checks hold") == std::string::npos;
}

/// The tensor, with a gradient that is `factor` times too large.
Tensor with_wrong_gradient(const Tensor& y, double factor) {
  if (!y.requires_grad()) return y;
  return record("wrong", SourceLocation::current(), {y}, y.detach(), {},
                [factor](Vjp& vjp) { vjp.give(0, vjp.g() * factor); });
}

}  // namespace

TEST_CASE("A planted sign and factor fail, in the value and in the gradient", "[op_table][planted]") {
  for (const char* name : kRows) {
    INFO(name);
    const OperatorRow& row = row_of(name);
    TensorFunction right = row.function.call();
    CHECK(fails(row, [&](std::span<const Tensor> x) { return -right(x); }));
    CHECK(fails(row, [&](std::span<const Tensor> x) { return right(x) * (1 + 1e-9); }));
    CHECK(fails(row, [&](std::span<const Tensor> x) { return with_wrong_gradient(right(x), -1); }));
    CHECK(fails(row, [&](std::span<const Tensor> x) { return with_wrong_gradient(right(x), 1.001); }));
  }
}

TEST_CASE("A planted wrong axis fails where the shape does not show it", "[op_table][planted]") {
  const std::vector<std::vector<Shape>> cube = {{{3, 3, 3}}};
  auto on = [&](const char* name, std::vector<std::vector<Shape>> shapes) {
    OperatorRow row = row_of(name);
    row.shapes = std::move(shapes);
    row.refused = {};
    row.large = {};
    REQUIRE(check_operator_report(row).passed());
    return row;
  };
  CHECK(fails(on("sum(axis)", cube), [](const Tensor& x) { return sum(x, 2); }));
  CHECK(fails(on("argmax", cube), [](const Tensor& x) { return argmax(x, 0); }));
  CHECK(fails(on("softmax(axis)", cube), [](const Tensor& x) { return softmax(x, 2); }));
  CHECK(fails(on("flip", cube), [](const Tensor& x) { return flip(x, {0, 1}); }));
  CHECK(fails(on("permute", cube), [](const Tensor& x) { return permute(x, {2, 0, 1}); }));
  CHECK(fails(on("split(sizes)", {{{6, 6}}}), [](const Tensor& x) {
    return transpose(split(x, std::vector<std::int64_t>{1, 3, 2}, 1)[1]);
  }));
  CHECK(fails(on("gather", {{{3, 3}, {3, 3}}}), [](const Tensor& x, const Tensor& i) { return gather(x, 0, i); }));
  CHECK(fails(on("index_add", {{{4, 4}, {4}, {4, 4}}}),
              [](const Tensor& x, const Tensor& i, const Tensor& source) { return index_add(x, 1, i, source); }));
  CHECK(fails(on("matmul", {{{3, 3}, {3, 3}}}),
              [](const Tensor& a, const Tensor& b) { return matmul(a, transpose(b)); }));
  CHECK(fails(on("cross_entropy", {{{4, 4, 4}, {4, 4}}}),
              [](const Tensor& x, const Tensor& t) { return cross_entropy(transpose(x, 1, 2), t); }));
}
