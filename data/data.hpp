// Reading data, preparing it, and visiting it in batches.
#pragma once

#include "batches.hpp"
#include "characters.hpp"
#include "csv.hpp"
#include "dataset.hpp"
#include "describe.hpp"
#include "file.hpp"
#include "idx.hpp"
#include "labels.hpp"
#include "preparation.hpp"
#include "read_table.hpp"
#include "standardizer.hpp"
#include "table.hpp"
