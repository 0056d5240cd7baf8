// What the marks of the sidebar say, from project and run. Thread: GUI.
#pragma once

#include "ui/bridge/project_document.h"
#include "ui/bridge/run_bridge.h"
#include "ui/widgets/sidebar.h"

namespace graft::ui {

/// Only what follows from the pictures: cheap enough for every edit.
void updateDataPlace(Sidebar& sidebar, const ProjectDocument& document);
/// All of them; asks the project for its runs.
void updatePlaces(Sidebar& sidebar, const ProjectDocument& document, const RunBridge& run);

}  // namespace graft::ui
