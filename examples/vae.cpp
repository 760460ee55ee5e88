// A variational autoencoder on handwritten digits of 8x8 pixels: it learns a distribution from which new digits are
// drawn, and leaves a picture of them where it is told to.
//
//     vae --picture vae.png                  learns, and draws
//     vae --latent 2 --picture two.svg       two numbers for each digit
//     vae --report FOLDER                    leaves a page of the run there, with the picture
//
// Source: Kingma, Welling, Auto-encoding variational Bayes, 2014.
#include <cstdio>
#include <string>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

struct Settings {
  int epochs = 150;
  std::int64_t latent = 8;
  std::uint64_t seed = 0;
  std::string picture;  // empty: none
  std::string report;   // folder; empty: none
  std::string file = example_data("digits.csv.gz");
};

struct Vae : nn::Module {
  explicit Vae(std::int64_t latent)
      : encoder(child("encoder", nn::Sequential{nn::Dense(64, 128), nn::ReLU()})),
        mean(child("mean", nn::Dense(128, latent))),
        log_variance(child("log_variance", nn::Dense(128, latent))),
        decoder(child("decoder", nn::Sequential{nn::Dense(latent, 128), nn::ReLU(), nn::Dense(128, 64)})) {}

  /// Bounds of -log p(x), for each image: how badly it is rebuilt, and how far its code is from the prior, in nats.
  struct Bound {
    Tensor rebuilt, divergence;
  };
  Bound operator()(const Tensor& x) const {
    return call(x, [&] {
      const Tensor h = encoder(x), mu = mean(h), log_var = log_variance(h);
      // Noise from outside makes the code a function of mean and variance that can be differentiated.
      const Tensor code = mu + exp(log_var / 2) * normal(mu.shape());
      const Tensor pixels = nn::binary_cross_entropy_with_logits(decoder(code), x, {.reduction = Reduction::none});
      return Bound{sum(pixels, 1), -0.5 * sum(1 + log_var - square(mu) - exp(log_var), 1)};
    });
  }
  /// New images from codes of the prior.
  Tensor sample(std::int64_t count, std::int64_t latent) const { return sigmoid(decoder(normal({count, latent}))); }

  nn::Sequential encoder;
  nn::Dense mean, log_variance;
  nn::Sequential decoder;
};

void run(const Settings& settings) {
  manual_seed(settings.seed);
  data::Dataset digits = data::separate_target(data::read_csv(settings.file).values);
  digits.inputs = digits.inputs / 16;  // pixels are 0 ... 16
  const auto [training, held_out] = data::split(digits, {.test_fraction = 0.2, .stratify = true});

  Vae model(settings.latent);
  optim::Adam adam(model.parameters(), {.lr = 2e-3});
  const Tensor unseen = held_out.inputs;
  RunReport report(settings.report);
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    double bound = 0;
    for (auto [x, y] : data::batches(training, {.size = 64, .shuffle = true})) {
      Tensor loss = adam.step([&model, &images = x] {
        const auto [rebuilt, divergence] = model(images);
        return mean(rebuilt + divergence);
      });
      bound += loss.item() * static_cast<double>(x.size(0));
    }
    if (report.log() == nullptr && epoch % 25 != 0 && epoch != settings.epochs) continue;
    NoGrad no_grad;
    const auto [rebuilt, divergence] = model(unseen);
    const double of_training = bound / static_cast<double>(training.size());
    const double of_rebuilding = mean(rebuilt).item(), of_divergence = mean(divergence).item();
    report.scalars(epoch, {{"bound/training", of_training},
                           {"bound/held out", of_rebuilding + of_divergence},
                           {"part of the bound/to rebuild", of_rebuilding},
                           {"part of the bound/divergence", of_divergence}});
    if (epoch % 25 != 0 && epoch != settings.epochs) continue;
    std::printf("epoch %3d of %d: bound %.2f nats; held out %.2f = %.2f to rebuild + %.2f of divergence\n", epoch,
                settings.epochs, of_training, of_rebuilding + of_divergence, of_rebuilding, of_divergence);
  }

  NoGrad no_grad;
  // What telling the pixels one by one, each by its own mean, would cost.
  const Tensor share = clamp(mean(training.inputs, 0), 1e-3, 1 - 1e-3);
  const double alone =
      mean(sum(nn::binary_cross_entropy(expand(share, unseen.shape()), unseen, {.reduction = Reduction::none}), 1))
          .item();
  const auto [rebuilt, divergence] = model(unseen);
  const double reached = mean(rebuilt + divergence).item();
  std::printf("%ld images held out: at most %.2f nats each, %.2f by the pixels' means alone\n",
              static_cast<long>(unseen.size(0)), reached, alone);
  const train::ImageGrid digits_drawn(reshape(model.sample(80, settings.latent), {80, 8, 8}),
                                      {.columns = 16, .title = "Digits that nobody wrote"});
  if (!settings.picture.empty()) {
    digits_drawn.save(settings.picture);
    std::printf("80 digits that nobody wrote: %s\n", settings.picture.c_str());
  }
  report.note("held out, at most", reached, "nats an image");
  report.note("by the pixels' means alone", alone, "nats an image");
  report.save("A variational autoencoder of digits", digits_drawn);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Learns to draw digits by a variational autoencoder");
  add_integer(app, "--epochs", settings.epochs, 1, 100'000);
  add_integer(app, "--latent", settings.latent, 1, 1000, "numbers in a code");
  app.add_option("--picture", settings.picture, "where to write digits that it draws, as .png or .svg");
  add_seed(app, settings.seed);
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] { run(settings); });
}
