#include "core/nn/weights/pickle_symbols.h"

#include <algorithm>
#include <array>

namespace graft::pickle {
namespace {

struct Row {
    std::string_view module;
    std::string_view name;
    Symbol symbol;
};

constexpr std::array kSymbols{
    Row{"collections", "OrderedDict", Symbol::OrderedDict},
    Row{"torch", "Size", Symbol::Size},
    Row{"torch.nn.parameter", "Parameter", Symbol::Parameter},
    Row{"torch._utils", "_rebuild_tensor", Symbol::RebuildTensor},
    Row{"torch._utils", "_rebuild_tensor_v2", Symbol::RebuildTensorV2},
    Row{"torch._utils", "_rebuild_tensor_v3", Symbol::RebuildTensorV3},
    Row{"torch._utils", "_rebuild_parameter", Symbol::RebuildParameter},
    Row{"torch._utils", "_rebuild_parameter_with_state", Symbol::RebuildParameter},
    Row{"torch._tensor", "_rebuild_from_type_v2", Symbol::RebuildFromType},
    Row{"torch", "Tensor", Symbol::Tensor},
};

struct TypeRow {
    std::string_view title;  ///< as in FloatStorage and FloatTensor
    const char* dtype;
};

constexpr std::array kTypes{
    TypeRow{"Float", "F32"},        TypeRow{"Double", "F64"}, TypeRow{"Half", "F16"},
    TypeRow{"BFloat16", "BF16"},    TypeRow{"Long", "I64"},   TypeRow{"Int", "I32"},
    TypeRow{"Short", "I16"},        TypeRow{"Char", "I8"},    TypeRow{"Byte", "U8"},
    TypeRow{"Bool", "BOOL"},        TypeRow{"Untyped", "U8"}, TypeRow{"_Untyped", "U8"},
    TypeRow{"ComplexFloat", "C64"},
};

constexpr std::array kDtypes{
    TypeRow{"float32", "F32"},
    TypeRow{"float64", "F64"},
    TypeRow{"float16", "F16"},
    TypeRow{"bfloat16", "BF16"},
    TypeRow{"int64", "I64"},
    TypeRow{"int32", "I32"},
    TypeRow{"int16", "I16"},
    TypeRow{"int8", "I8"},
    TypeRow{"uint8", "U8"},
    TypeRow{"uint16", "U16"},
    TypeRow{"uint32", "U32"},
    TypeRow{"uint64", "U64"},
    TypeRow{"bool", "BOOL"},
    TypeRow{"complex64", "C64"},
    TypeRow{"float8_e4m3fn", "F8_E4M3"},
    TypeRow{"float8_e5m2", "F8_E5M2"},
    TypeRow{"float8_e4m3fnuz", "F8_E4M3FNUZ"},
    TypeRow{"float8_e5m2fnuz", "F8_E5M2FNUZ"},
};

// Refusing these adds no safety (nothing is ever called) but says what kind of file it is. Not
// here: modules whose names are also those of people's own, and getattr, by which classes inside
// classes are honestly saved.
constexpr std::array<std::string_view, 29> kForbiddenModules{
    "os",         "posix",    "nt",     "subprocess",      "commands", "sys",     "pty",
    "shutil",     "socket",   "runpy",  "importlib",       "ctypes",   "marshal", "pickle",
    "_pickle",    "cPickle",  "dill",   "cloudpickle",     "codeop",   "urllib",  "urllib2",
    "webbrowser", "requests", "ftplib", "multiprocessing", "bdb",      "pdb",     "timeit",
    "cProfile"};
constexpr std::array<std::string_view, 8> kForbiddenBuiltins{
    "eval", "exec", "execfile", "compile", "__import__", "open", "apply", "breakpoint"};
constexpr std::array<std::string_view, 6> kForbiddenNames{"torch.storage._load_from_bytes",
                                                          "torch.load",
                                                          "torch.serialization.load",
                                                          "torch.jit.load",
                                                          "torch.hub.load",
                                                          "numpy.load"};

template <class List, class Value>
bool contains(const List& list, const Value& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool isForbidden(std::string_view module, std::string_view name) {
    if (contains(kForbiddenModules, module.substr(0, module.find('.')))) {
        return true;
    }
    if (module == "builtins" || module == "__builtin__") {
        return contains(kForbiddenBuiltins, name);
    }
    return std::any_of(kForbiddenNames.begin(), kForbiddenNames.end(), [&](std::string_view full) {
        return full.size() == module.size() + 1 + name.size() && full.starts_with(module) &&
               full.ends_with(name) && full[module.size()] == '.';
    });
}

template <class List>
const char* dtypeIn(const List& list, std::string_view title) {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const TypeRow& row) { return row.title == title; });
    return found == list.end() ? nullptr : found->dtype;
}

SymbolInfo torchType(std::string_view name) {
    for (const auto& [ending, symbol] : {std::pair{std::string_view("Storage"), Symbol::Storage},
                                         {std::string_view("Tensor"), Symbol::Tensor}}) {
        if (name.ends_with(ending)) {
            return {symbol, dtypeIn(kTypes, name.substr(0, name.size() - ending.size()))};
        }
    }
    const char* dtype = dtypeIn(kDtypes, name);
    return {dtype == nullptr ? Symbol::Unknown : Symbol::Dtype, dtype};
}

}  // namespace

SymbolInfo lookUp(std::string_view module, std::string_view name) {
    if (isForbidden(module, name)) {
        return {Symbol::Forbidden, nullptr};
    }
    for (const Row& row : kSymbols) {
        if (row.module == module && row.name == name) {
            return {row.symbol, nullptr};
        }
    }
    if (module == "torch" || module == "torch.cuda" || module == "torch.storage") {
        return torchType(name);
    }
    return {};
}

}  // namespace graft::pickle
