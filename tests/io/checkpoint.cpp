#include <xgrad/io/checkpoint.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/autograd/random_state.hpp>
#include <xgrad/io/checkpoints.hpp>
#include <xgrad/io/save.hpp>
#include <xgrad/nn/nn.hpp>
#include <xgrad/optim/optim.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "files.hpp"
#include "run.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;
using io::Checkpoint;
using io::FileError;

namespace {

struct Line : nn::Module {
  nn::Dense layer = child("layer", nn::Dense(2, 1));
};

/// All bits of what a checkpoint of the run would hold.
std::string bits_of(const Run& run) {
  Folder folder;
  run.checkpoint.save(folder("x.safetensors"));
  return folder.read("x.safetensors");
}

/// The file with one text of its header changed.
void change_text(const std::string& path, const std::string& name, const std::string& text) {
  io::Contents contents = io::read_safetensors(path);
  for (auto& [key, value] : contents.metadata)
    if (key == name) value = text;
  io::write_safetensors(path, contents.tensors, contents.metadata);
}

}  // namespace

TEST_CASE("a run that stops and goes on makes the bits of one that did not stop", "[io][checkpoint]") {
  Folder folder;
  manual_seed(11);
  Run whole;
  whole.advance(20);
  const std::string expected = bits_of(whole);
  for (int first : {1, 7, 10, 13, 19}) {
    manual_seed(11);
    {
      Run begun;
      begun.advance(first);
      begun.checkpoint.save(folder("run.safetensors"));
    }
    manual_seed(12345);
    normal({100});
    Run resumed;
    resumed.checkpoint.load(folder("run.safetensors"));
    CHECK(resumed.step == first);
    resumed.advance(20 - first);
    CHECK((bits_of(resumed) == expected));
  }
}

TEST_CASE("a checkpoint keeps the user's variables", "[io][checkpoint]") {
  Folder folder;
  std::int64_t large = -(1LL << 62);
  int small = -7;
  bool flag = true;
  double number = -std::numeric_limits<double>::infinity(), tenth = 0.1F;
  std::string text = "a \"text\"\n\xe2\x82\xac";
  std::vector<double> losses = {0.1, 5e-324, HUGE_VAL};
  Tensor constant = tensor({1, 2}), undefined, variable = xgrad::testing::variable({1.0, 2.0});
  Generator generator(7, 3);
  generator.advance(5);
  auto all = [&](Checkpoint& checkpoint) {
    checkpoint.add("large", large).add("small", small).add("flag", flag).add("number", number).add("tenth", tenth);
    checkpoint.add("text", text).add("losses", losses).add("constant", constant).add("undefined", undefined);
    checkpoint.add("variable", variable).add("generator", generator);
  };
  Checkpoint checkpoint;
  all(checkpoint);
  checkpoint.save(folder("x.safetensors"), {{"about", "{\"kind\": \"of user\"}"}});
  large = 0, small = 0, flag = false, number = 0, tenth = 0, text = "", losses = {};
  constant = undefined = ones({5});
  const Tensor handle = variable;
  variable.assign(0);
  const Generator expected = generator;
  generator = Generator(0);
  checkpoint.load(folder("x.safetensors"));
  CHECK(large == -(1LL << 62));
  CHECK(small == -7);
  CHECK(flag);
  CHECK(number == -std::numeric_limits<double>::infinity());
  CHECK(tenth == static_cast<double>(0.1F));
  CHECK(text == "a \"text\"\n\xe2\x82\xac");
  CHECK(losses == std::vector<double>{0.1, 5e-324, HUGE_VAL});
  CHECK(same_bits(constant, tensor({1, 2})));
  CHECK_FALSE(undefined.defined());
  CHECK(handle.is_same(variable));
  CHECK(variable.to_vector() == std::vector<double>{1, 2});
  CHECK((generator.seed() == 7 && generator.stream() == 3 &&
         state_of(generator).position == state_of(expected).position));
  CHECK(*io::Contents{.tensors = {}, .metadata = io::read_metadata(folder("x.safetensors"))}.text("about") ==
        "{\"kind\": \"of user\"}");
}

namespace {

/// An object of the user's: what it keeps are tensors, and texts beside them.
struct Vocabulary {
  io::NamedTensors state() const { return {{"counts", counts}}; }
  io::Metadata metadata() const { return {{"words", words}}; }
  void load_state(const io::NamedTensors& state, const io::Metadata& texts) {
    if (state.size() != 1 || texts.size() != 1) throw std::invalid_argument("Vocabulary: it must be one.");
    counts = state[0].second;
    words = texts[0].second;
  }
  Tensor counts;
  std::string words;
};

}  // namespace

TEST_CASE("objects with a state of their own are parts, too", "[io][checkpoint]") {
  Folder folder;
  Line line;
  optim::AveragedWeights averages(line.named_parameters(), {.decay = 0.5});
  averages.update();
  line.layer.weight().assign(3);
  averages.update();
  const io::NamedTensors kept = averages.state();
  std::vector<Tensor> copies;
  for (const auto& [name, tensor] : kept) copies.push_back(copy(tensor));
  Vocabulary vocabulary{tensor({1, 2}), "a b"};
  Checkpoint checkpoint;
  checkpoint.add("averages", averages).add("vocabulary", vocabulary);
  checkpoint.save(folder("x.safetensors"));
  averages.update();
  vocabulary = {tensor({7}), "c"};
  checkpoint.load(folder("x.safetensors"));
  for (std::size_t i = 0; i < copies.size(); ++i) CHECK(same_bits(averages.state()[i].second, copies[i]));
  CHECK(same_bits(vocabulary.counts, tensor({1, 2})));
  CHECK(vocabulary.words == "a b");

  io::save(folder("v.safetensors"), vocabulary);
  Vocabulary other;
  io::load(folder("v.safetensors"), other);
  CHECK(same_bits(other.counts, vocabulary.counts));
  CHECK(other.words == "a b");
  io::save(folder("w.safetensors"), line);
  CHECK_THROWS_WITH(io::load(folder("w.safetensors"), other), Contains("w.safetensors: Vocabulary: it must be one."));
}

TEST_CASE("a part of a checkpoint is loaded alone", "[io][checkpoint]") {
  Folder folder;
  Run run;
  run.advance(3);
  run.checkpoint.save(folder("run.safetensors"));
  Run::Net model;
  Checkpoint only;
  only.add("model", model);
  CHECK_THROWS_WITH(only.load(folder("run.safetensors")),
                    Contains("part 'adam': what the file has must have been added"));
  const auto before = random_state();
  only.load(folder("run.safetensors"), {.partial = true});
  for (std::size_t i = 0; i < model.state().size(); ++i)
    CHECK(same_bits(model.state()[i].second, run.model.state()[i].second));
  CHECK(random_state().generators[0].position == before.generators[0].position);
}

TEST_CASE("a checkpoint of another run is refused, and changes nothing", "[io][checkpoint]") {
  Folder folder;
  const std::string path = folder("run.safetensors");
  Run run;
  run.advance(3);
  run.checkpoint.save(path);

  Run other;
  Line line;
  other.advance(1);
  const std::string before = bits_of(other);
  auto refused = [&](auto change) {
    run.checkpoint.save(path);
    change();
    std::string message = message_of<std::exception>([&] { other.checkpoint.load(path); });
    CHECK(message.find(path) == 0);
    CHECK((bits_of(other) == before));
    return message;
  };
  CHECK_THAT(refused([&] { Checkpoint().add("model", line).save(path); }),
             Contains("part 'model': Net: the names and shapes of the state"));
  // The step stands behind the model, which is taken over before it is refused.
  CHECK_THAT(refused([&] { change_text(path, "step", R"({"kind":"integer","value":1.5})"); }),
             Contains("part 'step': what the file says of it must have value in its form"));
  CHECK_THAT(refused([&] { change_text(path, "step", R"({"kind":"integer","value":18446744073709551615})"); }),
             Contains("part 'step'"));
  CHECK_THAT(refused([&] { change_text(path, "step", R"({"kind":"number","value":"1"})"); }),
             Contains("part 'step': it must be of the kind integer, but in the file it is 'number'."));
  CHECK_THAT(refused([&] { change_text(path, "step", "[]"); }),
             Contains("part 'step': what the file says of it must be a JSON object"));
  CHECK_THAT(refused([&] { change_text(path, "step", "{"); }), Contains("must be a JSON object"));
  std::string many = "{\"kind\":[";  // a tree of it would be twenty times as large
  for (int i = 0; i < 100000; ++i) many += "0,";
  CHECK_THAT(refused([&] { change_text(path, "step", many + "0]}"); }), Contains("must be a JSON object"));
  CHECK_THAT(refused([&] { change_text(path, "step", std::string(1 << 19, '[')); }), Contains("must be a JSON object"));
  CHECK_THAT(refused([&] { change_text(path, "step", "{}"); }), Contains("part 'step': its kind must be said"));
  CHECK_THAT(refused([&] { change_text(path, "schedule", R"({"kind":"schedule","class":"StepLR","numbers":[]})"); }),
             Contains("part 'schedule': it must be a CosineAnnealingLR, but in the file it is a 'StepLR'."));
  CHECK_THAT(refused([&] {
               change_text(path, "schedule",
                           R"({"kind":"schedule","class":"CosineAnnealingLR","numbers":[["steps","x"]]})");
             }),
             Contains("part 'schedule': a number must have a name and be one"));
  CHECK_THAT(refused([&] {
               change_text(path, "schedule", R"({"kind":"schedule","class":"CosineAnnealingLR","numbers":[]})");
             }),
             Contains("part 'schedule': CosineAnnealingLR: the state must have one entry 'steps'"));
  CHECK_THAT(refused([&] {
               change_text(path, "adam",
                           R"({"kind":"optimizer","class":"SGD","format_version":"1","rates":[["lr.0","0.1"]]})");
             }),
             Contains("part 'adam': Adam: the state must be one of Adam, but SGD saved it."));
  CHECK_THAT(refused([&] {
               change_text(path, "adam",
                           R"({"kind":"optimizer","class":"Adam","format_version":"2","rates":[["lr.0","0.1"]]})");
             }),
             Contains("format version"));
  CHECK_THAT(
      refused([&] { change_text(path, "adam", R"({"kind":"optimizer","class":"Adam","rates":[]})"); }),
      Contains("part 'adam': the optimizer must have as many groups as in the file, but it has 1, and the file 0."));
  CHECK_THAT(
      refused([&] { change_text(path, "adam", R"({"kind":"optimizer","class":"Adam","rates":[["lr.0","-1"]]})"); }),
      Contains("part 'adam': Adam: lr must be at least 0"));
  CHECK_THAT(refused([&] { change_text(path, "random", R"({"seed":1,"next_stream":1,"generators":[[1,5,0]]})"); }),
             Contains("part 'random': set_random_state"));
  CHECK_THAT(refused([&] { change_text(path, "random", R"({"seed":-1,"next_stream":1,"generators":[]})"); }),
             Contains("part 'random'"));
  CHECK_THAT(refused([&] { change_text(path, "random", R"({"seed":1,"next_stream":1,"generators":[[1]]})"); }),
             Contains("a generator must be seed, stream and position"));
  CHECK_THAT(refused([&] { change_text(path, "parts", R"(["model","more"])"); }),
             Contains("part 'more': what the file has must have been added"));
  CHECK_THAT(refused([&] { change_text(path, "parts", R"(["model",1])"); }), Contains("must list its parts by name"));
  CHECK_THAT(refused([&] { change_text(path, "parts", "{"); }), Contains("must list its parts, but"));
  CHECK_THAT(refused([&] { change_text(path, "format", "other"); }),
             Contains("the file must be a checkpoint, but it does not say so."));
  CHECK_THAT(refused([&] { change_text(path, "format_version", "2"); }),
             Contains("must have format version 1, but it has 2."));
  CHECK_THAT(refused([&] {
               io::write_safetensors(path, {{"x", ones({1})}});
             }),
             Contains("the file must be a checkpoint"));
  CHECK_THAT(refused([&] { std::filesystem::resize_file(path, 100); }), Contains("the header must lie in the file"));
}

TEST_CASE("names of a checkpoint's parts", "[io][checkpoint]") {
  std::int64_t value = 0;
  Checkpoint checkpoint;
  checkpoint.add("step", value);
  CHECK(message_of<std::invalid_argument>([&] { checkpoint.add("step", value); }) ==
        "Checkpoint: each part must have a name of its own, but 'step' is taken. at " + place(__LINE__ - 1));
  for (const char* name : {"", "a.b", "\xff"})
    CHECK_THROWS_WITH(checkpoint.add(name, value), Contains("a part's name must be UTF-8 without a dot"));
  for (const char* name : {"random", "format", "format_version", "parts"})
    CHECK_THROWS_WITH(checkpoint.add(name, value), Contains("is taken"));
  Folder folder;
  CHECK_THROWS_WITH(checkpoint.save(folder("x"), {{"step", "1"}}),
                    Contains("a text's name must not be a part's, but 'step' is."));
  CHECK_THROWS_WITH(checkpoint.save(folder("x.npz")), Contains("the file's name must not end in .npz or .npy"));
  CHECK(folder.count() == 0);
}

TEST_CASE("the newest checkpoints are kept, and the newest whole one is gone on with", "[io][checkpoint]") {
  Folder folder;
  std::int64_t step = 0;
  Checkpoint checkpoint;
  checkpoint.add("step", step);
  io::CheckpointEvery every(checkpoint, folder("runs/a"), {.steps = 5, .keep = 2});
  CHECK_FALSE(every.resume());
  CHECK(every.newest() == "");
  for (step = 1; step <= 23; ++step) CHECK(every.step(step) == (step % 5 == 0));
  const std::string newest = folder("runs/a/step-000000000020.safetensors");
  CHECK(every.newest() == newest);
  CHECK(std::filesystem::exists(folder("runs/a/step-000000000015.safetensors")));
  CHECK_FALSE(std::filesystem::exists(folder("runs/a/step-000000000010.safetensors")));

  // What a writer left that was killed, and files that are nobody's checkpoints.
  folder.write("runs/a/step-000000000025.safetensors.tmp-123-1", "half");
  folder.write("runs/a/step-x.safetensors", "");
  folder.write("runs/a/step-30.safetensors", "");
  CHECK(every.resume());
  CHECK(step == 20);
  io::CheckpointEvery again(checkpoint, folder("runs/a"), {.steps = 5, .keep = 2});
  CHECK_FALSE(std::filesystem::exists(folder("runs/a/step-000000000025.safetensors.tmp-123-1")));
  // One that a disk has damaged is passed over.
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 1);
  CHECK(again.resume());
  CHECK(step == 15);
  std::filesystem::resize_file(folder("runs/a/step-000000000015.safetensors"), 0);
  CHECK_THROWS_AS(again.resume(), FileError);
  // One of another run is not.
  double other = 0;
  CHECK_THROWS_AS(io::CheckpointEvery(Checkpoint().add("other", other), folder("runs/b"), {.steps = 0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(io::CheckpointEvery(checkpoint, folder("runs/b"), {.keep = -1}), std::invalid_argument);
  io::CheckpointEvery(checkpoint, folder("runs/b")).save(1);
  CHECK_THROWS_AS(io::CheckpointEvery(Checkpoint().add("other", other), folder("runs/b")).resume(),
                  std::invalid_argument);
  folder.write("file", "");
  CHECK_THROWS_AS(io::CheckpointEvery(checkpoint, folder("file/a")), FileError);
}

TEST_CASE("the best checkpoints are kept", "[io][checkpoint]") {
  Folder folder;
  std::int64_t step = 0;
  Checkpoint checkpoint;
  checkpoint.add("step", step);
  for (bool highest : {false, true}) {
    const std::string path = folder(highest ? "highest" : "lowest");
    const double sign = highest ? -1 : 1;
    std::vector<bool> written;
    {
      io::KeepBest best(checkpoint, path, {.keep = 2, .highest = highest});
      CHECK(best.best() == "");
      CHECK_THROWS_AS(best.load(), std::logic_error);
      for (double score : {3.0, 5.0, 4.0, std::nan(""), 3.0, 9.0, 0.1F + 0.0})
        written.push_back(best.offer(sign * score, ++step));
      CHECK(written == std::vector<bool>{true, true, true, false, true, false, true});
    }
    // A later run goes on with them.
    io::KeepBest best(checkpoint, path, {.keep = 2, .highest = highest});
    CHECK_FALSE(best.offer(sign * 3.5, 100));
    step = -1;
    best.load();
    CHECK(step == 7);
    CHECK(best.offer(sign * 0.01, 101));
    CHECK(best.best() == path + "/best-000000000101.safetensors");
    int count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
    CHECK(count == 2);
    step = 0;
  }
  CHECK_THROWS_AS(io::KeepBest(checkpoint, folder("x"), {.keep = 0}), std::invalid_argument);
}

TEST_CASE("a best checkpoint that cannot be read keeps no run from starting again, and stays", "[io][checkpoint]") {
  Folder folder;
  std::int64_t step = 0;
  Checkpoint checkpoint;
  checkpoint.add("step", step);
  const std::string path = folder("best");
  {
    io::KeepBest best(checkpoint, path, {.keep = 3});
    for (double score : {1.0, 2.0, 3.0}) best.offer(score, ++step);
  }
  auto file_of = [&](int number) { return path + "/best-00000000000" + std::to_string(number) + ".safetensors"; };
  std::filesystem::resize_file(file_of(1), std::filesystem::file_size(file_of(1)) - 1);
  folder.write("best/best-000000000004.safetensors", "foreign");
  folder.write("best/best-000000000005.safetensors", "");
  std::filesystem::create_directories(file_of(6));
  checkpoint.save(file_of(7));  // whole, but without a score
  for (const char* score : {"nan", "", "high", "1x"}) {
    checkpoint.save(file_of(8), {{"score", score}});
    CHECK(io::KeepBest(checkpoint, path).best() == file_of(2));
  }
  io::KeepBest best(checkpoint, path, {.keep = 2});
  CHECK(best.best() == file_of(2));
  best.load();
  CHECK(step == 2);
  CHECK(best.offer(0.5, 9));  // takes the place of 3
  CHECK(best.best() == file_of(9));
  for (int number : {1, 2, 4, 5, 6, 7, 8, 9}) CHECK(std::filesystem::exists(file_of(number)));
  CHECK_FALSE(std::filesystem::exists(file_of(3)));
  CHECK(best.offer(0.25, 4));  // written over what could not be read
  CHECK(io::KeepBest(checkpoint, path).best() == file_of(4));
}
