// The part of the machine that fills containers and notes calls.
#include "core/nn/weights/pickle_machine.h"

#include <algorithm>
#include <array>

namespace graft::pickle {
namespace {

bool isName(std::string_view text) {
    return !text.empty() && text.size() < 1000 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

void Machine::append(std::span<const NodeId> items) {
    const NodeId target = top();
    if (!hasRoom()) {
        return;
    }
    const Kind kind = m_graph.kind(target);
    if (kind == Kind::List || kind == Kind::Set) {
        m_graph.append(target, items);
    } else if (kind != Kind::Object) {  // an unknown object's content is of no use
        fail("it adds to something that is no list");
    }
}

void Machine::setItems(std::span<const NodeId> pairs) {
    const NodeId target = top();
    if (pairs.size() % 2 != 0) {
        fail("a key has no value");
    }
    if (!hasRoom()) {
        return;
    }
    const Kind kind = m_graph.kind(target);
    if (kind == Kind::Dict) {
        m_graph.append(target, pairs);
    } else if (kind != Kind::Object) {
        fail("it sets a key of something that has none");
    }
}

void Machine::global(std::string_view module, std::string_view name) {
    if (!isName(module) || !isName(name)) {
        fail("a name in it is no name of a Python object");
    }
    if (m_fault) {
        return;
    }
    const SymbolInfo info = lookUp(module, name);
    if (info.symbol == Symbol::Forbidden) {
        m_fault = Error{ErrorCode::Unsupported,
                        "This file asks Python to run " + std::string(module) + "." +
                            std::string(name) + " when it is opened. Nothing of it was run.",
                        {},
                        "Do not open it with other programs; get the weights from a source that "
                        "you trust."};
        return;
    }
    if (hasRoom()) {
        push(m_graph.addGlobal(module, name, info));
    }
}

void Machine::stackGlobal() {
    const NodeId name = pop();
    const NodeId module = pop();
    if (m_fault) {
        return;
    }
    if (m_graph.kind(name) != Kind::Text || m_graph.kind(module) != Kind::Text) {
        fail("a name in it is no text");
        return;
    }
    global(m_graph.text(module), m_graph.text(name));
}

void Machine::call() {
    const NodeId arguments = pop();
    const NodeId function = pop();
    if (m_fault) {
        return;
    }
    if (m_graph.kind(arguments) != Kind::Tuple) {
        fail("it calls something without a list of arguments");
        return;
    }
    const Symbol symbol = m_graph.symbol(function).symbol;
    const std::span<const NodeId> items = m_graph.items(arguments);
    if (symbol == Symbol::OrderedDict) {
        callOrderedDict(arguments);
    } else if (symbol == Symbol::Size && items.size() == 1 &&
               m_graph.kind(items[0]) == Kind::Tuple) {
        push(items[0]);
    } else if (m_graph.kind(function) == Kind::Global || m_graph.kind(function) == Kind::Object ||
               m_graph.kind(function) == Kind::Persistent) {
        pushItems(Kind::Object, std::array{function, arguments});
    } else {
        fail("it calls something that cannot be called");
    }
}

// OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]).
void Machine::callOrderedDict(NodeId arguments) {
    std::vector<NodeId> pairs;
    const std::span<const NodeId> given = m_graph.items(arguments);
    if (!given.empty() && m_graph.kind(given[0]) == Kind::List) {
        for (const NodeId pair : m_graph.items(given[0])) {
            const Kind kind = m_graph.kind(pair);
            if ((kind != Kind::List && kind != Kind::Tuple) || m_graph.items(pair).size() != 2) {
                fail("a dictionary in it is not made of pairs");
                return;
            }
            pairs.insert(pairs.end(), m_graph.items(pair).begin(), m_graph.items(pair).end());
        }
    }
    pushItems(Kind::Dict, pairs);
}

void Machine::build() {
    const NodeId state = pop();
    const NodeId target = top();
    if (!hasRoom()) {
        return;
    }
    const Kind kind = m_graph.kind(target);
    if (kind == Kind::Object) {
        m_graph.append(target, std::array{state});
    } else if (kind != Kind::Dict) {  // the _metadata of a state dict holds nothing that is used
        fail("it gives a state to something that has none");
    }
}

void Machine::persistent() {
    const NodeId id = pop();
    if (!m_fault) {
        pushItems(Kind::Persistent, std::array{id});
    }
}

}  // namespace graft::pickle
