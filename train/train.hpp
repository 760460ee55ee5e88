// What surrounds a training loop: small objects, each usable in anybody's own loop.
#pragma once

#include "early_stopping.hpp"
#include "evaluation.hpp"
#include "folds.hpp"
#include "image.hpp"
#include "metrics.hpp"
#include "plot.hpp"
