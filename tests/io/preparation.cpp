#include <xgrad/io/preparation.hpp>

#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/io/save.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "files.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using data::Encode;
using data::Impute;
using data::Preparation;
using data::Scale;
using data::Table;

namespace {

Table table() { return Table({{"x", tensor({1., 4., 7.})}, {"c", {"\xe4", "b\nb", ""}}, {"y", {"no", "yes", "no"}}}); }

Preparation fitted() {
  return Preparation::fit(table(),
                          {{.columns = {"x"}, .scale = Scale::standard},
                           {.columns = {"c"}, .impute = Impute::keep, .encode = Encode::one_hot}},
                          {.target = "y"});
}

/// A model with a layer whose name is that of the preparation's tensors.
struct Net : nn::Module {
  nn::Dense preparation = child("preparation", nn::Dense(4, 2));
  Tensor operator()(const Tensor& x) const { return preparation(x); }
};

}  // namespace

TEST_CASE("a model and the preparation of its inputs are one file", "[io][preparation]") {
  const testing::Folder folder;
  const std::string path = folder("both.safetensors");
  const Net model;
  io::save(path, model, fitted());
  Net other;
  Preparation preparation;
  io::load(path, other, preparation);
  CHECK(preparation.features() == fitted().features());
  CHECK(preparation.target_classes() == std::vector<std::string>{"no", "yes"});
  const Tensor x = preparation.transform(table());
  CHECK(all(x == fitted().transform(table())).item<bool>());
  CHECK(all(other(x) == model(x)).item<bool>());

  Preparation alone;
  io::load(path, alone);
  CHECK(alone.metadata() == fitted().metadata());
  io::save(folder("alone.safetensors"), alone);
  io::load(folder("alone.safetensors"), alone);
  CHECK(alone.metadata() == fitted().metadata());
}

TEST_CASE("a file without a preparation, or with another model, changes nothing", "[io][preparation]") {
  const testing::Folder folder;
  const std::string path = folder("model.safetensors");
  Net model;
  io::save(path, model);
  Preparation preparation = fitted();
  CHECK_THROWS_WITH(io::load(path, model, preparation),
                    Contains(path + ": Preparation: the metadata must have 'class'"));
  CHECK(preparation.metadata() == fitted().metadata());

  const std::string both = folder("both.safetensors");
  io::save(both, model, Preparation::fit(table(), {{.columns = {"x"}}}));
  nn::Dense narrow(2, 2);
  CHECK_THROWS_WITH(io::load(both, narrow, preparation), Contains(both + ": Dense:"));
  CHECK(preparation.metadata() == fitted().metadata());
  CHECK_THROWS_WITH(io::save(folder("both.npz"), model, preparation), Contains("must end in .safetensors"));
  CHECK_THROWS_AS(io::load(folder("none.safetensors"), preparation), io::FileError);
}
