// Reading, preparing and going through data.
#pragma once

#include "data/batches.hpp"
#include "data/csv.hpp"
#include "data/dataset.hpp"
#include "data/file.hpp"
#include "data/idx.hpp"
#include "data/labels.hpp"
#include "data/standardizer.hpp"
