// MNIST by a convolutional network: about 99 % of the test images after three passes over the data.
//
//     mnist_cnn                              the data beside the repository, or
//     mnist_cnn --data ~/mnist --epochs 10   anywhere else
//     mnist_cnn --report FOLDER              leaves a page of the run there
//     mnist_cnn --threads 1                  to compare times: benchmarks/mnist_cnn_torch.py is the same in PyTorch
#include "mnist.hpp"

using namespace xgrad;

namespace {

struct Cnn : nn::Module {
  nn::Sequential features =
      child("features", nn::Sequential{nn::Unflatten(1, {1, 28}), nn::Conv2d(1, 16, 3, {.padding = 1}), nn::ReLU(),
                                       nn::MaxPool2d(2), nn::Conv2d(16, 32, 3, {.padding = 1}), nn::BatchNorm2d(32),
                                       nn::ReLU(), nn::MaxPool2d(2)});
  nn::Sequential head = child("head", nn::Sequential{nn::Flatten(), nn::Dense(32 * 7 * 7, 128), nn::ReLU(),
                                                     nn::Dropout(0.25), nn::Dense(128, 10)});

  Tensor operator()(const Tensor& images) const {
    return call(images, [&] { return head(features(images)); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  return mnist::run_example(argc, argv, "Learns to read handwritten digits by a convolutional network", {.epochs = 3},
                            [](const mnist::Settings& settings) {
                              manual_seed(settings.seed);
                              Cnn model;
                              mnist::learn(model, settings, "MNIST by a convolutional network");
                            });
}
