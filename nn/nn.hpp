// Everything of xgrad::nn.
#pragma once

#include "activation.hpp"
#include "dense.hpp"
#include "dropout.hpp"
#include "flatten.hpp"
#include "init.hpp"
#include "losses.hpp"
#include "module.hpp"
#include "sequential.hpp"
