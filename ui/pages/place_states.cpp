#include "ui/pages/place_states.h"

#include "ui/pages/page.h"

namespace graft::ui {

namespace {

struct Runs {
    bool any = false;
    bool usable = false;  ///< one has an epoch that was checked
    bool failed = false;  ///< the newest did
};

Runs lookAtRuns(const ProjectDocument& document) {
    Runs found;
    const auto runs = document.project().runs();
    if (!runs || runs->empty()) {
        return found;
    }
    found.any = true;
    found.failed = runs->front().state == RunState::Failed;
    for (const RunRecord& run : *runs) {
        found.usable = found.usable || run.bestAccuracy >= 0;
    }
    return found;
}

}  // namespace

void updateDataPlace(Sidebar& sidebar, const ProjectDocument& document) {
    const Dataset& data = document.dataset();
    const bool enough = data.classes.size() >= 2 && data.countInSplit(Split::Train) > 0;
    sidebar.setState(int(PageId::Data), !document.isOpen() ? PlaceState::Empty
                                        : enough           ? PlaceState::Ready
                                                           : PlaceState::Attention);
}

void updatePlaces(Sidebar& sidebar, const ProjectDocument& document, const RunBridge& run) {
    const auto set = [&](PageId page, PlaceState state) { sidebar.setState(int(page), state); };
    const bool open = document.isOpen();
    for (int place = 0; place < sidebar.count(); ++place) {
        sidebar.button(place)->setEnabled(open);
        sidebar.setState(place, PlaceState::Empty);
    }
    if (!open) {
        return;
    }
    updateDataPlace(sidebar, document);
    set(PageId::Augment, PlaceState::Ready);
    set(PageId::Model, PlaceState::Ready);
    const Runs runs = lookAtRuns(document);
    set(PageId::Train, run.isActive() ? PlaceState::Running
                       : runs.failed  ? PlaceState::Attention
                       : runs.any     ? PlaceState::Ready
                                      : PlaceState::Empty);
    set(PageId::Evaluate, runs.usable ? PlaceState::Ready : PlaceState::Empty);
    set(PageId::Export, runs.usable ? PlaceState::Ready : PlaceState::Empty);
}

}  // namespace graft::ui
