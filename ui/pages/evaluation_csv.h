// The table of an evaluation as a file: one line a picture. Apart from the page because it is
// plain text that is tested alone. Thread: any (pure function).
#pragma once

#include "core/analysis/evaluation.h"
#include "core/data/dataset.h"

#include <string>

namespace graft::ui {

/// UTF-8 with a byte-order mark: file, class, answer, right, probability, then one column a class.
std::string evaluationCsv(const Evaluation& evaluation, const Dataset& dataset);

}  // namespace graft::ui
