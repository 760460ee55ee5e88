// The part of read_back.py that runs in C++: hidden, as it needs the folder that the script makes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <xgrad/io/io.hpp>
#include <xgrad/nn/nn.hpp>
#include <xgrad/optim/optim.hpp>
#include "../catch.hpp"
#include "files.hpp"

using namespace xgrad;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(3, 4));
  nn::Dense output = child("output", nn::Dense(4, 2));
  nn::Buffer seen = buffer("seen", full({2}, 5, {.dtype = DType::int64}));
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
};

/// A state as text: name;dtype;shape;elements in hexadecimal, which says every bit.
void write_text(const std::string& path, const io::NamedTensors& state) {
  std::ofstream out(path);
  for (const auto& [name, tensor] : state) {
    out << name << ';' << tensor.dtype() << ';';
    for (std::int64_t extent : tensor.shape()) out << extent << ' ';
    out << ';';
    for (double element : tensor.detach().to_vector()) {
      char text[40];
      std::snprintf(text, sizeof text, "%a ", element);
      out << text;
    }
    out << '\n';
  }
}

}  // namespace

TEST_CASE("files are read and written again for another reader", "[.read_back]") {
  const char* given = std::getenv("XGRAD_READ_BACK");
  REQUIRE(given != nullptr);
  const std::string folder = std::string(given) + '/';
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string(), ending = entry.path().extension().string();
    if (name.rfind("in_", 0) != 0) continue;
    ++count;
    const std::string out = folder + "out_" + name.substr(3);
    if (ending == ".npy") {
      io::write_npy(out + ".npy", io::read_npy(entry.path().string()));
    } else {
      const io::NamedTensors tensors = io::read_npz(entry.path().string());
      io::write_npz(out + ".npz", tensors);
      io::write_npz(out + "_deflated.npz", tensors, {.compress = true});
      io::write_safetensors(out + ".safetensors", tensors,
                            {{"form", name.substr(3)}, {"euro", "\xe2\x82\xac \"quoted\""}});
    }
  }
  CHECK(count > 300);

  Mlp model;
  optim::Adam adam(model.named_parameters());
  for (int i = 0; i < 3; ++i) adam.step([&] { return mean(square(model(normal({8, 3})))); });
  io::save(folder + "model.safetensors", model);
  io::save(folder + "model.npz", model);
  write_text(folder + "model.txt", model.state());
  io::save(folder + "optimizer.safetensors", adam);
  io::save(folder + "optimizer.npz", adam);
  write_text(folder + "optimizer.txt", adam.state());
}
