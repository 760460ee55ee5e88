#include <cblas.h>

#include "layers.hpp"

namespace bench {

Task limit_of_layer(Layer layer) {
  if (layer != Layer::convolution) return {};
  // Windows as columns, which a convolution by products would have to make first: [9 * 16, 28 * 28] for each image.
  constexpr int kImages = 32, kOuts = 32, kWindow = 16 * 9, kPlaces = 28 * 28;
  auto weight = std::make_shared<std::vector<float>>(numbers(kOuts * kWindow, 1));
  auto columns = std::make_shared<std::vector<float>>(numbers(kWindow * kPlaces, 2));
  auto result = std::make_shared<std::vector<float>>(numbers(kOuts * kPlaces, 3));
  return {[=] {
    float *w = weight->data(), *x = columns->data(), *y = result->data();
    for (int image = 0; image < kImages; ++image) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, kOuts, kPlaces, kWindow, 1, w, kWindow, x, kPlaces, 0, y,
                  kPlaces);
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, kWindow, kPlaces, kOuts, 1e-3f, w, kWindow, y, kPlaces, 0, x,
                  kPlaces);
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, kOuts, kWindow, kPlaces, 1e-3f, y, kPlaces, x, kPlaces, 0, w,
                  kWindow);
    }
  }};
}

}  // namespace bench
