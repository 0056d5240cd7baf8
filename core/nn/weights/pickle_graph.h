// What a pickle describes, as plain data: numbers, texts, lists, and calls that nobody makes.
// Values lie in one table and refer to each other by number, so that no file can make a tower that
// overflows the stack, and texts point into the bytes of the file. Separate from the machine that
// builds it and from the readers that look for tensors in it. Private to core/nn/weights.
// Thread: any, one at a time.
#pragma once

#include "core/nn/weights/pickle_symbols.h"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace graft::pickle {

using NodeId = std::uint32_t;

enum class Kind : std::uint8_t {
    None,
    Bool,
    Int,
    BigInt,  ///< over 64 bits, as the bytes in the file
    Float,
    Text,
    Bytes,
    List,
    Tuple,
    Set,
    Dict,        ///< items: key, value, key, value ...
    Global,      ///< items: module, name
    Object,      ///< items: what was called, its arguments, then states that it was given
    Persistent,  ///< items: the id under which the container keeps it
};

class Graph {
 public:
    static constexpr std::size_t kMaxNodes = 1'000'000;
    static constexpr std::size_t kMaxItems = 2'000'000;

    Kind kind(NodeId id) const { return m_nodes[id].kind; }
    /// Of Bool and Int.
    std::int64_t number(NodeId id) const { return m_nodes[id].number; }
    /// Of Text, Bytes and BigInt.
    std::string_view text(NodeId id) const { return {m_nodes[id].chars, m_nodes[id].index}; }
    /// Of everything from List on.
    std::span<const NodeId> items(NodeId id) const { return m_lists[m_nodes[id].index]; }
    bool isText(NodeId id, std::string_view text) const;

    /// What a Global means; Unknown for any other kind.
    SymbolInfo symbol(NodeId id) const;
    /// "module.name" of a Global, or of the Global that an Object was made by; else "".
    std::string nameOf(NodeId id) const;
    /// The value of a key; of the last where it is there twice, as in Python. False if absent.
    bool find(NodeId dict, std::string_view key, NodeId* value) const;
    /// All Persistent nodes in the order of the file.
    const std::vector<NodeId>& persistents() const { return m_persistents; }

    bool full() const { return m_nodes.size() >= kMaxNodes || m_itemCount >= kMaxItems; }
    NodeId addNumber(Kind kind, std::int64_t number);
    NodeId addText(Kind kind, std::string_view text);
    NodeId addItems(Kind kind, std::span<const NodeId> items);
    NodeId addGlobal(std::string_view module, std::string_view name, SymbolInfo info);
    void append(NodeId id, std::span<const NodeId> items);

 private:
    struct Node {
        Kind kind;
        Symbol symbol = Symbol::Unknown;
        std::uint32_t index = 0;  ///< length of a text, or place in m_lists
        union {
            std::int64_t number;
            const char* chars;  ///< of a text, or the type that a Global stands for
        };
    };

    // Deques, since growing a vector would need the room twice.
    std::deque<Node> m_nodes;
    std::deque<std::vector<NodeId>> m_lists;
    std::vector<NodeId> m_persistents;
    std::size_t m_itemCount = 0;
};

}  // namespace graft::pickle
