#include "core/data/importers/folder_scan.h"

#include "core/base/atomic_file.h"
#include "core/data/byte_source.h"
#include "core/data/importers/text.h"
#include "core/data/picture_format.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <set>

namespace graft {
namespace {

constexpr int kMaxDepth = 64;

/// Endings of files that are never pictures and are common beside them: not worth opening.
constexpr std::array<std::string_view, 16> kOtherEndings{
    ".txt", ".json", ".csv", ".tsv", ".xml", ".md",  ".html", ".py",
    ".yml", ".yaml", ".db",  ".ini", ".log", ".zip", ".npy",  ".graft"};

struct DirCloser {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

std::string_view ending(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot);
}

class Walk {
 public:
    Walk(const std::string& root, Progress& progress) : m_root(root), m_progress(progress) {}

    Status run() {
        struct stat info {};
        if (::stat(m_root.c_str(), &info) != 0) {
            return fileError(errno, m_root, "stat");
        }
        m_visited.insert({info.st_dev, info.st_ino});
        char* real = ::realpath(m_root.c_str(), nullptr);
        m_realRoot = real ? real : m_root;
        ::free(real);
        GRAFT_CHECK(enter("", 0));
        std::sort(scan.pictures.begin(), scan.pictures.end(),
                  [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
        std::sort(scan.folders.begin(), scan.folders.end());
        std::stable_sort(scan.problems.begin(), scan.problems.end(),
                         [](const Problem& a, const Problem& b) { return a.path < b.path; });
        return {};
    }

    FolderScan scan;

 private:
    void problem(ProblemKind kind, const std::string& path, std::string message) {
        scan.problems.push_back({kind, shownText(path), std::move(message), 0});
    }

    Status enter(const std::string& relative, int depth) {
        const std::string folder = relative.empty() ? m_root : m_root + '/' + relative;
        std::unique_ptr<DIR, DirCloser> dir(::opendir(folder.c_str()));
        if (!dir) {
            const Error error = fileError(errno, folder, "opendir");
            if (relative.empty()) {
                return error;
            }
            problem(ProblemKind::Unreadable, relative,
                    "The folder could not be opened: " + error.detail + ".");
            return {};
        }
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(dir.get())) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") {
                names.emplace_back(name);
            }
        }
        std::sort(names.begin(), names.end());
        const int descriptor = ::dirfd(dir.get());
        for (const std::string& name : names) {
            GRAFT_CHECK(
                visit(descriptor, relative.empty() ? name : relative + '/' + name, name, depth));
        }
        return {};
    }

    Status visit(int folder, const std::string& relative, const std::string& name, int depth) {
        struct stat info {};
        if (name.starts_with('.')) {
            if (name != ".DS_Store") {
                problem(ProblemKind::Hidden, relative, "Hidden files and folders are left out.");
            }
            return {};
        }
        if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            problem(ProblemKind::Unreadable, relative, "The file could not be looked at.");
            return {};
        }
        const bool link = S_ISLNK(info.st_mode);
        if (link && ::fstatat(folder, name.c_str(), &info, 0) != 0) {
            problem(ProblemKind::Link, relative,
                    errno == ELOOP ? "The link points to itself."
                                   : "The link points to something that is not there.");
            return {};
        }
        if (!isUtf8(name)) {
            problem(ProblemKind::Unreadable, relative,
                    "The name is not valid UTF-8 text; rename it to use it.");
            return {};
        }
        if (S_ISDIR(info.st_mode)) {
            return visitFolder(relative, info, link, depth);
        }
        if (S_ISREG(info.st_mode)) {
            return visitFile(relative, name, info);
        }
        problem(ProblemKind::Unreadable, relative, "This is not an ordinary file.");
        return {};
    }

    Status visitFolder(const std::string& relative, const struct stat& info, bool link, int depth) {
        if (link && leadsInside(relative)) {
            problem(ProblemKind::Link, relative,
                    "The link leads to a folder that is part of the data already.");
            return {};
        }
        if (!m_visited.insert({info.st_dev, info.st_ino}).second) {
            problem(ProblemKind::Link, relative,
                    "The folder was visited before under another name.");
            return {};
        }
        if (depth >= kMaxDepth) {
            problem(ProblemKind::Link, relative, "The folder lies too deep and was left out.");
            return {};
        }
        scan.folders.push_back(relative);
        return enter(relative, depth + 1);
    }

    bool leadsInside(const std::string& relative) const {
        char* real = ::realpath((m_root + '/' + relative).c_str(), nullptr);
        const std::string target = real ? real : "";
        ::free(real);
        return target == m_realRoot || target.starts_with(m_realRoot + '/') ||
               m_realRoot.starts_with(target + '/');
    }

    Status visitFile(const std::string& relative, const std::string& name,
                     const struct stat& info) {
        if (!hasPictureEnding(name) && !isPictureInside(relative, name)) {
            return {};
        }
        scan.pictures.push_back(
            {relative, info.st_size,
             std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec});
        if (scan.pictures.size() % 1024 == 0) {
            m_progress.set(std::int64_t(scan.pictures.size()), 0);
            return m_progress.checkpoint();
        }
        return {};
    }

    /// For names that do not say: by the first bytes. Lists pictures that Graft does not read.
    bool isPictureInside(const std::string& relative, const std::string& name) {
        const std::string lower = lowerAscii(ending(name));
        if (std::find(kOtherEndings.begin(), kOtherEndings.end(), lower) != kOtherEndings.end()) {
            return false;
        }
        auto source = FileSource::open(m_root + '/' + relative);
        if (!source) {
            return false;
        }
        const std::string start = (*source)->peek(0, kMagicBytes);
        if (!supportedFormat(start).empty()) {
            return true;
        }
        if (const std::string_view other = otherPictureFormat(start); !other.empty()) {
            problem(ProblemKind::Unsupported, relative,
                    "This is a " + std::string(other) +
                        ", which Graft does not read; save it as PNG or JPEG.");
        } else if (lower == ".gif" || lower == ".heic" || lower == ".webm" || lower == ".svg") {
            problem(ProblemKind::Unsupported, relative, "This is not a picture that Graft reads.");
        }
        return false;
    }

    std::string m_root;
    std::string m_realRoot;
    Progress& m_progress;
    std::set<std::pair<dev_t, ino_t>> m_visited;
};

}  // namespace

bool hasPictureEnding(std::string_view name) {
    static constexpr std::array<std::string_view, 11> kEndings{".jpg",  ".jpeg", ".jpe", ".jfif",
                                                               ".png",  ".bmp",  ".dib", ".tif",
                                                               ".tiff", ".webp", ".apng"};
    const std::string lower = lowerAscii(ending(name));
    return std::find(kEndings.begin(), kEndings.end(), lower) != kEndings.end();
}

Result<FolderScan> scanFolder(const std::string& root, Progress& progress) {
    progress.setText("Looking through the folder");
    progress.set(0, 0);
    Walk walk(root, progress);
    GRAFT_CHECK(walk.run());
    return std::move(walk.scan);
}

}  // namespace graft
