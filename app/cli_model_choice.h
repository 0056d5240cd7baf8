// --model of the commands that use a trained run. Thread: main.
#pragma once

#include "core/engine/engine.h"

#include <CLI/CLI.hpp>

#include <string>

namespace graft::cli {

inline void addModelFlag(CLI::App& command, std::string& model) {
    command
        .add_option("--model", model,
                    "best (the default) or quick: the quick model from before the first step")
        ->check(CLI::IsMember({"best", "quick"}));
}

inline engine::ModelChoice modelChoice(const std::string& model) {
    return model == "quick" ? engine::ModelChoice::Quick : engine::ModelChoice::Best;
}

}  // namespace graft::cli
