#include "core/nn/weights/safetensors_header.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace graft::safetensors {
namespace {

// In the order of the format, which ascends by alignment.
constexpr std::array<Dtype, 22> kDtypes{
    {{"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
     {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
     {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
     {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
     {"I64", 64},        {"U64", 64}}};

// An unknown field of a tensor may hold anything, but not a tower that eats the memory.
constexpr int kMaxSkippedDepth = 32;
/// Short entries take far more room in memory than in the file.
constexpr std::size_t kMaxEntries = 100'000;
constexpr std::size_t kMaxDimensions = 200'000;

// Names come from the file: shown short and without control characters.
std::string shown(const std::string& name) {
    std::string text;
    for (const char c : name.substr(0, 80)) {
        text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
    return "\"" + text + (name.size() > 80 ? "...\"" : "\"");
}

// Takes the parser's events one by one, so that neither a deep nor a huge document builds a tree.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
    Header header;
    std::string fault;

    bool null() override { return scalar("null"); }
    bool boolean(bool) override { return scalar("a boolean"); }
    bool number_float(double, const std::string&) override { return scalar("a fraction"); }
    bool binary(binary_t&) override { return scalar("bytes"); }
    bool number_integer(std::int64_t) override { return scalar("a negative number"); }
    bool number_unsigned(std::uint64_t value) override;
    bool string(std::string& value) override;
    bool start_object(std::size_t) override;
    bool end_object() override;
    bool start_array(std::size_t) override;
    bool end_array() override;
    bool key(std::string& name) override;
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::json::exception&) override {
        return fail("its header is not valid JSON at byte " + std::to_string(position));
    }

 private:
    enum class At { Start, Top, Metadata, Tensor, Shape, Offsets, Skipped, Done };

    bool fail(std::string text) {
        fault = std::move(text);
        return false;
    }
    bool scalar(const char* what);
    bool number(std::uint64_t value);
    bool endTensor();

    At m_at = At::Start;
    int m_skipped = 0;
    bool m_metadataSeen = false;
    std::string m_name;   // of the tensor
    std::string m_field;  // of the tensor or the metadata
    std::set<std::string> m_fields;
    Entry m_entry;
    std::vector<std::uint64_t> m_offsets;
};

bool HeaderReader::scalar(const char* what) {
    const bool wanted = m_field == "dtype" || m_field == "shape" || m_field == "data_offsets";
    if (m_at == At::Skipped || (m_at == At::Tensor && !wanted)) {
        return true;
    }
    if (m_at == At::Metadata) {
        return fail("the metadata " + shown(m_field) + " is " + what + " and not a text");
    }
    if (m_at == At::Tensor || m_at == At::Shape || m_at == At::Offsets) {
        return fail("the " + m_field + " of tensor " + shown(m_name) + " holds " + what);
    }
    return fail(m_at == At::Top ? "its entry " + shown(m_name) + " is " + what
                                : std::string("its header is not an object"));
}

bool HeaderReader::number(std::uint64_t value) {
    if (m_at == At::Shape) {
        if (value > std::uint64_t(std::numeric_limits<std::int64_t>::max())) {
            return fail("the shape of tensor " + shown(m_name) + " is too large");
        }
        if (m_entry.shape.size() >= kMaxDimensions) {
            return fail("tensor " + shown(m_name) + " has too many dimensions");
        }
        m_entry.shape.push_back(std::int64_t(value));
        return true;
    }
    m_offsets.push_back(value);
    return true;
}

bool HeaderReader::number_unsigned(std::uint64_t value) {
    return m_at == At::Shape || m_at == At::Offsets ? number(value) : scalar("a number");
}

bool HeaderReader::string(std::string& value) {
    if (m_at == At::Metadata) {
        header.metadata[m_field] = value;
        return true;
    }
    if (m_at == At::Tensor && m_field == "dtype") {
        m_entry.dtype = value;
        return true;
    }
    return scalar("a text");
}

bool HeaderReader::start_object(std::size_t) {
    switch (m_at) {
        case At::Start:
            m_at = At::Top;
            return true;
        case At::Top:
            m_fields.clear();
            m_at = m_name == kMetadataKey ? At::Metadata : At::Tensor;
            m_entry = {};
            m_offsets.clear();
            return true;
        case At::Skipped:
            return ++m_skipped <= kMaxSkippedDepth || fail("its header is nested too deeply");
        case At::Tensor:
            if (!scalar("an object")) {
                return false;
            }
            m_at = At::Skipped;
            m_skipped = 1;
            return true;
        default:
            return scalar("an object");
    }
}

bool HeaderReader::end_object() {
    switch (m_at) {
        case At::Top:
            m_at = At::Done;
            return true;
        case At::Metadata:
            m_at = At::Top;
            return true;
        case At::Tensor:
            m_at = At::Top;
            return endTensor();
        default:
            m_at = --m_skipped == 0 ? At::Tensor : At::Skipped;
            return true;
    }
}

bool HeaderReader::start_array(std::size_t) {
    if (m_at == At::Tensor && m_field == "shape") {
        m_at = At::Shape;
        return true;
    }
    if (m_at == At::Tensor && m_field == "data_offsets") {
        m_at = At::Offsets;
        return true;
    }
    if (m_at == At::Skipped) {
        return ++m_skipped <= kMaxSkippedDepth || fail("its header is nested too deeply");
    }
    if (!scalar("a list")) {
        return false;
    }
    m_at = At::Skipped;
    m_skipped = 1;
    return true;
}

bool HeaderReader::end_array() {
    if (m_at == At::Skipped) {
        m_at = --m_skipped == 0 ? At::Tensor : At::Skipped;
    } else {
        m_at = At::Tensor;
    }
    return true;
}

bool HeaderReader::key(std::string& name) {
    if (std::max(header.tensors.size(), m_fields.size()) >= kMaxEntries) {
        return fail("its header has more than " + std::to_string(kMaxEntries) + " entries");
    }
    switch (m_at) {
        case At::Top:
            m_name = name;
            if (name == kMetadataKey ? m_metadataSeen : header.tensors.count(name) > 0) {
                return fail("its entry " + shown(name) + " appears twice");
            }
            m_metadataSeen = m_metadataSeen || name == kMetadataKey;
            return true;
        case At::Metadata:
        case At::Tensor:
            m_field = name;
            if (!m_fields.insert(name).second) {
                return fail("the field " + shown(name) + " of " + shown(m_name) + " appears twice");
            }
            return true;
        default:
            return true;
    }
}

bool HeaderReader::endTensor() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (m_fields.count(field) == 0) {
            return fail("tensor " + shown(m_name) + " has no " + field);
        }
    }
    if (m_offsets.size() != 2) {
        return fail("tensor " + shown(m_name) + " has not two data offsets");
    }
    m_entry.begin = m_offsets[0];
    m_entry.end = m_offsets[1];
    header.tensors.emplace(m_name, std::move(m_entry));
    return true;
}

Error broken(std::string rule) {
    return Error{ErrorCode::BadFormat, std::move(rule), {}, {}};
}

Status checkEntry(const std::string& name, const Entry& entry) {
    const int dtype = dtypeIndex(entry.dtype);
    if (dtype < 0) {
        return broken("tensor " + shown(name) + " has the unknown type " + shown(entry.dtype));
    }
    if (entry.end < entry.begin) {
        return broken("tensor " + shown(name) + " ends before it begins");
    }
    std::uint64_t bytes = 0;
    if (!byteCountOf(entry.shape, dtype, &bytes)) {
        return broken("the size of tensor " + shown(name) +
                      " is no whole number of bytes or "
                      "too large to count");
    }
    if (entry.end - entry.begin != bytes) {
        return broken("tensor " + shown(name) + " needs " + std::to_string(bytes) +
                      " bytes by its shape and has " + std::to_string(entry.end - entry.begin));
    }
    return {};
}

// Tensors must follow each other without hole or overlap and fill the data exactly.
Status checkLayout(const Header& header, std::uint64_t dataBytes) {
    std::vector<std::pair<const Entry*, const std::string*>> order;
    for (const auto& [name, entry] : header.tensors) {
        GRAFT_CHECK(checkEntry(name, entry));
        order.push_back({&entry, &name});
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
    });
    std::uint64_t position = 0;
    for (const auto& [entry, name] : order) {
        if (entry->begin != position) {
            return broken("tensor " + shown(*name) + " begins at byte " +
                          std::to_string(entry->begin) + " of the data where " +
                          std::to_string(position) + " is due");
        }
        position = entry->end;
    }
    if (position > dataBytes) {
        return broken("it is cut short: " + std::to_string(position) +
                      " bytes of data are announced, " + std::to_string(dataBytes) + " are there");
    }
    if (position < dataBytes) {
        return broken(std::to_string(dataBytes - position) + " bytes too many are at its end");
    }
    return {};
}

}  // namespace

int dtypeIndex(std::string_view name) {
    for (std::size_t i = 0; i < kDtypes.size(); ++i) {
        if (name == kDtypes[i].name) {
            return int(i);
        }
    }
    return -1;
}

const Dtype& dtypeAt(int index) {
    return kDtypes.at(std::size_t(index));
}

bool byteCountOf(const std::vector<std::int64_t>& shape, int dtype, std::uint64_t* bytes) {
    std::uint64_t bits = dtypeAt(dtype).bits;
    std::uint64_t count = 1;
    for (const std::int64_t side : shape) {
        if (side < 0 || __builtin_mul_overflow(count, std::uint64_t(side), &count)) {
            return false;
        }
    }
    if (__builtin_mul_overflow(bits, count, &bits) || bits % 8 != 0) {
        return false;
    }
    *bytes = bits / 8;
    return true;
}

Result<Header> parseHeader(std::string_view text, std::uint64_t dataBytes) {
    if (text.empty() || text.front() != '{') {
        return broken("its header does not start with {");
    }
    const std::size_t last = text.find_last_not_of(' ');
    if (text[last] != '}') {
        return broken("its header is followed by something else than spaces");
    }
    // The parser takes a NUL for the end of the text and would overlook what comes after it.
    if (text.find('\0') != std::string_view::npos) {
        return broken("its header is not valid JSON at byte " +
                      std::to_string(text.find('\0') + 1));
    }
    HeaderReader reader;
    const std::string_view json = text.substr(0, last + 1);
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) {
        return broken(reader.fault);
    }
    GRAFT_CHECK(checkLayout(reader.header, dataBytes));
    return std::move(reader.header);
}

}  // namespace graft::safetensors
