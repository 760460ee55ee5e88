// The code of docs/tables.md: the page shows these lines, and a test compares the two.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "pages.hpp"
#include "support.hpp"
// The page shows the next lines together.
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

/// While it lives, what is written to std::cout is kept, and the repository is the current folder.
class OnThePage {
 public:
  OnThePage() : folder_(std::filesystem::current_path()), before_(std::cout.rdbuf(text_.rdbuf())) {
    std::filesystem::current_path(testing::source_dir());
    manual_seed(0);
  }
  ~OnThePage() {
    std::cout.rdbuf(before_);
    std::filesystem::current_path(folder_);
    for (const std::filesystem::path& file : files_) std::filesystem::remove(file);
  }
  std::string text() const { return text_.str(); }
  /// The path of a file that is removed in the end.
  std::string file(const std::string& name) {
    files_.push_back(std::filesystem::temp_directory_path() / ("xgrad_" + std::to_string(getpid()) + '_' + name));
    return files_.back().string();
  }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> files_;
  std::ostringstream text_;
  std::streambuf* before_;
};

/// The blocks of a page that are no C++: what its programs print.
std::vector<std::string> printed_blocks(const std::string& page) {
  const std::string kStart = "```text\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(kStart); at != page.npos; at = page.find(kStart, at)) {
    at += kStart.size();
    blocks.push_back(page.substr(at, page.find("```", at) - at));
  }
  return blocks;
}

}  // namespace

TEST_CASE("tables: reading, looking, choosing", "[tables]") {
  OnThePage page;
  data::Table table = data::read_table("examples/data/titanic.csv");
  Tensor age = table["age"];                         // float64 [891], nan where it is missing
  std::vector<std::string> sex = table["sex"].text;  // "male", "female" ...
  Tensor fares = table.numbers({"fare", "pclass"});  // [891, 2]
  std::cout << data::describe(table, "survived");
  CHECK(age.shape() == Shape{891});
  CHECK(sex[0] == "male");
  CHECK(fares.shape() == Shape{891, 2});
  CHECK(printed_blocks(testing::read_file("docs/tables.md")) == std::vector<std::string>{page.text()});

  table = table.drop({"alive", "class", "embark_town"});
  table = table.with({"family", table["sibsp"] + table["parch"]});
  auto [training, test] = data::split(table, {.test_fraction = 0.2, .stratify = true, .seed = 1}, "survived");
  CHECK(training.rows() + test.rows() == 891);
  CHECK(table.size() == 13);
}

TEST_CASE("tables: options of reading", "[tables]") {
  OnThePage page;
  data::Table table =
      data::read_table("examples/data/titanic.csv",
                       {
                           .columns = {"survived", "age", "deck"},        // these alone; or .drop
                           .kinds = {{"survived", data::Kind::boolean}},  // where the kind is not to be found
                           .missing_words = {"", "unknown", "-"},         // what stands for a missing value
                           .comment = '#',                                // lines that are left out
                           .dtype = DType::float32,
                       });
  CHECK(table.columns == std::vector<std::string>{"survived", "age", "deck"});
  CHECK(table.values.dtype() == DType::float32);
}

TEST_CASE("tables: preparing, training, new rows", "[tables]") {
  OnThePage page;
  const std::string file = page.file("titanic.safetensors");
  data::Table table = data::read_table("examples/data/titanic.csv", {.drop = {"alive"}});
  auto [training, validation] = data::split(table, {.test_fraction = 0.2, .stratify = true, .seed = 1}, "survived");

  using namespace xgrad::data;
  auto preparation = Preparation::fit(
      training,
      {
          {.columns = {"age"}, .impute = Impute::median, .indicator = true, .scale = Scale::standard},
          {.columns = {"fare", "pclass", "sibsp", "parch"}, .impute = Impute::mean, .scale = Scale::standard},
          {.columns = {"adult_male", "alone"}},
          {.columns = {"sex", "embarked"}, .impute = Impute::most_frequent, .encode = Encode::one_hot},
          {.columns = {"deck"}, .impute = Impute::keep, .encode = Encode::one_hot, .unseen = Unseen::zeros},
      },
      {.target = "survived"});
  Dataset train_data = preparation.dataset(training), validation_data = preparation.dataset(validation);
  CHECK(preparation.features()[1] == "age is missing");
  CHECK(train_data.inputs.size(1) == static_cast<std::int64_t>(preparation.features().size()));

  nn::Sequential model{nn::Dense(train_data.inputs.size(1), 16), relu, nn::Dense(16, 2)};
  optim::AdamW adam(model.parameters(), {.lr = 0.01});
  train::EarlyStopping stopping(model, {.patience = 10, .better = train::Better::larger});
  for (int epoch = 0; epoch < 100; ++epoch) {
    train::RunningMean loss;
    for (auto [x, y] : batches(train_data, {.size = 32, .shuffle = true})) {
      Tensor batch_loss = nn::cross_entropy(model(x), y);
      adam.zero_grad();
      batch_loss.backward();
      adam.step();
      loss.add(batch_loss, x.size(0));
    }
    train::Evaluation evaluation(model);  // no dropout and no graph while it lives
    Tensor survived = softmax(model(validation_data.inputs), 1)[{slice(), 1}];
    if (stopping.update(train::roc_auc(survived, validation_data.targets))) break;
  }
  stopping.restore();
  std::cout << train::confusion_matrix(model(validation_data.inputs), validation_data.targets);
  CHECK(stopping.best() > 0.8);
  CHECK_FALSE(page.text().empty());

  io::save(file, model, preparation);  // titanic.safetensors

  Preparation loaded;
  nn::Sequential again{nn::Dense(train_data.inputs.size(1), 16), relu, nn::Dense(16, 2)};
  io::load(file, again, loaded);
  Table asked({{"age", tensor({30.})},
               {"fare", tensor({80.})},
               {"pclass", tensor({1})},
               {"sibsp", tensor({0})},
               {"parch", tensor({0})},
               {"adult_male", tensor({0})},
               {"alone", tensor({1})},
               {"sex", {"female"}},
               {"embarked", {"C"}},
               {"deck", {"Z"}}});
  double probability = softmax(again(loaded.transform(asked)), 1)[{0, 1}].item();
  CHECK(probability > 0.5);
  Table rows = read_table("examples/data/titanic.csv", {.kinds = loaded.kinds()});
  Tensor all_rows = loaded.transform(rows);
  CHECK(all_rows.shape() == Shape{891, train_data.inputs.size(1)});

  Preparation quick = Preparation::fit(training, suggest_steps(training, "survived"), {.target = "survived"});
  CHECK(quick.features().size() > 20);
}

TEST_CASE("tables: folds", "[tables]") {
  OnThePage page;
  data::Table table = data::read_table("examples/data/titanic.csv", {.drop = {"alive"}});
  Tensor survived = cast(table["survived"], DType::int64);
  std::int64_t judged = 0;
  for (const train::FoldPositions& fold : train::stratified_k_fold(survived, {.folds = 5, .shuffle = true})) {
    data::Table training = table.take(fold.train), held_out = table.take(fold.validation);
    auto preparation =
        data::Preparation::fit(training, data::suggest_steps(training, "survived"), {.target = "survived"});
    auto [x, y] = preparation.dataset(held_out);
    judged += y.size(0);  // learn from preparation.dataset(training), judge on x and y
  }
  CHECK(judged == 891);
}

TEST_CASE("the code in docs/tables.md is the code of this file", "[tables][docs]") {
  CHECK(testing::blocks_missing("docs/tables.md", {"tests/tables.cpp"}).empty());
}
