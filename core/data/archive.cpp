#include "core/data/archive.h"

#include "core/base/atomic_file.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

namespace graft {
namespace fs = std::filesystem;
namespace {

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

Error damaged(const std::string& path, archive* reader) {
    const char* detail = archive_error_string(reader);
    return Error{ErrorCode::BadFormat, "The archive " + path + " cannot be unpacked.",
                 detail ? detail : "", "Download or copy it again."};
}

/// Below the folder, whatever the archive says.
Result<fs::path> placeOf(const std::string& name, const fs::path& folder) {
    const fs::path inside = fs::path(name).lexically_normal();
    bool leadsOut = inside.is_absolute() || inside.empty();
    for (const fs::path& part : inside) {
        leadsOut = leadsOut || part == "..";
    }
    if (leadsOut) {
        return Error{ErrorCode::BadFormat,
                     "The archive holds a file that would lie outside of its folder.", name,
                     "Nothing was unpacked. Do not trust this archive."};
    }
    return folder / inside;
}

Status writeEntry(archive* reader, const fs::path& target, const std::string& path,
                  std::uint64_t* room) {
    std::error_code failed;
    fs::create_directories(target.parent_path(), failed);
    if (failed) {
        return fileError(failed.value(), target.parent_path().string(), "mkdir");
    }
    std::ofstream file(target, std::ios::binary | std::ios::trunc);
    if (!file) {
        return fileError(errno, target.string(), "open");
    }
    const void* bytes = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0;
    int got = ARCHIVE_OK;
    while ((got = archive_read_data_block(reader, &bytes, &count, &offset)) == ARCHIVE_OK) {
        if (count > *room) {
            return Error{ErrorCode::TooLarge, "There is too little room on the disk for " + path + ".",
                         {}, "Free some space, or choose a folder on another disk."};
        }
        *room -= count;
        file.seekp(offset);
        file.write(static_cast<const char*>(bytes), std::streamsize(count));
    }
    if (got != ARCHIVE_EOF) {
        return damaged(path, reader);
    }
    errno = 0;
    file.close();
    return file ? Status{} : fileError(errno, target.string(), "write");
}

Status unpackInto(const std::string& path, const fs::path& folder, Progress& progress) {
    const Reader reader(archive_read_new(), archive_read_free);
    archive_read_support_filter_all(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_zip(reader.get());
    constexpr std::size_t kBlock = 1 << 18;
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
        const int code = archive_errno(reader.get());
        return code == ENOENT || code == EACCES ? Status(fileError(code, path, "open"))
                                                : Status(damaged(path, reader.get()));
    }
    std::error_code ignored;
    const std::uint64_t size = fs::file_size(path, ignored);
    std::uint64_t room = fs::space(folder, ignored).available;
    std::int64_t files = 0;
    archive_entry* entry = nullptr;
    int got = ARCHIVE_OK;
    while ((got = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
        GRAFT_CHECK(progress.checkpoint());
        progress.setBytes(std::uint64_t(archive_filter_bytes(reader.get(), -1)), size);
        const char* name = archive_entry_pathname(entry);
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) || !name) {
            continue;
        }
        GRAFT_TRY(const fs::path target, placeOf(name, folder));
        GRAFT_CHECK(writeEntry(reader.get(), target, path, &room));
        ++files;
    }
    if (got != ARCHIVE_EOF || files == 0) {
        return damaged(path, reader.get());
    }
    return {};
}

}  // namespace

bool looksLikeArchive(const std::string& path) {
    const std::string name = fs::path(path).filename().string();
    for (const char* ending : {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tar.zst",
                               ".zip"}) {
        const std::string end = ending;
        if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) {
            return true;
        }
    }
    return false;
}

Status unpackArchive(const std::string& archive, const std::string& folder, Progress& progress) {
    std::error_code failed;
    const fs::path part = folder + ".part";
    if (fs::exists(folder, failed)) {
        return Error{ErrorCode::InvalidArgument, "\"" + folder + "\" exists already.", {}, {}};
    }
    fs::remove_all(part, failed);  // of an attempt that was cut off
    fs::create_directories(part, failed);
    if (failed) {
        return fileError(failed.value(), part.string(), "mkdir");
    }
    Status done = unpackInto(archive, part, progress);
    if (done) {
        fs::rename(part, folder, failed);
        if (failed) {
            done = fileError(failed.value(), folder, "rename");
        }
    }
    if (!done) {
        std::error_code ignored;
        fs::remove_all(part, ignored);
    }
    return done;
}

}  // namespace graft
