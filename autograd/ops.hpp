// All operators.
#pragma once

#include "ops/activation.hpp"
#include "ops/arithmetic.hpp"
#include "ops/cast.hpp"
#include "ops/choose.hpp"
#include "ops/compare.hpp"
#include "ops/create.hpp"
#include "ops/exponential.hpp"
#include "ops/index.hpp"
#include "ops/linalg.hpp"
#include "ops/loss.hpp"
#include "ops/movement.hpp"
#include "ops/random.hpp"
#include "ops/reduce.hpp"
#include "ops/rounding.hpp"
#include "ops/special.hpp"
#include "ops/trigonometric.hpp"
