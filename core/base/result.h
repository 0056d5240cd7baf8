// Result<T>: a value or an Error that says what happened, what is safe and what to do next.
// Apart from everything else because every other header of the program includes it.
// Thread: any (plain values).
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace graft {

enum class ErrorCode {
    Cancelled,         ///< asked for by the user: an outcome, not a fault
    NotFound,          ///< a file, folder, class or run that is not there
    PermissionDenied,  ///< the system refused access
    DiskFull,          ///< no space left for a write
    Io,                ///< any other failure of the file system
    Network,           ///< a server that cannot be reached or stops answering
    BadFormat,         ///< a file that is not what it claims to be
    Unsupported,       ///< valid, but Graft cannot work with it
    TooLarge,          ///< over a safety limit
    Mismatch,          ///< two things that must fit do not (weights and network, say)
    Busy,              ///< in use elsewhere
    NewerVersion,      ///< written by a newer Graft
    InvalidArgument,   ///< an option outside its range, an unknown name
    OutOfMemory,
    Diverged,  ///< the loss or the weights became NaN or infinite
    Internal,  ///< a defect of Graft
};

/// What went wrong. `message` is one sentence in plain language and says what is safe where that
/// is in doubt; `hint` says what to do; `detail` is for the expert (errno text, exception text).
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string detail;
    std::string hint;

    /// message, hint and detail as the lines that the command line prints.
    std::string text() const {
        std::string all = message;
        if (!hint.empty()) {
            all += "\n" + hint;
        }
        if (!detail.empty()) {
            all += "\n(" + detail + ")";
        }
        return all;
    }
};

/// A stable lower-case name ("disk-full") for logs and JSON.
const char* errorCodeName(ErrorCode code);

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }

    /// Requires ok(); std::get throws otherwise.
    T& value() & { return std::get<0>(m_state); }
    const T& value() const& { return std::get<0>(m_state); }
    T&& value() && { return std::get<0>(std::move(m_state)); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// Requires !ok().
    const Error& error() const { return std::get<1>(m_state); }

  private:
    std::variant<T, Error> m_state;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}

    bool ok() const { return !m_error.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return m_error.value(); }

  private:
    std::optional<Error> m_error;
};

using Status = Result<void>;

}  // namespace graft

/// Leaves the function with the error of `expr`, else goes on.
#define GRAFT_CHECK(expr)                         \
    do {                                          \
        if (auto graftStatus_ = (expr); !graftStatus_) { \
            return graftStatus_.error();          \
        }                                         \
    } while (false)
#define GRAFT_CONCAT_(a, b) a##b
#define GRAFT_CONCAT(a, b) GRAFT_CONCAT_(a, b)
/// GRAFT_TRY(auto image, readImage(path)): declares `image`, or leaves with the error.
#define GRAFT_TRY(decl, expr) GRAFT_TRY_(decl, expr, GRAFT_CONCAT(graftResult_, __LINE__))
#define GRAFT_TRY_(decl, expr, result) \
    auto result = (expr);              \
    if (!result) {                     \
        return result.error();         \
    }                                  \
    decl = std::move(result).value()
