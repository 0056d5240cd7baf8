#include "core/data/importers/importer.h"

#include "core/base/atomic_file.h"
#include "core/data/importers/finish.h"
#include "core/data/importers/picture_check.h"
#include "core/data/importers/sources.h"
#include "core/data/importers/text.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <numeric>

namespace graft {
namespace fs = std::filesystem;
namespace {

/// New splits for the samples at `which` only, as if they were all there is.
Status splitSubset(Dataset& dataset, const std::vector<std::size_t>& which,
                   const SplitOptions& options) {
    Dataset part;
    part.classes = dataset.classes;
    for (const std::size_t i : which) {
        part.samples.push_back(dataset.samples[i]);
    }
    GRAFT_CHECK(assignSplits(part, options));
    for (std::size_t k = 0; k < which.size(); ++k) {
        dataset.samples[which[k]].split = part.samples[k].split;
    }
    return {};
}

std::vector<std::size_t> labelledIn(const Dataset& dataset, std::initializer_list<Split> splits) {
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        const Sample& sample = dataset.samples[i];
        if (sample.label != 0 &&
            std::find(splits.begin(), splits.end(), sample.split) != splits.end()) {
            which.push_back(i);
        }
    }
    return which;
}

/// Splits of the source are kept; where it names no validation, that is taken from training.
Status completeSplits(Dataset& dataset, const SplitOptions& options) {
    if (!dataset.splitFromSource) {
        return assignSplits(dataset, options);
    }
    SplitOptions carve = options;
    carve.test = 0;
    if (dataset.countInSplit(Split::Validation) == 0) {
        return splitSubset(dataset, labelledIn(dataset, {Split::Train, Split::None}), carve);
    }
    if (dataset.countInSplit(Split::Train) == 0) {
        carve.validation = 0;  // the rows without a split are all that is left for training
    }
    return splitSubset(dataset, labelledIn(dataset, {Split::None}), carve);
}

void listUnusableClasses(Dataset& dataset) {
    std::map<ClassId, std::int64_t> usable;
    for (const Sample& sample : dataset.samples) {
        usable[sample.label] += sample.usable();
    }
    const std::map<ClassId, std::int64_t> train = dataset.countByClass(Split::Train);
    for (const ClassInfo& info : dataset.classes) {
        if (usable[info.id] == 0) {
            dataset.problems.push_back({ProblemKind::EmptyClass, info.name,
                                        "No picture of the class \"" + info.name +
                                            "\" can be used; all are damaged or unreadable.",
                                        0});
        } else if (train.at(info.id) == 0) {
            dataset.problems.push_back({ProblemKind::EmptyClass, info.name,
                                        "The class \"" + info.name +
                                            "\" has no picture in training, so it cannot be "
                                            "learned.",
                                        0});
        }
    }
}

Status checkEnough(const Dataset& dataset, const std::string& path) {
    constexpr const char* kExpected =
        "Choose a folder with one folder of pictures per class (at least two), such as "
        "flowers/daisy/*.jpg and flowers/rose/*.jpg, or with train and val folders of those, or a "
        "CSV table with the columns path and label.";
    if (dataset.samples.empty()) {
        std::string message = path + " holds no pictures that Graft can read";
        if (!dataset.problems.empty()) {
            const Problem& first = dataset.problems.front();
            message += " (" + counted(dataset.problems.size(), "problem", "problems") +
                       ", the first: " + first.path + ": " + first.message + ")";
        }
        return Error{ErrorCode::BadFormat, message + ".", {}, kExpected};
    }
    const std::string found = counted(dataset.samples.size(), "picture", "pictures");
    if (dataset.classes.empty()) {
        return Error{ErrorCode::BadFormat,
                     path + " holds " + found + " but no class folders, so there is nothing to " +
                         "tell apart.",
                     {},
                     kExpected};
    }
    if (dataset.classes.size() == 1) {
        return Error{ErrorCode::BadFormat,
                     path + " holds " + found + " of only one class (\"" +
                         dataset.classes.front().name + "\"); at least two classes are needed.",
                     {},
                     kExpected};
    }
    return {};
}

}  // namespace

Status finishDataset(Dataset& dataset, const std::vector<std::size_t>& unread,
                     const ImportOptions& options, Progress& progress) {
    GRAFT_CHECK(checkPictures(dataset, unread, options.checkPictures, progress));
    // Grouped before the split, so that duplicates share one; again after it, to list what the
    // source's own splits tore apart.
    groupDuplicates(dataset);
    GRAFT_CHECK(completeSplits(dataset, options.split));
    groupDuplicates(dataset);
    listUnusableClasses(dataset);
    return {};
}

Status splitAdded(Dataset& dataset, const std::vector<std::size_t>& added,
                  const SplitOptions& options) {
    return splitSubset(dataset, added, options);
}

Result<std::string> absoluteUtf8Path(const std::string& path) {
    std::error_code failed;
    const fs::path absolute = fs::absolute(path, failed).lexically_normal();
    std::string text = failed ? path : absolute.string();
    while (text.size() > 1 && text.ends_with('/')) {
        text.pop_back();
    }
    if (!isUtf8(text)) {
        return Error{ErrorCode::BadFormat,
                     "The name " + shownText(text) + " is not valid UTF-8 text.",
                     {},
                     "Rename the folder or file."};
    }
    return text;
}

Result<Dataset> listSource(const std::string& path, const ImportOptions& options,
                           Progress& progress) {
    std::error_code failed;
    const fs::file_status status = fs::status(path, failed);
    if (failed || !fs::exists(status)) {
        return fileError(failed && failed.value() != 0 ? failed.value() : ENOENT, path, "stat");
    }
    if (fs::is_directory(status)) {
        const std::string idx = findIdxInFolder(path);
        return idx.empty() ? listFolder(path, progress) : listIdx(idx, progress);
    }
    if (!fs::is_regular_file(status)) {
        return Error{ErrorCode::BadFormat, path + " is neither a folder nor a file.", {}, {}};
    }
    if (isIdxPath(path)) {
        return listIdx(path, progress);
    }
    if (isTablePath(path)) {
        return listTable(path, options, progress);
    }
    return Error{ErrorCode::BadFormat,
                 path + " is not something that Graft can import.",
                 {},
                 "Choose a folder of class folders, a CSV or TSV table, or an IDX image file."};
}

Result<Dataset> importDataset(const std::string& path, const ImportOptions& options,
                              Progress& progress) {
    try {
        GRAFT_TRY(const std::string absolute, absoluteUtf8Path(path));
        GRAFT_TRY(Dataset dataset, listSource(absolute, options, progress));
        GRAFT_CHECK(checkEnough(dataset, absolute));
        std::vector<std::size_t> all(dataset.samples.size());
        std::iota(all.begin(), all.end(), std::size_t(0));
        GRAFT_CHECK(finishDataset(dataset, all, options, progress));
        return dataset;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory to import " + path + ".",
                     {},
                     "Close other programs, or import fewer pictures."};
    } catch (const std::exception& exception) {
        return Error{ErrorCode::Io, path + " could not be imported.", exception.what(),
                     "Check the drive, then try again."};
    }
}

}  // namespace graft
