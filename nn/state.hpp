// NamedTensors: a module's state, as it is listed, picked from, saved and loaded.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace nn {

class Module;

/// Tensors with their names, in order: "hidden.weight".
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Patterns of names: one, or several in braces. `*` stands for any characters, dots too, and none of them; `?` for any
/// one.
///
/// Example: `"encoder.*"`, `{"*.bias", "norm?.*"}`
class Patterns {
 public:
  Patterns(const char* pattern);
  Patterns(std::string pattern);
  Patterns(std::initializer_list<std::string> patterns);
  explicit Patterns(std::vector<std::string> patterns);

  /// Whether one of them fits all of the name.
  bool fit(const std::string& name) const;
  const std::vector<std::string>& list() const { return patterns_; }

 private:
  std::vector<std::string> patterns_;
};

/// The tensors whose names fit a pattern, in their order: a group of an optimizer, what is to be frozen or saved. It
/// knows the names of the list alone: of tied parameters named_parameters() has the first name, state() each.
/// Throws: std::invalid_argument for a pattern that fits no name, and where there are no patterns.
/// Example: the biases without weight decay.
///
///     auto all = model.named_parameters();
///     optim::AdamW adam({{.parameters = nn::matching(all, "*bias"), .options = {.weight_decay = 0}},
///                        {.parameters = nn::excluding(all, "*bias")}});
NamedTensors matching(const NamedTensors& named, const Patterns& patterns,
                      SourceLocation where = SourceLocation::current());
/// The tensors whose names fit none of the patterns, in their order.
/// Throws: as matching().
NamedTensors excluding(const NamedTensors& named, const Patterns& patterns,
                       SourceLocation where = SourceLocation::current());

/// Makes parameters constants, all of them or those that have a name which fits: no gradient flows into them, and
/// optimizers leave them alone until they are unfrozen. A parameter with several names, as tied ones have, may be called
/// by any.
/// Throws: std::invalid_argument for a pattern that fits no name; std::logic_error where with_parameters() has put the
/// result of an operation in a parameter's place. Nothing is changed then.
/// Example: `nn::freeze(model, "encoder.*");`
void freeze(const Module& model, const Patterns& patterns = "*", SourceLocation where = SourceLocation::current());
/// Makes parameters variables again: undoes freeze().
/// Throws: as freeze().
void unfreeze(const Module& model, const Patterns& patterns = "*", SourceLocation where = SourceLocation::current());

/// What Module::load_partial() has left out, by names.
struct LoadReport {
  std::vector<std::string> missing;     ///< the module's own that no value was given for
  std::vector<std::string> unexpected;  ///< values whose names the module does not have
  std::vector<std::string>
      mismatched;           ///< values of another shape, or that the dtype cannot hold, each with the reason
  std::int64_t loaded = 0;  ///< how many of the module's tensors were written

  /// Whether each of the module's tensors got a value and each value found its tensor.
  bool complete() const;
  /// What was left out, in sentences.
  std::string text() const;
};

namespace detail {

/// The tensors without their names.
std::vector<Tensor> without_names(NamedTensors named);

/// The parameters of a model, each under all of its names, as files hold them.
NamedTensors parameters_by_all_names(const Module& model);
/// The parameters of a model that have a name which fits, each once, under the first such name.
/// Throws: std::invalid_argument, beginning with `function`, for a pattern that fits no name.
NamedTensors matching_parameters(const char* function, const Module& model, const Patterns& patterns,
                                 SourceLocation where);

/// The names, separated by commas; of many the first ones and how many more there are.
std::string listed(const std::vector<std::string>& names);

/// Values for a module's own tensors, and what could not be.
struct LoadPlan {
  /// For each of the own names the value to write: contiguous, of its dtype, with elements that none of the module's
  /// tensors has. Undefined for a name that is left out, and for further names of a tensor.
  std::vector<Tensor> values;
  LoadReport report;
};

/// Compares what is given with what is there. A tensor that has several names needs a value for one of them.
/// Throws std::invalid_argument, beginning with `module` and listing the names, where one is given twice, or names of
/// one tensor get different values; if `strict`, also for all that the report would list.
LoadPlan plan_load(const std::string& module, const NamedTensors& own, const NamedTensors& given, bool strict,
                   SourceLocation where);

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
