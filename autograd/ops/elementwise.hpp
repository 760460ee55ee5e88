// The families of elementwise operators, for files that do not name theirs yet.
#pragma once

#include "activation.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "exponential.hpp"
#include "rounding.hpp"
#include "special.hpp"
#include "trigonometric.hpp"
