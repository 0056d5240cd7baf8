// The texts of a package: config.json, preprocessor_config.json, metrics.json, labels.txt and the
// model card. Pure functions of what is known about the model.
// Free of torch; private to core/deploy and its tests. Thread: any.
#pragma once

#include "core/deploy/package.h"
#include "core/train/checkpoint.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace graft {

struct PackageFacts {
    std::string name;
    std::string license;  ///< SPDX-like identifier in lower case, "" unknown
    CheckpointInfo info;
    Evaluation evaluation;   ///< may be empty
    std::string dataSource;  ///< name of the imported folder or file, without its path
    std::vector<std::int64_t> trainingCounts;  ///< pictures, per class
    bool classToken = false;                   ///< the head reads a transformer's class token
    std::int64_t featureCount = 0;             ///< inputs of the head
    std::int64_t parameterCount = 0;
    std::string firstLayer;   ///< "conv1"
    std::string created;      ///< UTC
    std::string modelSha256;  ///< of model.pt; "" inside the archive itself
};

/// One class a line, in the order of the outputs. Line breaks in names become spaces.
std::string labelsText(const std::vector<ClassInfo>& classes);
/// timm's fields, the Hub's id2label and label2id, and "graft" with Graft's own.
nlohmann::ordered_json configJson(const PackageFacts& facts);
nlohmann::ordered_json preprocessorConfigJson(const Preprocess& preprocess);
nlohmann::json metricsJson(const PackageFacts& facts);
/// README.md with a YAML header.
std::string modelCard(const PackageFacts& facts, const ParityReport& parity);

}  // namespace graft
