// A file of weights, whoever wrote it: safetensors, PyTorch's .pth and .pt in both containers, and
// the tensors of a TorchScript program. Nothing in a file is ever run; what it says is compared
// with what is there before a byte is used. Free of torch, so that it can be fuzzed and sanitised
// on its own. Thread: any.
#pragma once

#include "core/nn/weights/safetensors.h"

namespace graft {

class WeightFile {
 public:
    /// Maps the file; tensors that lie row by row are not copied. Errors: NotFound,
    /// PermissionDenied; BadFormat (what is broken); Unsupported (a Python object, say, and what
    /// to do); TooLarge (over a bound).
    static Result<WeightFile> open(const std::filesystem::path& path);
    /// The same over bytes in memory (copied).
    static Result<WeightFile> parse(std::string_view bytes);
    WeightFile(WeightFile&&) noexcept;
    WeightFile& operator=(WeightFile&&) noexcept;
    ~WeightFile();

    /// By name, without what wrappers put before all names; see notes().
    const std::map<std::string, TensorView>& tensors() const;
    /// Of a checkpoint: "architecture", where it names one.
    const std::map<std::string, std::string>& metadata() const;
    /// "safetensors", "PyTorch", "PyTorch (before 1.6)" or "TorchScript".
    const std::string& container() const;
    /// Sentences on where in the file the weights were and how names were changed.
    const std::vector<std::string>& notes() const;

 private:
    struct State;
    explicit WeightFile(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace graft
