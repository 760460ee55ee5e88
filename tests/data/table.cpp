#include <xgrad/data/table.hpp>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Column;
using data::Kind;
using data::Table;

namespace {

using Strings = std::vector<std::string>;

Table people() {
  return Table({Column("age", tensor({34., 51., std::nan("")}, {.dtype = DType::float64})),
                Column("name", Strings{"Ann", "Bob", ""}), Column("married", tensor({1, 0, 1}) == 1),
                Column("born", Strings{"1990-01-01", "1973-05-05", "2001-07-31"}, Kind::date)});
}

}  // namespace

TEST_CASE("a table is made of columns", "[data][table]") {
  const Table table = people();
  CHECK(table.rows() == 3);
  CHECK(table.size() == 4);
  CHECK(table.values.shape() == Shape{3, 2});
  CHECK(table["married"].kind == Kind::boolean);
  CHECK(table["born"].kind == Kind::date);
  CHECK(table["born"].text[2] == "2001-07-31");
  CHECK(Table().rows() == 0);
  CHECK(Table(std::vector<Column>{}).size() == 0);
  CHECK_THROWS_WITH(Table({Column("a", ones({2})), Column("b", ones({3}))}),
                    Contains("all columns must have the same number of rows, but 'a' has 2 and 'b' has 3."));
  CHECK_THROWS_WITH(Table({Column("a", ones({2})), Column("a", ones({2}))}), Contains("two are called 'a'."));
  CHECK_THROWS_WITH(Column("a", ones({2, 1})), Contains("the values of 'a' must be [rows], but they are [2, 1]."));
  CHECK(Table({Column("a", tensor({1, 2})), Column("b", ones({2}))}).values.dtype() == DType::float32);
  CHECK(Table({Column("a", tensor({1, 2}))}).values.dtype() == DType::int64);
  CHECK(Table({Column("a", tensor({1, 2}))})["a"].missing().to_vector<int>() == std::vector<int>{0, 0});
}

TEST_CASE("columns are found by name and place", "[data][table]") {
  const Table table = people();
  Tensor age = table["age"];
  CHECK(age.shape() == Shape{3});
  CHECK(table[0].name == "age");
  CHECK(table[-1].name == "born");
  CHECK(table.has("age"));
  CHECK_FALSE(table.has("Age"));
  CHECK_THROWS_WITH(table["Age"],
                    Contains("the name must be that of a column, but there is no 'Age'. Did you mean 'age'? at ") &&
                        Contains("table.cpp:"));
  CHECK_THROWS_WITH(table["x"], Contains("Its columns are age, name, married, born."));
  CHECK_THROWS_AS(table["x"], std::out_of_range);
  CHECK_THROWS_AS(table[4], std::out_of_range);
  CHECK_THROWS_AS(table[-5], std::out_of_range);
  CHECK_THROWS_AS(Table()["x"], std::out_of_range);
  CHECK_THROWS_WITH(Tensor(table["name"]),
                    Contains("column 'name' must be of numbers, but it is of kind text. It begins "
                             "with 'Ann'; a Preparation or encode_labels() makes numbers of it."));
}

TEST_CASE("names that would garble a message are escaped in it", "[data][table]") {
  const std::string name = "a\n\x1b[31m\xe4\xc3\xa4";
  const Table table({Column(name, Strings{"x"})});
  CHECK_THROWS_WITH(table.numbers({name}), Contains("a\\x0a\\x1b[31m\\xe4\xc3\xa4' must be of numbers"));
  CHECK_THROWS_WITH(table["b"], Contains("Its columns are a\\x0a\\x1b[31m\\xe4\xc3\xa4."));
  CHECK_THROWS_WITH(table.pick({name, name}), Contains("'a\\x0a\\x1b[31m\\xe4\xc3\xa4' is named twice."));
  CHECK_THROWS_WITH(Column(name, ones({2, 1})), Contains("'a\\x0a\\x1b[31m\\xe4\xc3\xa4' must be [rows]"));
}

TEST_CASE("columns are picked, dropped and added", "[data][table]") {
  const Table table = people();
  CHECK(table.pick({"name", "age"}).columns == Strings{"name", "age"});
  CHECK(table.pick({"name", "age"})["age"].values[1].item() == 51);
  CHECK(table.drop({"name", "born"}).columns == Strings{"age", "married"});
  CHECK(table.drop({}).columns == table.columns);
  CHECK(table.pick({}).size() == 0);
  CHECK_THROWS_AS(table.drop({"x"}), std::out_of_range);
  CHECK_THROWS_WITH(table.pick({"age", "age"}), Contains("'age' is named twice."));

  const Table more = table.with({"double", 2 * table["age"]});
  CHECK(more.columns.back() == "double");
  CHECK(more["double"].values[0].item() == 68);
  const Table other = table.with({"age", Strings{"young", "old", "young"}});
  CHECK(other.columns == table.columns);
  CHECK(other["age"].text[1] == "old");
  CHECK_THROWS_AS(table.with({"z", ones({2})}), std::invalid_argument);
  CHECK(table.numbers({"married", "age"})[{1, 1}].item() == 51);
  CHECK_THROWS_AS(table.numbers({"name"}), std::invalid_argument);
}

TEST_CASE("rows are taken by positions", "[data][table]") {
  const Table table = people().take(tensor({2, 0, 2}));
  CHECK(table.rows() == 3);
  CHECK(table["name"].text == Strings{"", "Ann", ""});
  CHECK(table["age"].values[1].item() == 34);
  CHECK(people().take(zeros({0}, {.dtype = DType::int64})).rows() == 0);
  CHECK_THROWS_AS(people().take(tensor({3})), std::out_of_range);
  CHECK_THROWS_AS(people().take(tensor({-1})), std::out_of_range);
  CHECK_THROWS_AS(people().take(tensor({1.})), std::invalid_argument);
}

TEST_CASE("a table is split, by the classes of a column where that is asked for", "[data][table]") {
  std::vector<double> x;
  Strings group;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    group.push_back(i % 4 == 0 ? "a" : "b");
  }
  const Table table({Column("x", from_vector(x)), Column("group", group)});
  const auto [train, test] = data::split(table, {.test_fraction = 0.25, .stratify = true, .seed = 3}, "group");
  CHECK(train.rows() == 30);
  CHECK(test.rows() == 10);
  const Strings groups = test["group"].text;
  const std::vector<int> values = test["x"].values.to_vector<int>();
  int rare = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    CHECK(groups[i] == (values[i] % 4 == 0 ? "a" : "b"));
    rare += groups[i] == "a";
  }
  CHECK((rare == 2 || rare == 3));  // a quarter of ten
  CHECK(sum(train["x"].values).item() + sum(test["x"].values).item() == 780);
  CHECK_THROWS_WITH(data::split(table, {.stratify = true}),
                    Contains("a column of classes must be named to stratify by, but none is: split("));
}

TEST_CASE("the first rows of a table are printed", "[data][table]") {
  std::ostringstream out;
  out << people();
  CHECK(out.str() ==
        "age  name  married  born\n"
        " 34  Ann      True  1990-01-01\n"
        " 51  Bob     False  1973-05-05\n"
        "              True  2001-07-31\n");
  CHECK_THAT(to_string(Table({Column("x", arange(20))})), Contains("... 12 more rows"));
  CHECK_THAT(to_string(Table({Column("x", tensor({0.1}))})), Contains("0.1\n"));
  CHECK(to_string(Table()) == "");
}
