#include "core/nn/weights/safetensors.h"

#include "core/nn/weights/mapped_file.h"
#include "core/nn/weights/safetensors_header.h"

#include <new>
#include <optional>

namespace graft {

using safetensors::Header;

struct SafetensorsFile::State {
    std::optional<MappedFile> mapped;
    std::string owned;
    std::map<std::string, TensorView> tensors;
    std::map<std::string, std::string> metadata;
};

namespace {

constexpr std::uint64_t kLengthBytes = 8;

Error badFile(const std::string& what, const std::string& rule) {
    return Error{ErrorCode::BadFormat,
                 what + " is not a valid safetensors file: " + rule + ".",
                 {},
                 "The file was not changed. Download or copy it again, or choose another one."};
}

struct Checked {
    Header header;
    std::uint64_t dataStart = 0;
};

Result<Checked> check(std::string_view bytes, const std::string& what) {
    if (bytes.size() < kLengthBytes) {
        return badFile(what, "it holds only " + std::to_string(bytes.size()) + " bytes");
    }
    std::uint64_t headerBytes = 0;
    for (int i = int(kLengthBytes) - 1; i >= 0; --i) {
        headerBytes = headerBytes << 8 | static_cast<unsigned char>(bytes[std::size_t(i)]);
    }
    if (headerBytes > safetensors::kMaxHeaderBytes) {
        return badFile(what, "its header would be longer than 10 MB");
    }
    if (headerBytes > bytes.size() - kLengthBytes) {
        return badFile(what, "it is cut short: the header needs " + std::to_string(headerBytes) +
                                 " bytes, " + std::to_string(bytes.size() - kLengthBytes) +
                                 " are there");
    }
    const std::uint64_t dataStart = kLengthBytes + headerBytes;
    auto header =
        safetensors::parseHeader(bytes.substr(kLengthBytes, headerBytes), bytes.size() - dataStart);
    if (!header) {
        return badFile(what, header.error().message);
    }
    return Checked{std::move(header).value(), dataStart};
}

void fillViews(Checked checked, const char* bytes, std::map<std::string, TensorView>* tensors) {
    for (auto& [name, entry] : checked.header.tensors) {
        TensorView view;
        view.dtype = std::move(entry.dtype);
        view.shape = std::move(entry.shape);
        view.data = bytes + checked.dataStart + entry.begin;
        view.byteCount = entry.end - entry.begin;
        tensors->emplace(name, std::move(view));
    }
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::unique_ptr<State> state) : m_state(std::move(state)) {}
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;
SafetensorsFile::~SafetensorsFile() = default;

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
    try {
        auto state = std::make_unique<State>();
        GRAFT_TRY(state->mapped, MappedFile::open(path));
        const std::string_view bytes = state->mapped->bytes();
        GRAFT_TRY(Checked checked, check(bytes, path.string()));
        state->metadata = std::move(checked.header.metadata);
        fillViews(std::move(checked), bytes.data(), &state->tensors);
        return SafetensorsFile(std::move(state));
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory to read " + path.string(),
                     {},
                     "Close other programs and try again."};
    } catch (const std::exception& fault) {
        return Error{
            ErrorCode::Internal, "Reading " + path.string() + " failed.", fault.what(), {}};
    }
}

Result<SafetensorsFile> SafetensorsFile::parse(std::string_view bytes) {
    try {
        auto state = std::make_unique<State>();
        state->owned = std::string(bytes);
        GRAFT_TRY(Checked checked, check(state->owned, "The data"));
        state->metadata = std::move(checked.header.metadata);
        fillViews(std::move(checked), state->owned.data(), &state->tensors);
        return SafetensorsFile(std::move(state));
    } catch (const std::exception& fault) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory to read the tensors.",
                     fault.what(),
                     {}};
    }
}

const std::map<std::string, TensorView>& SafetensorsFile::tensors() const {
    return m_state->tensors;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
    return m_state->metadata;
}

}  // namespace graft
