// From a weight file to a network: which tensors fit, the report in plain words, and the copying.
// Includes torch; private to core/nn. Thread: one owner of the network.
#pragma once

#include "core/nn/network.h"
#include "core/nn/preprocess_choice.h"
#include "core/nn/weights/weight_file.h"

namespace graft {

/// Compares names, shapes and types with the backbone (not the head) of `network`. `metadata` is
/// what is known of the file, see knownMetadata().
WeightReport compareWeights(const WeightFile& file, const Network& network,
                            const FileMetadata& metadata);

/// For a report that is not usable: its sentence, and the first names of what is wrong.
Error misfitError(const WeightReport& report, const std::string& backbone);

/// Copies what compareWeights found usable, converting to the network's types. Error BadFormat
/// where a weight is not a finite number; the network is then half written.
Status copyWeights(const WeightFile& file, Network& network);

/// The head too, where the file holds one that Graft trained for as many classes; false and nothing
/// changed where it does not.
bool copyHead(const WeightFile& file, Network& network);

}  // namespace graft
