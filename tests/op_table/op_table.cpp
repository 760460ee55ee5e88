#include "op_table.hpp"

#include <cctype>
#include <map>
#include <set>
#include <stdexcept>

#include "declarations.hpp"

namespace xgrad::testing {
namespace {

std::map<std::string, Rows (*)()>& families() {
  static std::map<std::string, Rows (*)()> families;
  return families;
}

/// Functions that take a tensor and have no row, with the reason. A name that ends in * stands for all that begin so.
const std::map<std::string, std::string> kWithoutRow = {
    {"operator+", "add, sub, mul, div, neg by another name: the rows of those call them so"},
    {"operator-", "see operator+"},
    {"operator*", "see operator+"},
    {"operator/", "see operator+"},
    {"operator==", "equal by another name"},
    {"operator!=", "not_equal by another name"},
    {"operator<", "less by another name"},
    {"operator<=", "less_equal by another name"},
    {"operator>", "greater by another name"},
    {"operator>=", "greater_equal by another name"},
    {"operator&&", "logical_and by another name"},
    {"operator||", "logical_or by another name"},
    {"operator!", "logical_not by another name"},
    {"operator&", "bitwise_and by another name"},
    {"operator|", "bitwise_or by another name"},
    {"operator^", "bitwise_xor by another name"},
    {"operator~", "bitwise_not by another name"},
    {"operator%", "remainder by another name"},
    {"operator<<", "prints (tests/autograd/print.cpp), and bitwise_left_shift by another name"},
    {"operator>>", "bitwise_right_shift by another name"},
    {"to_dot", "draws (tests/autograd/dot.cpp)"},
    {"to_string", "prints (tests/autograd/print.cpp)"},
    {"allclose", "answers with a bool (tests/ops/compare.cpp)"},
    {"grad", "the engine (tests/engine)"},
    {"backward", "the engine (tests/engine)"},
    {"value_and_grad", "derivatives of functions (tests/autograd/functional.cpp)"},
    {"vjp", "derivatives of functions"},
    {"jvp", "derivatives of functions"},
    {"jacobian", "derivatives of functions"},
    {"hessian", "derivatives of functions"},
    {"hvp", "derivatives of functions"},
    {"functional::*", "derivatives of functions"},
    {"gradcheck", "checks (tests/check)"},
    {"gradgradcheck", "checks (tests/check)"},
    {"gradcheck_report", "checks (tests/check)"},
    {"GradcheckInputs::*", "checks (tests/check)"},
    {"testing::*", "checks (tests/check)"},
    {"TensorFunction", "a type"},
    {"record", "makes operators (tests/engine/extend.cpp)"},
    {"is_recording", "makes operators (tests/engine/extend.cpp)"},
    {"Inputs::*", "makes operators (tests/engine/extend.cpp)"},
    {"Vjp::*", "makes operators (tests/engine/extend.cpp)"},
    {"Tensor::*", "assign, set_grad, backward ...: no operators (tests/autograd/tensor.cpp, tests/engine)"},
    {"TensorList::*", "a parameter of grad, vjp, jacobian ... (tests/autograd/functional.cpp)"},
    {"Index::*", "an item of x[...]: the rows of get and index_put"},
    {"Operand::*", "a parameter (tests/autograd/tensor.cpp)"},
    {"map", "any formula (tests/autograd/map.cpp)"},
    {"map_sum", "any formula (tests/autograd/map.cpp)"},
    {"each", "writes in place (tests/autograd/each.cpp)"},
    {"Written::*", "a parameter of each"},
    {"linalg::Tolerance::*", "a parameter of pinv and matrix_rank"},
    {"as_xtensor", "the bridge (tests/autograd/xtensor.cpp)"},
    {"nn::with_parameters", "a model on other parameters (tests/nn/copy.cpp)"},
    {"nn::matching", "picks tensors by their names (tests/nn/state.cpp)"},
    {"nn::excluding", "picks tensors by their names (tests/nn/state.cpp)"},
    {"nn::check_module", "checks derivatives (tests/nn/check_module.cpp)"},
    {"nn::init::*", "makes weights (tests/nn/init.cpp)"},
    {"TripletMarginWithDistanceLossOptions::*", "an option that is a function of tensors"},
    {"optim::*", "optimizers (tests/optim)"},
    {"data::*", "data, without gradients (tests/data)"},
    {"io::*", "files (tests/io)"},
    {"train::*", "the loop around a model (tests/train)"},
};

bool has_reason(const std::string& name) {
  for (const auto& [pattern, reason] : kWithoutRow) {
    bool fits = pattern.ends_with('*') && pattern != "operator*"
                    ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                    : name == pattern;
    if (fits) return true;
  }
  return false;
}

/// Whether the name is a class's of nn: layers have their table in tests/nn/check_module.cpp, and some have rows here
/// as well.
bool is_layer(const std::string& name) {
  return name.starts_with("nn::") && std::isupper(static_cast<unsigned char>(name[4])) != 0;
}

/// Operations by whose names rows refuse wrong inputs beside their own, with the reason.
const std::map<std::string, std::set<std::string>> kOtherNames = {
    {"get", {"index", "slice"}},  // what the user wrote: x[...]
    {"get(positions)", {"index", "sub"}},
    {"get(positions apart)", {"index"}},
    {"get(mask)", {"index"}},
    {"take", {"sub"}},                               // the row's own subtraction
    {"put", {"sub"}},                                // the row's own subtraction
    {"index_fill", {"sub"}},                         // the row's own subtraction
    {"where_safe", {"greater"}},                     // the row's own condition
    {"reshape", {"size"}},                           // the row's own shape
    {"sum_to", {"size"}},                            // the row's own shape
    {"view", {"size", "contiguous"}},                // the row's own shape and layout
    {"view_as", {"contiguous"}},                     // the row's own layout
    {"linalg::lu_solve", {"lu_factor"}},             // which makes the row's factors
    {"clamp(tensors)", {"dtype"}},                   // check_operator asks for the dtype of an undefined bound
    {"diff(beside)", {"dtype"}},                     // check_operator asks for the dtype of what is left out
    {"corrcoef", {"size"}},                          // the row's own observations
    {"cov(weights)", {"dtype"}},                     // as diff(beside)
    {"cov(frequencies)", {"dtype"}},                 // as diff(beside)
    {"gradient(coordinates)", {"cumsum"}},           // the row's own coordinates
    {"searchsorted", {"detach"}},                    // the row's own sorter
    {"unique(axis, inverse, counts)", {"add"}},      // the row's own sum
    {"searchsorted(right, rows)", {"detach"}},       // the row's own sorter
    {"bucketize", {"numel"}},                        // the row's own boundaries
    {"bucketize(upper bounds)", {"numel"}},          // the row's own boundaries
    {"bincount(weights)", {"numel"}},                // the row's own integers
    {"triplet_margin_with_distance_loss", {"sub"}},  // the row's own distance

    // The row's own holes.
    {"nansum(of some)", {"greater"}},
    {"nanmean(of some)", {"greater"}},
    {"nanmedian(of some)", {"greater"}},
    {"nanquantile(of some)", {"greater"}},

    // The row's own product.
    {"embedding(gradient, padding and frequency)", {"mul"}},
    {"embedding_bag(gradient, frequency)", {"mul"}},

    // Its distance where none is given.
    {"triplet_margin_with_distance_loss(mean, margin)", {"pairwise_distance"}},
    {"triplet_margin_with_distance_loss(sum, margin)", {"pairwise_distance"}},
    {"triplet_margin_with_distance_loss(none, margin)", {"pairwise_distance"}},
};

/// Whether an error of a row begins with its operator's name: "Dense (encoder.0)" for nn::Dense.
bool is_own_name(const OperatorRow& row, const std::string& name) {
  std::string own = operator_of(row);
  own = own.substr(own.rfind(':') + 1);
  auto other = kOtherNames.find(row.name);
  return name.substr(0, name.find(' ')) == own || (other != kOtherNames.end() && other->second.contains(name));
}

}  // namespace

Family::Family(std::string name, Rows (*rows)()) { families()[std::move(name)] = rows; }

Rows rows_of(const std::string& family) { return families().at(family)(); }

const Rows& op_table() {
  static const Rows table = [] {
    Rows all;
    for (const auto& [name, rows] : families()) append(all, rows());
    return all;
  }();
  return table;
}

const OperatorRow& row_of(const std::string& name) {
  for (const OperatorRow& row : op_table())
    if (row.name == name) return row;
  throw std::out_of_range("op_table has no row named " + name);
}

std::string operator_of(const OperatorRow& row) { return row.name.substr(0, row.name.find('(')); }

void append(Rows& rows, Rows more) {
  for (OperatorRow& row : more) rows.push_back(std::move(row));
}

void expect_family_holds(const std::string& family) {
  for (const OperatorRow& row : rows_of(family)) {
    OperatorReport report = check_operator_report(row);
    INFO(report.text());
    CHECK(report.passed());
    CHECK(report.checks > 10);
    for (const std::string& name : report.refused_by) {
      INFO(row.name << " refuses wrong input in the name of " << name);
      CHECK(is_own_name(row, name));
    }
  }
}

}  // namespace xgrad::testing

using namespace xgrad;
using namespace xgrad::testing;

TEST_CASE("Every function that takes a tensor has a row for each overload, or a reason", "[op_table]") {
  std::map<std::string, int> rows;
  for (const OperatorRow& row : op_table()) ++rows[operator_of(row)];
  std::map<std::string, int> declared = functions_of_tensors();
  CHECK(declared.size() > 100);
  for (const auto& [name, overloads] : declared) {
    INFO(name << " has " << overloads << " overloads that take a tensor and " << rows[name]
              << " rows: add rows to tests/op_table/");
    CHECK((is_layer(name) || has_reason(name) || rows[name] >= overloads));
  }
}

TEST_CASE("The table has no row twice, none of a function that is gone, and no reason without need", "[op_table]") {
  std::map<std::string, int> declared = functions_of_tensors();
  std::set<std::string> names;
  for (const OperatorRow& row : op_table()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(declared.contains(operator_of(row)));
    CHECK_FALSE(has_reason(operator_of(row)));
  }
}
