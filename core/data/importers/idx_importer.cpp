// IDX pairs of an image file and a label file (MNIST and its kin).
#include "core/base/hash.h"
#include "core/data/idx_file.h"
#include "core/data/importers/sources.h"
#include "core/data/importers/text.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace graft {
namespace fs = std::filesystem;
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.rfind(from);
    return at == std::string::npos ? std::string() : text.replace(at, from.size(), to);
}

bool isFile(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

/// The same name, or the one with or without ".gz".
std::string existing(const fs::path& path) {
    if (isFile(path)) {
        return path.string();
    }
    fs::path other = path;
    if (path.extension() == ".gz") {
        other.replace_extension();
    } else {
        other += ".gz";
    }
    return isFile(other) ? other.string() : std::string();
}

/// "train-images-idx3-ubyte" -> "train-labels-idx1-ubyte".
std::string labelFileOf(const fs::path& images) {
    std::string name = images.filename().string();
    for (const auto& [from, to] :
         {std::pair{"images", "labels"}, {"idx3", "idx1"}, {"Images", "Labels"}}) {
        if (std::string changed = replaced(name, from, to); !changed.empty()) {
            name = std::move(changed);
        }
    }
    return name == images.filename().string() ? std::string()
                                              : existing(images.parent_path() / name);
}

Split roleOf(const std::string& path) {
    const std::string name = lowerAscii(fs::path(path).filename().string());
    if (name.find("t10k") != std::string::npos || name.find("test") != std::string::npos) {
        return Split::Test;
    }
    if (name.find("val") != std::string::npos) {
        return Split::Validation;
    }
    return name.find("train") != std::string::npos ? Split::Train : Split::None;
}

/// The image files that belong together, the given one first.
std::vector<std::string> partners(const std::string& path) {
    std::vector<std::string> files{path};
    if (roleOf(path) != Split::Train) {
        return files;
    }
    const fs::path file(path);
    for (const char* other : {"valid", "val", "t10k", "test"}) {
        const std::string name = replaced(file.filename().string(), "train", other);
        const std::string found =
            name.empty() ? std::string() : existing(file.parent_path() / name);
        if (!found.empty()) {
            files.push_back(found);
        }
    }
    return files;
}

Status addFile(const std::string& path, bool keepSplit, Dataset& dataset,
               std::vector<std::string>& names, Progress& progress) {
    const std::string labelPath = labelFileOf(path);
    if (labelPath.empty()) {
        return Error{ErrorCode::NotFound,
                     "There is no label file beside " + path + ".",
                     {},
                     "The labels of train-images-idx3-ubyte are expected in "
                     "train-labels-idx1-ubyte."};
    }
    GRAFT_TRY(const std::shared_ptr<const IdxImages> images, openIdxImages(path));
    GRAFT_TRY(const std::vector<std::int64_t> labels, readIdxLabels(labelPath));
    if (labels.size() != std::size_t(images->count)) {
        return Error{ErrorCode::BadFormat,
                     path + " holds " + std::to_string(images->count) + " pictures but " +
                         labelPath + " holds " + std::to_string(labels.size()) + " labels.",
                     {},
                     "Take both files from the same download."};
    }
    struct stat info {};
    (void)::stat(path.c_str(), &info);
    const std::string relative = fs::path(path).filename().string();
    progress.setText("Reading " + relative);
    for (int i = 0; i < images->count; ++i) {
        if (i % 4096 == 0) {
            progress.set(i, images->count);
            GRAFT_CHECK(progress.checkpoint());
        }
        Sample sample;
        sample.path = relative;
        sample.index = i;
        sample.split = keepSplit ? roleOf(path) : Split::None;
        sample.contentHash = sha256Hex(images->picture(i));
        sample.fileSize = info.st_size;
        sample.modifiedNs =
            std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
        sample.width = images->width;
        sample.height = images->height;
        dataset.samples.push_back(std::move(sample));
        names.push_back(std::to_string(labels[std::size_t(i)]));
    }
    return {};
}

}  // namespace

bool isIdxPath(const std::string& path) {
    const std::string name = lowerAscii(fs::path(path).filename().string());
    const bool named = name.find("idx3") != std::string::npos ||
                       name.find("-ubyte") != std::string::npos || name.ends_with(".idx") ||
                       name.ends_with(".gz") || name.ends_with(".ubyte");
    return named && looksLikeIdx(path, 3);
}

std::string findIdxInFolder(const std::string& folder) {
    std::vector<std::string> found;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const std::string name = at->path().filename().string();
        if (name.find("images") != std::string::npos && isUtf8(name) &&
            isIdxPath(at->path().string()) && !labelFileOf(at->path()).empty()) {
            found.push_back(at->path().string());
        }
    }
    std::sort(found.begin(), found.end());
    const auto train = std::find_if(found.begin(), found.end(), [](const std::string& path) {
        return roleOf(path) == Split::Train;
    });
    if (train != found.end()) {
        return *train;
    }
    return found.empty() ? std::string() : found.front();
}

Result<Dataset> listIdx(const std::string& path, Progress& progress) {
    Dataset dataset;
    dataset.source = path;
    dataset.root = fs::path(path).parent_path().string();
    dataset.format = "idx";
    const std::vector<std::string> files = partners(path);
    dataset.splitFromSource = files.size() > 1;
    std::vector<std::string> names;
    for (const std::string& file : files) {
        GRAFT_CHECK(addFile(file, dataset.splitFromSource, dataset, names, progress));
    }
    const std::set<std::string> unique(names.begin(), names.end());
    std::vector<std::string> classNames(unique.begin(), unique.end());
    sortClassNames(classNames);
    assignClasses(dataset, names, std::move(classNames));
    return dataset;
}

}  // namespace graft
