// The names a pickle may call for, as symbols: what each means to a reader of weights. A symbol
// leads to no code; a name that is not known here stays a name. Separate so that the whole list
// can be read at a glance. Private to core/nn/weights. Thread: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace graft::pickle {

enum class Symbol : std::uint8_t {
    Unknown,    ///< some Python object: kept as a name, never needed
    Forbidden,  ///< runs programs, code or other pickles: no honest weight file names it
    OrderedDict,
    Size,
    Parameter,
    RebuildTensor,
    RebuildTensorV2,
    RebuildTensorV3,
    RebuildParameter,
    RebuildFromType,
    Storage,
    Tensor,
    Dtype,
};

struct SymbolInfo {
    Symbol symbol = Symbol::Unknown;
    /// safetensors' name of the type of a Storage, Tensor or Dtype; null for one that is not read.
    const char* dtype = nullptr;
};

SymbolInfo lookUp(std::string_view module, std::string_view name);

}  // namespace graft::pickle
