// A file mapped for reading: so that large weight files are neither read nor copied as a whole.
// Apart from the formats, which see bytes only. Private to core/nn/weights. Thread: any.
#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string_view>

namespace graft {

class MappedFile {
 public:
    /// Errors: NotFound, PermissionDenied, Io; BadFormat for what is not an ordinary file.
    static Result<MappedFile> open(const std::filesystem::path& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    /// The whole content; its address does not change when the object is moved.
    std::string_view bytes() const;

 private:
    MappedFile() = default;
    void* m_mapped = nullptr;
    std::size_t m_byteCount = 0;
};

}  // namespace graft
