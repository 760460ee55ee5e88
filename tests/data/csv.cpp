#include <xgrad/data/csv.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"
#include "temporary_file.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::CsvOptions;
using data::Header;
using data::read_csv;

namespace {

const std::string kExamples = testing::source_dir() + "/examples/data/";

// gzip of "1,2\n3,4\n5,6\n".
constexpr std::string_view kZipped(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\xd4\x31\xe2\x32\xd6\x31\xe1\x32\xd5\x31\xe3\x02\x00\x9f\xec"
    "\x98\xc8\x0c"
    "\x00\x00\x00",
    32);

data::Table read_text(std::string_view text, const CsvOptions& options = {}) {
  TemporaryFile file("table.csv", text);
  return read_csv(file.path(), options);
}

std::vector<double> values_of(std::string_view text, const CsvOptions& options = {}) {
  return read_text(text, options).values.to_vector<double>();
}

/// The message without the folder, the process's number, and the line of this file at its end.
std::string problem_of(std::string_view text, const CsvOptions& options = {}) {
  try {
    read_text(text, options);
  } catch (const data::FileError& error) {
    const std::string message = error.what();
    const std::size_t begin = message.find("table.csv"), end = message.rfind(" at csv.cpp:");
    REQUIRE(end != message.npos);
    return message.substr(begin, end - begin);
  }
  return "no error";
}

}  // namespace

TEST_CASE("a table without header", "[data][csv]") {
  data::Table table = read_text("1,2.5,-3e2\n4,5,.5\n");
  CHECK(table.values.shape() == Shape{2, 3});
  CHECK(table.values.dtype() == DType::float32);
  CHECK(table.values.to_vector<double>() == std::vector<double>{1, 2.5, -300, 4, 5, 0.5});
  CHECK(table.columns.empty());
}

TEST_CASE("a table with the columns' names", "[data][csv]") {
  data::Table table = read_text("a, \"b, c\",\"say \"\"d\"\"\"\n1,2,3\n", {.header = Header::names});
  CHECK(table.columns == std::vector<std::string>{"a", "b, c", "say \"d\""});
  CHECK(table.values.shape() == Shape{1, 3});
}

TEST_CASE("a table with scikit-learn's header", "[data][csv]") {
  data::Table table = read_text("2,1,no,yes\n0.5,0\n1.5,1\n", {.header = Header::counts});
  CHECK(table.class_names == std::vector<std::string>{"no", "yes"});
  CHECK(table.values.to_vector<double>() == std::vector<double>{0.5, 0, 1.5, 1});
}

TEST_CASE("dtypes of a table", "[data][csv]") {
  CHECK(read_text("1,2\n", {.dtype = DType::float64}).values.dtype() == DType::float64);
  CHECK(values_of("0.1\n", {.dtype = DType::float64}) == std::vector<double>{0.1});
  Tensor integers = read_text("9007199254740993,-5\n", {.dtype = DType::int64}).values;
  CHECK(integers.to_vector<std::int64_t>() == std::vector<std::int64_t>{9007199254740993, -5});
  CHECK_THROWS_AS(read_text("1\n", {.dtype = DType::boolean}), std::invalid_argument);
}

TEST_CASE("runs of blanks delimit where a blank is the delimiter", "[data][csv]") {
  CHECK(values_of("  1   2\t3 \n4 5 6\n", {.delimiter = ' '}) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("other delimiters, padding, signs, ends of lines", "[data][csv]") {
  CHECK(values_of("1;2\n", {.delimiter = ';'}) == std::vector<double>{1, 2});
  CHECK(values_of("1\t 2\n", {.delimiter = '\t'}) == std::vector<double>{1, 2});
  CHECK(values_of(" 1 , +2 ,\"3\"\n") == std::vector<double>{1, 2, 3});
  CHECK(values_of("1,2\r\n\r\n3,4\r\n") == std::vector<double>{1, 2, 3, 4});
  CHECK(values_of("\n\n1,2\n  \n3,4") == std::vector<double>{1, 2, 3, 4});
  CHECK(values_of("\xEF\xBB\xBF"
                  "1,2\n") == std::vector<double>{1, 2});
}

TEST_CASE("nan and infinity are numbers", "[data][csv]") {
  std::vector<double> values = values_of("nan,inf,-inf\n");
  CHECK(std::isnan(values[0]));
  CHECK(std::isinf(values[1]));
  CHECK(values[2] < 0);
}

TEST_CASE("columns kept as text", "[data][csv]") {
  data::Table table = read_text("5.1,Iris-setosa,x\n4.9,\"Iris, other\",y\n", {.text_columns = {-1, 1}});
  CHECK(table.values.shape() == Shape{2, 1});
  CHECK(table.text[0] == std::vector<std::string>{"x", "y"});
  CHECK(table.text[1] == std::vector<std::string>{"Iris-setosa", "Iris, other"});
  CHECK_THROWS_AS(read_text("1,2\n", {.text_columns = {2}}), std::out_of_range);
  CHECK_THROWS_WITH(read_text("1,2\n", {.text_columns = {1, -1}}),
                    Contains("text_columns must name a column once, but column -1 is named twice."));
}

TEST_CASE("gzip is seen by its first bytes", "[data][csv]") {
  CHECK(values_of(kZipped) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("the examples' tables can be read", "[data][csv]") {
  CHECK(read_csv(kExamples + "digits.csv.gz").values.shape() == Shape{1797, 65});
  CHECK(read_csv(kExamples + "diabetes_data_raw.csv.gz", {.delimiter = ' '}).values.shape() == Shape{442, 10});
  CHECK(read_csv(kExamples + "diabetes_target.csv.gz").values.shape() == Shape{442, 1});
  data::Table iris = read_csv(kExamples + "iris.csv", {.header = Header::counts});
  CHECK(iris.values.shape() == Shape{150, 5});
  CHECK(iris.class_names == std::vector<std::string>{"setosa", "versicolor", "virginica"});
  CHECK(read_csv(kExamples + "wine_data.csv", {.header = Header::counts}).values.shape() == Shape{178, 14});
  CHECK(read_csv(kExamples + "breast_cancer.csv", {.header = Header::counts}).values.shape() == Shape{569, 31});
}

TEST_CASE("a malformed number is named with its place", "[data][csv]") {
  CHECK(problem_of("1,2\n3,abc\n") == "table.csv:2:3: column 2: a number is expected, but it is 'abc'.");
  CHECK(problem_of("1,2\n\n30, 4x\n") == "table.csv:3:5: column 2: a number is expected, but it is '4x'.");
  CHECK(problem_of("1,,3\n") == "table.csv:1:3: column 2: a number is expected, but the field is empty.");
  CHECK(problem_of("1,2,\n") == "table.csv:1:5: column 3: a number is expected, but the field is empty.");
  CHECK(problem_of("1.5\n", {.dtype = DType::int64}) ==
        "table.csv:1:1: column 1: an integer is expected, but it is '1.5'.");
  CHECK(problem_of("1\n1e400\n") ==
        "table.csv:2:1: column 1: a number within the range of float32 is expected, but it is '1e400'.");
  CHECK(problem_of("1e39\n") ==
        "table.csv:1:1: column 1: a number within the range of float32 is expected, but it is '1e39'.");
  CHECK(problem_of("1e39\n", {.dtype = DType::float64}) == "no error");
  CHECK(problem_of("+,2\n") == "table.csv:1:1: column 1: a number is expected, but it is '+'.");
  CHECK(problem_of("1e999x\n") == "table.csv:1:1: column 1: a number is expected, but it is '1e999x'.");
  CHECK(problem_of({"1,2\0003\n", 6}) == R"(table.csv:1:3: column 2: a number is expected, but it is '2\x003'.)");
}

TEST_CASE("a number too small for the dtype is 0 or denormal", "[data][csv]") {
  for (DType dtype : {DType::float32, DType::float64})
    CHECK(values_of("1e-400,-1e-5000,0.001e-350\n", {.dtype = dtype}) == std::vector<double>{0, 0, 0});
  CHECK(values_of("1e-50\n") == std::vector<double>{0});
  CHECK(values_of("5e-324,+1e-310\n", {.dtype = DType::float64}) == std::vector<double>{5e-324, 1e-310});
  std::string digits(400, '0');
  CHECK(values_of("0." + digits + "1\n", {.dtype = DType::float64}) == std::vector<double>{0});
  CHECK(values_of("0." + digits + "1e401\n", {.dtype = DType::float64}) == std::vector<double>{1});
  CHECK_THAT(problem_of("1" + digits + "\n", {.dtype = DType::float64}),
             Contains("a number within the range of float64 is expected"));
  CHECK_THAT(problem_of("-1e400\n", {.dtype = DType::float64}),
             Contains("a number within the range of float64 is expected"));
}

TEST_CASE("a delimiter that is part of numbers, a quote or an end of line is refused", "[data][csv]") {
  using namespace std::string_view_literals;
  for (char delimiter : ".+-059eE\"\n\r\0"sv)
    CHECK_THROWS_AS(read_text("1\n", {.delimiter = delimiter}), std::invalid_argument);
  CHECK_THROWS_WITH(read_text("1\n", {.delimiter = '.'}),
                    Contains("part of numbers, but it is '.'") && Contains("csv.cpp"));
  CHECK_THROWS_WITH(read_text("1\n", {.delimiter = '\0'}), Contains(R"(but it is '\x00')"));
}

TEST_CASE("names where numbers are expected: the message tells of the header option", "[data][csv]") {
  CHECK_THAT(problem_of("a,b\n1,2\n"), Contains("table.csv:1:1") && Contains("{.header = Header::names}"));
}

TEST_CASE("rows of different lengths are named with their place", "[data][csv]") {
  CHECK(problem_of("1,2,3\n4,5\n") == "table.csv:2:4: a row must have 3 columns as line 1 tells, but this one has 2.");
  CHECK(problem_of("1,.5\n3,4,5\n") == "table.csv:2:5: a row must have 2 columns as line 1 tells, but this one has 3.");
  CHECK_THAT(problem_of("a,b\n1\n", {.header = Header::names}), Contains("table.csv:2:2"));
  CHECK_THAT(problem_of("1,2,x,y\n1,2\n", {.header = Header::counts}), Contains("must have 3 columns as line 1"));
}

TEST_CASE("empty files, and headers without rows", "[data][csv]") {
  CHECK(problem_of("") == "table.csv:1:1: a table is expected, but the file is empty.");
  CHECK_THAT(problem_of("\n\n"), Contains("the file is empty"));
  CHECK(problem_of("a,b\n", {.header = Header::names}) ==
        "table.csv:2:1: a row is expected after the header, but the file ends here.");
}

TEST_CASE("a header that does not fit its table", "[data][csv]") {
  CHECK(problem_of("3,1,a,b\n1,0\n2,1\n", {.header = Header::counts}) ==
        "table.csv:4:1: 3 rows are expected, as line 1 tells, but the file has 2.");
  CHECK_THAT(problem_of("rows,1\n1,0\n", {.header = Header::counts}), Contains("1:1") && Contains("'rows'"));
  CHECK_THAT(problem_of("3\n1,0\n", {.header = Header::counts}), Contains("numbers of rows and features"));
  CHECK_THAT(problem_of("-3,1\n1,0\n", {.header = Header::counts}), Contains("at least 0"));
  // What a header tells must not be taken for memory.
  CHECK(problem_of("5,2000000000,a,b\n1,2,3\n", {.header = Header::counts}) ==
        "table.csv:2:6: a row must have 2000000001 columns as line 1 tells, but this one has 3.");
  for (const char* features : {"2147483647", "999999999999999", "9223372036854775807"})
    CHECK(problem_of("5," + std::string(features) + ",a,b\n1,2,3\n", {.header = Header::counts}) ==
          "table.csv:1:3: the header's number of features must be at most 2147483646, but it is " +
              std::string(features) + '.');
  CHECK(read_text("0,2000000000\n", {.header = Header::counts}).values.shape() == Shape{0, 2000000001});
}

TEST_CASE("quotes that do not fit", "[data][csv]") {
  CHECK(problem_of("1,\"2\n") ==
        "table.csv:1:3: a quote must be closed in its line, but the one that opens here is not.");
  CHECK(problem_of("\"1\"2,3\n") == "table.csv:1:4: a delimiter must follow the closing quote, but it does not.");
}

TEST_CASE("a truncated gzip stream is told wherever it ends", "[data][csv]") {
  for (std::size_t size = 2; size < kZipped.size(); ++size) {
    INFO(size << " of " << kZipped.size() << " bytes");
    CHECK(problem_of(kZipped.substr(0, size)) != "no error");
  }
  CHECK_THAT(problem_of(kZipped.substr(0, 26)), Contains("table.csv:4:1: the gzip stream is truncated"));

  std::string digits = example_bytes("digits.csv.gz");
  REQUIRE(digits.size() > 50000);
  CHECK_THAT(problem_of(digits.substr(0, digits.size() / 2)), Contains("the gzip stream is truncated"));
}

TEST_CASE("a damaged gzip stream is told", "[data][csv]") {
  std::string damaged(kZipped);
  damaged[25] ^= 1;  // the checksum
  CHECK_THAT(problem_of(damaged), Contains("the gzip stream is damaged"));
}

TEST_CASE("files that cannot be read", "[data][csv]") {
  CHECK_THROWS_WITH(read_csv("no/such/file.csv"),
                    Contains("no/such/file.csv: the file cannot be opened") && Contains("No such file"));
  CHECK_THROWS_AS(read_csv(kExamples), data::FileError);
  const std::string long_name(5000, 'a');
  try {
    read_csv(long_name);
    FAIL("no error");
  } catch (const data::FileError& error) {
    CHECK(error.file() == long_name);
    CHECK(std::string(error.what()).size() < 600);
    CHECK_THAT(error.what(), Contains("the file cannot be opened: ") && Contains(" at csv.cpp:"));
  }
  CHECK_THROWS_AS(read_csv("no/such/file.csv"), std::runtime_error);
}

TEST_CASE("the error carries file, line and column", "[data][csv]") {
  TemporaryFile file("place.csv", "1,2\n3,?\n");
  try {
    read_csv(file.path());
    FAIL("no error");
  } catch (const data::FileError& error) {
    CHECK(error.file() == file.path());
    CHECK(error.line() == 2);
    CHECK(error.column() == 3);
  }
}

TEST_CASE("the largest float is a float, however it is written", "[csv]") {
  data::Table table = read_text("3.4028235e+38,-3.40282347e+38\n");
  CHECK(table.values.to_vector<float>() ==
        std::vector<float>{std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()});
}

TEST_CASE("a line of delimiters alone is a row, of tabs as of commas", "[data][csv]") {
  CHECK(problem_of("1,2\n,\n") == "table.csv:2:1: column 1: a number is expected, but the field is empty.");
  CHECK(problem_of("1\t2\n\t\n", {.delimiter = '\t'}) ==
        "table.csv:2:1: column 1: a number is expected, but the field is empty.");
  for (char delimiter : {',', '\t', ';'}) {
    std::string text = "a,b\n,\n  \nc,d\n";
    std::replace(text.begin(), text.end(), ',', delimiter);
    data::Table table = read_text(text, {.delimiter = delimiter, .text_columns = {0, 1}});
    CHECK(table.text[0] == std::vector<std::string>{"a", "", "c"});
    CHECK(table.text[1] == std::vector<std::string>{"b", "", "d"});
  }
  CHECK(values_of("1 2\n\t \n3 4\n", {.delimiter = ' '}) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("gzip of several members is one table, and may end in zeros", "[data][csv]") {
  const std::string one(kZipped);
  CHECK(values_of(one + one) == std::vector<double>{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  CHECK(values_of(one + std::string(1000, '\0')) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(values_of(one + one + std::string(300000, '\0')).size() == 12);
}

TEST_CASE("bytes after the last member of a gzip stream are told", "[data][csv]") {
  const std::string one(kZipped);
  for (const std::string& rest : {std::string("7,8\n"), std::string(1, '\x1f'), std::string("\x1f\x8c\x08", 3),
                                  std::string("\0\0x", 3), std::string("\0\0", 2) + one})
    CHECK(problem_of(one + rest) == "table.csv:4:1: the gzip stream ends, but other bytes follow.");
  std::string damaged = one;
  damaged[25] ^= 1;
  CHECK_THAT(problem_of(one + damaged), Contains("the gzip stream is damaged (incorrect data check)."));
  damaged = one;
  damaged[2] = 9;
  CHECK_THAT(problem_of(one + damaged), Contains("table.csv:4:1: the gzip stream is damaged"));
  for (std::size_t size = 2; size < one.size(); ++size)
    CHECK_THAT(problem_of(one + one.substr(0, size)), Contains("the gzip stream is truncated."));
}

TEST_CASE("files in UTF-16 are named as such", "[data][csv]") {
  using namespace std::string_literals;
  CHECK(problem_of("\xFF\xFE\x31\0\n\0"s) ==
        "table.csv:1:1: text in UTF-8 is expected, but the file is in UTF-16. Convert it: iconv -f UTF-16 -t UTF-8.");
  CHECK_THAT(problem_of("\xFE\xFF\0\x31\0\n"s), Contains("the file is in UTF-16."));
  CHECK_THAT(problem_of("1\0,\0002\0"s), Contains("has NUL bytes, as in UTF-16."));
}

TEST_CASE("text in an encoding of one byte a character is named as such", "[data][csv]") {
  const CsvOptions text = {.text_columns = {1}};
  CHECK(
      problem_of("1,M\xFCller\n", text) ==
      "table.csv:1:4: text in UTF-8 is expected, but here is the byte \\xfc, as in Latin-1. Convert the file: iconv -f "
      "LATIN1 -t UTF-8.");
  // Characters of every length, and the first and last of each.
  CHECK(problem_of("1,M\xC3\xBCller \xE2\x82\xAC \xF0\x9F\x98\x80 \xC2\x80\xDF\xBF\xE0\xA0\x80\xF4\x8F\xBF\xBF\n",
                   text) == "no error");
  for (const char* wrong : {"\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF8\x88\x80\x80\x80", "\x80", "\xE2\x82", "\xC3"})
    CHECK_THAT(problem_of(std::string("1,") + wrong + "\n", text),
               Contains("table.csv:1:3: text in UTF-8 is expected"));
}

TEST_CASE("lines that end in CR alone are named as such", "[data][csv]") {
  CHECK(problem_of("1,2\r3,4\r") ==
        R"(table.csv:1:4: lines must end in LF or CR LF, but here is a CR alone. Convert the file: tr '\r' '\n'.)");
  CHECK_THAT(problem_of("1\r2\r3\r"), Contains("here is a CR alone."));
  CHECK_THAT(problem_of("a,b\r1,2\r3,4\r", {.header = Header::names}), Contains("here is a CR alone."));
  CHECK_THAT(problem_of("a,b\r1,2\r3,4\r", {.text_columns = {0}}), Contains("here is a CR alone."));
  CHECK(values_of("1,2\r") == std::vector<double>{1, 2});  // the last line's end cut short
}

TEST_CASE("another delimiter is hinted at where it makes a number", "[data][csv]") {
  CHECK(problem_of("1;2\n3;4\n") ==
        "table.csv:1:1: column 1: a number is expected, but it is '1;2'. If ';' delimits the columns, read with "
        "{.delimiter = ';'}.");
  CHECK_THAT(problem_of("1\t2\n"), Contains(R"(If tabs delimit the columns, read with {.delimiter = '\t'}.)"));
  CHECK_THAT(problem_of("1.5 2\n"), Contains("If blanks delimit the columns, read with {.delimiter = ' '}."));
  CHECK_THAT(problem_of("1,2\n", {.delimiter = ' '}),
             Contains("If ',' delimits the columns, read with {.delimiter = ','}."));
  CHECK_THAT(problem_of("a,b\n1,2\n", {.delimiter = ';', .header = Header::names}), Contains("a decimal point."));
  CHECK_THAT(problem_of("a,b\n1,2\n", {.delimiter = ';', .header = Header::names}), Contains("{.delimiter = ','}"));
  CHECK_THAT(problem_of("a;b\n1,5;2\n", {.header = Header::names}),
             Contains("a row must have 1 columns as line 1 tells, but this one has 2. If ';' delimits the columns"));
  CHECK_THAT(problem_of("1,2\n1,a;b\n"), !Contains("If"));
}

TEST_CASE("a header of counts is hinted at", "[data][csv]") {
  const std::string hint = "If this line tells the numbers of rows and features, read with {.header = Header::counts}.";
  CHECK(problem_of("2,1,no,yes\n0.5,0\n1.5,1\n") ==
        "table.csv:1:5: column 3: a number is expected, but it is 'no'. " + hint);
  CHECK(problem_of("2,1\n0.5,0,\n") == "table.csv:2:7: a row must have 2 columns as line 1 tells, but this one has 3.");
  CHECK(
      problem_of("2,2\n0.5,0,1\n1.5,1,0\n") ==
      "table.csv:2:7: a row must have 2 columns as line 1 tells, but this one has 3. If that line tells the numbers of "
      "rows and features, read with {.header = Header::counts}.");
}

TEST_CASE("a header of counts that is read as names is hinted at", "[data][csv]") {
  CHECK_THAT(problem_of("2,2,x,y\n0.5,0,1\n1.5,1,0\n", {.header = Header::names}),
             Contains("a row must have 4 columns as line 1 tells, but this one has 3. If that line tells the numbers"));
}

TEST_CASE("a long field is cut in the message, and the caller's line is told", "[data][csv]") {
  CHECK(problem_of(std::string(5000, 'x') + "\n2\n", {.header = Header::counts}).size() < 300);
  TemporaryFile file("line.csv", "x\n");
  CHECK_THROWS_WITH(read_csv(file.path()), Contains(" at csv.cpp:"));
  CHECK_THROWS_WITH(read_csv("no/such/file.csv"), Contains("No such file or directory. at csv.cpp:"));
}

TEST_CASE("many text columns take no more time each than few", "[data][csv]") {
  // 40,000 columns in the time of a quadratic search: seconds.
  constexpr int kColumns = 40000;
  std::string line;
  CsvOptions options;
  for (int i = 0; i < kColumns; ++i) {
    line += i == 0 ? "a" : ",a";
    options.text_columns.push_back(i);
  }
  CHECK(read_text(line + "\n", options).text.size() == kColumns);
}
