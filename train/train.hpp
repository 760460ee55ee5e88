// What surrounds a training loop: small objects, each usable in anybody's own loop.
#pragma once

#include "audit.hpp"
#include "diagnose.hpp"
#include "early_stopping.hpp"
#include "evaluation.hpp"
#include "folds.hpp"
#include "image.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "plot.hpp"
#include "progress.hpp"
#include "readings.hpp"
#include "report.hpp"
#include "summary.hpp"
#include "tensorboard.hpp"
