// Which weights a word on the command line stands for: a file, or the name of published ones.
// Shared by train, info and weights. Nothing here connects to anything. Thread: main.
#pragma once

#include "core/nn/weights/weight_catalogue.h"

#include <string>

namespace graft::cli {

/// By id, or by the name of a network: the preferred ones for it. Error InvalidArgument.
Result<WeightEntry> publishedWeights(const std::string& name);

struct WeightChoice {
    std::string path;
    std::string backbone;  ///< that the name or the file says, else ""
};

/// A file as it is; the name of published weights stands for the file where it is on this machine.
/// Error NotFound tells how to get it.
Result<WeightChoice> chooseWeights(const std::string& fileOrName);

/// The network that a weight file is for, by what is written in it or because it is a published
/// one;
/// "" if neither tells, or Graft has no such network.
Result<std::string> backboneOfWeights(const std::string& path);

}  // namespace graft::cli
