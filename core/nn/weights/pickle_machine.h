// The stack machine behind readPickle: one method for each thing an operation can do. Apart from
// the table of operations in unpickler.cpp, which says what is allowed. Private to unpickler.
// Thread: one owner.
#pragma once

#include "core/base/result.h"
#include "core/nn/weights/pickle_graph.h"

#include <optional>

namespace graft::pickle {

class Machine {
 public:
    static constexpr std::size_t kMaxMarks = 1000;
    static constexpr std::size_t kMaxMemo = 1'000'000;
    static constexpr std::size_t kMaxLine = 65'536;
    static constexpr std::uint64_t kMaxSteps = 10'000'000;
    static constexpr std::uint64_t kHighestProtocol = 5;

    explicit Machine(std::string_view bytes) : m_bytes(bytes) {}

    // The first fault stays; after it every step does nothing of harm.
    bool going() const { return !m_fault && !m_done; }
    void fail(std::string rule);
    void tooLarge(const char* what);
    const std::optional<Error>& fault() const { return m_fault; }
    std::size_t position() const { return m_position; }

    /// Counts a step and returns the next operation.
    unsigned char nextOperation();
    /// An unsigned little-endian number of 1 to 8 bytes.
    std::uint64_t little(int byteCount);
    std::string_view take(std::uint64_t byteCount);
    /// Up to a line feed, which is taken too.
    std::string_view line();

    void protocol();
    void stop();
    NodeId pop();
    NodeId top();
    void push(NodeId id);
    void pushNumber(Kind kind, std::int64_t number);
    void pushText(Kind kind, std::string_view text);
    void pushItems(Kind kind, std::span<const NodeId> items);
    void pushLong(std::string_view bytes);
    void pushDecimal(std::string_view text);
    void pushQuoted(std::string_view text);
    void pushPlain(std::string_view text);
    void mark();
    std::vector<NodeId> popMark();
    void tupleOf(int count);
    void put(std::uint64_t index);
    void get(std::uint64_t index);
    void memoize() { put(m_memoCount); }
    static std::uint64_t indexOf(std::string_view decimal);

    void append(std::span<const NodeId> items);
    void setItems(std::span<const NodeId> pairs);
    void global(std::string_view module, std::string_view name);
    void stackGlobal();
    void call();
    void build();
    void persistent();

    Graph takeGraph() { return std::move(m_graph); }
    NodeId root() const { return m_root; }

 private:
    bool hasRoom();
    void callOrderedDict(NodeId arguments);

    static constexpr NodeId kNothing = ~NodeId(0);
    std::string_view m_bytes;
    std::size_t m_position = 0;
    std::uint64_t m_steps = 0;
    Graph m_graph;
    std::vector<NodeId> m_stack;
    std::vector<std::size_t> m_marks;  ///< height of the stack at each mark
    std::vector<NodeId> m_memo;
    std::uint64_t m_memoCount = 0;
    NodeId m_root = 0;
    bool m_done = false;
    std::optional<Error> m_fault;
};

}  // namespace graft::pickle
