#include "core/data/tiff_header.h"

#include <algorithm>

namespace graft {
namespace {

constexpr std::uint64_t kMaxEntries = 4096;
constexpr std::uint64_t kMaxBlocks = 1u << 20;  // strips or tiles that are checked

struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t type = 0;
    std::uint64_t count = 0;
    std::uint64_t valueOffset = 0;  // in the source
};

std::uint32_t typeSize(std::uint32_t type) {
    switch (type) {
        case 1:
        case 2:
        case 6:
        case 7:
            return 1;
        case 3:
        case 8:
            return 2;
        case 4:
        case 9:
        case 11:
        case 13:
            return 4;
        case 5:
        case 10:
        case 12:
        case 16:
        case 17:
        case 18:
            return 8;
        default:
            return 0;
    }
}

class Directory {
 public:
    Directory(ByteSource& source, std::uint64_t base) : m_source(source), m_base(base) {}

    bool open() {
        const std::string start = m_source.peek(m_base, 4);
        if (start.size() < 4 || (start.substr(0, 2) != "II" && start.substr(0, 2) != "MM")) {
            return false;
        }
        m_bigEndian = start[0] == 'M';
        std::uint32_t version = 0;
        if (!m_source.u16(m_base + 2, m_bigEndian, version) || (version != 42 && version != 43)) {
            return false;
        }
        m_wide = version == 43;
        std::uint64_t offset = 0;
        std::uint64_t count = 0;
        if (!word(m_base + (m_wide ? 8 : 4), offset) || offset < 8 || offset > m_source.size()) {
            return false;
        }
        offset += m_base;
        std::uint32_t count16 = 0;
        if (m_wide ? !m_source.u64(offset, m_bigEndian, count)
                   : !m_source.u16(offset, m_bigEndian, count16)) {
            return false;
        }
        count = m_wide ? count : count16;
        if (count == 0 || count > kMaxEntries) {
            return false;
        }
        return readEntries(offset + (m_wide ? 8 : 2), count);
    }

    const std::vector<Entry>& entries() const { return m_entries; }

    /// Value `index` of an entry of a whole-number type.
    bool value(const Entry& entry, std::uint64_t index, std::uint64_t& out) {
        const std::uint32_t size = typeSize(entry.type);
        if (index >= entry.count || entry.type == 5 || entry.type == 10 || entry.type == 11 ||
            entry.type == 12) {
            return false;
        }
        const std::uint64_t at = entry.valueOffset + index * size;
        std::uint32_t narrow = 0;
        bool ok = false;
        if (size == 8) {
            return m_source.u64(at, m_bigEndian, out);
        }
        if (size == 4) {
            ok = m_source.u32(at, m_bigEndian, narrow);
        } else if (size == 2) {
            ok = m_source.u16(at, m_bigEndian, narrow);
        } else {
            ok = size == 1 && m_source.u8(at, narrow);
        }
        out = narrow;
        return ok;
    }

 private:
    bool word(std::uint64_t at, std::uint64_t& out) {
        std::uint32_t narrow = 0;
        if (m_wide) {
            return m_source.u64(at, m_bigEndian, out);
        }
        const bool ok = m_source.u32(at, m_bigEndian, narrow);
        out = narrow;
        return ok;
    }

    bool readEntries(std::uint64_t at, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i, at += m_wide ? 20 : 12) {
            Entry entry;
            if (!m_source.u16(at, m_bigEndian, entry.tag) ||
                !m_source.u16(at + 2, m_bigEndian, entry.type) || !word(at + 4, entry.count)) {
                return false;
            }
            const std::uint32_t size = typeSize(entry.type);
            if (size == 0 || entry.count > m_source.size() / size) {
                continue;  // an unknown type, or more values than the file has bytes
            }
            const std::uint64_t field = at + (m_wide ? 12 : 8);
            entry.valueOffset = field;
            if (entry.count * size > (m_wide ? 8u : 4u)) {
                if (!word(field, entry.valueOffset) || entry.valueOffset > m_source.size()) {
                    continue;
                }
                entry.valueOffset += m_base;
            }
            m_entries.push_back(entry);
        }
        return true;
    }

    ByteSource& m_source;
    std::uint64_t m_base;
    bool m_bigEndian = false;
    bool m_wide = false;
    std::vector<Entry> m_entries;
};

bool blocksInside(Directory& directory, const Entry& offsets, const Entry& sizes,
                  std::uint64_t fileSize) {
    const std::uint64_t count = std::min({offsets.count, sizes.count, kMaxBlocks});
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        if (!directory.value(offsets, i, offset) || !directory.value(sizes, i, size) ||
            offset > fileSize || size > fileSize - offset) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool readTiffHeader(ByteSource& source, std::uint64_t base, TiffHeader& header) {
    Directory directory(source, base);
    if (!directory.open()) {
        return false;
    }
    const Entry* offsets = nullptr;
    const Entry* sizes = nullptr;
    for (const Entry& entry : directory.entries()) {
        std::uint64_t value = 0;
        if (!directory.value(entry, 0, value)) {
            continue;
        }
        switch (entry.tag) {
            case 256:
                header.width = value;
                break;
            case 257:
                header.height = value;
                break;
            case 258:
                header.bitsPerSample = std::uint32_t(value);
                break;
            case 262:
                header.photometric = std::uint32_t(value);
                break;
            case 274:
                if (value >= 1 && value <= 8 && entry.type == 3) {
                    header.orientation = int(value);
                    header.orientationOffset = entry.valueOffset;
                }
                break;
            case 277:
                header.samplesPerPixel = std::uint32_t(value);
                break;
            case 322:
                header.tileWidth = value;
                break;
            case 323:
                header.tileHeight = value;
                break;
            case 338:
                header.extraSample = std::uint32_t(value);
                break;
            case 339:
                header.sampleFormat = std::uint32_t(value);
                break;
            case 273:
            case 324:
                offsets = &entry;
                break;
            case 279:
            case 325:
                sizes = &entry;
                break;
            default:
                break;
        }
    }
    if (offsets && sizes) {
        header.dataComplete = blocksInside(directory, *offsets, *sizes, source.size());
    }
    return true;
}

int readExifOrientation(std::string_view exif) {
    MemorySource source(exif);
    TiffHeader header;
    return readTiffHeader(source, 0, header) ? header.orientation : 1;
}

}  // namespace graft
