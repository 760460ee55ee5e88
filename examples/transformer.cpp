// A small transformer that learns to write Shakespeare, one character at a time: 4 layers of 4 heads, width 128, each
// character predicted from the up to 64 before it.
//
//     transformer                          2,000 steps of 12 windows: about 1.88 nats on text it has not seen
//     transformer --steps 300 --threads 2  a shorter run
//     transformer --report FOLDER          leaves a page of the run there
//     transformer --help                   all options
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "command_line.hpp"
#include "language.hpp"

using namespace xgrad;

namespace {

struct Settings {
  std::int64_t steps = 2000, batch = 12, context = 64, layers = 4, heads = 4, width = 128;
  std::int64_t characters_to_write = 500;
  std::uint64_t seed = 0;
  int threads = 0;                      // 0: as many as the library takes by itself
  std::int64_t validation_windows = 0;  // 0: all
  std::string file = shakespeare();
  std::string report;  // folder; empty: none
};

/// Logits of the character after each place of `x` [N, T].
struct LanguageModel : nn::Module {
  LanguageModel(std::int64_t characters, const Settings& settings)
      : context(settings.context),
        character(child("character", nn::Embedding(characters, settings.width, {.weight_init = kSmall}))),
        place(child("place", nn::Embedding(settings.context, settings.width, {.weight_init = kSmall}))),
        encoder(child("encoder", nn::TransformerEncoder(
                                     nn::TransformerEncoderLayer(settings.width, settings.heads,
                                                                 {.dim_feedforward = 4 * settings.width,
                                                                  .dropout = 0,
                                                                  .activation = [](const Tensor& x) { return gelu(x); },
                                                                  .batch_first = true,
                                                                  .norm_first = true}),
                                     settings.layers, nn::LayerNorm(settings.width)))) {
    // Each matrix keeps the size of what goes through it; what is added to the way around each part is smaller, the
    // more parts there are, as in GPT-2. Smaller tables of characters and places (GPT-2's 0.02) cost 0.1 nats here.
    const double parts = 2 * static_cast<double>(settings.layers);
    for (auto& [name, weight] : encoder.named_parameters()) {
      const bool is_added = name.find("out_proj") != name.npos || name.find("linear2") != name.npos;
      if (weight.ndim() == 2)
        weight.assign(nn::init::normal(
            0, 1 / std::sqrt(static_cast<double>(weight.size(1)) * (is_added ? parts : 1)))(weight.shape()));
      else if (name.find("norm") == name.npos)
        weight.assign(0);
    }
  }

  Tensor operator()(const Tensor& x) const {
    return call(x, [&] {
      const Tensor embedded = character(x) + place(arange(x.size(1)));
      // The table of characters serves a second time: a character is likely where the row that stands for it is near.
      return affine(encoder(embedded, {.causal = true}), character.weight());
    });
  }

  static inline const nn::Initializer kSmall = nn::init::normal(0, 0.06);
  std::int64_t context;
  nn::Embedding character, place;
  nn::TransformerEncoder encoder;
};

/// So many characters that follow a new line, each drawn from what the model gives it.
std::string write(const LanguageModel& model, const data::Characters& characters, std::int64_t count) {
  NoGrad no_grad;
  Tensor text = characters.encode("\n");
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor seen = text[slice(std::max<std::int64_t>(0, text.numel() - model.context), text.numel())];
    text = cat({text, reshape(categorical(model(unsqueeze(seen, 0))[{0, -1}]), {1})});
  }
  return characters.decode(text);
}

void run(const Settings& settings) {
  if (settings.threads > 0) set_num_threads(settings.threads);
  manual_seed(settings.seed);
  const Corpus corpus(data::read_text(settings.file));
  const LanguageModel model(corpus.characters.count(), settings);
  std::printf("%ld characters to learn from, %ld held out, %ld different ones; %ld parameters\n",
              static_cast<long>(corpus.training.numel()), static_cast<long>(corpus.held_out.numel()),
              static_cast<long>(corpus.characters.count()), static_cast<long>(model.parameter_count()));

  std::vector<Tensor> matrices, others;
  for (const Tensor& parameter : model.parameters()) (parameter.ndim() >= 2 ? matrices : others).push_back(parameter);
  constexpr std::pair<double, double> kBetas{0.9, 0.99};
  optim::AdamW optimizer({{matrices, {.lr = 1e-3, .betas = kBetas, .weight_decay = 0.1}},
                          {others, {.lr = 1e-3, .betas = kBetas, .weight_decay = 0}}});
  optim::WarmupCosineLR schedule(optimizer, {.warmup_steps = std::min<std::int64_t>(100, settings.steps / 2),
                                             .total_steps = settings.steps,
                                             .final_factor = 0.1});
  RunReport report(settings.report);
  fit(model, optimizer, schedule, corpus.training, settings.context, settings.batch, settings.steps, report);
  const std::string written =
      settings.characters_to_write > 0 ? write(model, corpus.characters, settings.characters_to_write) : std::string();
  conclude(model, corpus, settings.context, settings.validation_windows, written,
           "A transformer that writes Shakespeare", settings.steps, report);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Trains a small transformer on plays by Shakespeare, and lets it write");
  auto add_count = [&](const char* name, std::int64_t& value, const char* help, std::int64_t lowest = 1) {
    add_integer(app, name, value, lowest, 1'000'000'000, help);
  };
  add_count("--steps", settings.steps, "steps of training", 2);
  add_count("--batch", settings.batch, "windows in a step");
  add_count("--context", settings.context, "characters that the model sees");
  add_count("--layers", settings.layers, "");
  add_count("--heads", settings.heads, "of attention; they must divide the width");
  add_count("--width", settings.width, "");
  add_count("--write", settings.characters_to_write, "characters to write at the end", 0);
  add_count("--validate", settings.validation_windows, "windows to validate on; 0: all", 0);
  add_integer(app, "--threads", settings.threads, 0, 1024, "0: as many as there are cores");
  add_seed(app, settings.seed);
  add_report(app, settings.report);
  app.add_option("--data", settings.file, "a text, plain or gzipped")->check(CLI::ExistingFile);
  return run_program(app, argc, argv, [&] { run(settings); });
}
