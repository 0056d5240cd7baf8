// Atomic file writing: the only way Graft writes a file that must not be lost. The new content
// goes to a temporary file in the same folder, is synced, and replaces the old one by rename; the
// folder is synced too. On any failure the old file is untouched and the temporary one is gone.
// Thread: any.
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace graft {

class AtomicFile {
  public:
    /// Opens the temporary file beside `target`.
    static Result<AtomicFile> create(const std::filesystem::path& target);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    ~AtomicFile();  ///< without commit(): removes the temporary file

    Status write(const void* data, std::size_t byteCount);
    Status write(std::string_view text) { return write(text.data(), text.size()); }
    /// Flush, fsync, rename, fsync of the folder.
    Status commit();

  private:
    AtomicFile(std::filesystem::path target, std::filesystem::path temporary, int descriptor);
    Status fail(int errnoValue, const char* call);

    std::filesystem::path m_target;
    std::filesystem::path m_temporary;
    int m_descriptor = -1;
    std::uint64_t m_written = 0;
};

Status writeFileAtomically(const std::filesystem::path& target, std::string_view content);

/// Renames within a folder and syncs that folder; `temporary` is already synced itself.
Status moveIntoPlace(const std::filesystem::path& temporary, const std::filesystem::path& target);

/// The sentence for a failed system call on `path`; DiskFull names the space needed and left.
Error fileError(int errnoValue, const std::filesystem::path& path, const char* call,
                std::uint64_t bytesNeeded = 0);

/// Whole file as bytes, refused above `maxBytes`.
Result<std::string> readWholeFile(const std::filesystem::path& path, std::uint64_t maxBytes);

}  // namespace graft
