// What the examples on MNIST share: options, data, and the loop of training.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

namespace mnist {

/// By which CTest knows a test that could not be run.
inline constexpr int kSkipped = 77;

struct Settings {
  // Beside the repository.
  std::string folder = std::filesystem::path(example_data("../../../shared/data/mnist")).lexically_normal();
  int epochs = 5;
  std::int64_t batch = 64;
  double lr = 1e-3;
  std::int64_t points = 0;  // 0: all
  std::uint64_t seed = 0;
  int threads = 0;          // 0: as many as there are cores
  std::string report = {};  // folder; empty: none
};

/// Reads the options, and runs the example unless the data is not there.
template <class Run>
int run_example(int argc, char** argv, const char* about, Settings settings, const Run& run) {
  CLI::App app(about);
  app.add_option("--data", settings.folder, "folder of MNIST's four files, gzipped or not")->capture_default_str();
  add_integer(app, "--epochs", settings.epochs, 1, 1000);
  add_integer(app, "--batch", settings.batch, 1, 60'000);
  add_positive(app, "--lr", settings.lr, "learning rate of Adam, halved after each epoch")->default_str("0.001");
  add_integer(app, "--points", settings.points, 0, 60'000, "images to learn from; 0: all 60,000");
  add_seed(app, settings.seed);
  add_integer(app, "--threads", settings.threads, 0, 1024, "0: one for each core");
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] {
    if (!std::filesystem::is_directory(settings.folder)) {
      std::printf(
          "SKIPPED: there is no folder %s. MNIST's four files are to be had from their distributors: give their "
          "folder with --data.\n",
          settings.folder.c_str());
      return kSkipped;
    }
    if (settings.threads > 0) xgrad::set_num_threads(settings.threads);
    run(settings);
    return 0;
  });
}

/// The share of images that the model reads right.
template <class Model>
double accuracy(const Model& model, const xgrad::data::Dataset& images) {
  xgrad::train::Evaluation evaluation(model);
  double right = 0;
  for (auto [x, y] : xgrad::data::batches(images, {.size = 500}))
    right += xgrad::train::accuracy(model(x), y) * static_cast<double>(x.size(0));
  return right / static_cast<double>(images.size());
}

/// Trains a model that maps images [n, 28, 28] to the logits of ten digits, and tells what it has achieved.
template <class Model>
void learn(Model& model, const Settings& settings, const char* title) {
  using namespace xgrad;
  data::Dataset training = data::read_mnist(settings.folder, data::MnistPart::train);
  const data::Dataset test = data::read_mnist(settings.folder, data::MnistPart::test);
  if (settings.points > 0) training = data::subset(training, arange(settings.points));
  std::printf("%ld images to learn from, %ld to test on; %ld parameters, batches of %ld\n",
              static_cast<long>(training.size()), static_cast<long>(test.size()),
              static_cast<long>(model.parameter_count()), static_cast<long>(settings.batch));

  optim::Adam adam(model.parameters(), {.lr = settings.lr});
  const data::Batches batches = data::batches(training, {.size = settings.batch, .shuffle = true});
  double reached = 0, seconds = 0;
  RunReport report(settings.report);
  auto first_batch = [&] {
    return nn::cross_entropy(model(training.inputs[slice(0, settings.batch)]),
                             training.targets[slice(0, settings.batch)]);
  };
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    double loss_sum = 0;
    for (auto [x, y] : batches) {
      Tensor loss = adam.step([&, &images = x, &digits = y] { return nn::cross_entropy(model(images), digits); });
      loss_sum += loss.item() * static_cast<double>(x.size(0));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    adam.scale_lr(0.5);
    seconds += took.count();
    reached = accuracy(model, test);
    std::printf("epoch %d of %d: loss %.4f, %.2f %% of the test images right, %.1f s\n", epoch, settings.epochs,
                loss_sum / static_cast<double>(training.size()), 100 * reached, took.count());
    std::fflush(stdout);
    report.scalars(epoch, {{"loss", loss_sum / static_cast<double>(training.size())}, {"accuracy", reached}});
    if (report.log() != nullptr) report.layers(epoch, train::diagnose(model, adam, first_batch));
  }
  std::printf("%.2f %% of 10,000 test images right after %d epochs, %.1f s each\n", 100 * reached, settings.epochs,
              seconds / settings.epochs);
  if (train::Log* log = report.log()) {
    train::Evaluation evaluation(model);
    train::ConfusionMatrix matrix(10);
    for (auto [x, y] : data::batches(test, {.size = 500})) matrix.add(model(x), y);
    log->confusion(settings.epochs, matrix);
    report.note("test images right", 100 * reached, "%");
    log->note("parameters", std::to_string(model.parameter_count()));
    report.save(title);
  }
}

}  // namespace mnist
