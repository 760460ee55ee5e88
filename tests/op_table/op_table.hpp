// One row for each operator of the library: what check_operator is told about it.
#pragma once

#include <vector>

#include <xgrad/autograd/check/check_operator.hpp>

namespace xgrad::testing {

using Rows = std::vector<OperatorRow>;

/// A row's name is the operator's, with what is special about the row in parentheses: "max(axis)".
Rows op_table();
Rows element_rows();  ///< elementwise operators and reductions (op_table.cpp)
Rows shape_rows();    ///< movement, indexing, matrix products, losses (op_table_shapes.cpp)

void append(Rows& rows, Rows more);
/// Fails the test case, with the report, unless check_operator finds the row to hold.
void expect_holds(const OperatorRow& row);

/// The shapes of one input that any reduction or movement of all axes takes.
inline const std::vector<std::vector<Shape>> kAnyShape = {{{2, 3}}, {{}}, {{1}}, {{67}}, {{3, 5, 7}}};
inline const std::vector<std::vector<Shape>> kAnyShapeOrEmpty = {{{2, 3}},    {{}},   {{0}},
                                                                 {{3, 0, 2}}, {{67}}, {{3, 5, 7}}};
/// Three axes, the first or the last reduced.
inline const std::vector<std::vector<Shape>> kThreeAxes = {{{2, 3, 4}}, {{5, 1, 33}}, {{1, 6, 2}}};
inline const std::vector<std::vector<Shape>> kThreeAxesOrEmpty = {{{2, 3, 4}}, {{5, 1, 33}}, {{2, 0, 4}}};

}  // namespace xgrad::testing
