// A character-level LSTM that learns to write Shakespeare: an embedding, LSTM layers, and a dense layer to the logits
// of the next character.
//
//     char_lstm                     2,000 steps of 32 windows of 64 characters, then it writes
//     char_lstm --layers 2          two layers, with dropout between them
//     char_lstm --report FOLDER     leaves a page of the run there
//     char_lstm --help              all options
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include <xgrad/xgrad.hpp>
#include "command_line.hpp"
#include "language.hpp"

using namespace xgrad;

namespace {

struct Settings {
  std::int64_t steps = 2000, batch = 32, length = 64, layers = 1, hidden = 256, embedding = 64;
  std::int64_t characters_to_write = 500, validation_windows = 0;
  double temperature = 0.8;
  std::uint64_t seed = 0;
  int threads = 0;
  std::string file = shakespeare();
  std::string report;  // folder; empty: none
};

struct CharLstm : nn::Module {
  CharLstm(std::int64_t characters, const Settings& s)
      : embedding(child("embedding", nn::Embedding(characters, s.embedding))),
        lstm(child("lstm", nn::LSTM(s.embedding, s.hidden,
                                    {.num_layers = s.layers, .batch_first = true, .dropout = s.layers > 1 ? 0.1 : 0}))),
        output(child("output", nn::Dense(s.hidden, characters))) {}

  /// Logits of the character after each place of x [N, T].
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return output(lstm(embedding(x)).output); });
  }

  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Dense output;
};

/// So many characters that follow a new line, each drawn from what the model gives it; the state goes along.
std::string write(CharLstm model, const data::Characters& characters, const Settings& settings) {
  NoGrad no_grad;
  model.eval();
  Tensor last = reshape(characters.encode("\n"), {1, 1});
  nn::LSTMStart state;
  std::string text;
  for (std::int64_t i = 0; i < settings.characters_to_write; ++i) {
    const nn::LSTMOutput step = model.lstm(model.embedding(last), state);
    state = {.h = step.h, .c = step.c};
    last = categorical(model.output(step.output) / settings.temperature);
    text += characters.decode(last);
  }
  return text;
}

void run(const Settings& settings) {
  if (settings.threads > 0) set_num_threads(settings.threads);
  manual_seed(settings.seed);
  const Corpus corpus(data::read_text(settings.file));
  CharLstm model(corpus.characters.count(), settings);
  std::printf("%ld characters to learn from, %ld held out, %ld different ones; %ld parameters\n",
              static_cast<long>(corpus.training.numel()), static_cast<long>(corpus.held_out.numel()),
              static_cast<long>(corpus.characters.count()), static_cast<long>(model.parameter_count()));

  optim::AdamW optimizer(model.parameters(), {.lr = 4e-3, .weight_decay = 1e-2});
  optim::WarmupCosineLR schedule(optimizer, {.warmup_steps = std::min<std::int64_t>(50, settings.steps / 2),
                                             .total_steps = settings.steps,
                                             .final_factor = 0.05});
  RunReport report(settings.report);
  fit(model, optimizer, schedule, corpus.training, settings.length, settings.batch, settings.steps, report);
  model.eval();
  conclude(model, corpus, settings.length, settings.validation_windows, write(model, corpus.characters, settings),
           "An LSTM that writes Shakespeare", settings.steps, report);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Trains an LSTM on plays by Shakespeare, and lets it write");
  auto add_count = [&](const char* name, std::int64_t& value, const char* help, std::int64_t lowest = 1) {
    add_integer(app, name, value, lowest, 1'000'000'000, help);
  };
  add_count("--steps", settings.steps, "steps of training", 2);
  add_count("--batch", settings.batch, "windows in a step");
  add_count("--length", settings.length, "characters in a window");
  add_count("--layers", settings.layers, "of the LSTM");
  add_count("--hidden", settings.hidden, "units of each layer");
  add_count("--embedding", settings.embedding, "numbers that stand for a character");
  add_count("--write", settings.characters_to_write, "characters to write at the end", 0);
  add_count("--validate", settings.validation_windows, "windows to validate on; 0: all", 0);
  add_positive(app, "--temperature", settings.temperature, "of what is written: below 1 the likely becomes likelier")
      ->default_str("0.8");
  add_integer(app, "--threads", settings.threads, 0, 1024, "0: as many as there are cores");
  add_seed(app, settings.seed);
  add_report(app, settings.report);
  app.add_option("--data", settings.file, "a text, plain or gzipped")->check(CLI::ExistingFile);
  return run_program(app, argc, argv, [&] { run(settings); });
}
