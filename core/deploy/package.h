// Package: the exported model folder, its check, and predicting with a run or a package.
// Free of torch. Thread: any, blocking.
#pragma once

#include "core/analysis/evaluation.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

#include <cstdint>
#include <string>
#include <vector>

namespace graft {

struct ExportRequest {
    std::string checkpoint;  ///< file to export
    std::string folder;      ///< package folder; must not exist or be empty
    std::string name;        ///< model name for the card
    std::string license;     ///< of the weights it came from, "" unknown
    Dataset dataset;         ///< pictures for the check come from its validation split
    Evaluation evaluation;   ///< for the card and metrics.json; may be empty
    /// Program that runs `graft-cli check-package FOLDER` in a process of its own.
    std::string checkerProgram;
    int checkPictures = 200;
};

/// The parity check: the written file against the live model.
struct ParityReport {
    std::int64_t count = 0;    ///< pictures compared
    std::int64_t agree = 0;    ///< same top-1
    double maxDifference = 0;  ///< largest difference of a probability
    double msPerPicture = 0;   ///< preprocessing and network, one at a time
    bool passed = false;       ///< there were pictures, all agree, difference <= 1e-4
};

struct ExportReport {
    std::string folder;
    std::uint64_t bytes = 0;  ///< of the model file
    ParityReport parity;
};

/// Writes model.pt, labels.txt, config.json, preprocessor_config.json, README.md, metrics.json and
/// parity.json. The folder appears whole or not at all.
/// Pictures for the check come from the validation split; where that is empty, from the test or
/// the training split. A check that finds differences is no Error: see ParityReport::passed.
Result<ExportReport> exportPackage(const ExportRequest& request, Progress& progress);

/// The second process of the parity check, `graft-cli check-package FOLDER`: loads the package,
/// runs it on the pictures that FOLDER/check-request.json names ({"pictures": [{"path", "index"}]})
/// and writes FOLDER/check-result.json ({"ms_per_picture", "probabilities": [[...], ...]}, null for
/// a picture that could not be read). Without a request it only loads the package and runs it on a
/// grey picture. Prints "progress DONE TOTAL" lines to standard output; the program prints the
/// Error's text() to standard error and ends with an exit code other than 0.
Status checkPackage(const std::string& folder);

/// One answer. `probabilities` in the order of `labels`.
struct Prediction {
    std::string file;
    std::string label;
    double probability = 0;
    std::vector<double> probabilities;
    std::string error;  ///< not empty: the picture could not be read, the rest is void
};

/// Names of the network's outputs, in their order.
struct PredictorLabels {
    std::vector<std::string> labels;
};
/// Predicts with a checkpoint file, through the same preprocessing as evaluation. One answer a
/// picture, in their order; `labels` may be null.
Result<std::vector<Prediction>> predictWithCheckpoint(const std::string& checkpoint,
                                                      const std::vector<ImageRef>& pictures,
                                                      PredictorLabels* labels, Progress& progress);
/// Predicts with an exported package folder. Refused where the folder is no package of Graft's or
/// its model.pt was changed, because a TorchScript file can run code.
Result<std::vector<Prediction>> predictWithPackage(const std::string& folder,
                                                   const std::vector<ImageRef>& pictures,
                                                   PredictorLabels* labels, Progress& progress);

}  // namespace graft
