#include "core/train/train_messages.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <utility>

namespace graft {
namespace {

using Kind = RunCommand::Kind;
constexpr std::array kCommands{
    std::pair{Kind::SetLearningRate, "set-learning-rate"},
    std::pair{Kind::SetRateFactor, "set-rate-factor"},
    std::pair{Kind::Freeze, "freeze"},
    std::pair{Kind::Thaw, "thaw"},
    std::pair{Kind::SetAugmentStrength, "set-augment-strength"},
    std::pair{Kind::SaveNow, "save-now"},
    std::pair{Kind::EvaluateNow, "evaluate-now"},
};
constexpr std::array kStates{
    std::pair{RunState::Created, "created"},   std::pair{RunState::Running, "running"},
    std::pair{RunState::Paused, "paused"},     std::pair{RunState::Finished, "finished"},
    std::pair{RunState::Stopped, "stopped"},   std::pair{RunState::Failed, "failed"},
    std::pair{RunState::Interrupted, "interrupted"},
};

std::string numberText(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

std::string partText(const std::string& path) {
    return path.empty() ? "everything" : path;
}

}  // namespace

const char* commandName(RunCommand::Kind kind) {
    for (const auto& [known, name] : kCommands) {
        if (known == kind) {
            return name;
        }
    }
    return "unknown";
}

std::string commandText(const RunCommand& command) {
    switch (command.kind) {
        case Kind::SetLearningRate:
            return "Learning rate " + numberText(command.value);
        case Kind::SetRateFactor:
            return "Rate of " + partText(command.path) + " x " + numberText(command.value);
        case Kind::Freeze:
            return "Freeze " + partText(command.path);
        case Kind::Thaw:
            return "Thaw " + partText(command.path);
        case Kind::SetAugmentStrength:
            return "Augmentation strength " + numberText(command.value);
        case Kind::SaveNow:
            return "Save now";
        case Kind::EvaluateNow:
            return "Evaluate now";
    }
    return {};
}

nlohmann::json toJson(const EditRecord& edit) {
    return {{"number", edit.number},
            {"step", edit.step},
            {"time", edit.time},
            {"command", commandName(edit.command.kind)},
            {"path", edit.command.path},
            {"value", edit.command.value}};
}

Result<EditRecord> editFromJson(const nlohmann::json& json) {
    try {
        EditRecord edit;
        json.at("number").get_to(edit.number);
        json.at("step").get_to(edit.step);
        json.at("time").get_to(edit.time);
        json.at("path").get_to(edit.command.path);
        json.at("value").get_to(edit.command.value);
        const auto name = json.at("command").get<std::string>();
        for (const auto& [kind, known] : kCommands) {
            if (name == known) {
                edit.command.kind = kind;
                return edit;
            }
        }
        return Error{ErrorCode::BadFormat, "The run's edit log holds an unknown edit.", name, {}};
    } catch (const nlohmann::json::exception& fault) {
        return Error{ErrorCode::BadFormat, "The run's edit log is damaged.", fault.what(), {}};
    }
}

const char* runStateName(RunState state) {
    for (const auto& [known, name] : kStates) {
        if (known == state) {
            return name;
        }
    }
    return "created";
}

RunState runStateFromName(const std::string& name) {
    for (const auto& [state, known] : kStates) {
        if (name == known) {
            return state;
        }
    }
    return RunState::Created;
}

}  // namespace graft
