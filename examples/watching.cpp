// Watching a run: looks into a model before, while and after it learns handwritten digits, and leaves pictures, a log
// and a report in a folder. docs/watching.md shows these lines.
//
//     watching --report FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"

using namespace xgrad;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(64, 64, {.weight_init = nn::init::he_normal()}));
  nn::Dropout dropout = child("dropout", nn::Dropout(0.2));
  nn::Dense middle = child("middle", nn::Dense(64, 32, {.weight_init = nn::init::he_normal()}));
  nn::Dense output = child("output", nn::Dense(32, 10));
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return output(relu(middle(dropout(relu(hidden(x)))))); });
  }
};

void run(const std::string& folder) {
  manual_seed(0);
  const std::string file = example_data("digits.csv.gz");
  data::Dataset digits = data::separate_target(data::read_csv(file).values);
  digits.inputs = digits.inputs / 16;
  auto [training, held_out] = data::split(digits, {.test_fraction = 1.0 / 3, .stratify = true, .seed = 0});
  Mlp model;
  optim::Adam adam(model.named_parameters(), {.lr = 2e-3});
  Tensor x = training.inputs[slice(0, 64)], y = training.targets[slice(0, 64)];

  // ---- Before: what the model is, and whether it can learn ----

  std::cout << model << '\n';
  std::cout << train::summary(model, x);
  std::cout << train::audit(model, adam, [&] { return nn::cross_entropy(model(x), y); });

  Tensor loss = nn::cross_entropy(model(x), y);
  std::ofstream(folder + "/graph.dot") << to_dot(loss, {.names = model.named_parameters()});

  std::vector<double> norms;
  HookHandle hook = model.middle.add_backward_hook(
      [&](const nn::Module&, const Tensor&, const Tensor& g) { norms.push_back(norm(g).item()); });

  // ---- While it learns ----

  const int epochs = 20;
  const data::Batches batches = data::batches(training, {.size = 32, .shuffle = true});
  train::Log log(folder, {.existing = train::Existing::replace});
  train::Progress progress({.epochs = epochs, .steps = batches.count()});
  std::vector<double> losses, held_out_losses;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    for (auto [inputs, targets] : batches) {
      Tensor batch_loss = adam.step([&] { return nn::cross_entropy(model(inputs), targets); });
      progress.step({{"loss", batch_loss.item()}}, static_cast<double>(inputs.size(0)));
    }
    train::Evaluation evaluation(model);
    const Tensor logits = model(held_out.inputs);
    const double held_out_loss = nn::cross_entropy(logits, held_out.targets).item();
    progress.epoch({{"loss", held_out_loss}, {"accuracy", train::accuracy(logits, held_out.targets)}});
    log.scalars(epoch, {{"loss/training", progress.means()[0].second},
                        {"loss/held out", held_out_loss},
                        {"accuracy", train::accuracy(logits, held_out.targets)}});
    log.layers(epoch, train::diagnose(model, adam, [&] { return nn::cross_entropy(model(x), y); }));
    log.histogram("hidden.weight", epoch, model.hidden.weight());
    losses.push_back(progress.means()[0].second);
    held_out_losses.push_back(held_out_loss);
  }
  hook.remove();

  // ---- After: pictures and a page ----

  train::Plot({.title = "Digits: the loss of each epoch",
               .x_label = "epoch",
               .y_label = "cross entropy",
               .y_scale = train::AxisScale::log})
      .line("training", losses)
      .line("held out", held_out_losses)
      .save(folder + "/curves.svg");

  train::Plot({.title = "How large the gradient is at 'middle'", .x_label = "step", .y_scale = train::AxisScale::log})
      .line("norm", norms, {.smoothing = 0.95})
      .save(folder + "/gradient.png");

  train::Evaluation evaluation(model);
  const Tensor logits = model(held_out.inputs), read = argmax(logits, 1);
  std::vector<std::string> labels;
  for (int i = 0; i < 20; ++i) labels.push_back("read as " + std::to_string(read[i].item<int>()));
  train::ImageGrid images(reshape(held_out.inputs[slice(0, 20)], {-1, 8, 8}),
                          {.columns = 10, .labels = labels, .title = "Digits that the network has not seen"});
  images.save(folder + "/digits.svg");

  log.confusion(epochs, train::confusion_matrix(logits, held_out.targets));
  log.image("held out", epochs, images);
  log.note("held out, right",
           std::to_string(sum(read == held_out.targets).item<int>()) + " of " + std::to_string(read.numel()));
  train::Report(log, {.title = "Handwritten digits"}).save();  // FOLDER/report.html
  std::printf("report: %s/report.html\n", folder.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  CLI::App app("Looks into a model while it learns, and leaves a log, pictures and a page");
  // Also as the only argument: all that this example does goes to the folder.
  app.add_option("--report,folder", folder, "folder for the log, the pictures and report.html")
      ->type_name("FOLDER")
      ->required();
  return run_program(app, argc, argv, [&] {
    std::filesystem::create_directories(folder);
    run(folder);
  });
}
