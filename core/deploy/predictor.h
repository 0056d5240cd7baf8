// Predicting with a model that is already in memory: what the two public predict functions and the
// parity check share. Includes torch; private to core/deploy and its tests.
// Thread: the model's owner, blocking.
#pragma once

#include "core/deploy/exported_model.h"
#include "core/deploy/package.h"
#include "core/nn/classifier.h"

namespace graft {

/// Through evaluationView and the classifier, which is left in eval mode.
Result<std::vector<Prediction>> predictLive(Classifier& classifier,
                                            const std::vector<std::string>& labels,
                                            const std::vector<ImageRef>& pictures,
                                            Progress& progress);
/// Through the methods of the exported model.
Result<std::vector<Prediction>> predictExported(ExportedModel& model,
                                                const std::vector<ImageRef>& pictures,
                                                Progress& progress);

std::vector<std::string> labelNames(const std::vector<ClassInfo>& classes);

}  // namespace graft
