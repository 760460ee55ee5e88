// Malignant or benign: logistic regression and a multilayer perceptron on 30 measurements of cell nuclei, by five
// folds.
//
//     breast_cancer                   both models
//     breast_cancer --epochs 3        a quick look
//     breast_cancer --report FOLDER   leaves a page of curves there
//     breast_cancer --help            all options
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

struct Settings {
  int epochs = 100;
  std::uint64_t seed = 0;
  std::string report;  // folder; empty: none
  std::string file = example_data("breast_cancer.csv");
};

constexpr std::int64_t kMalignant = 0, kFeatures = 30;

/// Learns from a data set, by its validation data told when to stop.
void learn(const nn::Sequential& model, const data::Dataset& dataset, double weight_decay, const Settings& settings,
           train::Log* log) {
  const auto [training, watched] =
      data::split(dataset, {.test_fraction = 0.15, .stratify = true, .seed = settings.seed});
  optim::AdamW adam(model.parameters(), {.lr = 0.01, .weight_decay = weight_decay});
  train::EarlyStopping stopping(model, {.patience = 20});
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    train::RunningMean mean;
    for (auto [x, y] : data::batches(training, {.size = 32, .shuffle = true})) {
      const Tensor loss = nn::cross_entropy(model(x), y);
      adam.zero_grad();
      loss.backward();
      adam.step();
      mean.add(loss, static_cast<double>(x.size(0)));
    }
    const train::Evaluation evaluation(model);
    const double watched_loss = nn::cross_entropy(model(watched.inputs), watched.targets).item();
    if (log != nullptr) log->scalars(epoch, {{"loss", mean.mean()}, {"validation/loss", watched_loss}});
    if (stopping.update(watched_loss)) break;
  }
  stopping.restore();
}

/// What five folds have shown: the mean area below the ROC curve, and the curve and mistakes of all tumours.
struct Judged {
  double area;
  train::PrecisionRecallCurve curve;
  train::ConfusionMatrix matrix;
};

/// Five folds: each tumour is judged by a model that has not seen it. The first one's training is logged.
template <class MakeModel>
Judged cross_validate(const char* title, const data::Dataset& dataset, const std::vector<std::string>& classes,
                      const MakeModel& make_model, double weight_decay, const Settings& settings, train::Log* log) {
  std::printf("\n%s\n", title);
  train::RunningMean area, accuracy;
  train::ConfusionMatrix matrix(2, classes);
  train::Collector probabilities, targets;
  int number = 0;
  for (const train::FoldPositions& fold :
       train::stratified_k_fold(dataset.targets, {.folds = 5, .shuffle = true, .seed = settings.seed})) {
    auto [training, held_out] = train::take(dataset, fold);
    const auto standardizer = data::Standardizer::fit(training.inputs);  // on what the model may see, and no more
    training.inputs = standardizer.transform(training.inputs);
    held_out.inputs = standardizer.transform(held_out.inputs);
    const nn::Sequential model = make_model();
    learn(model, training, weight_decay, settings, number == 0 ? log : nullptr);

    const train::Evaluation evaluation(model);
    const Tensor probability = softmax(model(held_out.inputs), 1);
    const Tensor of_malignant = probability[{slice(), kMalignant}];
    area.add(train::roc_auc(of_malignant, held_out.targets == kMalignant));
    accuracy.add(train::accuracy(probability, held_out.targets), static_cast<double>(held_out.size()));
    matrix.add(probability, held_out.targets);
    probabilities.add(probability);
    targets.add(held_out.targets);
    std::printf("  fold %d: %3ld tumours held out, ROC-AUC %.4f, accuracy %.1f %%\n", ++number,
                static_cast<long>(held_out.size()), train::roc_auc(of_malignant, held_out.targets == kMalignant),
                100 * train::accuracy(probability, held_out.targets));
  }
  std::printf("  mean ROC-AUC %.4f, accuracy %.2f %%; log loss %.4f, calibration error %.3f\n", area.mean(),
              100 * accuracy.mean(), train::log_loss(probabilities.all(), targets.all()),
              train::calibration_error(probabilities.all(), targets.all(), {.bins = 10}));
  std::cout << matrix;
  // What matters to a patient: how many of the malignant ones are found, and at what price.
  const Tensor malignant = probabilities.all()[{slice(), kMalignant}];
  const Tensor is_malignant = targets.all() == kMalignant;
  for (double threshold : {0.5, 0.1})
    std::printf(
        "  taken for malignant from a probability of %.1f on: %.1f %% of the malignant are found, %.1f %% of those "
        "found are malignant\n",
        threshold, 100 * train::recall(malignant >= threshold, is_malignant),
        100 * train::precision(malignant >= threshold, is_malignant));
  return {area.mean(), train::precision_recall_curve(malignant, is_malignant), matrix};
}

void run(const Settings& settings) {
  manual_seed(settings.seed);
  const data::Table table = data::read_csv(settings.file, {.header = data::Header::counts});
  const data::Dataset dataset = data::separate_target(table.values);
  std::printf("%ld tumours, %ld measurements each\n", static_cast<long>(dataset.size()),
              static_cast<long>(dataset.inputs.size(1)));
  RunReport report(settings.report);
  const Judged linear = cross_validate(
      "Logistic regression:", dataset, table.class_names, [] { return nn::Sequential{nn::Dense(kFeatures, 2)}; }, 0.01,
      settings, nullptr);
  const Judged deep = cross_validate(
      "A multilayer perceptron, one hidden layer of 32:", dataset, table.class_names,
      [] {
        return nn::Sequential{nn::Dense(kFeatures, 32), relu, nn::Dropout(0.2), nn::Dense(32, 2)};
      },
      0.1, settings, report.log());
  if (train::Log* log = report.log()) {
    log->confusion(0, deep.matrix.counts(), table.class_names);
    report.note("mean ROC-AUC, logistic regression", linear.area);
    report.note("mean ROC-AUC, multilayer perceptron", deep.area);
    train::Plot plot({.title = "Malignant tumours of five folds", .x_label = "recall", .y_label = "precision"});
    plot.curve("logistic regression", linear.curve.recall, linear.curve.precision)
        .curve("multilayer perceptron", deep.curve.recall, deep.curve.precision);
    report.save("Malignant or benign", plot);
  }
  std::printf("\nmean ROC-AUC over five folds: %.4f logistic regression, %.4f multilayer perceptron\n", linear.area,
              deep.area);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Tells malignant from benign tumours");
  add_integer(app, "--epochs", settings.epochs, 1, 100'000, "at most, for each model");
  add_seed(app, settings.seed);
  app.add_option("--data", settings.file, "the table of tumours")->check(CLI::ExistingFile)->capture_default_str();
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] { run(settings); });
}
