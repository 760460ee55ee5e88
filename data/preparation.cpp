#include "preparation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/movement.hpp"
#include "detail/escape.hpp"
#include "detail/fields.hpp"
#include "detail/lines.hpp"
#include "standardizer.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

using detail::named;

constexpr const char* kMissing = "(missing)";
constexpr const char* kUnseen = "(unseen)";
constexpr const char* kFormatVersion = "1";

// The names of options, as messages and files have them.
constexpr const char* kKinds[] = {"number", "boolean", "text", "date"};
constexpr const char* kImputes[] = {"error", "keep", "mean", "median", "most_frequent", "constant"};
constexpr const char* kScales[] = {"none", "standard", "min_max"};
constexpr const char* kEncodes[] = {"none", "one_hot", "ordinal", "index"};
constexpr const char* kUnseens[] = {"error", "own_class", "zeros"};

template <class Enum, std::size_t n>
const char* name_in(const char* const (&names)[n], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

/// A number as the name of a class: 3 rather than 3.0.
std::string as_class(double value, Kind kind) {
  if (std::isnan(value)) return "";
  if (kind == Kind::boolean && (value == 0 || value == 1)) return value == 1 ? "True" : "False";
  if (value == std::floor(value) && std::abs(value) < 1e15) return std::to_string(static_cast<std::int64_t>(value));
  return concat(value);
}

constexpr const char* kCure = "kinds()";
constexpr const char* kTargetCure = "kinds_with_target()";

/// The class that True or False is in a column that was fitted as text: "True", "TRUE" or "true", whichever it had.
std::string as_trained(bool value, const std::vector<std::string>& classes, const Column& column, const char* cure,
                       SourceLocation where) {
  const std::string* found = nullptr;
  for (const std::string& name : classes) {
    if (detail::truth(name) != (value ? 1 : 0)) continue;
    check(found == nullptr, where, "Preparation: column '", named(column.name),
          "' must be of text, as when it was fitted, for it had both '", found != nullptr ? *found : name, "' and '",
          name, "', but it is of kind ", column.kind,
          ". Read new rows as the training rows were: {.kinds = preparation.", cure, "}.");
    found = &name;
  }
  return found != nullptr ? *found : value ? "True" : "False";
}

/// A column's fields as names of classes, empty where one is missing. What a field is called must not depend on the
/// file that it came from: a column that was fitted as one of another kind is brought to that one, or refused.
std::vector<std::string> as_classes(const Column& column, Kind fitted, const std::vector<std::string>& classes,
                                    const char* cure, SourceLocation where) {
  std::vector<std::string> fields;
  if (!column.is_numeric()) {
    fields = column.text;
    for (std::string& field : fields) {
      double value = 0;
      if (fitted == Kind::boolean && detail::truth(field) >= 0)
        field = as_class(detail::truth(field), Kind::boolean);
      else if ((fitted == Kind::number || (fitted == Kind::boolean && (field == "0" || field == "1"))) &&
               detail::parse(field, value) == detail::Parsed::number)
        field = as_class(value, fitted);
    }
    return fields;
  }
  const bool was_text = fitted == Kind::text || fitted == Kind::date;
  fields.reserve(static_cast<std::size_t>(column.size()));
  for (double value : column.values.to_vector<double>()) {
    // "01", "1" and "1.0" are one number, but not one text.
    check(!was_text || column.kind == Kind::boolean || std::isnan(value), where, "Preparation: column '",
          named(column.name), "' must be of text, as when it was fitted, but it is of kind ", column.kind, ": in row ",
          fields.size(), " it is ", value, ". Read new rows as the training rows were: {.kinds = preparation.", cure,
          "}.");
    fields.push_back(was_text && !std::isnan(value) ? as_trained(value != 0, classes, column, cure, where)
                                                    : as_class(value, fitted));
  }
  return fields;
}

/// The different ones of them, numbers by their value and text by letters.
std::vector<std::string> sorted_classes(const std::vector<std::string>& fields, bool numeric) {
  std::set<std::string> different(fields.begin(), fields.end());
  different.erase("");
  std::vector<std::string> sorted(different.begin(), different.end());
  if (numeric)
    std::stable_sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
      double x = 0, y = 0;
      const bool both = detail::parse(a, x) != detail::Parsed::word && detail::parse(b, y) != detail::Parsed::word;
      return both ? x < y : a < b;
    });
  return sorted;
}

/// Of several that are as frequent, the first of `different`: the values without repetition, in their order.
template <class T>
T most_frequent(const std::vector<T>& values, const std::vector<T>& different) {
  std::map<T, std::int64_t> counts;
  for (const T& value : values) ++counts[value];
  return *std::max_element(different.begin(), different.end(),
                           [&](const T& a, const T& b) { return counts[a] < counts[b]; });
}

double median(std::vector<double> values) {
  const std::size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + half, values.end());
  const double upper = values[half];
  if (values.size() % 2 == 1) return upper;
  return *std::max_element(values.begin(), values.begin() + half) / 2 + upper / 2;
}

std::string shown_class(const std::string& name) { return name.empty() ? kMissing : name; }

std::unordered_map<std::string, std::int64_t> numbered(const std::vector<std::string>& classes) {
  std::unordered_map<std::string, std::int64_t> numbers;
  for (std::size_t i = 0; i < classes.size(); ++i) numbers.emplace(classes[i], static_cast<std::int64_t>(i));
  return numbers;
}

/// The number of each field's class; `unseen` for a class that is none of them, -1: an error.
std::vector<std::int64_t> codes_of(const std::vector<std::string>& fields, const PreparationStep& step,
                                   const std::string& column, SourceLocation where) {
  const auto numbers = numbered(step.classes);
  const auto beyond = static_cast<std::int64_t>(step.classes.size());
  std::vector<std::int64_t> codes;
  codes.reserve(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    std::string field = fields[row];
    if (field.empty()) {
      check(step.impute != Impute::error, where, "Preparation: column '", named(column),
            "' must have no missing value, but in row ", row,
            " it has. Say what stands in: {.impute = Impute::most_frequent}, or Impute::keep for a class of its own.");
      if (step.impute != Impute::keep) field = step.fill_text;
    }
    const auto found = numbers.find(field);
    if (found == numbers.end())
      check(step.unseen != Unseen::error, where, "Preparation: column '", named(column), "' must have a class of the ",
            step.classes.size(), " that it was fitted on, but in row ", row, " it is '",
            detail::shown(shown_class(field)),
            "'. Say what becomes of others: {.unseen = Unseen::own_class} or zeros.");
    codes.push_back(found != numbers.end() ? found->second : step.unseen == Unseen::own_class ? beyond : -1);
  }
  return codes;
}

/// What a message says at its end where a state is refused.
constexpr const char* kUnchanged = " Nothing was changed.";

/// Throws where a step's options do not go together, or with a column of this kind.
void check_together(const std::string& column, Kind kind, const PreparationStep& step, const char* end,
                    SourceLocation where) {
  const bool encoded = step.encode != Encode::none, is_numeric = kind == Kind::number || kind == Kind::boolean;
  check(encoded || is_numeric, where, "Preparation: column '", named(column),
        "' must be of numbers, but it is of kind ", kind,
        ". Say how its classes become numbers: {.encode = Encode::one_hot}.", end);
  check(!encoded || step.scale == Scale::none, where,
        "Preparation: scale is for numbers that are not encoded, but column '", named(column), "' has scale ",
        name_in(kScales, step.scale), " and encode ", name_in(kEncodes, step.encode), '.', end);
  check(!encoded || (step.impute != Impute::mean && step.impute != Impute::median), where,
        "Preparation: in a column that is encoded impute must be error, keep, most_frequent or constant, but in '",
        named(column), "' it is ", name_in(kImputes, step.impute), '.', end);
  check(step.unseen != Unseen::zeros || step.encode == Encode::one_hot || !encoded, where,
        "Preparation: unseen zeros goes with encode one_hot alone, but column '", named(column), "' has encode ",
        name_in(kEncodes, step.encode), ". Take {.unseen = Unseen::own_class}.", end);
}

void check_different(const std::string& column, const std::vector<std::string>& classes, const char* end,
                     SourceLocation where) {
  check(std::set<std::string>(classes.begin(), classes.end()).size() == classes.size(), where,
        "Preparation: classes must be different, but those of column '", named(column), "' are not.", end);
}

/// A class that is written as a number gets the name that as_class() gives to that number.
void as_number_class(std::string& name) {
  double value = 0;
  if (detail::parse(name, value) == detail::Parsed::number) name = as_class(value, Kind::number);
}

/// Where a step's features are written: `width` for each row, from `at` on.
struct Block {
  std::vector<double>& features;
  std::size_t width, at;
  double& operator()(std::size_t row, std::size_t feature = 0) { return features[row * width + at + feature]; }
};

}  // namespace

// ---- Fitting ----

Preparation::Fitted Preparation::fit_column(const Column& column, const PreparationStep& step, SourceLocation where) {
  Fitted fitted{column.name, column.kind, step};
  fitted.step.columns.clear();
  check_together(column.name, column.kind, step, "", where);
  check(step.encode != Encode::none || step.classes.empty(), where,
        "Preparation: classes are for columns that are encoded, but '", named(column.name),
        "' has classes and encode none.");

  if (step.encode != Encode::none) {
    // "9.0" is the class of 9.
    if (column.kind == Kind::number) {
      as_number_class(fitted.step.fill_text);
      for (std::string& name : fitted.step.classes) as_number_class(name);
    }
    std::vector<std::string> fields = as_classes(column, column.kind, {}, kCure, where), present;
    check(step.impute != Impute::constant || !step.fill_text.empty(), where, "Preparation: impute constant takes ",
          "fill_text in a column that is encoded, but that of '", named(column.name), "' is empty.");
    for (const std::string& field : fields)
      if (!field.empty()) present.push_back(field);
    if (step.impute == Impute::most_frequent) {
      check(!present.empty(), where, "Preparation: column '", named(column.name),
            "' must have a value to take the most frequent one, but all are missing.");
      fitted.step.fill_text = most_frequent(present, sorted_classes(present, column.is_numeric()));
    }
    if (!step.classes.empty()) {
      check_different(column.name, fitted.step.classes, "", where);
    } else {
      if (step.impute == Impute::constant && present.size() < fields.size()) present.push_back(fitted.step.fill_text);
      fitted.step.classes = sorted_classes(present, column.is_numeric());
      if (step.impute == Impute::keep && std::count(fields.begin(), fields.end(), "") > 0)
        fitted.step.classes.emplace_back();
    }
    codes_of(fields, fitted.step, column.name, where);
    return fitted;
  }

  check(step.impute != Impute::constant || std::isfinite(step.fill), where,
        "Preparation: fill must be finite, but that of column '", named(column.name), "' is ", step.fill, '.');
  std::vector<double> present;
  std::int64_t row = 0;
  for (double value : column.values.to_vector<double>()) {
    check(!std::isinf(value), where, "Preparation: column '", named(column.name),
          "' must be finite or missing, but in row ", row, " it is ", value, '.');
    check(step.impute != Impute::error || !std::isnan(value), where, "Preparation: column '", named(column.name),
          "' must have no missing value, but in row ", row,
          " it has. Say what stands in: {.impute = Impute::median}, or Impute::keep for nan.");
    if (!std::isnan(value)) present.push_back(value);
    ++row;
  }
  const bool computes = step.scale != Scale::none || step.impute == Impute::mean || step.impute == Impute::median ||
                        step.impute == Impute::most_frequent;
  check(!computes || !present.empty(), where, "Preparation: column '", named(column.name),
        "' must have a value to be fitted on, but all are missing. Leave it out.");
  if (step.scale == Scale::standard || step.impute == Impute::mean) {
    const Standardizer standardizer = Standardizer::fit(reshape(from_vector(present), {-1, 1}), where);
    fitted.step.fill = step.impute == Impute::mean ? standardizer.mean().item() : step.fill;
    if (step.scale == Scale::standard) {
      fitted.shift = standardizer.mean().item();
      fitted.scale = standardizer.scale().item();
    }
  }
  if (step.scale == Scale::min_max) {
    const auto [low, high] = std::minmax_element(present.begin(), present.end());
    fitted.shift = *low;
    fitted.scale = *high == *low ? 1 : *high - *low;
    check(std::isfinite(fitted.scale), where, "Preparation: the range of column '", named(column.name),
          "' must be within that of float64, but it is from ", *low, " to ", *high, '.');
  }
  if (step.impute == Impute::median) fitted.step.fill = median(present);
  if (step.impute == Impute::most_frequent) {
    const std::set<double> different(present.begin(), present.end());
    fitted.step.fill = most_frequent(present, {different.begin(), different.end()});
  }
  return fitted;
}

void Preparation::fit_target(const Table& table, Target kind, SourceLocation where) {
  const Column column = table.column(target_.column, where);
  target_.kind = column.kind;
  const std::vector<std::string> fields = as_classes(column, column.kind, {}, kCure, where);
  const bool is_binary = std::all_of(fields.begin(), fields.end(), [](const std::string& field) {
    return field.empty() || field == "0" || field == "1";
  });
  target_.is_classes = kind == Target::classes || (kind == Target::find && (column.kind != Kind::number || is_binary));
  check(target_.is_classes || column.is_numeric(), where, "Preparation: the target '", named(column.name),
        "' must be of numbers, but it is of kind ", column.kind, ". Take {.target_kind = Target::classes}.");
  if (target_.is_classes) target_.classes = sorted_classes(fields, column.is_numeric());
  targets(table, where);
}

void Preparation::name_features() {
  features_.clear();
  index_columns_.clear();
  for (const Fitted& each : *fitted_) {
    if (each.step.encode == Encode::index) {
      index_columns_.push_back(each.column);
    } else if (each.step.encode == Encode::one_hot) {
      for (const std::string& name : each.step.classes) features_.push_back(each.column + '=' + shown_class(name));
      if (each.step.unseen == Unseen::own_class) features_.push_back(concat(each.column, '=', kUnseen));
    } else {
      features_.push_back(each.column);
    }
    if (each.step.indicator) features_.push_back(each.column + " is missing");
  }
}

Preparation Preparation::fit(const Table& table, const std::vector<PreparationStep>& steps, PreparationOptions options,
                             SourceLocation where) {
  CallSite site(where);
  check(table.rows() > 0, where, "Preparation: the table must have a row to be fitted on, but it has none.");
  check(is_floating(options.dtype), where, "Preparation: dtype must be float32 or float64, but it is ", options.dtype,
        '.');
  Preparation preparation;
  preparation.dtype_ = options.dtype;
  preparation.target_.column = options.target;
  for (const PreparationStep& step : steps)
    for (const std::string& name : step.columns) {
      check(name != options.target, where, "Preparation: the target must not be among the features, but '", named(name),
            "' is.");
      preparation.fitted_->push_back(fit_column(table.column(name, where), step, where));
    }
  preparation.name_features();
  if (!options.target.empty()) preparation.fit_target(table, options.target_kind, where);
  return preparation;
}

// ---- Applying ----

Tensor Preparation::transform(const Table& table, SourceLocation where) const {
  CallSite site(where);
  const auto rows = static_cast<std::size_t>(table.rows());
  std::vector<double> features(rows * features_.size());
  Block block{features, features_.size(), 0};
  for (const Fitted& each : *fitted_) {
    const PreparationStep& step = each.step;
    const Column column = table.column(each.column, where);
    if (step.encode == Encode::one_hot || step.encode == Encode::ordinal) {
      const std::vector<std::int64_t> codes =
          codes_of(as_classes(column, each.kind, step.classes, kCure, where), step, each.column, where);
      for (std::size_t row = 0; row < rows; ++row)
        if (step.encode == Encode::ordinal)
          block(row) = static_cast<double>(codes[row]);
        else if (codes[row] >= 0)
          block(row, static_cast<std::size_t>(codes[row])) = 1;
      block.at += step.encode == Encode::ordinal ? 1 : step.classes.size() + (step.unseen == Unseen::own_class);
    } else if (step.encode == Encode::none) {
      check(column.is_numeric(), where, "Preparation: column '", named(each.column),
            "' must be of numbers, as when it was fitted, but it is of kind ", column.kind,
            ". Read new rows as the training rows were: {.kinds = preparation.", kCure, "}.");
      const std::vector<double> values = column.values.to_vector<double>();
      for (std::size_t row = 0; row < rows; ++row) {
        double value = values[row];
        check(step.impute != Impute::error || !std::isnan(value), where, "Preparation: column '", named(each.column),
              "' must have no missing value, but in row ", row,
              " it has. Fit it with what stands in: {.impute = Impute::median}.");
        check(!std::isinf(value), where, "Preparation: column '", named(each.column),
              "' must be finite or missing, but in row ", row, " it is ", value, '.');
        if (std::isnan(value) && step.impute != Impute::keep) value = step.fill;
        double scaled = (value - each.shift) / each.scale;
        if (std::isinf(scaled)) scaled = value / each.scale - each.shift / each.scale;  // the difference was too large
        check(!std::isinf(scaled) && (dtype_ == DType::float64 || !std::isinf(static_cast<float>(scaled))), where,
              "Preparation: a feature must be within the range of ", dtype_, ", but '", named(each.column), "' is ",
              scaled, " in row ", row,
              dtype_ == DType::float64 ? "." : ". Scale it, or fit with {.dtype = DType::float64}.");
        block(row) = scaled;
      }
      ++block.at;
    }
    if (!step.indicator) continue;
    const std::vector<std::int64_t> missing = column.missing().to_vector<std::int64_t>();
    for (std::size_t row = 0; row < rows; ++row) block(row) = static_cast<double>(missing[row]);
    ++block.at;
  }
  return cast(from_data(features.data(), {table.rows(), static_cast<std::int64_t>(features_.size())}), dtype_);
}

Tensor Preparation::indices(const Table& table, SourceLocation where) const {
  CallSite site(where);
  const auto rows = static_cast<std::size_t>(table.rows()), width = index_columns_.size();
  std::vector<std::int64_t> indices(rows * width);
  std::size_t at = 0;
  for (const Fitted& each : *fitted_) {
    if (each.step.encode != Encode::index) continue;
    const Column column = table.column(each.column, where);
    const std::vector<std::int64_t> codes =
        codes_of(as_classes(column, each.kind, each.step.classes, kCure, where), each.step, each.column, where);
    for (std::size_t row = 0; row < rows; ++row) indices[row * width + at] = codes[row];
    ++at;
  }
  return from_data(indices.data(), {table.rows(), static_cast<std::int64_t>(width)});
}

Tensor Preparation::targets(const Table& table, SourceLocation where) const {
  CallSite site(where);
  check(!target_.column.empty(), where,
        "Preparation: a target must be named where it is fitted, {.target = ...}, but none was.");
  const Column column = table.column(target_.column, where);
  const std::vector<std::int64_t> missing = column.missing().to_vector<std::int64_t>();
  for (std::size_t row = 0; row < missing.size(); ++row)
    check(missing[row] == 0, where, "Preparation: the target '", named(column.name),
          "' must have no missing value, but in row ", row, " it has. Leave such rows out: table.take(positions).");
  if (!target_.is_classes) {
    check(column.is_numeric(), where, "Preparation: the target '", named(column.name),
          "' must be of numbers, as when it was fitted, but it is of kind ", column.kind,
          ". Read new rows as the training rows were: {.kinds = preparation.", kTargetCure, "}.");
    const std::vector<double> values = column.values.to_vector<double>();
    for (std::size_t row = 0; row < values.size(); ++row)
      check(std::isfinite(values[row]) && (dtype_ == DType::float64 || std::isfinite(static_cast<float>(values[row]))),
            where, "Preparation: the target '", named(column.name), "' must be finite and within the range of ", dtype_,
            ", but in row ", row, " it is ", values[row], '.');
    return cast(column.values, dtype_);
  }
  const auto numbers = numbered(target_.classes);
  std::vector<std::int64_t> codes;
  for (const std::string& field : as_classes(column, target_.kind, target_.classes, kTargetCure, where)) {
    const auto found = numbers.find(field);
    check(found != numbers.end(), where, "Preparation: the target '", named(column.name), "' must be one of its ",
          target_.classes.size(), " classes, but in row ", codes.size(), " it is '", detail::shown(field), "'.");
    codes.push_back(found->second);
  }
  return from_vector(codes);
}

Dataset Preparation::dataset(const Table& table, SourceLocation where) const {
  return {transform(table, where), targets(table, where)};
}

std::vector<std::pair<std::string, Kind>> Preparation::kinds() const {
  std::vector<std::pair<std::string, Kind>> kinds;
  std::set<std::string_view> named;  // a column may stand in several steps
  for (const Fitted& each : *fitted_)
    if (named.insert(each.column).second) kinds.emplace_back(each.column, each.kind);
  return kinds;
}

std::vector<std::pair<std::string, Kind>> Preparation::kinds_with_target() const {
  std::vector<std::pair<std::string, Kind>> kinds = this->kinds();
  if (!target_.column.empty()) kinds.emplace_back(target_.column, target_.kind);
  return kinds;
}

std::vector<std::string> Preparation::classes(std::string_view column, SourceLocation where) const {
  for (const Fitted& each : *fitted_) {
    if (each.column != column || each.step.encode == Encode::none) continue;
    std::vector<std::string> classes;
    for (const std::string& name : each.step.classes) classes.push_back(shown_class(name));
    if (each.step.unseen == Unseen::own_class) classes.emplace_back(kUnseen);
    return classes;
  }
  fail<std::out_of_range>(
      where, concat("Preparation: the column must be an encoded one, but '", detail::shown(column), "' is not."));
}

// ---- Saving ----

NamedTensors Preparation::state() const {
  std::vector<double> fill, shift, scale;
  for (const Fitted& each : *fitted_) {
    fill.push_back(each.step.fill);
    shift.push_back(each.shift);
    scale.push_back(each.scale);
  }
  return {{"fill", from_vector(fill)}, {"shift", from_vector(shift)}, {"scale", from_vector(scale)}};
}

Metadata Preparation::metadata() const {
  Metadata metadata = {{"format_version", kFormatVersion},
                       {"class", "Preparation"},
                       {"columns", std::to_string(fitted_->size())},
                       {"dtype", std::string(name(dtype_))}};
  for (std::size_t i = 0; i < fitted_->size(); ++i) {
    const Fitted& each = (*fitted_)[i];
    const std::string start = concat("column.", i, '.');
    metadata.emplace_back(start + "name", detail::escaped(each.column));
    metadata.emplace_back(start + "kind", name_in(kKinds, each.kind));
    metadata.emplace_back(start + "impute", name_in(kImputes, each.step.impute));
    metadata.emplace_back(start + "fill_text", detail::escaped(each.step.fill_text));
    metadata.emplace_back(start + "indicator", each.step.indicator ? "true" : "false");
    metadata.emplace_back(start + "scale", name_in(kScales, each.step.scale));
    metadata.emplace_back(start + "encode", name_in(kEncodes, each.step.encode));
    metadata.emplace_back(start + "unseen", name_in(kUnseens, each.step.unseen));
    metadata.emplace_back(start + "classes", detail::joined(each.step.classes));
  }
  metadata.emplace_back("target.name", detail::escaped(target_.column));
  metadata.emplace_back("target.kind", name_in(kKinds, target_.kind));
  metadata.emplace_back("target.as", target_.is_classes ? "classes" : "numbers");
  metadata.emplace_back("target.classes", detail::joined(target_.classes));
  return metadata;
}

void Preparation::load_state(const NamedTensors& state, const Metadata& metadata, SourceLocation where) {
  CallSite site(where);
  auto text = [&](const std::string& key) -> const std::string& {
    for (const auto& [name, value] : metadata)
      if (name == key) return value;
    fail<std::invalid_argument>(
        where, concat("Preparation: the metadata must have '", key, "', but they have not. Nothing was changed."));
  };
  auto plain = [&](const std::string& key) {
    std::string value;
    check(detail::unescape(text(key), value), where, "Preparation: the metadata '", key,
          "' must be escaped as metadata() writes it, but they are '", detail::shown(text(key)),
          "'. Nothing was changed.");
    return value;
  };
  auto list = [&](const std::string& key) {
    std::vector<std::string> values;
    check(detail::take_apart(text(key), values), where, "Preparation: the metadata '", key,
          "' must be escaped as metadata() writes it, but they are '", detail::shown(text(key)),
          "'. Nothing was changed.");
    return values;
  };
  auto one_of = [&]<class Enum>(const std::string& key, const auto& names, Enum& value) {
    const auto found = std::find(std::begin(names), std::end(names), text(key));
    check(found != std::end(names), where, "Preparation: the metadata '", key,
          "' must be one of its options, but it is '", detail::shown(text(key)), "'. Nothing was changed.");
    value = static_cast<Enum>(found - std::begin(names));
  };
  check(text("class") == "Preparation", where, "Preparation: the state must be one of Preparation, but ",
        detail::shown(text("class")), " saved it. Nothing was changed.");
  check(text("format_version") == kFormatVersion, where, "Preparation: the state must have format version ",
        kFormatVersion, ", but it has ", detail::shown(text("format_version")), ". Nothing was changed.");

  std::int64_t count = 0;
  check(detail::parse(text("columns"), count) == detail::Parsed::number && count >= 0 &&
            count <= static_cast<std::int64_t>(metadata.size()),
        where, "Preparation: the metadata 'columns' must be how many there are, but it is '",
        detail::shown(text("columns")), "'. Nothing was changed.");
  auto numbers = [&](const char* key) {
    for (const auto& entry : state) {
      if (entry.first != key) continue;
      const Tensor& tensor = entry.second;
      check(
          tensor.defined() && tensor.dtype() == DType::float64 && tensor.shape() == Shape{count}, where,
          "Preparation: tensor '", key, "' must be float64 [", count, "], but it is ",
          [&] { return tensor.defined() ? concat(tensor.dtype(), ' ', tensor.shape()) : std::string("undefined"); },
          ". Nothing was changed.");
      return tensor.to_vector<double>();
    }
    fail<std::invalid_argument>(
        where, concat("Preparation: the state must have a tensor '", key, "', but it has not. Nothing was changed."));
  };
  const std::vector<double> fill = numbers("fill"), shift = numbers("shift"), scale = numbers("scale");

  Preparation loaded;
  check(text("dtype") == name(DType::float32) || text("dtype") == name(DType::float64), where,
        "Preparation: the metadata 'dtype' must be float32 or float64, but it is '", detail::shown(text("dtype")),
        "'. Nothing was changed.");
  loaded.dtype_ = text("dtype") == name(DType::float64) ? DType::float64 : DType::float32;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string start = concat("column.", i, '.');
    const auto at = static_cast<std::size_t>(i);
    Fitted each;
    each.column = plain(start + "name");
    one_of(start + "kind", kKinds, each.kind);
    one_of(start + "impute", kImputes, each.step.impute);
    each.step.fill_text = plain(start + "fill_text");
    check(text(start + "indicator") == "true" || text(start + "indicator") == "false", where,
          "Preparation: the metadata '", start, "indicator' must be true or false, but it is '",
          detail::shown(text(start + "indicator")), "'. Nothing was changed.");
    each.step.indicator = text(start + "indicator") == "true";
    one_of(start + "scale", kScales, each.step.scale);
    one_of(start + "encode", kEncodes, each.step.encode);
    one_of(start + "unseen", kUnseens, each.step.unseen);
    each.step.classes = list(start + "classes");
    each.step.fill = fill[at];
    each.shift = shift[at];
    each.scale = scale[at];
    check(each.scale > 0 && std::isfinite(each.scale) && std::isfinite(each.shift) && std::isfinite(each.step.fill),
          where, "Preparation: fill, shift and scale of '", named(each.column),
          "' must be finite, and the scale above 0, but they are ", each.step.fill, ", ", each.shift, " and ",
          each.scale, ". Nothing was changed.");
    check_together(each.column, each.kind, each.step, kUnchanged, where);
    if (each.step.encode != Encode::none) check_different(each.column, each.step.classes, kUnchanged, where);
    loaded.fitted_->push_back(std::move(each));
  }
  loaded.target_.column = plain("target.name");
  one_of("target.kind", kKinds, loaded.target_.kind);
  check(text("target.as") == "classes" || text("target.as") == "numbers", where,
        "Preparation: the metadata 'target.as' must be classes or numbers, but it is '",
        detail::shown(text("target.as")), "'. Nothing was changed.");
  loaded.target_.is_classes = text("target.as") == "classes";
  loaded.target_.classes = list("target.classes");
  check_different(loaded.target_.column, loaded.target_.classes, kUnchanged, where);
  loaded.name_features();
  *this = std::move(loaded);
}

// ---- Suggesting ----

std::vector<PreparationStep> suggest_steps(const Table& table, std::string_view target, int most_classes) {
  std::vector<PreparationStep> steps;
  for (std::int64_t i = 0; i < table.size(); ++i) {
    const Column column = table.column(i);
    if (column.name == target || column.kind == Kind::date) continue;
    const std::vector<std::int64_t> missing = column.missing().to_vector<std::int64_t>();
    const auto gaps = std::count(missing.begin(), missing.end(), 1);
    const bool has_missing = gaps > 0;
    std::size_t classes = 0;  // counted up to one more than matter
    if (column.is_numeric()) {
      std::set<double> values;
      for (double value : column.values.to_vector<double>())
        if (!std::isnan(value) && values.size() < 2) values.insert(value);
      classes = values.size();
    } else {
      std::set<std::string_view> values;
      for (const std::string& field : column.text)
        if (!field.empty() && static_cast<int>(values.size()) <= most_classes + 1) values.insert(field);
      classes = values.size();
    }
    if (classes == 0 || (classes == 1 && !has_missing)) continue;
    PreparationStep step{.columns = {column.name}};
    if (column.kind == Kind::number) {
      step.impute = Impute::median;
      step.indicator = has_missing;
      step.scale = Scale::standard;
    } else if (column.kind == Kind::boolean) {
      step.impute = Impute::most_frequent;
      step.indicator = has_missing;
    } else if (classes <= static_cast<std::size_t>(std::max(most_classes, 0))) {
      step.impute = Impute::keep;
      step.encode = Encode::one_hot;
      step.unseen = Unseen::zeros;
    } else {
      continue;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace data
}  // namespace xgrad
