// PartFile: a download that is not whole yet, as NAME.part beside the place where NAME will be,
// with the server's mark of its version in NAME.part.version. Kept between attempts; gets its name
// only when its hash is right. Not an AtomicFile because it must outlive a failed attempt. Private
// to core/nn. Thread: its owner's.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace graft {

class PartFile {
 public:
    /// Opens what an earlier attempt left, or an empty file. Error Busy while another program
    /// downloads the same file here.
    static Result<PartFile> open(const std::filesystem::path& target);
    PartFile(PartFile&& other) noexcept;
    PartFile& operator=(PartFile&&) = delete;
    ~PartFile();  ///< an empty part is removed

    std::uint64_t size() const { return m_size; }
    /// How the server named the version that the part is of; "" if it did not.
    const std::string& version() const { return m_version; }

    /// Empties it; what comes now is of `version`.
    Status startOver(const std::string& version);
    Status append(std::string_view bytes);
    /// Names the file and makes it read-only if its SHA-256 begins with `sha256`; otherwise empties
    /// it: Error BadFormat.
    Status finish(const std::string& sha256);

 private:
    PartFile(std::filesystem::path target, int descriptor);
    Error diskError(int errnoValue, const char* call) const;

    std::filesystem::path m_target;
    std::filesystem::path m_part;
    std::filesystem::path m_versionFile;
    std::string m_version;
    int m_descriptor = -1;
    std::uint64_t m_size = 0;
};

}  // namespace graft
