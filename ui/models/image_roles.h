// ImageRoles: what a list model tells an ImageGrid about a picture. Apart from the grid so that
// models do not look at widgets. Thread: any.
#pragma once

#include <Qt>

namespace graft::ui {

struct ImageRoles {
    enum Role {
        PathRole = Qt::UserRole + 1,  ///< QString, absolute
        IndexRole,                    ///< int, number inside a container file, else -1
        SampleIdRole,                 ///< qlonglong
        BadgesRole,                   ///< int, Badge flags
    };
    enum Badge {
        NoBadge = 0,
        ExcludedBadge = 1,
        DamagedBadge = 2,
        TrainBadge = 4,
        ValidationBadge = 8,
        TestBadge = 16,
        RightBadge = 32,  ///< a check mark: the network is right
        WrongBadge = 64,  ///< a cross
    };
};

}  // namespace graft::ui
