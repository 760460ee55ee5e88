#include <xgrad/data/preparation.hpp>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/data/read_table.hpp>
#include "../catch.hpp"
#include "../source_dir.hpp"
#include "../support.hpp"
#include "temporary_file.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Column;
using data::Encode;
using data::Impute;
using data::Preparation;
using data::PreparationStep;
using data::Scale;
using data::Table;
using data::Target;
using data::Unseen;

namespace {

using Strings = std::vector<std::string>;
using Doubles = std::vector<double>;
const double kNan = std::nan("");

Column column(const char* name, const Doubles& values) { return {name, from_vector(values)}; }
Column column(const char* name, const Strings& values) { return {name, values}; }

/// One column prepared by one step, in float64.
Doubles prepared(const Column& train, const Column& test, PreparationStep step) {
  step.columns = {train.name};
  return Preparation::fit(Table({train}), {step}, {.dtype = DType::float64})
      .transform(Table({test}))
      .to_vector<double>();
}

bool same(const Doubles& a, const Doubles& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) < 1e-12 || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  return true;
}

}  // namespace

TEST_CASE("missing numbers are filled in by what the training data say", "[data][preparation]") {
  const Column train = column("x", {1, 2, 2, 7, 8, kNan}), test = column("x", {kNan, 5});
  CHECK(same(prepared(train, test, {.impute = Impute::mean}), {4, 5}));
  CHECK(same(prepared(train, test, {.impute = Impute::median}), {2, 5}));
  CHECK(same(prepared(train, test, {.impute = Impute::most_frequent}), {2, 5}));
  CHECK(same(prepared(train, test, {.impute = Impute::constant, .fill = -1}), {-1, 5}));
  CHECK(same(prepared(train, test, {.impute = Impute::keep}), {kNan, 5}));
  CHECK(same(prepared(column("x", {1, 2, 4, 9}), test, {.impute = Impute::median}), {3, 5}));
  CHECK(same(prepared(column("x", {9, 3, 9, 3}), test, {.impute = Impute::most_frequent}), {3, 5}));
  CHECK(same(prepared(train, test, {.impute = Impute::median, .indicator = true}), {2, 1, 5, 0}));
  CHECK_THROWS_WITH(
      prepared(train, test, {}),
      Contains("column 'x' must have no missing value, but in row 5 it has. Say what stands in: {.impute = "
               "Impute::median}, or Impute::keep for nan."));
  CHECK_THROWS_WITH(prepared(column("x", {1, 2}), test, {}), Contains("in row 0 it has."));
  for (Impute impute : {Impute::mean, Impute::median, Impute::most_frequent})
    CHECK_THROWS_WITH(prepared(column("x", Doubles{kNan}), test, {.impute = impute}), Contains("but all are missing"));
  CHECK(same(prepared(column("x", Doubles{kNan}), test, {.impute = Impute::constant}), {0, 5}));
}

TEST_CASE("numbers are scaled by what is there of the training data", "[data][preparation]") {
  const Column train = column("x", {1, 3, kNan, 5}), test = column("x", {3, kNan, 7});
  const double deviation = std::sqrt(8 / 3.0);
  CHECK(same(prepared(train, test, {.impute = Impute::keep, .scale = Scale::standard}), {0, kNan, 4 / deviation}));
  CHECK(same(prepared(train, test, {.impute = Impute::mean, .scale = Scale::standard}), {0, 0, 4 / deviation}));
  CHECK(same(prepared(train, test, {.impute = Impute::constant, .fill = 1, .scale = Scale::min_max}), {0.5, 0, 1.5}));
  for (Scale scale : {Scale::standard, Scale::min_max})
    CHECK(same(prepared(column("x", {4, 4}), column("x", {4, 5}), {.scale = scale}), {0, 1}));
  CHECK_THROWS_WITH(prepared(column("x", {1, INFINITY}), test, {.impute = Impute::mean}),
                    Contains("column 'x' must be finite or missing, but in row 1 it is inf."));
  CHECK_THROWS_WITH(prepared(column("x", {-1.5e308, 1.5e308}), test, {.scale = Scale::min_max}),
                    Contains("the range of"));
}

TEST_CASE("classes one-hot, ordinal and as indices", "[data][preparation]") {
  const Column train = column("c", Strings{"b", "a", "b", "c"}), test = column("c", Strings{"c", "a"});
  CHECK(same(prepared(train, test, {.encode = Encode::one_hot}), {0, 0, 1, 1, 0, 0}));
  CHECK(same(prepared(train, test, {.encode = Encode::ordinal}), {2, 0}));
  CHECK(same(prepared(train, test, {.encode = Encode::ordinal, .classes = {"c", "b", "a"}}), {0, 2}));
  const Preparation preparation = Preparation::fit(Table({train}), {{.columns = {"c"}, .encode = Encode::index}});
  CHECK(preparation.features().empty());
  CHECK(preparation.transform(Table({test})).shape() == Shape{2, 0});
  CHECK(preparation.indices(Table({test})).dtype() == DType::int64);
  CHECK(preparation.indices(Table({test})).to_vector<int>() == std::vector<int>{2, 0});
  CHECK(preparation.index_columns() == Strings{"c"});
  CHECK(preparation.classes("c") == Strings{"a", "b", "c"});
  CHECK_THROWS_AS(preparation.classes("d"), std::out_of_range);
  CHECK_THROWS_WITH(preparation.classes("d"), Contains("the column must be an encoded one, but 'd' is not. at "));
  // Numbers are classes by their value.
  const Preparation numbers =
      Preparation::fit(Table({column("n", {10, 9, 2.5})}), {{.columns = {"n"}, .encode = Encode::one_hot}});
  CHECK(numbers.features() == Strings{"n=2.5", "n=9", "n=10"});
  CHECK(numbers.transform(Table({column("n", Strings{"9"})})).to_vector<int>() == std::vector<int>{0, 1, 0});
  CHECK_THROWS_WITH(prepared(train, test, {}),
                    Contains("column 'c' must be of numbers, but it is of kind text. Say how its "
                             "classes become numbers: {.encode = Encode::one_hot}."));
  CHECK_THROWS_WITH(prepared(train, test, {.encode = Encode::ordinal, .classes = {"a", "b"}}),
                    Contains("column 'c' must have a class of the 2 that it was fitted on, but in row 3 it is 'c'."));
}

TEST_CASE("classes that were never seen", "[data][preparation]") {
  const Column train = column("c", Strings{"b", "a"}), test = column("c", Strings{"z", "a"});
  CHECK_THROWS_WITH(
      prepared(train, test, {.encode = Encode::one_hot}),
      Contains("in row 0 it is 'z'. Say what becomes of others: {.unseen = Unseen::own_class} or zeros."));
  CHECK(same(prepared(train, test, {.encode = Encode::one_hot, .unseen = Unseen::zeros}), {0, 0, 1, 0}));
  CHECK(same(prepared(train, test, {.encode = Encode::one_hot, .unseen = Unseen::own_class}), {0, 0, 1, 1, 0, 0}));
  CHECK(same(prepared(train, test, {.encode = Encode::ordinal, .unseen = Unseen::own_class}), {2, 0}));
  CHECK_THROWS_WITH(prepared(train, test, {.encode = Encode::ordinal, .unseen = Unseen::zeros}),
                    Contains("unseen zeros goes with encode one_hot alone"));
  const Preparation own =
      Preparation::fit(Table({train}), {{.columns = {"c"}, .encode = Encode::index, .unseen = Unseen::own_class}});
  CHECK(own.classes("c") == Strings{"a", "b", "(unseen)"});
  CHECK(own.indices(Table({test})).to_vector<int>() == std::vector<int>{2, 0});
}

TEST_CASE("the class of a new row does not depend on the file that it comes from", "[data][preparation]") {
  auto read = [](std::string_view text, const data::TableOptions& options = {}) {
    TemporaryFile file("table.csv", text);
    return data::read_table(file.path(), options);
  };
  struct Case {
    const char *train, *rows;
    Strings fields;
  };
  for (const auto& [train, rows, fields] :
       std::vector<Case>{{"c\n01\n2A\n75\n2B\n", "c\n01\n", {"01"}},
                         {"c\n1.0\n1.10\nbeta\n", "c\n1.10\n1.0\n", {"1.10", "1.0"}},
                         {"c\n+1\nA\n1e3\n", "c\n1e3\n+1\n", {"1e3", "+1"}},
                         {"c\n02134\n10001\n", "c\n10001\n", {"10001"}}}) {
    INFO(train);
    const Table table = read(train), plain = read(rows);
    CHECK(plain["c"].kind == data::Kind::number);
    for (Encode encode : {Encode::one_hot, Encode::ordinal, Encode::index}) {
      const Unseen unseen = encode == Encode::one_hot ? Unseen::zeros : Unseen::own_class;
      Preparation fitted = Preparation::fit(table, {{.columns = {"c"}, .encode = encode, .unseen = unseen}}), loaded;
      loaded.load_state(fitted.state(), fitted.metadata());
      for (const Preparation& preparation : {fitted, loaded}) {
        auto prepare = [&](const Table& asked) {
          return encode == Encode::index ? preparation.indices(asked) : preparation.transform(asked);
        };
        CHECK(preparation.kinds() == std::vector<std::pair<std::string, data::Kind>>{{"c", data::Kind::text}});
        CHECK_THROWS_WITH(
            prepare(plain),
            Contains("column 'c' must be of text, as when it was fitted, but it is of kind number: in row 0 "
                     "it is ") &&
                Contains("Read new rows as the training rows were: {.kinds = preparation.kinds()}."));
        const Table asked = read(rows, {.kinds = preparation.kinds()});
        CHECK(asked["c"].text == fields);
        CHECK(all(prepare(asked) == prepare(Table({column("c", fields)}))).item<bool>());
        const Strings classes = preparation.classes("c");
        if (encode == Encode::ordinal)
          CHECK(classes[static_cast<std::size_t>(prepare(asked).to_vector<int>()[0])] == fields[0]);
        if (encode == Encode::one_hot) CHECK(sum(prepare(asked)).item<int>() == static_cast<int>(fields.size()));
      }
    }
    const Preparation target = Preparation::fit(table, {}, {.target = "c"});
    CHECK(target.kinds().empty());
    CHECK_THROWS_WITH(target.targets(plain), Contains("column 'c' must be of text, as when it was fitted") &&
                                                 Contains("{.kinds = preparation.kinds_with_target()}."));
    const Tensor codes = target.targets(read(rows, {.kinds = target.kinds_with_target()}));
    CHECK(target.target_classes()[static_cast<std::size_t>(codes[0].item<int>())] == fields[0]);
  }
}

TEST_CASE("True and False are the same classes among text and by themselves", "[data][preparation]") {
  const Column text = column("f", Strings{"True", "False", "unknown"}),
               capitals = column("f", Strings{"TRUE", "FALSE", "unknown"}),
               mixed = column("f", Strings{"TRUE", "True", "unknown"}), flags("f", tensor({1, 0}) == 1);
  const PreparationStep step{.encode = Encode::one_hot, .unseen = Unseen::zeros};
  CHECK(same(prepared(text, flags, step), {0, 1, 0, 1, 0, 0}));
  CHECK(same(prepared(capitals, flags, step), {0, 1, 0, 1, 0, 0}));
  CHECK_THROWS_WITH(prepared(mixed, flags, step),
                    Contains("for it had both 'TRUE' and 'True', but it is of kind boolean"));
  // The other way round.
  CHECK(same(prepared(flags, capitals, step), {0, 1, 1, 0, 0, 0}));
  CHECK(same(prepared(flags, column("f", Strings{"1", "0", "unknown"}), step), {0, 1, 1, 0, 0, 0}));
  CHECK(same(prepared(flags, column("f", {1, 0, 2}), step), {0, 1, 1, 0, 0, 0}));
  CHECK(
      same(prepared(column("n", Doubles{1, 2.5}), column("n", Strings{"2.50", "1.0", "b"}), step), {0, 1, 1, 0, 0, 0}));
  const Preparation target = Preparation::fit(Table({text}), {}, {.target = "f"});
  CHECK(target.targets(Table({flags})).to_vector<int>() == std::vector<int>{1, 0});
  CHECK_THROWS_WITH(target.targets(Table({column("f", Doubles{1, 0})})), Contains("column 'f' must be of text"));
  // A column of nothing but missing values is one of numbers to whoever reads it.
  const Preparation kept = Preparation::fit(Table({column("c", Strings{"a", ""})}),
                                            {{.columns = {"c"}, .impute = Impute::keep, .encode = Encode::one_hot}});
  CHECK(kept.transform(Table({column("c", Doubles{kNan})})).to_vector<int>() == std::vector<int>{0, 1});
}

TEST_CASE("names that would garble a preparation's message are escaped in it", "[data][preparation]") {
  const std::string name = "c\x1b[31m\xe4";
  const Table table({Column(name, Strings{"a", "b"})});
  CHECK_THROWS_WITH(Preparation::fit(table, {{.columns = {name}}}), Contains(R"('c\x1b[31m\xe4' must be of numbers)"));
  const Preparation fitted = Preparation::fit(table, {{.columns = {name}, .encode = Encode::one_hot}});
  CHECK_THROWS_WITH(fitted.transform(Table({Column(name, Strings{"z"})})),
                    Contains(R"('c\x1b[31m\xe4' must have a class)"));
  CHECK_THROWS_WITH(fitted.transform(Table({Column(name, tensor({1.}))})),
                    Contains(R"('c\x1b[31m\xe4' must be of text)"));
}

TEST_CASE("kinds are those of all columns, once each", "[data][preparation]") {
  const Table table({column("x", {1, 2}), Column("f", tensor({1, 0}) == 1), column("y", Strings{"a", "b"})});
  const Preparation preparation = Preparation::fit(
      table, {{.columns = {"x", "f"}, .scale = Scale::standard}, {.columns = {"x"}, .encode = Encode::one_hot}},
      {.target = "y"});
  using Kinds = std::vector<std::pair<std::string, data::Kind>>;
  CHECK(preparation.kinds() == Kinds{{"x", data::Kind::number}, {"f", data::Kind::boolean}});
  CHECK(preparation.kinds_with_target() ==
        Kinds{{"x", data::Kind::number}, {"f", data::Kind::boolean}, {"y", data::Kind::text}});
  CHECK(Preparation().kinds_with_target().empty());
}

TEST_CASE("new rows that are infinite are refused as in training", "[data][preparation]") {
  const Column train = column("x", {1, 2, 3});
  for (double infinite : {INFINITY, -INFINITY})
    for (Impute impute : {Impute::error, Impute::keep, Impute::median})
      CHECK_THROWS_WITH(
          prepared(train, column("x", Doubles{1, infinite}), {.impute = impute, .scale = Scale::standard}),
          Contains("column 'x' must be finite or missing, but in row 1 it is "));
  const Preparation target = Preparation::fit(Table({train}), {}, {.target = "x"});
  CHECK_THROWS_WITH(target.targets(Table({column("x", Doubles{1, INFINITY})})),
                    Contains("the target 'x' must be finite and within the range of float32, but in row 1 it is inf."));
  CHECK_THROWS_WITH(target.targets(Table({column("x", Doubles{1e39})})), Contains("in row 0 it is 1e+39."));
  CHECK_THROWS_WITH(Preparation::fit(Table({column("x", Doubles{1, 1e39})}), {}, {.target = "x"}),
                    Contains("within the range of float32"));
  CHECK(Preparation::fit(Table({column("x", Doubles{1, 1e39})}), {}, {.target = "x", .dtype = DType::float64})
            .targets(Table({column("x", Doubles{1e39})}))
            .item() == 1e39);
}

TEST_CASE("an empty batch of new rows is prepared", "[data][preparation]") {
  TemporaryFile file("table.csv", "c,x\n");
  const Preparation preparation =
      Preparation::fit(Table({column("x", {1, 2}), column("c", Strings{"a", "b"})}),
                       {{.columns = {"x"}, .scale = Scale::standard}, {.columns = {"c"}, .encode = Encode::one_hot}});
  CHECK(preparation.transform(data::read_table(file.path())).shape() == Shape{0, 3});
  CHECK(preparation.transform(data::read_table(file.path(), {.kinds = preparation.kinds()})).shape() == Shape{0, 3});
}

TEST_CASE("missing values in what is encoded", "[data][preparation]") {
  const Column train = column("c", Strings{"b", "", "b", "a"}), test = column("c", Strings{"", "a"});
  CHECK(same(prepared(train, test, {.impute = Impute::most_frequent, .encode = Encode::ordinal}), {1, 0}));
  CHECK(same(prepared(train, test, {.impute = Impute::keep, .encode = Encode::ordinal}), {2, 0}));
  CHECK(same(prepared(train, test, {.impute = Impute::constant, .fill_text = "none", .encode = Encode::ordinal}),
             {2, 0}));
  CHECK_THROWS_WITH(prepared(train, test, {.encode = Encode::ordinal}), Contains("but in row 1 it has."));
  CHECK_THROWS_WITH(prepared(train, test, {.impute = Impute::mean, .encode = Encode::ordinal}),
                    Contains("in 'c' it is mean."));
  // Nobody is missing in training: one who is later was never seen.
  const Column whole = column("c", Strings{"b", "a"});
  CHECK_THROWS_WITH(prepared(whole, test, {.impute = Impute::keep, .encode = Encode::ordinal}),
                    Contains("it is '(missing)'."));
  CHECK(same(prepared(whole, test, {.impute = Impute::keep, .encode = Encode::one_hot, .unseen = Unseen::zeros}),
             {0, 0, 1, 0}));
  CHECK(Preparation::fit(Table({train}),
                         {{.columns = {"c"}, .impute = Impute::keep, .indicator = true, .encode = Encode::one_hot}})
            .features() == Strings{"c=a", "c=b", "c=(missing)", "c is missing"});

  // Numbers are classes by their value: 9 comes before 10, and "9.0" is 9.
  const Column ages = column("age", {9, 10, kNan}), gap = column("age", {kNan, 9});
  CHECK(same(prepared(ages, gap, {.impute = Impute::most_frequent, .encode = Encode::ordinal}), {0, 0}));
  CHECK(same(prepared(ages, gap, {.impute = Impute::constant, .fill_text = "9.0", .encode = Encode::one_hot}),
             {1, 0, 1, 0}));
  CHECK(same(prepared(ages, gap, {.impute = Impute::keep, .encode = Encode::ordinal, .classes = {"9.0", "10.0", ""}}),
             {2, 0}));
  CHECK_THROWS_WITH(prepared(ages, gap, {.impute = Impute::constant, .fill = 9, .encode = Encode::ordinal}),
                    Contains("takes fill_text in a column that is encoded, but that of 'age' is empty."));
}

TEST_CASE("targets", "[data][preparation]") {
  const Table table({column("word", Strings{"no", "yes", "no"}), column("bit", {0, 1, 1}), column("x", {1.5, 2, 3}),
                     column("grade", {7, 3, 5}), Column("flag", tensor({1, 0, 1}) == 1), column("gap", {1, kNan, 0})});
  auto targets = [&](const char* name, Target kind = Target::find) {
    return Preparation::fit(table, {}, {.target = name, .target_kind = kind});
  };
  CHECK(targets("word").targets(table).to_vector<int>() == std::vector<int>{0, 1, 0});
  CHECK(targets("word").target_classes() == Strings{"no", "yes"});
  CHECK(targets("bit").targets(table).dtype() == DType::int64);
  CHECK(targets("bit", Target::numbers).targets(table).dtype() == DType::float32);
  CHECK(targets("x").targets(table).dtype() == DType::float32);
  CHECK(targets("grade").targets(table).to_vector<int>() == std::vector<int>{7, 3, 5});
  CHECK(targets("grade", Target::classes).targets(table).to_vector<int>() == std::vector<int>{2, 0, 1});
  CHECK(targets("flag").target_classes() == Strings{"False", "True"});
  CHECK(targets("flag").targets(table).to_vector<int>() == std::vector<int>{1, 0, 1});
  CHECK_THROWS_WITH(targets("gap"), Contains("the target 'gap' must have no missing value, but in row 1 it has."));
  CHECK_THROWS_WITH(targets("word", Target::numbers), Contains("the target 'word' must be of numbers"));
  CHECK_THROWS_AS(targets("nothing"), std::out_of_range);
  CHECK_THROWS_WITH(Preparation::fit(table, {}).targets(table), Contains("a target must be named where it is fitted"));
  CHECK_THROWS_WITH(Preparation::fit(table, {{.columns = {"x"}}}, {.target = "x"}),
                    Contains("must not be among the features"));
  const Table other({column("word", Strings{"maybe"})});
  CHECK_THROWS_WITH(targets("word").targets(other),
                    Contains("must be one of its 2 classes, but in row 0 it is 'maybe'."));
  const auto [x, y] = Preparation::fit(table, {{.columns = {"x", "bit"}}}, {.target = "word"}).dataset(table);
  CHECK(x.shape() == Shape{3, 2});
  CHECK(y.shape() == Shape{3});
}

TEST_CASE("features are finite", "[data][preparation]") {
  const Column train = column("x", {1, kNan}), gap = column("x", {kNan, 1});
  for (double fill : {kNan, std::numeric_limits<double>::infinity()})
    CHECK_THROWS_WITH(prepared(train, gap, {.impute = Impute::constant, .fill = fill}),
                      Contains("fill must be finite, but that of column 'x' is"));
  // The distance from the least value is beyond float64, not its share of the range.
  CHECK(prepared(column("x", Doubles{-1e308, 0}), column("x", Doubles{1.7e308, 0}), {.scale = Scale::min_max})[0] ==
        Approx(2.7));
  CHECK_THROWS_WITH(
      prepared(column("x", Doubles{0, 1e-300}), column("x", Doubles{1e300, 0}), {.scale = Scale::min_max}),
      Contains("a feature must be within the range of float64, but 'x' is inf"));
}

TEST_CASE("a preparation's state is held to what fit() takes", "[data][preparation]") {
  const Table table({column("x", {7, 9, 9}), column("c", Strings{"a", "b", "a"})});
  const Preparation fitted = Preparation::fit(
      table, {{.columns = {"x"}, .encode = Encode::index, .unseen = Unseen::own_class}}, {.target = "c"});
  auto expect_refused = [&](const char* key, const char* value, const char* message) {
    data::Metadata metadata = fitted.metadata();
    for (auto& [name, old] : metadata)
      if (name == key) old = value;
    Preparation loaded;
    CHECK_THROWS_WITH(loaded.load_state(fitted.state(), metadata),
                      Contains(message) && Contains("Nothing was changed."));
  };
  expect_refused("column.0.unseen", "zeros", "unseen zeros goes with encode one_hot alone");
  expect_refused("column.0.classes", "9\n9\n", "classes must be different");
  expect_refused("column.0.impute", "mean", "impute must be error, keep, most_frequent or constant");
  expect_refused("column.0.scale", "standard", "scale is for numbers that are not encoded");
  expect_refused("target.as", "rubbish", "must be classes or numbers");
  expect_refused("target.classes", "a\na\n", "classes must be different");
}

TEST_CASE("what a preparation refuses", "[data][preparation]") {
  const Table table({column("x", {1, 2}), column("c", Strings{"a", "b"})});
  CHECK_THROWS_AS(Preparation::fit(table, {{.columns = {"y"}}}), std::out_of_range);
  CHECK_THROWS_WITH(Preparation::fit(table.take(zeros({0}, {.dtype = DType::int64})), {{.columns = {"x"}}}),
                    Contains("the table must have a row"));
  CHECK_THROWS_WITH(Preparation::fit(table, {}, {.dtype = DType::int64}), Contains("dtype must be float32 or float64"));
  CHECK_THROWS_WITH(Preparation::fit(table, {{.columns = {"x"}, .classes = {"1"}}}),
                    Contains("classes are for columns that"));
  CHECK_THROWS_WITH(Preparation::fit(table, {{.columns = {"x"}, .scale = Scale::standard, .encode = Encode::one_hot}}),
                    Contains("'x' has scale standard and encode one_hot."));
  CHECK_THROWS_WITH(
      Preparation::fit(table, {{.columns = {"c"}, .encode = Encode::ordinal, .classes = {"a", "b", "a"}}}),
      Contains("classes must be different"));
  const Preparation preparation = Preparation::fit(table, {{.columns = {"x"}}});
  CHECK_THROWS_WITH(preparation.transform(Table({column("x", Strings{"a"})})),
                    Contains("'x' must be of numbers, as when"));
  CHECK_THROWS_AS(preparation.transform(Table({column("z", Doubles{1})})), std::out_of_range);
  CHECK_THROWS_WITH(preparation.transform(Table({column("x", Doubles{1e39})})),
                    Contains("within the range of float32, but 'x' is 1e+39 in row 0."));
  CHECK(preparation.transform(table.take(zeros({0}, {.dtype = DType::int64}))).shape() == Shape{0, 1});
}

TEST_CASE("a preparation is saved and loaded, whatever its strings hold", "[data][preparation]") {
  const Table table({column("a.b", {1, kNan, 4.5}), column("c", Strings{"x\ny\\", "\xe4\x00z", "\xc3\xa4"}),
                     Column("flag", tensor({1, 0, 1}) == 1), column("empty", Strings{"", "", "q"}),
                     column("y", Strings{"no", "yes", "no"})});
  const Preparation fitted = Preparation::fit(
      table,
      {{.columns = {"a.b"}, .impute = Impute::median, .indicator = true, .scale = Scale::standard},
       {.columns = {"a.b"}, .impute = Impute::keep, .scale = Scale::min_max},
       {.columns = {"c", "empty"}, .impute = Impute::keep, .encode = Encode::one_hot, .unseen = Unseen::own_class},
       {.columns = {"flag"}},
       {.columns = {"c"}, .encode = Encode::index}},
      {.target = "y", .dtype = DType::float64});
  Preparation loaded;
  loaded.load_state(fitted.state(), fitted.metadata());
  CHECK(loaded.features() == fitted.features());
  CHECK(loaded.metadata() == fitted.metadata());
  CHECK(loaded.target() == "y");
  CHECK(allclose(loaded.transform(table), fitted.transform(table), {.rtol = 0, .atol = 0, .equal_nan = true}));
  CHECK(all(loaded.indices(table) == fitted.indices(table)).item<bool>());
  CHECK(all(loaded.targets(table) == fitted.targets(table)).item<bool>());
  for (const auto& [key, value] : fitted.metadata())
    for (char c : value) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));

  // Any entry that is missing or wrong is refused, and nothing is changed.
  for (std::size_t i = 0; i < fitted.metadata().size(); ++i) {
    data::Metadata broken = fitted.metadata();
    broken.erase(broken.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_THROWS_AS(loaded.load_state(fitted.state(), broken), std::invalid_argument);
  }
  for (std::size_t i = 0; i < fitted.state().size(); ++i) {
    data::NamedTensors broken = fitted.state();
    broken[i].second = zeros({2});
    CHECK_THROWS_WITH(loaded.load_state(broken, fitted.metadata()),
                      Contains("must be float64 [6]") && Contains("Nothing was changed."));
    broken.erase(broken.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_THROWS_AS(loaded.load_state(broken, fitted.metadata()), std::invalid_argument);
  }
  auto with = [&](const std::string& key, const std::string& value) {
    data::Metadata changed = fitted.metadata();
    for (auto& [name, old] : changed)
      if (name == key) old = value;
    return changed;
  };
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"class", "Adam"},
                                                                                   {"format_version", "2"},
                                                                                   {"columns", "99"},
                                                                                   {"columns", "-1"},
                                                                                   {"column.0.impute", "magic"},
                                                                                   {"column.0.indicator", "perhaps"},
                                                                                   {"column.2.classes", "a\\q\n"},
                                                                                   {"column.2.classes", "a"},
                                                                                   {"dtype", "int64"}})
    CHECK_THROWS_WITH(loaded.load_state(fitted.state(), with(key, value)), Contains("Nothing was changed."));
  CHECK(loaded.metadata() == fitted.metadata());
  data::Metadata more = fitted.metadata();
  more.emplace_back("author", "somebody");
  loaded.load_state(fitted.state(), more);
}

TEST_CASE("steps are suggested that fit each of the shared tables", "[data][preparation]") {
  const std::string shared = testing::source_dir() + "/../shared/data/";
  if (!std::filesystem::exists(shared + "penguins.csv")) {
    WARN("skipped: ../shared/data does not exist");
    return;
  }
  for (const auto& [file, target] : std::vector<std::pair<std::string, std::string>>{
           {"titanic.csv", "survived"}, {"penguins.csv", "species"}, {"mpg.csv", "mpg"}, {"iris.csv", "column 5"}}) {
    const Table table = data::read_table(shared + file);
    const Preparation preparation = Preparation::fit(table, data::suggest_steps(table, target), {.target = target});
    const auto [x, y] = preparation.dataset(table);
    CHECK(x.shape() == Shape{table.rows(), static_cast<std::int64_t>(preparation.features().size())});
    CHECK(all(isfinite(x)).item<bool>());
    CHECK(y.size(0) == table.rows());
  }
}
