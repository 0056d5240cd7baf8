#include "core/data/dataset.h"

#include <algorithm>

namespace graft {
namespace {

template <class Samples>
auto* findById(Samples& samples, SampleId id) {
    const auto at = std::lower_bound(samples.begin(), samples.end(), id,
                                     [](const Sample& s, SampleId want) { return s.id < want; });
    return at != samples.end() && at->id == id ? &*at : nullptr;
}

}  // namespace

const char* splitName(Split split) {
    switch (split) {
        case Split::Train:
            return "train";
        case Split::Validation:
            return "validation";
        case Split::Test:
            return "test";
        case Split::None:
            break;
    }
    return "none";
}

const char* problemKindName(ProblemKind kind) {
    switch (kind) {
        case ProblemKind::Damaged:
            return "damaged";
        case ProblemKind::Unreadable:
            return "unreadable";
        case ProblemKind::Unsupported:
            return "unsupported";
        case ProblemKind::TooLarge:
            return "too-large";
        case ProblemKind::EmptyClass:
            return "empty-class";
        case ProblemKind::Hidden:
            return "hidden";
        case ProblemKind::Link:
            return "link";
        case ProblemKind::DuplicateAcrossSplits:
            return "duplicate-across-splits";
        case ProblemKind::DuplicateLabels:
            return "duplicate-labels";
        case ProblemKind::BadRow:
            return "bad-row";
    }
    return "unreadable";
}

ProblemKind problemKindOf(ErrorCode code) {
    switch (code) {
        case ErrorCode::BadFormat:
            return ProblemKind::Damaged;
        case ErrorCode::Unsupported:
            return ProblemKind::Unsupported;
        case ErrorCode::TooLarge:
            return ProblemKind::TooLarge;
        default:
            return ProblemKind::Unreadable;
    }
}

std::string Dataset::absolutePath(const Sample& sample) const {
    if (sample.path.starts_with('/')) {
        return sample.path;
    }
    return root.ends_with('/') ? root + sample.path : root + '/' + sample.path;
}

int Dataset::classIndex(ClassId id) const {
    for (std::size_t i = 0; i < classes.size(); ++i) {
        if (classes[i].id == id) {
            return int(i);
        }
    }
    return -1;
}

const Sample* Dataset::findSample(SampleId id) const {
    return findById(samples, id);
}

Sample* Dataset::findSample(SampleId id) {
    return findById(samples, id);
}

std::map<ClassId, std::int64_t> Dataset::countByClass(Split split) const {
    std::map<ClassId, std::int64_t> counts;
    for (const ClassInfo& info : classes) {
        counts[info.id] = 0;
    }
    for (const Sample& sample : samples) {
        if (sample.usable() && sample.split == split) {
            ++counts[sample.label];
        }
    }
    return counts;
}

std::int64_t Dataset::countInSplit(Split split) const {
    return std::count_if(samples.begin(), samples.end(), [split](const Sample& sample) {
        return sample.usable() && sample.split == split;
    });
}

}  // namespace graft
