#include <xgrad/io/save.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/nn/nn.hpp>
#include <xgrad/optim/optim.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "files.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;
using io::FileError;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(3, 4));
  nn::Dense output = child("output", nn::Dense(4, 2));
  nn::Buffer seen = buffer("seen", zeros({1}, {.dtype = DType::float64}));
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
};

struct Other : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(3, 5));
};

bool same_state(const io::NamedTensors& a, const io::NamedTensors& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i)
    same = a[i].first == b[i].first && same_bits(a[i].second, b[i].second);
  return same;
}

void train(Mlp& model, optim::Optimizer& optimizer, int steps) {
  Generator generator(9);
  for (int i = 0; i < steps; ++i)
    optimizer.step([&] { return mean(square(model(normal({8, 3}, 0, 1, {}, generator)))); });
}

}  // namespace

TEST_CASE("a model is saved and loaded in either format", "[io][save]") {
  Folder folder;
  Mlp model;
  model.seen.assign(7);
  for (const char* name : {"mlp.safetensors", "mlp.npz"}) {
    io::save(folder(name), model);
    Mlp loaded;
    REQUIRE_FALSE(same_state(loaded.state(), model.state()));
    io::load(folder(name), loaded);
    CHECK(same_state(loaded.state(), model.state()));
    CHECK(same_state(io::load(folder(name)), model.state()));
  }
  CHECK(*io::read_safetensors(folder("mlp.safetensors")).text("class") == "Mlp");
  CHECK(io::read_metadata(folder("mlp.safetensors")) == io::Metadata{{"class", "Mlp"}});
}

TEST_CASE("an optimizer is saved and loaded, and makes the same steps", "[io][save]") {
  Folder folder;
  for (const char* name : {"adam.safetensors", "adam.npz"}) {
    Mlp model;
    optim::Adam adam(model.named_parameters(), {.lr = 0.01});
    train(model, adam, 3);
    io::save(folder(name), adam);
    Mlp other = nn::clone(model);
    // .npz has no texts, and so no options.
    const bool has_texts = std::string(name).ends_with(".safetensors");
    optim::Adam loaded(other.named_parameters(), {.lr = has_texts ? 0.5 : 0.01});
    io::load(folder(name), loaded);
    CHECK(loaded.lr() == 0.01);
    CHECK(same_state(loaded.state(), adam.state()));
    train(model, adam, 2);
    train(other, loaded, 2);
    CHECK(same_state(other.state(), model.state()));
  }
  const io::Contents file = io::read_safetensors(folder("adam.safetensors"));
  CHECK(file.contains("state.hidden.weight.mean"));
  CHECK(file["state.output.bias.steps"].item() == 3);
  CHECK(*file.text("class") == "Adam");
  CHECK(*file.text("format_version") == "1");
}

TEST_CASE("what is of another model or optimizer is refused by file and name, and changes nothing", "[io][save]") {
  Folder folder;
  Mlp model;
  Other other;
  io::save(folder("other.safetensors"), other);
  const io::NamedTensors before = nn::clone(model).state();
  const int line = __LINE__;
  auto load_other = [&] { io::load(folder("other.safetensors"), model); };
  const std::string message = message_of<std::invalid_argument>(load_other);
  CHECK(message.find(folder("other.safetensors") + ": Mlp: ") == 0);
  CHECK_THAT(message, Contains("Missing: output.weight, output.bias, seen.") &&
                          Contains("hidden.weight ([4, 3] here, [5, 3] given)"));
  CHECK_THAT(message, Contains("at " + place(line + 1)));
  CHECK(same_state(model.state(), before));

  optim::SGD sgd(model.named_parameters(), {.lr = 0.1, .momentum = 0.9});
  train(model, sgd, 1);
  io::save(folder("sgd.safetensors"), sgd);
  optim::Adam adam(model.named_parameters());
  CHECK_THROWS_WITH(io::load(folder("sgd.safetensors"), adam),
                    Contains("sgd.safetensors: Adam: the state must be one of Adam, but SGD saved it."));
  CHECK(adam.state().empty());
  CHECK_THROWS_WITH(io::load(folder("other.safetensors"), adam), Contains("other.safetensors: Adam: "));
  CHECK_THROWS_AS(io::load(folder("missing.safetensors"), model), FileError);
}

TEST_CASE("what fits of a file is taken over, with a report of the rest", "[io][save]") {
  Folder folder;
  Mlp model, other;
  io::save(folder("part.safetensors"),
           {{"hidden.weight", model.hidden.weight()}, {"output.weight", ones({7})}, {"more", ones({1})}});
  const nn::LoadReport report = io::load_partial(folder("part.safetensors"), other);
  CHECK(same_bits(other.hidden.weight(), model.hidden.weight()));
  CHECK(report.loaded == 1);
  CHECK(report.unexpected == std::vector<std::string>{"more"});
  CHECK(report.mismatched.size() == 1);
  CHECK(report.missing.size() == 3);
}

TEST_CASE("a file's name can be as long as the system allows", "[io][save]") {
  Folder folder;
  const io::NamedTensors tensors = {{"x", tensor({1.0F, 2.0F})}};
  for (const char* ending : {".safetensors", ".npz"})
    for (std::size_t length : {99, 100, 101, 240, 241, 255}) {
      std::string name = std::string(length - std::string(ending).size(), 'n') + ending;
      INFO(length << " bytes, " << ending);
      io::save(folder(name), tensors);
      CHECK(same_state(io::load(folder(name)), tensors));
      // Of letters of several bytes.
      for (std::size_t i = 1; i + 3 + std::string(ending).size() <= length; i += 3) name.replace(i, 3, "漢");
      io::save(folder(name), tensors);
      CHECK(same_state(io::load(folder(name)), tensors));
    }
  CHECK(folder.count() == 24);  // no temporary one is left
  CHECK_THROWS_WITH(io::save(folder(std::string(252, 'n') + ".npz"), tensors), Contains("File name too long"));
}

TEST_CASE("the ending says the format", "[io][save]") {
  Folder folder;
  const io::NamedTensors tensors = {{"x", tensor({1.0F, 2.0F})}};
  io::save(folder("x.npy"), tensors[0].second);
  CHECK(same_bits(io::load(folder("x.npy"))[""], tensors[0].second));
  io::save(folder("x.npz"), tensors);
  io::save(folder("x.safetensors"), tensors, {{"a", "b"}});
  CHECK(same_state(io::load(folder("x.npz")), tensors));
  CHECK(same_state(io::load(folder("x.safetensors")), tensors));
  io::save(folder("y.safetensors"), {{"x", tensors[0].second}, {"y", ones({2})}});
  CHECK(io::load(folder("y.safetensors")).size() == 2);
  CHECK(io::load(folder("y.safetensors"))["y"].shape() == Shape{2});
  CHECK_THROWS_WITH(io::load(folder("y.safetensors"))["z"],
                    "Contents: there must be a tensor named 'z', but the names are: 'x', 'y'.");
  std::filesystem::copy_file(folder("x.npz"), folder("wrong.safetensors"));
  CHECK_THROWS_WITH(io::load(folder("wrong.safetensors")), Contains("but it is a zip archive: NumPy's .npz"));
  const int line = __LINE__;
  auto save_bin = [&] { io::save("model.bin", tensors); };
  CHECK(message_of<std::invalid_argument>(save_bin) ==
        "save: the file's name must end in .safetensors, .npz or .npy, but it is 'model.bin'. at " + place(line + 1));
  CHECK_THROWS_WITH(io::load("model.pt"), Contains("it is 'model.pt'. PyTorch's own format is not read: in Python, "
                                                   "safetensors.torch.save_file"));
  CHECK_THROWS_WITH(io::save(folder("x") + std::string("\0.npz", 5), tensors), Contains("must have no NUL"));
  CHECK_THROWS_WITH(io::load("model"), Contains("load: the file's name must end in"));
  CHECK_THROWS_WITH(io::save(folder("x.npz"), tensors, {{"a", "b"}}), Contains("texts must go to a .safetensors file"));
  CHECK_THROWS_WITH(io::save(folder("x.npy"), tensors), Contains("tensors with names must go to"));
  CHECK_THROWS_WITH(io::save(folder("x.npz"), tensors[0].second),
                    Contains("a tensor without a name must go to an .npy file"));
}
