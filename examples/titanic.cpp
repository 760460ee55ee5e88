// Who survived the Titanic: from the raw table to two models, judged by the passengers that they have not seen.
//
//     titanic                    five folds, twice: text columns one-hot, and as embeddings
//     titanic --epochs 5         a quick look
//     titanic --report FOLDER    leaves a page of curves there
//     titanic --help             all options
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;
using data::Encode;
using data::Impute;
using data::Preparation;
using data::PreparationStep;
using data::Scale;
using data::Table;
using data::Unseen;

namespace {

struct Settings {
  int epochs = 200;
  std::uint64_t seed = 0;
  std::string report;  // folder; empty: none
  std::string file = example_data("titanic.csv");
};

const std::vector<std::string> kText = {"sex", "embarked", "who", "deck"};

/// What is done to the columns. The text ones are encoded in the way given; to have no deck is a class of its own.
std::vector<PreparationStep> steps(Encode encode) {
  return {
      {.columns = {"age"}, .impute = Impute::median, .indicator = true, .scale = Scale::standard},
      {.columns = {"pclass", "fare", "sibsp", "parch"}, .impute = Impute::median, .scale = Scale::standard},
      {.columns = {"adult_male", "alone"}},
      {.columns = kText,
       .impute = Impute::keep,
       .encode = encode,
       .unseen = encode == Encode::one_hot ? Unseen::zeros : Unseen::own_class},
  };
}

/// A few passengers as a model takes them.
struct Batch {
  Tensor numbers, indices, survived;
};

Batch prepared(const Preparation& preparation, const Table& table) {
  return {preparation.transform(table), preparation.indices(table), cast(preparation.targets(table), DType::float32)};
}

Batch rows(const Batch& all, const Tensor& positions) {
  return {index_select(all.numbers, 0, positions), index_select(all.indices, 0, positions),
          index_select(all.survived, 0, positions)};
}

/// Numbers and one-hot classes through one hidden layer.
struct OneHot : nn::Module {
  static constexpr Encode kEncode = Encode::one_hot;
  explicit OneHot(const Preparation& preparation)
      : hidden(child("hidden", nn::Dense(static_cast<std::int64_t>(preparation.features().size()), 32))) {}

  /// The logits, [n].
  Tensor operator()(const Batch& batch) const { return reshape(output(dropout(relu(hidden(batch.numbers)))), {-1}); }

  nn::Dense hidden;
  nn::Dropout dropout = child("dropout", nn::Dropout(0.3));
  nn::Dense output = child("output", nn::Dense(32, 1));
};

/// The classes of text columns as vectors that are learned, beside the numbers.
struct Embedded : nn::Module {
  static constexpr Encode kEncode = Encode::index;
  explicit Embedded(const Preparation& preparation) {
    std::int64_t width = static_cast<std::int64_t>(preparation.features().size());
    for (const std::string& column : preparation.index_columns()) {
      const auto classes = static_cast<std::int64_t>(preparation.classes(column).size());
      embeddings.push_back(child(column, nn::Embedding(classes, 3, {.weight_init = nn::init::normal(0, 0.3)})));
      width += 3;
    }
    layers.push_back(child("hidden", nn::Dense(width, 32)));
    layers.push_back(child("output", nn::Dense(32, 1)));
  }

  Tensor operator()(const Batch& batch) const {
    std::vector<Tensor> parts = {batch.numbers};
    for (std::size_t i = 0; i < embeddings.size(); ++i)
      parts.push_back(embeddings[i](batch.indices[{slice(), static_cast<std::int64_t>(i)}]));
    return reshape(layers[1](dropout(relu(layers[0](cat(parts, 1))))), {-1});
  }

  std::vector<nn::Embedding> embeddings;
  std::vector<nn::Dense> layers;
  nn::Dropout dropout = child("dropout", nn::Dropout(0.3));
};

/// Learns from a table. Some of its passengers are kept aside, to tell when to stop.
template <class Model>
void learn(const Model& model, const Preparation& preparation, const Table& table, const Settings& settings,
           train::Log* log = nullptr) {
  const auto [training, watched] =
      data::split(table, {.test_fraction = 0.15, .stratify = true, .seed = settings.seed}, "survived");
  const Batch all = prepared(preparation, training), aside = prepared(preparation, watched);
  optim::AdamW adam(model.parameters(), {.lr = 3e-3, .weight_decay = 0.05});
  train::EarlyStopping stopping(model, {.patience = 30});
  // The points of this data set are places in the table.
  const data::Dataset places{arange(training.rows()), all.survived};
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    train::RunningMean mean;
    for (auto [positions, survived] : data::batches(places, {.size = 64, .shuffle = true})) {
      const Tensor loss = nn::binary_cross_entropy_with_logits(model(rows(all, positions)), survived);
      adam.zero_grad();
      loss.backward();
      adam.step();
      mean.add(loss, static_cast<double>(survived.size(0)));
    }
    const train::Evaluation evaluation(model);
    const double aside_loss = nn::binary_cross_entropy_with_logits(model(aside), aside.survived).item();
    if (log != nullptr) log->scalars(epoch, {{"loss", mean.mean()}, {"validation/loss", aside_loss}});
    if (stopping.update(aside_loss)) break;
  }
  stopping.restore();
}

/// What five folds have shown: the mean area below the ROC curve, and the curve and mistakes of all passengers.
struct Judged {
  double area;
  train::RocCurve curve;
  train::ConfusionMatrix matrix;
};

/// Five folds: each passenger is judged by a model that has not seen him or her.
template <class Model>
Judged cross_validate(const char* title, const Table& table, const Settings& settings) {
  std::printf("\n%s\n", title);
  const Tensor survived = cast(table["survived"], DType::int64);
  train::RunningMean area;
  train::Collector scores, answers;
  int number = 0;
  for (const train::FoldPositions& fold :
       train::stratified_k_fold(survived, {.folds = 5, .shuffle = true, .seed = settings.seed})) {
    const Table training = table.take(fold.train), held_out = table.take(fold.validation);
    // Medians, deviations and classes of the training data alone: the others are not known yet.
    const auto preparation = Preparation::fit(training, steps(Model::kEncode), {.target = "survived"});
    const Model model(preparation);
    learn(model, preparation, training, settings);

    const train::Evaluation evaluation(model);
    const Tensor probability = sigmoid(model(prepared(preparation, held_out)));
    const Tensor targets = preparation.targets(held_out);
    area.add(train::roc_auc(probability, targets));
    scores.add(probability);
    answers.add(targets);
    std::printf("  fold %d: %3ld passengers held out, ROC-AUC %.4f, accuracy %.1f %%\n", ++number,
                static_cast<long>(held_out.rows()), train::roc_auc(probability, targets),
                100 * train::accuracy(probability > 0.5, targets));
  }
  std::printf("  mean ROC-AUC %.4f; of all folds together: log loss %.4f, calibration error %.3f\n", area.mean(),
              train::log_loss(scores.all(), answers.all()),
              train::calibration_error(scores.all(), answers.all(), {.bins = 10}));
  train::ConfusionMatrix matrix(2, {"died", "survived"});
  matrix.add(scores.all() > 0.5, answers.all());
  std::cout << matrix;
  return {area.mean(), train::roc_curve(scores.all(), answers.all()), matrix};
}

/// Passengers who were never on board, judged by a model of the whole table.
void ask(const Table& table, const Settings& settings, train::Log* log) {
  const auto fitted = Preparation::fit(table, steps(Encode::one_hot), {.target = "survived"});
  const OneHot model(fitted);
  learn(model, fitted, table, settings, log);

  // What is saved beside the model is all that another program needs to prepare new rows.
  Preparation preparation;
  preparation.load_state(fitted.state(), fitted.metadata());
  const double no_age = std::numeric_limits<double>::quiet_NaN();
  const Table asked({{"pclass", tensor({1, 3, 2})},
                     {"sex", {"female", "male", "female"}},
                     {"age", tensor({30., 30., no_age})},
                     {"sibsp", tensor({0, 0, 1})},
                     {"parch", tensor({0, 0, 2})},
                     {"fare", log1p(tensor({80., 8., 26.}))},
                     {"embarked", {"C", "S", "Belfast"}},  // nobody came on board there
                     {"who", {"woman", "man", "child"}},
                     {"adult_male", tensor({0, 1, 0})},
                     {"deck", {"B", "", ""}},
                     {"alone", tensor({1, 1, 0})}});
  const train::Evaluation evaluation(model);
  const std::vector<double> probability =
      sigmoid(model({preparation.transform(asked), preparation.indices(asked), Tensor()})).to_vector<double>();
  std::printf(
      "\nWould they survive? A woman of 30 in first class: %.1f %%. A man of 30 in third: %.1f %%. A girl in second: "
      "%.1f %%.\n",
      100 * probability[0], 100 * probability[1], 100 * probability[2]);
}

void run(const Settings& settings) {
  manual_seed(settings.seed);
  Table table = data::read_table(settings.file);
  std::cout << data::describe(table, "survived");
  table = table.drop({"alive", "embark_town", "class"});  // the answer itself, and what others say already
  table = table.with({"fare", log1p(table["fare"])});     // a few paid fifty times what most did

  RunReport report(settings.report);
  const Judged one_hot = cross_validate<OneHot>("Text columns one-hot, one hidden layer of 32:", table, settings);
  const Judged embedded = cross_validate<Embedded>("Text columns as embeddings of 3 numbers:", table, settings);
  ask(table, settings, report.log());
  if (train::Log* log = report.log()) {
    log->confusion(0, one_hot.matrix.counts(), {"died", "survived"});
    report.note("mean ROC-AUC, one-hot", one_hot.area);
    report.note("mean ROC-AUC, embeddings", embedded.area);
    train::Plot roc(
        {.title = "ROC curves of five folds", .x_label = "died, taken for survived", .y_label = "survived, found"});
    roc.curve("one-hot", one_hot.curve.false_positive_rate, one_hot.curve.true_positive_rate)
        .curve("embeddings", embedded.curve.false_positive_rate, embedded.curve.true_positive_rate)
        .curve("chance", {0, 1}, {0, 1}, {.dashed = true});
    report.save("Who survived the Titanic", roc);
  }
  std::printf("\nmean ROC-AUC over five folds: %.4f one-hot, %.4f with embeddings\n", one_hot.area, embedded.area);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Predicts who survived the Titanic");
  add_integer(app, "--epochs", settings.epochs, 1, 100'000, "at most, for each model");
  add_seed(app, settings.seed);
  app.add_option("--data", settings.file, "the table of passengers")->check(CLI::ExistingFile)->capture_default_str();
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] { run(settings); });
}
