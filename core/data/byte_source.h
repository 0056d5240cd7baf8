// ByteSource: positioned reads from a file or from memory, so that headers are parsed by the same
// bounds-checked code in both cases and a big file is not read for its first bytes only.
// Thread: one owner per object.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

class ByteSource {
 public:
    virtual ~ByteSource() = default;
    /// All `count` bytes at `offset`, or false.
    virtual bool read(std::uint64_t offset, void* to, std::size_t count) = 0;
    virtual std::uint64_t size() const = 0;

    bool u8(std::uint64_t offset, std::uint32_t& value);
    bool u16(std::uint64_t offset, bool bigEndian, std::uint32_t& value);
    bool u32(std::uint64_t offset, bool bigEndian, std::uint32_t& value);
    bool u64(std::uint64_t offset, bool bigEndian, std::uint64_t& value);
    /// Up to `count` bytes at `offset`; shorter at the end.
    std::string peek(std::uint64_t offset, std::size_t count);
};

class MemorySource : public ByteSource {
 public:
    explicit MemorySource(std::string_view bytes) : m_bytes(bytes) {}
    bool read(std::uint64_t offset, void* to, std::size_t count) override;
    std::uint64_t size() const override { return m_bytes.size(); }

 private:
    std::string_view m_bytes;
};

/// An ordinary file; pipes, devices and folders are refused without being opened.
class FileSource : public ByteSource {
 public:
    static Result<std::unique_ptr<FileSource>> open(const std::string& path);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    bool read(std::uint64_t offset, void* to, std::size_t count) override;
    std::uint64_t size() const override { return m_size; }
    std::int64_t modifiedNs() const { return m_modifiedNs; }
    /// Everything; refused above kMaxFileBytes.
    Result<std::string> readAll();
    /// Asks the system to bring it into memory meanwhile, all of it if the device keeps up; does
    /// not wait.
    void readAhead() const;
    /// The descriptor, which the caller closes from now on.
    int release();

    static constexpr std::uint64_t kMaxFileBytes = 1u << 30;

 private:
    FileSource() = default;
    bool readDirect(std::uint64_t offset, char* to, std::size_t count);

    std::string m_path;
    int m_descriptor = -1;
    int m_errno = 0;
    std::uint64_t m_size = 0;
    std::int64_t m_modifiedNs = 0;
    std::vector<char> m_buffer;  // the block of the last small read
    std::uint64_t m_bufferOffset = 0;
};

}  // namespace graft
