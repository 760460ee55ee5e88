// One row for each operator of the library: what check_operator is told about it. A file for each family, as in
// autograd/ops; references.hpp has what their references are made of.
#pragma once

#include <string>
#include <vector>

#include <xgrad/autograd/check/check_operator.hpp>
#include "../support.hpp"

namespace xgrad::testing {

using Rows = std::vector<OperatorRow>;

/// A family's rows join the table where its file has `const Family kFamily("reduce", rows);`. A row's name is the
/// operator's, with what is special about the row in parentheses: "max(axis)"; that of a layer has its namespace:
/// "nn::Dense".
struct Family {
  Family(std::string name, Rows (*rows)());
};

/// The rows of a family. Throws std::out_of_range where there is none of that name.
Rows rows_of(const std::string& family);
/// All rows.
const Rows& op_table();
/// The row of this name. Throws std::out_of_range where there is none.
const OperatorRow& row_of(const std::string& name);
/// "max" of "max(axis)".
std::string operator_of(const OperatorRow& row);

/// Fails the test case, with the report, unless check_operator finds every row of the family to hold.
void expect_family_holds(const std::string& family);

void append(Rows& rows, Rows more);

/// The shapes of one input that any reduction or movement of all axes takes.
inline const std::vector<std::vector<Shape>> kAnyShape = {{{2, 3}}, {{}}, {{1}}, {{67}}, {{3, 5, 7}}};
inline const std::vector<std::vector<Shape>> kAnyShapeOrEmpty = {{{2, 3}},    {{}},   {{0}},
                                                                 {{3, 0, 2}}, {{67}}, {{3, 5, 7}}};
/// Three axes, the first or the last reduced.
inline const std::vector<std::vector<Shape>> kThreeAxes = {{{2, 3, 4}}, {{5, 1, 33}}, {{1, 6, 2}}};
inline const std::vector<std::vector<Shape>> kThreeAxesOrEmpty = {{{2, 3, 4}}, {{5, 1, 33}}, {{2, 0, 4}}};
/// Large enough that operators take several threads.
inline const std::vector<std::vector<Shape>> kLarge = {{{61, 73, 89}}};

}  // namespace xgrad::testing
