#include "core/nn/weights/weight_file.h"

#include "core/nn/weights/mapped_file.h"
#include "core/nn/weights/torch_files.h"

#include <new>
#include <optional>

namespace graft {

using torchfile::Content;

struct WeightFile::State {
    std::optional<MappedFile> mapped;
    std::string owned;
    std::optional<SafetensorsFile> safetensors;
    Content content;
};

namespace {

constexpr std::size_t kJsonAt = 8;

bool looksLikeSafetensors(std::string_view bytes) {
    return bytes.size() > kJsonAt && bytes[kJsonAt] == '{';
}

Error unknownKind(const std::string& what, std::string_view bytes) {
    if (torchfile::looksLikeTar(bytes)) {
        return Error{ErrorCode::Unsupported,
                     what + " was saved by a PyTorch older than 0.1.10, which is not read.",
                     {},
                     "Open it once in a PyTorch before 2.0 and save its state_dict again."};
    }
    if (bytes.starts_with('\x80')) {
        return Error{ErrorCode::Unsupported,
                     what + " holds Python objects, not weights that PyTorch saved.",
                     "a pickle without PyTorch's mark",
                     "In Python: torch.save(model.state_dict(), \"weights.pth\"). Nothing of the "
                     "file was run."};
    }
    return Error{ErrorCode::BadFormat,
                 what + (bytes.empty() ? " is empty." : " is not a file of weights that is known."),
                 {},
                 "Choose a .safetensors, .pth or .pt file. The file was not changed."};
}

// The readers end the sentence that this begins; whole sentences get the name of the file.
Error about(const std::string& what, const char* container, Error error) {
    if (error.code == ErrorCode::BadFormat) {
        error.message = what + " is not a valid " + container + " file: " + error.message + ".";
        error.hint = "The file was not changed. Download or copy it again, or choose another one.";
    } else {
        error.message = what + ": " + error.message;
    }
    return error;
}

Result<Content> readTorch(std::string_view bytes, const std::string& what) {
    if (torchfile::looksLikeTorchZip(bytes)) {
        auto content = torchfile::readTorchZip(bytes);
        return content ? std::move(content) : about(what, "PyTorch", content.error());
    }
    if (torchfile::looksLikeTorchLegacy(bytes)) {
        auto content = torchfile::readTorchLegacy(bytes);
        return content ? std::move(content) : about(what, "PyTorch", content.error());
    }
    return unknownKind(what, bytes);
}

void takeSafetensors(SafetensorsFile file, Content* content, std::optional<SafetensorsFile>* kept) {
    content->container = "safetensors";
    content->tensors = file.tensors();
    content->metadata = file.metadata();
    *kept = std::move(file);
}

Error caught(const std::exception& fault, const std::string& what) {
    if (dynamic_cast<const std::bad_alloc*>(&fault) != nullptr) {
        return Error{ErrorCode::OutOfMemory,
                     "There is not enough memory to read " + what,
                     {},
                     "Close other programs and try again."};
    }
    return Error{ErrorCode::Internal, "Reading " + what + " failed.", fault.what(), {}};
}

}  // namespace

WeightFile::WeightFile(std::unique_ptr<State> state) : m_state(std::move(state)) {}
WeightFile::WeightFile(WeightFile&&) noexcept = default;
WeightFile& WeightFile::operator=(WeightFile&&) noexcept = default;
WeightFile::~WeightFile() = default;

Result<WeightFile> WeightFile::open(const std::filesystem::path& path) {
    try {
        auto state = std::make_unique<State>();
        GRAFT_TRY(MappedFile mapped, MappedFile::open(path));
        const std::string_view bytes = mapped.bytes();
        const bool torch =
            torchfile::looksLikeTorchZip(bytes) || torchfile::looksLikeTorchLegacy(bytes);
        if (!torch && (looksLikeSafetensors(bytes) || path.extension() == ".safetensors")) {
            GRAFT_TRY(SafetensorsFile file, SafetensorsFile::open(path));
            takeSafetensors(std::move(file), &state->content, &state->safetensors);
        } else {
            GRAFT_TRY(state->content, readTorch(bytes, path.string()));
            state->mapped = std::move(mapped);
        }
        torchfile::stripPrefixes(&state->content.tensors, &state->content.notes);
        return WeightFile(std::move(state));
    } catch (const std::exception& fault) {
        return caught(fault, path.string());
    }
}

Result<WeightFile> WeightFile::parse(std::string_view bytes) {
    const std::string what = "The data";
    try {
        auto state = std::make_unique<State>();
        if (looksLikeSafetensors(bytes) && !torchfile::looksLikeTorchZip(bytes) &&
            !torchfile::looksLikeTorchLegacy(bytes)) {
            GRAFT_TRY(SafetensorsFile file, SafetensorsFile::parse(bytes));
            takeSafetensors(std::move(file), &state->content, &state->safetensors);
        } else {
            state->owned = std::string(bytes);
            GRAFT_TRY(state->content, readTorch(state->owned, what));
        }
        torchfile::stripPrefixes(&state->content.tensors, &state->content.notes);
        return WeightFile(std::move(state));
    } catch (const std::exception& fault) {
        return caught(fault, what);
    }
}

const std::map<std::string, TensorView>& WeightFile::tensors() const {
    return m_state->content.tensors;
}

const std::map<std::string, std::string>& WeightFile::metadata() const {
    return m_state->content.metadata;
}

const std::string& WeightFile::container() const {
    return m_state->content.container;
}

const std::vector<std::string>& WeightFile::notes() const {
    return m_state->content.notes;
}

}  // namespace graft
