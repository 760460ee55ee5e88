// All schedules of the learning rate.
#pragma once

#include "combine.hpp"
#include "cosine.hpp"
#include "cyclic.hpp"
#include "decay.hpp"
#include "lambda.hpp"
#include "plateau.hpp"
