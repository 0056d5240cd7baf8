#include "core/base/hash.h"
#include "core/data/importers/finish.h"
#include "core/data/importers/importer.h"
#include "core/data/importers/picture_check.h"
#include "core/data/importers/sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

namespace graft {
namespace fs = std::filesystem;
namespace {

bool isFolder(const std::string& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

bool isFile(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

/// What the source lists now; nothing at all when it has become unusable (emptied, say).
Result<Dataset> listNow(const Dataset& dataset, const ImportOptions& options, Progress& progress) {
    Result<Dataset> now = dataset.format == "class-folders" || dataset.format == "split-folders"
                              ? listFolder(dataset.source, progress)
                              : listSource(dataset.source, options, progress);
    if (!now && now.error().code != ErrorCode::Cancelled) {
        Dataset empty;
        empty.root = dataset.root;
        return empty;
    }
    return now;
}

using Place = std::pair<std::string, int>;  // path and index

std::map<Place, std::size_t> places(const Dataset& dataset) {
    std::map<Place, std::size_t> index;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        index.emplace(Place{dataset.samples[i].path, dataset.samples[i].index}, i);
    }
    return index;
}

/// Pairs missing samples with added files of the same content; only sizes that occur are hashed.
Status findMoves(const Dataset& dataset, const Dataset& now,
                 const std::map<Place, std::size_t>& nowAt, RescanReport& report,
                 Progress& progress) {
    std::unordered_multimap<std::string, SampleId> missingByHash;
    std::set<std::int64_t> sizes;
    for (const SampleId id : report.missing) {
        const Sample& sample = *dataset.findSample(id);
        if (sample.index < 0 && !sample.contentHash.empty()) {
            missingByHash.emplace(sample.contentHash, id);
            sizes.insert(sample.fileSize);
        }
    }
    if (missingByHash.empty()) {
        return {};
    }
    progress.setText("Looking for moved pictures");
    std::vector<std::string> stillAdded;
    std::set<SampleId> found;
    std::int64_t done = 0;
    for (const std::string& path : report.added) {
        progress.set(done++, std::int64_t(report.added.size()));
        GRAFT_CHECK(progress.checkpoint());
        const Sample& file = now.samples[nowAt.at({path, -1})];
        auto match = missingByHash.end();
        if (sizes.contains(file.fileSize)) {
            if (const Result<std::string> hash = sha256File(now.absolutePath(file)); hash) {
                match = missingByHash.find(*hash);
            }
        }
        if (match == missingByHash.end()) {
            stillAdded.push_back(path);
            continue;
        }
        report.moved.emplace_back(match->second, path);
        found.insert(match->second);
        missingByHash.erase(match);
    }
    report.added = std::move(stillAdded);
    std::erase_if(report.missing, [&](SampleId id) { return found.contains(id); });
    std::sort(report.moved.begin(), report.moved.end());
    return {};
}

Result<RescanReport> rescan(const Dataset& dataset, Progress& progress) {
    RescanReport report;
    if (!isFolder(dataset.root)) {
        report.rootMissing = true;
        return report;
    }
    GRAFT_TRY(const Dataset now, listNow(dataset, {}, progress));
    const std::map<Place, std::size_t> nowAt = places(now);
    const std::map<Place, std::size_t> knownAt = places(dataset);
    for (const Sample& sample : dataset.samples) {
        const auto at = nowAt.find({sample.path, sample.index});
        if (at == nowAt.end()) {
            // A row that left the table still has its picture: not missing.
            if (sample.index >= 0 || !isFile(dataset.absolutePath(sample))) {
                report.missing.push_back(sample.id);
            }
            continue;
        }
        const Sample& file = now.samples[at->second];
        if (file.fileSize != sample.fileSize || file.modifiedNs != sample.modifiedNs) {
            report.changed.push_back(sample.id);
        }
    }
    for (const Sample& file : now.samples) {
        if (file.index < 0 && !knownAt.contains({file.path, file.index})) {
            report.added.push_back(file.path);
        }
    }
    GRAFT_CHECK(findMoves(dataset, now, nowAt, report, progress));
    return report;
}

ClassId classByName(Dataset& dataset, const std::string& name) {
    ClassId last = 0;
    for (const ClassInfo& info : dataset.classes) {
        if (info.name == name) {
            return info.id;
        }
        last = std::max(last, info.id);
    }
    dataset.classes.push_back({last + 1, name});
    return last + 1;
}

void dropSamples(Dataset& dataset, const std::vector<SampleId>& ids) {
    const std::set<SampleId> gone(ids.begin(), ids.end());
    std::erase_if(dataset.samples, [&](const Sample& s) { return gone.contains(s.id); });
    std::erase_if(dataset.problems, [&](const Problem& p) { return gone.contains(p.sample); });
}

/// Problems of the listing come from the new listing; those of samples stay with them.
void renewListingProblems(Dataset& dataset, const Dataset& now) {
    std::erase_if(dataset.problems, [](const Problem& p) { return p.sample == 0; });
    dataset.problems.insert(dataset.problems.begin(), now.problems.begin(), now.problems.end());
}

/// A copy of something known joins the split of its twin; the rest is split among itself.
Status splitNew(Dataset& dataset, SampleId firstNew, const ImportOptions& options) {
    std::map<std::int64_t, Split> splitOfGroup;
    for (const Sample& sample : dataset.samples) {
        if (sample.id < firstNew && sample.group != 0 && sample.split != Split::None) {
            splitOfGroup.emplace(sample.group, sample.split);
        }
    }
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        Sample& sample = dataset.samples[i];
        if (sample.id < firstNew || sample.label == 0 || sample.split != Split::None) {
            continue;
        }
        if (const auto twin = splitOfGroup.find(sample.group); twin != splitOfGroup.end()) {
            sample.split = twin->second;
        } else {
            open.push_back(i);
        }
    }
    return splitAdded(dataset, open, options.split);
}

Result<Dataset> apply(const Dataset& old, const RescanReport& report, const ImportOptions& options,
                      Progress& progress) {
    GRAFT_TRY(const Dataset now, listNow(old, options, progress));
    const std::map<Place, std::size_t> nowAt = places(now);
    Dataset dataset = old;
    dropSamples(dataset, report.missing);
    renewListingProblems(dataset, now);
    std::set<SampleId> toRead(report.changed.begin(), report.changed.end());
    for (const auto& [id, path] : report.moved) {
        if (Sample* sample = dataset.findSample(id)) {
            sample->path = path;
            toRead.insert(id);
        }
    }
    SampleId next = old.samples.empty() ? 1 : old.samples.back().id + 1;
    const SampleId firstNew = next;
    for (const std::string& path : report.added) {
        const auto at = nowAt.find({path, -1});
        if (at == nowAt.end()) {
            continue;  // gone again since the report
        }
        Sample sample = now.samples[at->second];
        if (const int found = now.classIndex(sample.label); found >= 0) {
            sample.label = classByName(dataset, now.classes[std::size_t(found)].name);
        }
        sample.id = next++;
        toRead.insert(sample.id);
        dataset.samples.push_back(std::move(sample));
    }
    std::erase_if(dataset.problems, [&](const Problem& p) { return toRead.contains(p.sample); });
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        Sample& sample = dataset.samples[i];
        if (!toRead.contains(sample.id)) {
            continue;
        }
        positions.push_back(i);
        if (const auto at = nowAt.find({sample.path, sample.index}); at != nowAt.end()) {
            const Sample& file = now.samples[at->second];
            sample.fileSize = file.fileSize;
            sample.modifiedNs = file.modifiedNs;
            if (sample.index >= 0) {
                sample.contentHash = file.contentHash;
            }
        }
    }
    GRAFT_CHECK(checkPictures(dataset, positions, options.checkPictures, progress));
    groupDuplicates(dataset);
    GRAFT_CHECK(splitNew(dataset, firstNew, options));
    groupDuplicates(dataset);
    return dataset;
}

template <class F>
auto guarded(const std::string& what, F&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& exception) {
        return Error{ErrorCode::Io, what + " could not be looked through.", exception.what(),
                     "Check the drive, then try again."};
    }
}

}  // namespace

Result<RescanReport> rescanDataset(const Dataset& dataset, Progress& progress) {
    return guarded(dataset.root, [&] { return rescan(dataset, progress); });
}

Result<Dataset> applyRescan(const Dataset& dataset, const RescanReport& report,
                            const ImportOptions& options, Progress& progress) {
    if (report.rootMissing) {
        return Error{ErrorCode::NotFound,
                     dataset.root + " was not found.",
                     {},
                     "Say where the pictures are now."};
    }
    return guarded(dataset.root, [&] { return apply(dataset, report, options, progress); });
}

Result<Dataset> relinkDataset(const Dataset& dataset, const std::string& newRoot) {
    return guarded(newRoot, [&]() -> Result<Dataset> {
        GRAFT_TRY(const std::string root, absoluteUtf8Path(newRoot));
        Dataset moved = dataset;
        moved.root = root;
        const std::string below = dataset.root + '/';
        if (dataset.source == dataset.root) {
            moved.source = root;
        } else if (dataset.source.starts_with(below)) {
            moved.source = root + '/' + dataset.source.substr(below.size());
        }
        std::size_t found = 0;
        std::map<std::string, bool> known;  // pictures in one container share its file
        for (const Sample& sample : moved.samples) {
            const std::string path = moved.absolutePath(sample);
            const auto [at, fresh] = known.try_emplace(path, false);
            if (fresh) {
                at->second = isFile(path);
            }
            found += at->second;
        }
        if (found * 2 < moved.samples.size() || found == 0) {
            return Error{ErrorCode::Mismatch,
                         "Only " + std::to_string(found) + " of " +
                             std::to_string(moved.samples.size()) + " pictures are in " + root +
                             ". Nothing was changed.",
                         {},
                         "Choose the folder that holds the same pictures under the same names."};
        }
        return moved;
    });
}

}  // namespace graft
