#include <xgrad/data/describe.hpp>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/data/read_table.hpp>
#include "../catch.hpp"
#include "../source_dir.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Column;
using data::Table;

namespace {

std::string warnings_of(const Table& table, const std::string& target = "") {
  std::string text;
  for (const std::string& warning : data::describe(table, target).warnings) text += warning + '\n';
  return text;
}

/// n numbers without order.
std::vector<double> scattered(int n, int step) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back((i * step) % n);
  return values;
}

std::vector<std::string> words(const std::vector<double>& values, double limit) {
  std::vector<std::string> result;
  for (double value : values) result.push_back(value < limit ? "low" : "high");
  return result;
}

}  // namespace

TEST_CASE("a description counts what is there", "[data][describe]") {
  const Table table(
      {Column("x", tensor({1., 3., std::nan(""), 3.})), Column("c", std::vector<std::string>{"b", "", "b", "a"})});
  const data::Description description = data::describe(table);
  CHECK(description.rows == 4);
  const data::ColumnDescription& x = description.columns[0];
  CHECK(x.missing == 1);
  CHECK(x.different == 2);
  CHECK(x.lowest == 1);
  CHECK(x.highest == 3);
  CHECK(x.mean == Approx(7 / 3.0));
  CHECK(x.deviation == Approx(std::sqrt(8) / 3));
  CHECK(std::isnan(x.tells));
  const data::ColumnDescription& c = description.columns[1];
  CHECK(c.missing == 1);
  CHECK(c.frequent == std::vector<std::pair<std::string, std::int64_t>>{{"b", 2}, {"a", 1}});
  std::ostringstream out;
  out << description;
  CHECK(out.str() ==
        "4 rows, 2 columns\n"
        "column  kind    missing  different  range, or most frequent\n"
        "x       number   25.0 %          2  1 to 3, mean 2.333, deviation 0.9428\n"
        "c       text     25.0 %          2  b (2), a (1)\n");
  CHECK_THROWS_AS(data::describe(table, "y"), std::out_of_range);
  CHECK(data::describe(Table()).columns.empty());
  CHECK(to_string(data::describe(table.take(zeros({0}, {.dtype = DType::int64})))).find("0 rows") == 0);
}

TEST_CASE("a column that alone tells the target is warned of", "[data][describe]") {
  const std::vector<double> score = scattered(101, 37), noise = scattered(101, 53);
  const Table table({Column("answer", words(score, 50)), Column("score", from_vector(score)),
                     Column("noise", from_vector(noise)), Column("code", from_vector(score) < 50.0)});
  const std::string warnings = warnings_of(table, "answer");
  CHECK_THAT(warnings,
             Contains("code alone tells answer for 100.0 % of the rows. Drop it unless it is known before answer is."));
  CHECK_THAT(warnings, Contains("score alone tells answer for "));
  CHECK_THAT(warnings, !Contains("noise"));
  const data::Description description = data::describe(table, "answer");
  CHECK(description.columns[3].tells == 1);
  CHECK(description.columns[2].tells < 0.7);
}

TEST_CASE("a name of each row tells nothing, though it is another in each", "[data][describe]") {
  std::vector<std::string> names;
  for (int i = 0; i < 101; ++i) names.push_back("n" + std::to_string(i));
  const std::vector<double> score = scattered(101, 37);
  const Table table({Column("answer", words(score, 50)), Column("name", names)});
  CHECK(data::describe(table, "answer").columns[1].tells < 0.6);
  CHECK_THAT(warnings_of(table, "answer"), Contains("name is another in every row"));
}

TEST_CASE("the same in other units tells a target of numbers", "[data][describe]") {
  std::vector<double> metres = scattered(101, 37), feet;
  for (double& value : metres) feet.push_back((value *= 1.7) / 0.3048);
  std::vector<std::string> group;
  for (double value : metres) group.push_back(value < 60 ? "near" : "far");
  const Table table({Column("m", from_vector(metres)), Column("ft", from_vector(feet)), Column("where", group),
                     Column("noise", from_vector(scattered(101, 53)))});
  const std::string warnings = warnings_of(table, "m");
  CHECK_THAT(warnings, Contains("ft alone tells m with R^2 of "));
  CHECK_THAT(warnings, !Contains("where alone") && !Contains("noise alone"));
}

TEST_CASE("warnings of columns by themselves", "[data][describe]") {
  std::vector<double> rows, sentinel;
  std::vector<std::string> same, comma, mixed, unknown, ids;
  for (int i = 0; i < 40; ++i) {
    rows.push_back(100 + i);
    sentinel.push_back(i % 5 == 0 ? -999 : i % 7);
    same.push_back("x");
    comma.push_back(std::to_string(i % 3) + ",5");
    mixed.push_back(i % 2 == 0 ? "New York" : i % 3 == 0 ? "new york" : "Rome");
    unknown.push_back(i % 4 == 0 ? "unknown" : std::to_string(i % 6));
    ids.push_back("9007199254740" + std::to_string(1000 + i));
  }
  const std::string warnings = warnings_of(
      Table({Column("rows", from_vector(rows)), Column("sentinel", from_vector(sentinel)), Column("same", same),
             Column("comma", comma), Column("mixed", mixed), Column("unknown", unknown), Column("ids", ids),
             Column("nothing", full({40}, std::nan(""))), Column("comma too", comma)}));
  CHECK_THAT(warnings, Contains("rows numbers the rows"));
  CHECK_THAT(warnings, Contains("sentinel is -999 in 8 rows"));
  CHECK_THAT(warnings, Contains("same is the same in every row."));
  CHECK_THAT(warnings, Contains("comma is text like '0,5'. Numbers like 3,14 are read with {.decimal = ','}."));
  CHECK_THAT(warnings, Contains("mixed has both 'New York' and 'new york': are they one class?"));
  CHECK_THAT(warnings, Contains("unknown would be numbers but for 'unknown'."));
  CHECK_THAT(warnings, Contains("ids is text, for it has integers of so many digits"));
  CHECK_THAT(warnings, Contains("nothing is empty."));
  CHECK_THAT(warnings, Contains("comma and comma too say the same."));
}

TEST_CASE("the passengers' table: alive is survived in words", "[data][describe]") {
  const std::string path = testing::source_dir() + "/examples/data/titanic.csv";
  const Table table = data::read_table(path);
  const std::string warnings = warnings_of(table, "survived");
  CHECK_THAT(warnings, Contains("alive alone tells survived for 100.0 % of the rows."));
  CHECK_THAT(warnings, Contains("embarked and embark_town say the same."));
  CHECK_THAT(warnings_of(table.drop({"alive"}), "survived"), !Contains("alone tells"));
}

TEST_CASE("describe: codes, units and infinite numbers", "[data][describe]") {
  CHECK_THAT(warnings_of(Table({Column("zip", std::vector<std::string>{"02134", "10001"})})),
             Contains("zip is text, for it has codes like 007") && Contains("{{\"zip\", Kind::number}}"));
  CHECK_THAT(warnings_of(Table({Column("height", std::vector<std::string>{"180 cm", "171.5 cm", ""})})),
             Contains("height is text, for its numbers have the unit 'cm' behind them"));
  CHECK_THAT(warnings_of(Table({Column("speed", std::vector<std::string>{"80km/h", "100km/h"})})), Contains("'km/h'"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"1st", "2nd", "3rd"}, {"a1", "b2"}, {"cm", "kg"}})
    CHECK(warnings_of(Table({Column("x", words)})).find("unit") == std::string::npos);
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string text =
      to_string(data::describe(Table({{"x", tensor({1.0, infinity})}, {"y", tensor({-infinity, infinity})}})));
  CHECK_THAT(text, Contains("1 to inf") && Contains("-inf to inf") && !Contains("nan"));
}

TEST_CASE("describe: a column that is the same in every row tells as much as nothing does", "[data][describe]") {
  for (int each : {10, 100}) {  // rows of a class
    std::vector<std::string> answer, same, group;
    std::vector<double> number;
    for (int i = 0; i < 3 * each; ++i) {
      answer.push_back(i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c");
      same.push_back("x");
      number.push_back(7);
      group.push_back(i < 150 ? "g" : "h");
    }
    const Table table({Column("answer", answer), Column("same", same), Column("number", from_vector(number)),
                       Column("group", group)});
    const data::Description description = data::describe(table, "answer");
    CHECK(description.columns[1].tells == Approx(1 / 3.0));
    CHECK(description.columns[2].tells == Approx(1 / 3.0));
    CHECK(description.columns[3].tells == Approx(1 / 3.0));
  }
}

TEST_CASE("describe: names that would garble the warnings are escaped", "[data][describe]") {
  const std::string name = "a\n\x1b[31m\xe4";
  std::vector<std::string> words, mixed, codes(40, "007");
  for (int i = 0; i < 40; ++i) {
    words.push_back(i % 2 == 0 ? "Rome" : "rome");
    mixed.push_back(i % 4 == 0 ? "True" : i % 4 == 1 ? "False" : "1");
  }
  const Table table({Column(name, words), Column(name + "2", words), Column(name + "3", mixed),
                     Column(name + "4", codes), Column(name + "5", full({40}, 2.0)),
                     Column(name + "6", full({40}, std::nan("")))});
  const data::Description description = data::describe(table, name);
  CHECK(description.warnings.size() >= 8);
  for (const std::string& warning : description.warnings) {
    INFO(warning);
    CHECK(warning.find_first_of("\n\x1b\xe4") == std::string::npos);
  }
  CHECK_THAT(warnings_of(table), Contains(R"(a\x0a\x1b[31m\xe43 is text, for it has 1 and 0 beside True and False.)") &&
                                     Contains("Kind::boolean"));
  CHECK(to_string(description).find_first_of("\x1b\xe4") == std::string::npos);
}

TEST_CASE("describe: a single column whose lines look like several", "[data][describe]") {
  using Words = std::vector<std::string>;
  CHECK_THAT(
      warnings_of(Table({Column("name   age  city", Words{"Bob Smith  12  New York", "Ann  5  Rome"})})),
      Contains("the table has one column, name   age  city: where its lines are several columns, say what delimits "
               "them: {.delimiter = ' '}."));
  CHECK_THAT(warnings_of(Table({Column("column 1", Words{"a 1", "b c 2"})})), Contains("the table has one column"));
  CHECK(warnings_of(Table({Column("text", Words{"hello world", "good morning"})})) == "");
  CHECK(warnings_of(Table({Column("name", Words{"Bob", "Ann"})})) == "");
  CHECK(warnings_of(Table({Column("x", zeros({0}))})) == "");  // without rows there is nothing to say
}
