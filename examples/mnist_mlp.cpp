// MNIST by a multilayer perceptron: about 98 % of the test images after five passes over the data.
//
//     mnist_mlp                              the data beside the repository, or
//     mnist_mlp --data ~/mnist --epochs 10   anywhere else
//     mnist_mlp --report FOLDER              leaves a page of the run there
#include "mnist.hpp"

using namespace xgrad;

namespace {

struct Mlp : nn::Module {
  nn::Flatten flat = child("flat", nn::Flatten());
  nn::Dense hidden1 = child("hidden1", nn::Dense(28 * 28, 256));
  nn::Dense hidden2 = child("hidden2", nn::Dense(256, 128));
  nn::Dense output = child("output", nn::Dense(128, 10));

  Tensor operator()(const Tensor& images) const {
    return call(images, [&] { return output(relu(hidden2(relu(hidden1(flat(images)))))); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  return mnist::run_example(argc, argv, "Learns to read handwritten digits by a multilayer perceptron", {.epochs = 5},
                            [](const mnist::Settings& settings) {
                              manual_seed(settings.seed);
                              Mlp model;
                              nn::init::apply(model, "hidden?.weight", nn::init::he_normal());
                              nn::init::apply(model, "*.bias", nn::init::zeros());
                              mnist::learn(model, settings, "MNIST by a multilayer perceptron");
                            });
}
