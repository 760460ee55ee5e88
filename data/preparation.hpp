// The way from a table to a model's inputs: missing values filled in, text made numbers, numbers brought to one scale.
// All of it is fitted on training data, kept in one object, and applied to new rows as it was fitted.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/hidden.hpp"
#include "dataset.hpp"
#include "state.hpp"
#include "table.hpp"

namespace xgrad XGRAD_API {
namespace data {

/// What stands in for a value that is missing.
enum class Impute : std::uint8_t {
  error,  ///< nothing: a missing value is an error that names its row
  keep,   ///< nothing: nan stays in numbers; in what is encoded, to be missing is a class of its own
  mean,   ///< of the training data, as the following ones
  median,
  most_frequent,  ///< of several the smallest, of strings the first in the alphabet
  constant,       ///< PreparationStep::fill, or fill_text
};

/// How numbers are brought to one scale, skipping missing values.
enum class Scale : std::uint8_t {
  none,
  standard,  ///< mean 0, standard deviation 1 (of the population); a constant column becomes 0
  min_max,   ///< the smallest of the training data becomes 0, the largest 1; a constant column 0
};

/// How classes become numbers.
enum class Encode : std::uint8_t {
  none,     ///< numbers and booleans stay what they are; a column of text is an error
  one_hot,  ///< a feature for each class, 1 where it is the one
  ordinal,  ///< one feature, 0, 1, 2 ... in the order of PreparationStep::classes
  index,    ///< the same numbers as int64, for an embedding: given by indices(), not by transform()
};

/// What becomes of a class that the training data did not have.
enum class Unseen : std::uint8_t {
  error,      ///< an error that names it and its row
  own_class,  ///< one more class, the last, for all of them together
  zeros,      ///< no class: all features of its Encode::one_hot are 0
};

/// PreparationStep: what is done to some columns. Boolean columns count as numbers, 0 and 1; dates as text. Numbers
/// that are encoded are classes, by their value.
struct PreparationStep {
  std::vector<std::string> columns = {};
  Impute impute = Impute::error;
  double fill = 0;             ///< of Impute::constant in numbers; finite
  std::string fill_text = {};  ///< of Impute::constant in what is encoded; not empty
  bool indicator = false;      ///< one feature more, 1 where the value is missing: "age is missing"
  Scale scale = Scale::none;   ///< of numbers
  Encode encode = Encode::none;
  std::vector<std::string> classes =
      {};  ///< in order; empty: those of the training data, numbers by value, text by letters
  Unseen unseen = Unseen::error;
};

/// What a column is as target.
enum class Target : std::uint8_t {
  find,     ///< classes where it is text, boolean, or has the numbers 0 and 1 alone; else numbers
  classes,  ///< int64 0 ... C - 1
  numbers,  ///< floating
};

/// Options of Preparation::fit().
struct PreparationOptions {
  std::string target = {};  ///< the column to predict; empty: none
  Target target_kind = Target::find;
  DType dtype = DType::float32;  ///< of features, and of targets that are numbers
};

/// Preparation: makes a model's inputs of a table's rows, as fitted on training data.
///
/// Example:
///
///     auto preparation = data::Preparation::fit(train, {
///         {.columns = {"age", "fare"}, .impute = data::Impute::median, .scale = data::Scale::standard},
///         {.columns = {"sex", "embarked"}, .impute = data::Impute::most_frequent, .encode = data::Encode::one_hot},
///     }, {.target = "survived"});
///     auto [x, y] = preparation.dataset(train);
///     Tensor probabilities = sigmoid(model(preparation.transform(test)));
class Preparation {
 public:
  /// Nothing prepared: for load_state().
  Preparation() = default;

  /// Fits the steps on a table. Features come in the order of the steps and of their columns.
  /// Throws: std::out_of_range for a column that is not there; std::invalid_argument for a table without rows, a step
  /// that does not fit its column's kind, a column without any value where one is computed of it, an infinite number,
  /// and what transform() refuses.
  static Preparation fit(const Table& table, const std::vector<PreparationStep>& steps, PreparationOptions options = {},
                         SourceLocation where = SourceLocation::current());

  /// The features of a table's rows. The table needs the columns of the steps, in any order, and not the target.
  /// Columns must be of the kinds that they were fitted on, whatever the few new rows look like: read them with
  /// kinds(). True and False in a column of text are the classes of those names; numbers there are an error.
  /// Shapes: -> [rows, features().size()].
  /// Dtype: -> as PreparationOptions::dtype.
  /// Throws: std::out_of_range for a column that is not there; std::invalid_argument, with column and row, for a
  /// missing value under Impute::error, a class never seen under Unseen::error, text where numbers were fitted, numbers
  /// where text was, an infinite number, and one that the dtype does not hold.
  Tensor transform(const Table& table, SourceLocation where = SourceLocation::current()) const;
  /// The classes of columns under Encode::index, numbered.
  /// Shapes: -> [rows, index_columns().size()].
  /// Dtype: -> int64.
  /// Throws: as transform().
  Tensor indices(const Table& table, SourceLocation where = SourceLocation::current()) const;
  /// The targets.
  /// Shapes: -> [rows].
  /// Dtype: -> int64 for classes, else as PreparationOptions::dtype.
  /// Throws: std::invalid_argument for a value that is missing or infinite, a class that the training data did not
  /// have, numbers where text was fitted, or where no target was named; std::out_of_range where the table has no such
  /// column.
  Tensor targets(const Table& table, SourceLocation where = SourceLocation::current()) const;
  /// Features and targets: {transform(table), targets(table)}.
  Dataset dataset(const Table& table, SourceLocation where = SourceLocation::current()) const;

  /// Names of the features: "age", "age is missing", "sex=male", "deck=(missing)", "embarked=(unseen)".
  const std::vector<std::string>& features() const { return features_; }
  /// Columns under Encode::index, in the order of indices().
  const std::vector<std::string>& index_columns() const { return index_columns_; }
  /// The classes of an encoded column, by their numbers; "(missing)" and "(unseen)" stand for themselves. Their count
  /// is the size that an embedding needs.
  /// Throws: std::out_of_range for a column that is not encoded.
  std::vector<std::string> classes(std::string_view column, SourceLocation where = SourceLocation::current()) const;
  /// The target's classes, by their numbers; empty where it has none.
  const std::vector<std::string>& target_classes() const { return target_.classes; }
  /// Columns of the steps with the kinds that they were fitted on, for the file of new rows: a file of one row "01" has
  /// a column of numbers, where training had "01" and "2A".
  /// Example: `Table asked = read_table("new.csv", {.kinds = preparation.kinds()});`
  std::vector<std::pair<std::string, Kind>> kinds() const;
  /// Columns of kinds(), and the target: for a file of rows whose answers are known.
  std::vector<std::pair<std::string, Kind>> kinds_with_target() const;
  /// Name of the target; empty where there is none.
  const std::string& target() const { return target_.column; }

  /// All that was fitted on numbers: tensors to save, with metadata(), beside the model.
  NamedTensors state() const;
  /// All that was fitted on text, and the steps: strings of UTF-8 (other bytes are written \xe4).
  Metadata metadata() const;
  /// Becomes the preparation that state() and metadata() came from. Strings that it does not know are left alone.
  /// Throws: std::invalid_argument for what no preparation saved. Nothing is changed then.
  void load_state(const NamedTensors& state, const Metadata& metadata,
                  SourceLocation where = SourceLocation::current());

 private:
  /// One column of one step, fitted.
  struct Fitted {
    std::string column;
    Kind kind = Kind::number;
    PreparationStep step;  // without its columns; `classes` are those fitted
    double shift = 0, scale = 1;
  };
  struct FittedTarget {
    std::string column;
    Kind kind = Kind::number;
    bool is_classes = false;
    std::vector<std::string> classes;
  };

  static Fitted fit_column(const Column& column, const PreparationStep& step, SourceLocation where);
  void fit_target(const Table& table, Target kind, SourceLocation where);
  void name_features();

  internal::Hidden<std::vector<Fitted>> fitted_;
  FittedTarget target_;
  DType dtype_ = DType::float32;
  std::vector<std::string> features_, index_columns_;
};

/// The steps that suit most models: numbers with their median where one is missing (and an indicator, where the table
/// has any), standardised; booleans as 0 and 1; text of at most `most_classes` classes one-hot, with zeros for what was
/// never seen. Columns that are constant or empty, dates, and text of more classes (names, identifiers) are left out,
/// and so is the target.
std::vector<PreparationStep> suggest_steps(const Table& table, std::string_view target = {}, int most_classes = 30);

}  // namespace data
}  // namespace xgrad
