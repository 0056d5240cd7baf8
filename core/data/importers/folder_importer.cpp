// Class folders, alone or inside train / validation / test folders.
#include "core/data/importers/folder_scan.h"
#include "core/data/importers/sources.h"
#include "core/data/importers/text.h"

#include <algorithm>
#include <map>
#include <set>

namespace graft {
namespace {

std::string_view firstPart(std::string_view path) {
    return path.substr(0, path.find('/'));
}

std::string_view afterFirst(std::string_view path) {
    const std::size_t slash = path.find('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

/// Folders directly below `prefix` ("" or "x/").
std::vector<std::string> childFolders(const FolderScan& scan, const std::string& prefix) {
    std::vector<std::string> children;
    for (const std::string& folder : scan.folders) {
        if (folder.starts_with(prefix) && folder.find('/', prefix.size()) == std::string::npos) {
            children.push_back(folder.substr(prefix.size()));
        }
    }
    return children;
}

bool hasPictureDirectlyIn(const FolderScan& scan, const std::string& prefix) {
    return std::any_of(scan.pictures.begin(), scan.pictures.end(), [&](const FoundFile& file) {
        return file.path.starts_with(prefix) &&
               file.path.find('/', prefix.size()) == std::string::npos;
    });
}

bool isSplitLayout(const FolderScan& scan, const std::string& prefix) {
    bool train = false;
    bool other = false;
    bool foreign = false;
    for (const std::string& child : childFolders(scan, prefix)) {
        const Split split = splitByName(child);
        const bool holdsClasses = !childFolders(scan, prefix + child + '/').empty();
        train = train || (split == Split::Train && holdsClasses);
        other = other || (split != Split::Train && split != Split::None && holdsClasses);
        foreign = foreign || split == Split::None;
    }
    return train && (other || !foreign);
}

/// A folder that only wraps another one ("data.zip" unpacked to data/data/...) is looked through,
/// as long as class or split folders come in the end.
std::string skipWrappers(const FolderScan& scan) {
    std::string prefix;
    while (!hasPictureDirectlyIn(scan, prefix)) {
        const std::vector<std::string> children = childFolders(scan, prefix);
        if (children.size() >= 2 || isSplitLayout(scan, prefix)) {
            return prefix;
        }
        if (children.empty()) {
            break;
        }
        prefix += children.front() + '/';
    }
    return {};
}

struct Place {
    Split split = Split::None;
    std::string className;  // "" outside any class folder
    bool leftOut = false;
};

/// `path` counts from the prefix.
Place placeOf(std::string_view path, bool splitLayout) {
    Place place;
    std::string_view rest = path;
    if (splitLayout) {
        place.split = splitByName(firstPart(path));
        rest = afterFirst(path);
        place.leftOut = place.split == Split::None && !rest.empty();
        if (rest.empty()) {
            return place;  // a picture beside the split folders
        }
    }
    if (!afterFirst(rest).empty()) {
        place.className = std::string(firstPart(rest));
    }
    return place;
}

void listEmptyClasses(Dataset& dataset, const FolderScan& scan, const std::string& prefix,
                      bool splitLayout, const std::set<std::string>& filled) {
    const auto check = [&](const std::string& below) {
        for (const std::string& child : childFolders(scan, below)) {
            const std::string folder = below + child;
            if (!filled.contains(folder)) {
                dataset.problems.push_back(
                    {ProblemKind::EmptyClass, folder,
                     "The class folder \"" + child + "\" holds no picture that Graft can read.",
                     0});
            }
        }
    };
    if (!splitLayout) {
        check(prefix);
        return;
    }
    for (const std::string& child : childFolders(scan, prefix)) {
        if (splitByName(child) != Split::None) {
            check(prefix + child + '/');
        } else {
            dataset.problems.push_back({ProblemKind::Hidden, prefix + child,
                                        "The folder lies beside the training and validation "
                                        "folders and was left out.",
                                        0});
        }
    }
}

}  // namespace

Split splitByName(std::string_view name) {
    static const std::map<std::string, Split> names{
        {"train", Split::Train},           {"training", Split::Train},
        {"val", Split::Validation},        {"valid", Split::Validation},
        {"validation", Split::Validation}, {"validate", Split::Validation},
        {"dev", Split::Validation},        {"test", Split::Test},
        {"testing", Split::Test},          {"eval", Split::Test}};
    const auto at = names.find(lowerAscii(name));
    return at == names.end() ? Split::None : at->second;
}

void assignClasses(Dataset& dataset, const std::vector<std::string>& names,
                   std::vector<std::string> classNames) {
    std::map<std::string, ClassId> ids;
    dataset.classes.clear();
    for (std::string& name : classNames) {
        const ClassId id = ClassId(dataset.classes.size()) + 1;
        ids.emplace(name, id);
        dataset.classes.push_back({id, std::move(name)});
    }
    for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
        Sample& sample = dataset.samples[i];
        sample.id = SampleId(i) + 1;
        sample.label = names[i].empty() ? 0 : ids.at(names[i]);
    }
}

Result<Dataset> listFolder(const std::string& folder, Progress& progress) {
    GRAFT_TRY(FolderScan scan, scanFolder(folder, progress));
    Dataset dataset;
    dataset.root = folder;
    dataset.source = folder;
    const std::string prefix = skipWrappers(scan);
    const bool splitLayout = isSplitLayout(scan, prefix);
    dataset.format = splitLayout ? "split-folders" : "class-folders";
    dataset.splitFromSource = splitLayout;
    dataset.problems = std::move(scan.problems);
    std::vector<std::string> names;
    std::set<std::string> classNames;
    std::set<std::string> filled;
    for (FoundFile& file : scan.pictures) {
        const std::string_view inside = std::string_view(file.path).substr(prefix.size());
        const Place place = placeOf(inside, splitLayout);
        if (place.leftOut) {
            continue;
        }
        if (!place.className.empty()) {
            std::size_t end = file.path.find('/', prefix.size());
            if (splitLayout) {
                end = file.path.find('/', end + 1);
            }
            filled.insert(file.path.substr(0, end));
            classNames.insert(place.className);
        }
        names.push_back(place.className);
        Sample sample;
        sample.path = std::move(file.path);
        sample.split = place.split;
        sample.fileSize = file.size;
        sample.modifiedNs = file.modifiedNs;
        dataset.samples.push_back(std::move(sample));
    }
    listEmptyClasses(dataset, scan, prefix, splitLayout, filled);
    assignClasses(dataset, names, {classNames.begin(), classNames.end()});
    return dataset;
}

}  // namespace graft
