#include "app/cli_pictures.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace graft::cli {
namespace fs = std::filesystem;
namespace {

// Hidden files and folders are passed by, as at import; links to folders are not followed.
Status addFolder(const std::string& folder, PictureList& list) {
    std::error_code failed;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                           failed);
    std::vector<std::string> found;
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        const bool hidden = entry->path().filename().string().front() == '.';
        std::error_code ignored;
        if (entry->is_directory(ignored)) {
            if (hidden) {
                entry.disable_recursion_pending();
            }
        } else if (!hidden && entry->is_regular_file(ignored)) {
            if (looksLikePicture(entry->path().string())) {
                found.push_back(entry->path().string());
            } else {
                ++list.passedBy;
            }
        }
    }
    if (failed) {
        const bool denied = failed == std::errc::permission_denied;
        return Error{denied ? ErrorCode::PermissionDenied : ErrorCode::Io,
                     "The folder \"" + folder + "\" could not be read.",
                     failed.message(),
                     {}};
    }
    if (found.empty()) {
        return Error{ErrorCode::NotFound,
                     "There is no picture in the folder \"" + folder + "\".",
                     {},
                     "Pictures are JPEG, PNG, BMP, TIFF or WebP files."};
    }
    std::sort(found.begin(), found.end());
    list.named.resize(list.named.size() + found.size(), false);
    list.files.insert(list.files.end(), found.begin(), found.end());
    return {};
}

Status addPattern(const std::string& pattern, PictureList& list) {
    glob_t matches{};
    const int outcome = glob(pattern.c_str(), 0, nullptr, &matches);
    const std::vector<std::string> found(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
    globfree(&matches);
    if (outcome != 0 || found.empty()) {
        return Error{ErrorCode::NotFound, "There is no file \"" + pattern + "\".", {}, {}};
    }
    for (const std::string& path : found) {
        std::error_code ignored;
        if (fs::is_directory(path, ignored)) {
            GRAFT_CHECK(addFolder(path, list));
        } else if (looksLikePicture(path)) {
            list.files.push_back(path);
            list.named.push_back(false);
        } else {
            ++list.passedBy;
        }
    }
    return {};
}

}  // namespace

bool looksLikePicture(const std::string& path) {
    std::string ending = fs::path(path).extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    constexpr std::array kEndings{".jpg", ".jpeg", ".jpe",  ".jfif", ".png",
                                  ".bmp", ".tif",  ".tiff", ".webp"};
    return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

Result<PictureList> collectPictures(const std::vector<std::string>& arguments) {
    PictureList list;
    for (const std::string& argument : arguments) {
        std::error_code ignored;
        const fs::file_status status = fs::status(argument, ignored);
        if (fs::is_directory(status)) {
            GRAFT_CHECK(addFolder(argument, list));
        } else if (fs::exists(status)) {
            list.files.push_back(argument);
            list.named.push_back(true);
        } else {
            GRAFT_CHECK(addPattern(argument, list));
        }
    }
    if (list.files.empty()) {
        return Error{ErrorCode::NotFound,
                     "No picture was found.",
                     {},
                     "Pictures are JPEG, PNG, BMP, TIFF or WebP files."};
    }
    return list;
}

}  // namespace graft::cli
