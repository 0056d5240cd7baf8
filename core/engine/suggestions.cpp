// The engine's functions around suggested settings: what is on this machine, and what the project
// remembers of the last suggestion.
#include "core/engine/engine.h"

#include <nlohmann/json.hpp>

namespace graft::engine {
namespace {

constexpr const char* kSuggestedNote = "suggested";

}  // namespace

std::unique_ptr<Job<std::vector<AvailableNetwork>>> startNetworkSearch() {
    return Job<std::vector<AvailableNetwork>>::start(
        [](Progress& progress) -> Result<std::vector<AvailableNetwork>> {
            progress.setText("Looking for pretrained networks");
            return availableNetworks(progress);
        });
}

Settings settingsOf(const Project& project) {
    return {project.model(), project.augment(), project.trainOptions()};
}

std::optional<Advice> advise(const Project& project, const std::vector<AvailableNetwork>& networks,
                             const Settings& now, bool keepNetwork) {
    const std::string noted = project.note(kSuggestedNote);
    if (noted.empty()) {
        const auto runs = project.runs();
        if (!runs || !runs->empty()) {
            return std::nullopt;  // its settings served before there were suggestions
        }
    }
    Settings before =
        settingsFromJson(nlohmann::json::parse(noted, nullptr, /*allow_exceptions=*/false));
    // The command line begins a project with light changes: nobody chose those.
    if (const auto light = augmentPreset("light");
        noted.empty() && light && project.augment() == *light) {
        before.augment = *light;
    }
    return adviseSettings(datasetFacts(project.dataset()), networks, before, now, keepNetwork);
}

Status rememberSuggestion(Project& project, const Settings& suggested) {
    const std::string text =
        toJson(suggested).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return project.note(kSuggestedNote) == text ? Status() : project.setNote(kSuggestedNote, text);
}

}  // namespace graft::engine
