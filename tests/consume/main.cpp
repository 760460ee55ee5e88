// A user's program: exit status 0 when values and gradients are right. Its lambda becomes SIMD code of its own, which
// meets the library's, maybe of another instruction set. It has headers of its own (mine/, first on its include path)
// under the paths of xgrad's: each of the two must find its own.
#include "autograd/config.hpp"
#include "autograd/ops.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tensor.hpp"
#include "config.hpp"
#include "data/csv.hpp"
#include "data/data.hpp"
#include "error.hpp"
#include "map.hpp"
#include "module.hpp"
#include "nn/dense.hpp"
#include "nn/module.hpp"
#include "nn/nn.hpp"
#include "optim/adam.hpp"
#include "optim/optim.hpp"
#include "tensor.hpp"

#include <xgrad.hpp>
#include <xgrad/autograd/check/check_operator.hpp>
#include <xgrad/nn/dense.hpp>
#include <xgrad/xgrad.hpp>

static_assert(MINE_NN_MODULE + MINE_NN_DENSE + MINE_NN_NN + MINE_DATA_CSV + MINE_DATA_DATA + MINE_OPTIM_ADAM +
                  MINE_OPTIM_OPTIM + MINE_AUTOGRAD_TENSOR + MINE_AUTOGRAD_CONFIG + MINE_AUTOGRAD_OPS +
                  MINE_AUTOGRAD_OPS_CREATE + MINE_TENSOR + MINE_CONFIG + MINE_MODULE + MINE_ERROR + MINE_MAP ==
              16);

int main() {
  using namespace xgrad;
  Tensor x = full({37}, 2.0, {.requires_grad = true});
  Tensor y = sum(map([](auto x) { return x * x; }, x) + x);
  y.backward();
  Tensor dydx = x.grad();
  optim::SGD sgd({x}, {.lr = 0.1});
  sgd.step();
  nn::Dense dense(3, 2);
  bool is_right = y.item() == 37 * 6 && allclose(dydx, 5 * ones({37})) && allclose(x, 1.5 * ones({37})) &&
                  dense(ones({4, 3})).shape() == Shape{4, 2};
  return is_right ? 0 : 1;
}
