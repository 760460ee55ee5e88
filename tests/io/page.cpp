// The code of docs/files.md: the page shows these lines, and a test compares the two.
#include <filesystem>
#include <string>
#include <utility>

#include "../catch.hpp"
#include "../pages.hpp"
#include "../support.hpp"
#include "files.hpp"
// The page shows the next line.
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(4, 8));
  nn::Dense output = child("output", nn::Dense(8, 1));
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
};

/// A test case runs in a folder of its own, so that the page's paths are short.
class Here {
 public:
  Here() : before_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path()); }
  ~Here() { std::filesystem::current_path(before_); }
  Here(const Here&) = delete;
  Here& operator=(const Here&) = delete;

 private:
  testing::Folder folder_;
  std::filesystem::path before_;
};

}  // namespace

TEST_CASE("files: models and optimizers", "[files]") {
  const Here here;
  Mlp model;
  optim::Adam adam(model.named_parameters());
  adam.step([&] { return mean(square(model(ones({2, 4})))); });

  io::save("mlp.safetensors", model);
  io::save("adam.safetensors", adam);

  Mlp again;
  io::load("mlp.safetensors", again);
  optim::Adam adam_again(again.named_parameters());
  io::load("adam.safetensors", adam_again);
  CHECK(testing::same_bits(again.hidden.weight(), model.hidden.weight()));
  CHECK(adam_again.state().size() == adam.state().size());

  nn::LoadReport report = io::load_partial("mlp.safetensors", again);
  CHECK(report.missing.empty());

  io::save("hidden.safetensors", nn::matching(model.state(), "hidden.*"), {{"from", "mlp"}});
  CHECK(io::load("hidden.safetensors").size() == 2);
}

TEST_CASE("files: tensors", "[files]") {
  const Here here;
  Tensor x = ones({3, 4}), y = arange(3);
  io::save("data.npz", {{"x", x}, {"y", y}});
  io::save("x.npy", x);
  for (auto& [name, tensor] : io::load("data.npz")) CHECK(tensor.shape()[0] == 3);
  Tensor again_y = io::load("data.npz")["y"];
  io::write_npz("small.npz", {{"x", x}}, {.compress = true});

  io::write_safetensors("data.safetensors", {{"x", x}, {"y", y}}, {{"made by", "example"}});
  io::Contents file = io::read_safetensors("data.safetensors");
  Tensor same = file["x"];
  CHECK(testing::same_bits(same, x));
  CHECK(*file.text("made by") == "example");
}

TEST_CASE("files: training runs", "[files]") {
  const Here here;
  const data::Dataset train{normal({64, 4}), normal({64, 1})};

  Mlp model;
  optim::Adam adam(model.named_parameters(), {.lr = 1e-3});
  optim::CosineAnnealingLR schedule(adam, {.T_max = 100});
  data::BatchPosition position;
  std::int64_t step = 0;

  io::Checkpoint checkpoint;
  checkpoint.add("model", model)
      .add("adam", adam)
      .add("schedule", schedule)
      .add("position", position)
      .add("step", step);
  io::CheckpointEvery every(checkpoint, "runs/mlp", {.steps = 10, .keep = 3});
  io::KeepBest best(checkpoint, "runs/mlp");
  every.resume();  // true where there was something to go on with

  while (position.passes < 3) {
    for (auto [x, y] : data::batches(train, {.size = 16, .shuffle = true, .position = &position})) {
      adam.step([&, x = x, y = y] { return nn::mse(model(x), y); });
      schedule.step();
      every.step(++step);
    }
    best.offer(nn::mse(model(train.inputs), train.targets).item(), step);
  }
  CHECK(step == 12);
  best.load();
  CHECK(std::filesystem::exists("runs/mlp/step-000000000010.safetensors"));

  Mlp trained;
  io::Checkpoint only;
  only.add("model", trained).load(best.best(), {.partial = true});
  CHECK(testing::same_bits(trained.hidden.weight(), model.hidden.weight()));
}

TEST_CASE("the code in docs/files.md is the code of this file", "[files][docs]") {
  CHECK(testing::blocks_missing("docs/files.md", {"tests/io/page.cpp"}).empty());
}
