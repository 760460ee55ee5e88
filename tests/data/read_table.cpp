#include <xgrad/data/read_table.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"
#include "temporary_file.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Header;
using data::Kind;
using data::Missing;
using data::Table;
using data::TableOptions;

namespace {

using Strings = std::vector<std::string>;
using Doubles = std::vector<double>;

Table read(std::string_view text, const TableOptions& options = {}) {
  TemporaryFile file("table.csv", text);
  return data::read_table(file.path(), options);
}

/// The message without the folder, the process's number, and the line of this file at its end.
std::string problem_of(std::string_view text, const TableOptions& options = {}) {
  try {
    read(text, options);
  } catch (const data::FileError& error) {
    const std::string message = error.what();
    const std::size_t begin = message.find("table.csv"), end = message.rfind(" at read_table.cpp:");
    REQUIRE(end != message.npos);
    return message.substr(begin, end - begin);
  }
  return "no error";
}

std::string kinds_of(const Table& table) {
  std::string kinds;
  for (Kind kind : table.kinds) kinds += "nbtd"[static_cast<int>(kind)];
  return kinds;
}

Doubles numbers(const Table& table, const char* name) { return table[name].values.to_vector<double>(); }

/// Whether two lists are equal, nan to nan.
bool same(const Doubles& a, const Doubles& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  return true;
}

const double kNan = std::nan("");

}  // namespace

TEST_CASE("kinds of columns are found", "[data][table]") {
  const Table table = read(
      "name,age,alive,born,score\n"
      "Ann, 34 ,True,1990-02-01,1e-3\n"
      "\"Bob, Jr.\",,False,1957-12-31,-.5\n"
      "?,51,,29.02.1972,inf\n");
  CHECK(table.columns == Strings{"name", "age", "alive", "born", "score"});
  CHECK(kinds_of(table) == "tnbdn");
  CHECK(table.rows() == 3);
  CHECK(table.size() == 5);
  CHECK(table.values.shape() == Shape{3, 3});
  CHECK(table.values.dtype() == DType::float64);
  CHECK(table["name"].text == Strings{"Ann", "Bob, Jr.", ""});
  CHECK(same(numbers(table, "age"), {34, kNan, 51}));
  CHECK(same(numbers(table, "alive"), {1, 0, kNan}));
  CHECK(table["born"].text == Strings{"1990-02-01", "1957-12-31", "29.02.1972"});
  CHECK(same(numbers(table, "score"), {1e-3, -.5, INFINITY}));
  CHECK(table["age"].missing().to_vector<int>() == std::vector<int>{0, 1, 0});
  CHECK(table["name"].missing().to_vector<int>() == std::vector<int>{0, 0, 1});
}

TEST_CASE("nine tenths of what is there make a column of numbers, and the first that is none is an error",
          "[data][table]") {
  std::string nine = "x\n", eight = "x\n";
  for (int i = 0; i < 9; ++i) nine += std::to_string(i) + "\n";
  for (int i = 0; i < 8; ++i) eight += std::to_string(i) + "\n";
  CHECK(problem_of(nine + "abc\n") ==
        "table.csv:11:1: column 1 (x): a number is expected, but it is 'abc'. Of its 10 fields 9 are numbers. If it "
        "stands "
        "for a missing value, add it to .missing_words; to keep the column as text: .kinds = {{\"x\", Kind::text}}.");
  CHECK(kinds_of(read(eight + "abc\n")) == "t");
  CHECK(kinds_of(read(nine + "abc\n", {.kinds = {{"x", Kind::text}}})) == "t");
  CHECK(same(read(nine + "abc\n", {.missing_words = {"abc"}}).values.to_vector<double>(),
             {0, 1, 2, 3, 4, 5, 6, 7, 8, kNan}));
  // Missing values are not there: they count for nothing.
  CHECK_THAT(problem_of("x,y\n1,1\n,1\nNA,1\n?,1\nabc,1\n", {.kinds = {{"x", Kind::number}}}),
             Contains("table.csv:6:1: column 1 (x): a number is expected, but it is 'abc'. Of its 2 fields 1 are"));
  CHECK(kinds_of(read("x,y\n1,1\n,1\nNA,1\n?,1\n")) == "nn");
}

TEST_CASE("missing values, by option", "[data][table]") {
  const std::string text = "x,c\n1,NA\nNaN,b\nnull,\n?,?\n,d\n#N/A,nan\n";
  const Table table = read(text);
  CHECK(same(numbers(table, "x"), {1, kNan, kNan, kNan, kNan, kNan}));
  CHECK(table["c"].text == Strings{"", "b", "", "", "d", ""});
  CHECK(
      problem_of(text, {.missing = Missing::error}) ==
      "table.csv:3:1: column 1 (x): a number is expected, but it is 'NaN'. To read missing values as nan: {.missing = "
      "Missing::nan}.");
  const Table kept = read("x,c\n1,NA\n2,\n", {.missing = Missing::error});
  CHECK(kept["c"].text == Strings{"NA", ""});
  CHECK_THAT(problem_of("x,y\n1,2\n,3\n", {.missing = Missing::error}), Contains("2:") || Contains("3:1"));
  // -999 is a number that the user may say is missing.
  CHECK(same(read("x\n1\n-999\n3\n", {.missing_words = {"-999"}}).values.to_vector<double>(), {1, kNan, 3}));
  CHECK(kinds_of(read("x,y\n,1\n,2\n")) == "nn");  // nothing there: numbers, all missing
}

TEST_CASE("delimiters are found", "[data][table]") {
  CHECK(kinds_of(read("\"fixed acidity\";\"quality\"\n7.4;5\n7.8;6\n")) == "nn");  // wine quality
  CHECK(same(read("a;b\n1,5;2\n2,5;3\n", {.decimal = ','}).values.to_vector<double>(), {1.5, 2, 2.5, 3}));
  CHECK(kinds_of(read("a;b\n1,5;2,5\n2,5;3,5\n")) == "tt");  // never four columns
  CHECK(read("label\ttext\nham\tGo; jurong, point\nspam\tFree; entry, in\n").size() == 2);
  CHECK(read("a|b\n1|2\n").size() == 2);
  CHECK(read("  1   2  3\n 4 5   6\n").values.shape() == Shape{2, 3});
  CHECK(read("x\n1\n2\n").size() == 1);
  CHECK(read("text\nhello world\ngood morning\n").size() == 1);                         // blanks delimit numbers alone
  CHECK(read("1\t2\n3\t\t4\n5\t6\n7\t8\n9\t1\n2\t3\n").values.shape() == Shape{6, 2});  // runs of tabs
  CHECK(kinds_of(read("M, 1, ?, <=50K\nF, 2, Private, >50K\n")) == "tntt");             // adult: blanks after commas
  const Table cars =
      read("18.0   8   307.0      130.0\t\"chevrolet chevelle malibu\"\n25.0   4   98.00      ?\t\"ford pinto\"\n");
  CHECK(kinds_of(cars) == "nnnnt");
  CHECK(cars[4].text == Strings{"chevrolet chevelle malibu", "ford pinto"});
  CHECK(std::isnan(cars.values[{1, 3}].item()));
}

TEST_CASE("what the first line is, is found", "[data][table]") {
  CHECK(read("M,0.455,15\nF,0.53,9\n").columns == Strings{"column 1", "column 2", "column 3"});  // abalone
  CHECK(read("p,x,s,s\ne,y,t,t\n").rows() == 2);                                                 // a name comes once
  CHECK(read("red,big\nblue,big\nred,small\n").rows() == 3);  // and seldom in its own column
  CHECK(read("name,town\nAnn,Rome\nBob,Bonn\n").columns == Strings{"name", "town"});
  CHECK(read("yes,?\nno,no\n").rows() == 2);  // ? names nothing
  CHECK(read("country,2019,2020\nUS,1,2\nDE,3,4\n").columns == Strings{"country", "2019", "2020"});
  CHECK(read("\"Month\",\"Passengers\"\n\"1949-01\",112\n\"1949-02\",118\n").columns == Strings{"Month", "Passengers"});
  const Table counts = read("3,1,no,yes\n0.5,0\n1.5,1\n2.5,0\n");
  CHECK(counts.class_names == Strings{"no", "yes"});
  CHECK(counts.values.shape() == Shape{3, 2});
  CHECK(read("2,1,x\n5,6,y\n").rows() == 2);  // tells no counts: the rows are others
  CHECK(read("1,2\n3,4\n", {.header = Header::names}).columns == Strings{"1", "2"});
  CHECK(read("a,b\n3,4\n", {.header = Header::none}).rows() == 2);
  CHECK(read("1,2\n3,4\n", {.names = {"a", "b"}}).columns == Strings{"a", "b"});
  CHECK(read("x,y\n3,4\n", {.names = {"a", "b"}}).columns == Strings{"a", "b"});
}

TEST_CASE("names of columns", "[data][table]") {
  CHECK(read("\"\",a,a,a.1\n1,2,3,4\n").columns == Strings{"column 1", "a", "a.1", "a.1.1"});
  CHECK(read("mpg cyl\n\"Mazda RX4\" 21 6\n\"Datsun 710\" 22.8 4\n").columns == Strings{"row", "mpg", "cyl"});  // R
  CHECK_THROWS_WITH(read("1,2\n", {.names = {"a"}}),
                    Contains("names must be one for each of the file's 2 columns, but"));
  CHECK_THROWS_WITH(read("1,2\n", {.names = {"a", "a"}}), Contains("names must be different, but two are 'a'."));
}

TEST_CASE("delimiters too many at the end of lines", "[data][table]") {
  CHECK(read("id,x,\n1,2,\n3,4,\n").columns == Strings{"id", "x"});
  CHECK(read("id,x\n1,2,\n3,4,\n").columns == Strings{"id", "x"});
  CHECK(read("a;b;;\n1;2;;\n3;4;;\n").columns == Strings{"a", "b"});
  CHECK(read("1,2,\n3,4,\n").size() == 2);
  CHECK(read("a,b,c\n1,2,\n3,4,\n").size() == 3);  // it has a name: a column without values
  CHECK(problem_of("id,x\n1,2,\n3,4,5\n") ==
        "table.csv:3:5: a row must have 2 columns as line 1 tells, but this one has 3.");
}

TEST_CASE("comments and lines to skip", "[data][table]") {
  CHECK(read("# made by hand\nx,y\n1,2\n  # half\n3,4\n", {.comment = '#'}).values.to_vector<double>() ==
        Doubles{1, 2, 3, 4});
  CHECK(read("My table\nof two lines\nx,y\n1,2\n", {.skip_lines = 2}).columns == Strings{"x", "y"});
  CHECK_THAT(problem_of("# made by hand\nx,y\n1,2\n"),
             Contains("If lines that begin with '#' are comments, read with {.comment = '#'}."));
  CHECK_THAT(problem_of("My table\nx,y\n1,2\n"), Contains("say how many lines to skip: {.skip_lines = 1}."));
  CHECK_THAT(problem_of("\"Source\",\"WDI\",\n\n\"Name\",\"1960\",\"1961\",\n\"Aruba\",1,2,\n\"Angola\",3,4,\n"),
             Contains("If the table begins at line 3, say how many lines to skip: {.skip_lines = 2}."));
  CHECK(read("\"Source\",\"WDI\",\n\n\"Name\",\"1960\",\"1961\",\n\"Aruba\",1,2,\n", {.skip_lines = 2}).columns ==
        Strings{"Name", "1960", "1961"});
  // Places are those in the file.
  CHECK_THAT(problem_of("a\nb\n% c\nx,y\n1,2\n3\n", {.comment = '%', .skip_lines = 2}), Contains("table.csv:6:2"));
  CHECK(problem_of("a\nb\n", {.skip_lines = 5}) == "table.csv:3:1: a table is expected, but the file is empty.");
}

TEST_CASE("a quoted field may go on in the next line", "[data][table]") {
  const Table table = read("a,b,c\n1,\"two\r\nlines, \"\"here\"\"\",3\r\n4,x,5\n");
  CHECK(table["b"].text == Strings{"two\r\nlines, \"here\"", "x"});
  CHECK(table["c"].values.to_vector<int>() == std::vector<int>{3, 5});
  std::string rows = "a,b\n";
  for (int i = 0; i < 9; ++i) rows += "1,\"x\ny\"\n";
  CHECK_THAT(problem_of(rows + "zz,\"x\ny\"\n"), Contains("table.csv:20:1: column 1 (a)"));
  CHECK_THAT(problem_of("a,b\n1,2\n\"x\ny\",1,2\n"), Contains("table.csv:4:6: a row must have 2 columns"));
  CHECK(
      problem_of("a,b\n1,\"x\ny\n") ==
      "table.csv:2:3: a quote must be closed, but the one that opens here is not. If quotes are part of the text, read "
      "with {.quote = '\\0'}.");
  CHECK(read("a,b\n'x, y',1\n", {.quote = '\''})["a"].text == Strings{"x, y"});
}

TEST_CASE("lines that end in CR alone make no table of a single row", "[data][table]") {
  for (const char* text : {"1,2\r3,4\r", "a,b\r1,2\r3,4\r", "a\r1\r2\r", "x y\r1 2\r"})
    CHECK_THAT(problem_of(text), Contains(R"(but here is a CR alone. Convert the file: tr '\r' '\n'.)"));
  CHECK(read("a,b\n\"x\ry\",2\n")["a"].text == Strings{"x\ry"});
}

TEST_CASE("decimal commas and thousands", "[data][table]") {
  CHECK(read("a;b\n1.234,5;2\n-7,25;3\n", {.decimal = ',', .thousands = '.'}).values.to_vector<double>() ==
        Doubles{1234.5, 2, -7.25, 3});
  CHECK(read("a\n\"1,234,567.5\"\n\"-12,000\"\n", {.thousands = ','}).values.to_vector<double>() ==
        Doubles{1234567.5, -12000});
  CHECK(read("a;b\n1 234;2\n", {.delimiter = ';', .thousands = ' '}).values.to_vector<double>() == Doubles{1234, 2});
  // What stands elsewhere than between groups of three divides no thousands.
  for (const char* field : {"1,23", "1,2345", ",123", "1,234.5,678", "1234,567", "1,,234"})
    CHECK(kinds_of(read(std::string("a;b\n") + field + ";1\n", {.delimiter = ';', .thousands = ','})) == "tn");
  CHECK(kinds_of(read("a;b\n1.5;1\n", {.decimal = ','})) == "tn");

  const Table table = read("a;b;c\n3,14;1,234;12,345,678\n2,71;5,678;1\n");
  CHECK_THROWS_WITH(
      Tensor(table["a"]),
      Contains("column 'a' must be of numbers, but it is of kind text. It begins with '3,14'. Numbers like "
               "3,14 are read with {.decimal = ','}.") &&
          Contains("read_table.cpp:"));
  CHECK_THROWS_WITH(table.numbers({"b"}),
                    Contains("Numbers with thousands like 1,234 are read with {.thousands = ','}, "
                             "with a decimal sign like 3,14 with {.decimal = ','}."));
  CHECK_THROWS_WITH(Tensor(read("a\tb\n$1,200.50\t1\n$900\t2\n")["a"]),
                    Contains("Signs of currency and per cent are no part"));
  std::string nine = "x;y\n";
  for (int i = 0; i < 9; ++i) nine += "1.5;2\n";
  CHECK(problem_of(nine + "2,5;2\n") ==
        "table.csv:11:1: column 1 (x): a number is expected, but it is '2,5'. Numbers like 3,14 are read with "
        "{.decimal = "
        "','}.");
}

TEST_CASE("integers that a number would not hold are text: many digits, and zeros in front", "[data][table]") {
  const Table table = read("id,n\n9007199254740993,9007199254740992\n9007199254740995,4\n");
  CHECK(kinds_of(table) == "tn");
  CHECK(table["id"].text == Strings{"9007199254740993", "9007199254740995"});
  CHECK(kinds_of(read("x\n123456789012345678901234567890\n")) == "t");
  CHECK(kinds_of(read("x\n1e30\n123456789012345678901234567890\n")) == "n");  // a measure, not an identifier
  CHECK(read("zip,n\n02134,1\n10001,2\n")["zip"].text == Strings{"02134", "10001"});
  CHECK(read("zip,n\n02134,1\n10001,2\n", {.kinds = {{"zip", Kind::number}}})["zip"].values[0].item() == 2134);
  CHECK(kinds_of(read("month,day,x,y,z\n01,09,0.50,0,00\n12,31,007.5,-012,10\n")) == "nnnnn");  // no codes
  CHECK(kinds_of(read("agent\n007\n\n009\n")) == "t");
  CHECK(kinds_of(read("agent,x\n007,1\nM,2\n")) == "tn");
}

TEST_CASE("columns are picked and dropped while reading", "[data][table]") {
  const std::string text = "a,b,c\n1,x,3\n4,y,6\n";
  CHECK(read(text, {.columns = {"c", "a"}}).columns == Strings{"c", "a"});
  CHECK(read(text, {.columns = {"c", "a"}}).values.to_vector<double>() == Doubles{3, 1, 6, 4});
  CHECK(read(text, {.drop = {"b"}}).columns == Strings{"a", "c"});
  // A column that is not wanted may hold what it likes.
  std::string nine = "x,y\n";
  for (int i = 0; i < 9; ++i) nine += "1,2\n";
  CHECK(read(nine + "abc,2\n", {.drop = {"x"}}).rows() == 10);
  CHECK_THROWS_AS(read(text, {.columns = {"d"}}), std::out_of_range);
  CHECK_THROWS_WITH(read(text, {.drop = {"d"}}),
                    Contains("drop must name columns of the file, but there is no 'd'. There "
                             "are a, b, c."));
  CHECK_THROWS_WITH(read(text, {.columns = {"a", "a"}}), Contains("'a' is named twice."));
  CHECK_THROWS_WITH(read(text, {.columns = {"a"}, .drop = {"a"}}), Contains("'a' is both."));
}

TEST_CASE("kinds that the user knows", "[data][table]") {
  CHECK(read("a,b\nyes,1\nno,2\n", {.kinds = {{"a", Kind::boolean}}}).values.to_vector<double>() ==
        Doubles{1, 1, 0, 2});
  CHECK_THAT(problem_of("a,b\nyes,1\nmaybe,2\n", {.kinds = {{"a", Kind::boolean}}}),
             Contains("table.csv:3:1: column 1 (a): true or false, yes or no, 1 or 0 is expected, but it is 'maybe'."));
  CHECK(kinds_of(read("a,b\nx,1\n", {.kinds = {{"b", Kind::text}, {"a", Kind::date}}})) == "dt");
  CHECK_THROWS_AS(read("a,b\nx,1\n", {.kinds = {{"z", Kind::text}}}), std::out_of_range);
}

TEST_CASE("dates are told from numbers and text", "[data][table]") {
  for (const char* date : {"2024-02-29", "2024/2/9", "29.02.2024", "2/29/24", "1949-01", "02/2024", "2024-02-29 12:30",
                           "2024-02-29T12:30:15.5Z"})
    CHECK(kinds_of(read(std::string("a;b\n") + date + ";1\n", {.delimiter = ';'})) == "dn");
  for (const char* text : {"2024-13-01", "1-2-3-4", "2024-02-", "24:30", "12-34", "555-1234", "1/2", "2024-02-29x"})
    CHECK(kinds_of(read(std::string("a;b\n") + text + ";1\n", {.delimiter = ';'})) == "tn");
  CHECK(kinds_of(read("a;b\n2024;1\n", {.delimiter = ';'})) == "nn");
}

TEST_CASE("dtypes and ranges of read_table", "[data][table]") {
  CHECK(read("x\n1.5\n", {.dtype = DType::float32}).values.dtype() == DType::float32);
  CHECK_THAT(problem_of("x\n1\n1e39\n", {.dtype = DType::float32}),
             Contains("3:1: column 1 (x): a number within the range of float32 is expected, but it is '1e39'."));
  CHECK_THAT(problem_of("x\n1\n1e400\n"), Contains("a number within the range of float64 is expected"));
  CHECK(read("x\n1\n1e-400\n").values.to_vector<double>() == Doubles{1, 0});
  CHECK_THROWS_WITH(read("x\n1\n", {.dtype = DType::int64}),
                    Contains("dtype must be float32 or float64, which have a nan"));
}

TEST_CASE("what is no table is told with its place", "[data][table]") {
  CHECK(problem_of("") == "table.csv:1:1: a table is expected, but the file is empty.");
  CHECK(problem_of("2,1,a,b\n", {.header = Header::counts}) ==
        "table.csv:2:1: a row is expected after the header, but the file ends here.");
  CHECK(problem_of("a,b\n1,2\n3\n") ==
        "table.csv:3:2: a row must have 2 columns as line 1 tells, but this one has 1. If the last fields of a row may "
        "be "
        "left out, put the delimiters there that are missing.");
  CHECK_THAT(problem_of("a,b\n1,2\n3,4,5\n"), Contains("table.csv:3:5: a row must have 2 columns"));
  CHECK_THAT(problem_of("a,b\n\"1\"2,3\n"), Contains("a delimiter must follow the closing quote"));
  CHECK_THAT(problem_of(std::string_view("\xFF\xFE\x31\0\n\0", 6)), Contains("the file is in UTF-16"));
  CHECK_THAT(problem_of("a,b\n1,\"x\ny\xE9\"\n"),
             Contains("table.csv:3:2: text in UTF-8 is expected, but here is the byte \\xe9"));
  CHECK_THAT(problem_of("a,pr\xE9nom\n1,x\n"), Contains("table.csv:1:5: text in UTF-8 is expected"));
  CHECK(problem_of("3,1,a,b\n1,0\n2,1\n", {.header = Header::counts}) ==
        "table.csv:4:1: 3 rows are expected, as line 1 tells, but the file has 2.");
  CHECK_THAT(problem_of("5,2000000000,a,b\n1,2,3\n", {.header = Header::counts}),
             Contains("table.csv:2:6: a row must have 2000000001 columns as line 1 tells, but this one has 3."));
  CHECK_THAT(problem_of("a,b\n1,2\n", {.header = Header::counts}), Contains("numbers of rows and features"));
  CHECK_THROWS_AS(data::read_table("no/such/file.csv"), data::FileError);
}

TEST_CASE("options of read_table that cannot be", "[data][table]") {
  CHECK_THROWS_WITH(read("1\n", {.delimiter = '.'}), Contains("the delimiter must not be"));
  CHECK_THROWS_WITH(read("1\n", {.delimiter = ',', .decimal = ','}), Contains("must be different, but two are ','."));
  CHECK_THROWS_WITH(read("1\n", {.decimal = ';'}), Contains("the decimal sign must be '.' or ',', but it is ';'."));
  CHECK_THROWS_WITH(read("1\n", {.thousands = 'x'}), Contains("thousands must be"));
  CHECK_THROWS_WITH(read("1\n", {.skip_lines = -1}), Contains("skip_lines must be at least 0, but it is -1."));
  CHECK_THROWS_WITH(data::read_csv("x", {.header = Header::find}), Contains("read_table() finds it."));
}

TEST_CASE("read_csv leaves out comments and lines, and answers by name", "[data][table]") {
  TemporaryFile file("table.csv", "one\n# two\na,b,c\n1,x,3\n4,y,6\n");
  const Table table =
      data::read_csv(file.path(), {.header = Header::names, .text_columns = {1}, .comment = '#', .skip_lines = 1});
  CHECK(table["c"].values.to_vector<int>() == std::vector<int>{3, 6});
  CHECK(table["b"].text == Strings{"x", "y"});
  CHECK(table.pick({"c"}).values.shape() == Shape{2, 1});
}

TEST_CASE("a header without rows is a table without rows", "[data][table]") {
  for (const char* text : {"a,b", "a,b\n", "a;b\n\n", "\"a\"\t\"b\"\r\n"}) {
    const Table table = read(text);
    CHECK(table.columns == Strings{"a", "b"});
    CHECK(table.rows() == 0);
    CHECK(kinds_of(table) == "nn");
    CHECK(table.values.shape() == Shape{0, 2});
  }
  const Table table = read("a,b\n", {.kinds = {{"b", Kind::text}}});
  CHECK(kinds_of(table) == "nt");
  CHECK(table["b"].text.empty());
  CHECK(read("1,2\n", {.header = Header::names}).rows() == 0);
  CHECK(read("1,2\n").rows() == 1);
  CHECK(read("first name\n", {.header = Header::names}).rows() == 0);
  CHECK_THAT(problem_of("low e 0 -121.9 f\n"), Contains("a row is expected after the header, but the file ends here."));
}

TEST_CASE("blanks are no delimiter where another one divides every line", "[data][table]") {
  for (const char delimiter : {'\t', ';', ',', '|'}) {
    auto with = [&](std::string text) {
      for (char& c : text)
        if (c == '~') c = delimiter;
      return text;
    };
    INFO(delimiter);
    const Table people = read(with("annee~population\n1990~56 577\n1991~56 840\n"));
    CHECK(people.columns == Strings{"annee", "population"});
    CHECK(people["population"].text == Strings{"56 577", "56 840"});
    CHECK(numbers(read(with("annee~population\n1990~56 577\n1991~56 840\n"), {.thousands = ' '}), "population") ==
          Doubles{56577, 56840});
    CHECK(read(with("id~point\n1~12.5 13.5\n2~11.5 10.5\n")).columns == Strings{"id", "point"});
    CHECK(read(with("1~12.5 13.5\n2~11.5 10.5\n")).size() == 2);
    CHECK(read(with("when~v\n2020 01 01~5\n2020 01 02~6\n")).columns == Strings{"when", "v"});
  }
  CHECK(numbers(read("annee\tpopulation\n1990\t56 577,5\n", {.decimal = ',', .thousands = ' '}), "population") ==
        Doubles{56577.5});
  CHECK(numbers(read("annee;population\n1990;1 056 577\n", {.thousands = ' '}), "population") == Doubles{1056577});
  CHECK(numbers(read("a\n1 234\n5 678\n", {.thousands = ' '}), "a") == Doubles{1234, 5678});
  const Table times = read("Date, time\tA\tB\tC\n2020-01-01 12:00\t5\t6\t7\n");
  CHECK(times.columns == Strings{"Date, time", "A", "B", "C"});
  CHECK(kinds_of(times) == "dnnn");
  CHECK(read("Price, EUR\tSex\n1\t2\n").columns == Strings{"Price, EUR", "Sex"});
  CHECK(read("x; y\tz\n1\t2\n3\t4\n").columns == Strings{"x; y", "z"});
  CHECK(read("Price, EUR|Weight, kg|n\n5|6|1\n7|8|2\n").size() == 3);
}

TEST_CASE("blanks delimit text where each line has as many fields, and one is of numbers alone", "[data][table]") {
  const Table german = read("A11 6 A34 A43 1169 A65\nA12 48 A32 A43 5951 A61\nA14 12 A34 A46 2096 A61\n");
  CHECK(kinds_of(german) == "tnttnt");
  CHECK(german.rows() == 3);
  CHECK(read("text\nto be or\nnot to be\n").size() == 1);
  CHECK(read("one two three\nfour five six\n").size() == 1);
  CHECK(read("name      age  city\nBob Smith  12  New York\nAnn        5   Rome\n").size() == 1);
}

TEST_CASE("numbers may name columns", "[data][table]") {
  CHECK(read("country,continent,1952,1957,1962\nAlbania,Europe,1282697,1476505,1728137\n").columns ==
        Strings{"country", "continent", "1952", "1957", "1962"});
  CHECK(read("year,1990,2000,2010\nx,1,2,3\ny,4,5,6\n").columns == Strings{"year", "1990", "2000", "2010"});
  CHECK(read("country,1990,2000\nx,1,2\ny,4,5\n").columns == Strings{"country", "1990", "2000"});
  CHECK(read("country,2019,2020\nUS,1777,1767\nDE,1386,1332\n").rows() == 2);  // hours
  CHECK(read("wavelength,400,405,410\ns1,0.1,0.2,0.3\ns2,0.2,0.3,0.4\n").columns ==
        Strings{"wavelength", "400", "405", "410"});
  CHECK(read("x,1,2,3\n0.1,5,6,7\n0.2,8,9,10\n").columns == Strings{"x", "1", "2", "3"});
  CHECK(read(",0,1,2\n0,0.5,1.5,2.5\n1,0.25,3.5,4.5\n").columns == Strings{"column 1", "0", "1", "2"});
  CHECK(read(",0,1\na,5,6\nb,7,9\n").columns == Strings{"column 1", "0", "1"});
  CHECK(read("0,1,2,3,4\n5.1,3.5,1.4,0.2,0\n4.9,3.0,1.4,0.2,0\n").columns == Strings{"0", "1", "2", "3", "4"});
  CHECK(read("0,1,2,target\n0.5,1.5,2.5,7\n0.25,3.5,4.5,8\n").columns == Strings{"0", "1", "2", "target"});
  CHECK(read("0,1,2,species\n0.5,1.5,2.5,setosa\n0.25,3.5,4.5,virginica\n").columns ==
        Strings{"0", "1", "2", "species"});

  // Rows that resemble such names.
  for (const char* text :
       {"0,1,2\n3,4,5\n6,7,8\n", "1,2,3\n4,5,6\n7,8,9\n", "a,1,2,3\nb,4,5,6\nc,7,8,9\n",
        "Bach,1685,1750\nMozart,1756,1791\nVerdi,1813,1901\n", "Ford,1999,2010\nFiat,1998,1200\nOpel,2001,1600\n",
        ",1,2,3\n5,2,3,4\n6,3,4,5\n", "0,1,2,3\n0,2,1,3\n3,2,1,0\n", "M,400,405,410\nF,401,405,412\nM,399,404,409\n",
        "0.0,1.0,2.0\n0.1,1.1,2.2\n0.2,1.3,2.4\n", "u,1,2,3\nv,0.5,2,3.5\nu,1,2.5,3\n"}) {
    INFO(text);
    CHECK(read(text).rows() == 3);
  }
  std::string table = "1,2,3,abc\n";
  for (int i = 0; i < 20; ++i) table += "7,5,3,1\n";
  CHECK(read(table).columns == Strings{"1", "2", "3", "abc"});
  table = "1,5,2,abc\n" + table.substr(10);
  CHECK_THAT(problem_of(table),
             Contains("table.csv:1:7: column 4 (column 4): a number is expected, but it is 'abc'.") &&
                 Contains("If this line names the columns, read with {.header = Header::names}."));
}

TEST_CASE("lines above the header", "[data][table]") {
  for (const char* text : {"sep=;\na;b,c\n1;2\n", "\"sep=;\"\r\na;b,c\r\n1;2\r\n", "\xEF\xBB\xBFSEP=;\na;b,c\n1;2\n"}) {
    CHECK(read(text).columns == Strings{"a", "b,c"});
    CHECK(read(text).values.to_vector<double>() == Doubles{1, 2});
    CHECK(read(text, {.delimiter = ';'}).columns == Strings{"a", "b,c"});
  }
  CHECK(read("sep=\t\na b\tc\nx\t2\n").columns == Strings{"a b", "c"});
  CHECK(read("sep=;\n1;2\n3;4\n").values.shape() == Shape{2, 2});
  CHECK(read("sep=x\n1\n2\n").columns == Strings{"sep=x"});  // a name
  CHECK(
      problem_of("My table,,\na,b,c\n1,2,3\n4,5,6\n") ==
      "table.csv:1:1: a line that names the columns is expected, but most of its fields are empty. If the table begins "
      "at line 2, say how many lines to skip: {.skip_lines = 1}.");
  CHECK(read("My table,,\na,b,c\n1,2,3\n", {.skip_lines = 1}).columns == Strings{"a", "b", "c"});
  CHECK(read("My table,,\na,b,c\n1,2,3\n", {.header = Header::names}).rows() == 2);
  CHECK(read("name,,\nx,y,z\nu,v,w\n").columns == Strings{"name", "column 2", "column 3"});
}

TEST_CASE("a missing word that is a number is so by its value in columns of numbers", "[data][table]") {
  CHECK(same(read("x,y\n-999.0,1\n1,-999\n-9.99e2,2\n", {.missing_words = {"-999"}}).values.to_vector<double>(),
             {kNan, 1, 1, kNan, kNan, 2}));
  CHECK(same(numbers(read("x;y\n-200,0;1\n1,5;2\n", {.missing_words = {"-200"}, .decimal = ','}), "x"), {kNan, 1.5}));
  CHECK(same(numbers(read("x;y\n-200;1\n1,5;2\n", {.missing_words = {"-200.0"}, .decimal = ','}), "x"), {kNan, 1.5}));
  CHECK(read("x\n-999.0\na\n-999\n", {.missing_words = {"-999"}})["x"].text == Strings{"-999.0", "a", ""});
  CHECK_THAT(problem_of("x,y\n1,1\n-999.0,2\n", {.missing = Missing::error, .missing_words = {"-999"}}),
             Contains("table.csv:3:1: column 1 (x): a number is expected, but it is '-999.0'."));
}

TEST_CASE("a last column of words for missing values is one", "[data][table]") {
  CHECK(read("1,2,?\n3,4,?\n").size() == 3);
  CHECK(read("1,2,NA\n3,4,NA\n").size() == 3);
  CHECK(read("1,2,\"\"\n3,4,\"\"\n").size() == 3);
  CHECK(read("1,2,\n3,4,\n").size() == 2);
}

TEST_CASE("names of rows are no two the same", "[data][table]") {
  const std::string hint = "If commas stand within numbers like 3,14 or 1,234, another character must delimit";
  CHECK_THAT(
      problem_of("x,y\n1,5,2\n2,5,3\n2,5,4\n"),
      Contains("table.csv:2:5: a row must have 2 columns as line 1 tells, but this one has 3.") && Contains(hint));
  CHECK_THAT(problem_of("item,price,qty\n\"a\",1,234,5\n\"a\",2,345,6\n"), Contains(hint));
  CHECK(read("x,y\n1,5,2\n2,5,3\n3,5,4\n").columns == Strings{"row", "x", "y"});
}

TEST_CASE("numbers padded within quotes", "[data][table]") {
  const Table table = read("\"a\",\"b\",\"c\"\n\" 5\",\" x\",\" NA \"\n\"17 \",\" y\",\"\t-1.5\"\n");
  CHECK(kinds_of(table) == "ntn");
  CHECK(numbers(table, "a") == Doubles{5, 17});
  CHECK(table["b"].text == Strings{" x", " y"});
  CHECK(same(numbers(table, "c"), {kNan, -1.5}));
  CHECK(read("z,n\n\" 007\",1\n\" 9\",2\n")["z"].text == Strings{" 007", " 9"});  // codes are text as it stands
}

TEST_CASE("messages name a cure", "[data][table]") {
  const std::string quotes = "If quotes are part of the text, read with {.quote = '\\0'}.";
  const std::string sms = "ham\tGo until jurong, crazy.. now\nspam\tFree, win \"FA Cup\"\nham\t\"I am ok, said he\n";
  CHECK_THAT(problem_of(sms), Contains("table.csv:3:5: a quote must be closed") && Contains(quotes));
  CHECK(read(sms, {.header = Header::none, .quote = '\0'}).values.shape() == Shape{3, 0});
  CHECK_THAT(problem_of("a,b\n\"x\" y,1\nz,2\n"),
             Contains("a delimiter must follow the closing quote") && Contains(quotes));
  CHECK_THAT(problem_of("id,text\n1,\"He said \\\"hi\\\", ok\"\n"),
             Contains(R"(If \" stands for a quote within quotes, write it twice: sed 's/\\"/""/g'.)"));
  CHECK_THAT(problem_of("x\n1\n1e400\n"), Contains("add it to .missing_words; to keep the column as text: .kinds ="));
  std::string rows, bits = "a,b\n";
  for (int i = 0; i < 30; ++i) rows += "1,2\n";
  for (int i = 0; i < 30; ++i) bits += "1,2\n";
  CHECK_THAT(problem_of("time,speed\ns,m/s\n" + rows),
             Contains("If line 2 tells units rather than values, read with {.header = Header::none, .names = {...}, "
                      ".skip_lines = 2}."));
  CHECK(read("time,speed\ns,m/s\n" + rows, {.header = Header::none, .names = {"t", "v"}, .skip_lines = 2}).rows() ==
        30);
  CHECK_THAT(problem_of("a,b\n" + rows + "Source: World Bank\n"),
             Contains("If the table ends before line 32, take what follows out of the file first."));
  CHECK_THAT(problem_of("a,b,c\n1,2,3\n4,5\n"), Contains("put the delimiters there that are missing."));
  CHECK_THAT(problem_of(bits + "True,3\n"), Contains(".kinds = {{\"a\", Kind::boolean}}."));
  CHECK_THAT(problem_of("\"a\n\x1b[2J\",b\n" + rows + "x,1\n"), Contains("column 1 (a\\x0a\\x1b[2J)"));
}

TEST_CASE("files of other kinds are told by their first bytes", "[data][table]") {
  using namespace std::string_literals;
  auto zeros = std::string(50, '\0');
  CHECK(problem_of("PK\x03\x04" + zeros) ==
        "table.csv: a table of text is expected, but the file is a zip archive, as .zip and .xlsx are. Unpack it, or "
        "save "
        "the sheet as CSV.");
  CHECK_THAT(problem_of("BZh91AY&SYabc\n"), Contains("compressed by bzip2."));
  CHECK_THAT(problem_of("\xfd"
                        "7zXZ\0"s +
                        zeros),
             Contains("compressed by xz."));
  CHECK_THAT(problem_of("\x28\xb5\x2f\xfd" + zeros), Contains("compressed by zstd."));
  CHECK_THAT(problem_of("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + zeros), Contains("as .xls is."));
  CHECK(problem_of("a,b\n1,\0002\n"s) ==
        "table.csv:2:3: text is expected, but here is a NUL byte: the file is damaged, or of another kind than text.");
  CHECK(read("BZh,b\n1,2\n").columns == Strings{"BZh", "b"});
  TemporaryFile zip("table.csv", "PK\x03\x04" + zeros);
  CHECK_THROWS_WITH(data::read_csv(zip.path()), Contains("the file is a zip archive"));
}

TEST_CASE("what numbers in other notations are is told", "[data][table]") {
  auto hint = [](const std::string& field, TableOptions options = {}) {
    std::string text = "x;y\n";
    for (int i = 0; i < 9; ++i) text += "1;2\n";
    options.delimiter = ';';
    return problem_of(text + field + ";2\n", options);
  };
  CHECK_THAT(hint("12,5 \u20ac"), Contains("Signs of currency") && Contains("{.decimal = ','}."));
  CHECK_THAT(hint("12.5 \u20ac"), Contains("Signs of currency") && !Contains(".decimal"));
  for (const char* field : {"1\u00a0234", "1\u202f234", "\u00a05"})
    CHECK_THAT(hint(field), Contains("Blanks that do not break (U+00A0, U+202F)") && Contains("{.thousands = ' '}."));
  CHECK_THAT(hint("(100)"), Contains("write -100 for (100)"));
  CHECK_THAT(hint("1'234.5"), Contains(R"(are read with {.thousands = '\''}.)"));
  CHECK_THAT(hint("1 234"), Contains("are read with {.thousands = ' '}."));
  CHECK_THAT(hint("1_234"), Contains("are read with {.thousands = '_'}."));
  CHECK_THAT(hint("12,34,567"), Contains("take the commas out of the file first."));
  CHECK_THAT(hint("\u22125"), Contains("(U+2212)"));
  CHECK_THAT(hint("1,23", {.thousands = ','}), Contains("read with {.decimal = ',', .thousands = '\\0'}."));
  CHECK(numbers(read("x;y\n1,23;2\n", {.delimiter = ';', .decimal = ',', .thousands = '\0'}), "x") == Doubles{1.23});
}

TEST_CASE("files that are nearly tables are read or refused", "[data][table]") {
  const std::vector<std::string> seeds = {
      "name,age,born\nAnn,34,1990-02-01\n\"Bob, Jr.\",,1957-12-31\n\"two\nlines\",?,\n",
      "a;b;c;;\n1.234,5;True;x;;\n2;False;y;;\n",
      "18.0   8   307.0\t\"chevrolet chevelle malibu\"\n25.0   4   98.00\t\"ford pinto\"\n",
      "3,1,no,yes\n0.5,0\n1.5,1\n2.5,0\n", "# made by hand\nx|y\n1|nan\n9007199254740993|inf\n1e400|-\n"};
  constexpr std::string_view kBytes = ",;\t| \"'\n\r.-+0123456789eEnaNA?#TF/:\xef\xbb\xbf\xff\\";
  std::mt19937_64 random(1);
  int read_count = 0, refused = 0;
  for (int i = 0; i < 600; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (std::uint64_t edits = random() % 8; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = kBytes[random() % kBytes.size()];
          break;
        case 1:
          text.insert(at, 1, kBytes[random() % kBytes.size()]);
          break;
        case 2:
          text.erase(at, 1 + random() % 5);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
      }
    }
    TableOptions options;
    if (random() % 4 == 0) options.comment = '#';
    if (random() % 4 == 0) options.decimal = ',';
    if (random() % 4 == 0) options.header = static_cast<Header>(random() % 4);
    if (random() % 4 == 0) options.missing = Missing::error;
    INFO(text);
    try {
      const Table table = read(text, options);
      ++read_count;
      CHECK(table.columns.size() == table.kinds.size());
      for (std::int64_t c = 0; c < table.size(); ++c) CHECK(table[c].size() == table.rows());
    } catch (const data::FileError&) {
      ++refused;
    }
  }
  CHECK(read_count > 100);
  CHECK(refused > 100);
}

TEST_CASE("the shared tables are read without options", "[data][table]") {
  const std::string shared = testing::source_dir() + "/../shared/data/",
                    own = testing::source_dir() + "/examples/data/";
  CHECK(data::read_table(own + "iris.csv").class_names.size() == 3);
  CHECK(data::read_table(own + "wine_data.csv").values.shape() == Shape{178, 14});
  CHECK(data::read_table(own + "breast_cancer.csv").values.shape() == Shape{569, 31});
  CHECK(data::read_table(own + "digits.csv.gz").values.shape() == Shape{1797, 65});
  CHECK(data::read_table(own + "diabetes_data_raw.csv.gz").values.shape() == Shape{442, 10});
  CHECK(data::read_table(own + "diabetes_target.csv.gz").values.shape() == Shape{442, 1});
  const Table titanic = data::read_table(own + "titanic.csv");
  CHECK(kinds_of(titanic) == "nntnnnntttbtttb");
  CHECK(sum(cast(titanic["age"].missing(), DType::int64)).item<int>() == 177);
  CHECK(sum(cast(titanic["deck"].missing(), DType::int64)).item<int>() == 688);
  if (!std::filesystem::exists(shared + "penguins.csv")) {
    WARN("skipped: ../shared/data does not exist");
    return;
  }
  const Table penguins = data::read_table(shared + "penguins.csv");
  CHECK(kinds_of(penguins) == "ttnnnnt");
  CHECK(penguins.rows() == 344);
  const Table mpg = data::read_table(shared + "mpg.csv");
  CHECK(kinds_of(mpg) == "nnnnnnntt");
  CHECK(sum(cast(mpg["horsepower"].missing(), DType::int64)).item<int>() == 6);
}
