#include "core/nn/weights/pickle_machine.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace graft::pickle {

void Machine::fail(std::string rule) {
    if (!m_fault) {
        m_fault = Error{ErrorCode::BadFormat,
                        rule + " (byte " + std::to_string(m_position) + " of its pickle)",
                        {},
                        {}};
    }
}

void Machine::tooLarge(const char* what) {
    if (!m_fault) {
        m_fault = Error{ErrorCode::TooLarge,
                        std::string("The file describes more ") + what +
                            " than a file of weights needs; reading it was stopped.",
                        "at byte " + std::to_string(m_position) + " of its pickle",
                        "Save only the weights (the state_dict) and choose that file."};
    }
}

unsigned char Machine::nextOperation() {
    if (++m_steps > kMaxSteps) {
        tooLarge("steps");
    }
    return static_cast<unsigned char>(little(1));
}

std::uint64_t Machine::little(int byteCount) {
    const std::string_view bytes = take(std::uint64_t(byteCount));
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    }
    return value;
}

std::string_view Machine::take(std::uint64_t byteCount) {
    if (byteCount > m_bytes.size() - m_position) {
        fail("it is cut short");
        return {};
    }
    const std::string_view taken = m_bytes.substr(m_position, byteCount);
    m_position += byteCount;
    return taken;
}

std::string_view Machine::line() {
    const std::size_t length = m_bytes.substr(m_position, kMaxLine).find('\n');
    if (length == std::string_view::npos) {
        fail("a line in it does not end");
        return {};
    }
    const std::string_view text = take(length);
    take(1);
    return text;
}

void Machine::protocol() {
    if (little(1) > kHighestProtocol) {
        fail("its pickle protocol is unknown");
    }
}

void Machine::stop() {
    m_root = pop();
    m_done = !m_fault;
}

NodeId Machine::pop() {
    const std::size_t floor = m_marks.empty() ? 0 : m_marks.back();
    if (m_stack.size() <= floor) {
        fail("it uses a value that is not there");
        return kNothing;
    }
    const NodeId id = m_stack.back();
    m_stack.pop_back();
    return id;
}

NodeId Machine::top() {
    const NodeId id = pop();
    if (!m_fault) {
        m_stack.push_back(id);
    }
    return id;
}

void Machine::push(NodeId id) {
    if (m_stack.size() >= Graph::kMaxNodes) {
        tooLarge("values");
    }
    if (!m_fault) {
        m_stack.push_back(id);
    }
}

bool Machine::hasRoom() {
    if (m_graph.full()) {
        tooLarge("values");
    }
    return !m_fault;
}

void Machine::pushNumber(Kind kind, std::int64_t number) {
    if (hasRoom()) {
        push(m_graph.addNumber(kind, number));
    }
}

void Machine::pushText(Kind kind, std::string_view text) {
    if (text.size() > kMaxLine && kind == Kind::Text) {
        text = text.substr(0, 0);  // a document, say; no name or key is that long
    }
    if (hasRoom()) {
        push(m_graph.addText(kind, text));
    }
}

void Machine::pushItems(Kind kind, std::span<const NodeId> items) {
    if (hasRoom()) {
        push(m_graph.addItems(kind, items));
    }
}

// Two's complement, little-endian.
void Machine::pushLong(std::string_view bytes) {
    if (bytes.size() > 8) {
        pushText(Kind::BigInt, bytes);
        return;
    }
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
        value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    }
    const auto unused = unsigned(64 - 8 * bytes.size());
    pushNumber(Kind::Int, unused == 64 ? 0 : std::int64_t(value << unused) >> unused);
}

void Machine::pushDecimal(std::string_view text) {
    if (text == "00" || text == "01") {
        pushNumber(Kind::Bool, text == "01");
        return;
    }
    if (text.ends_with('L')) {
        text.remove_suffix(1);
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        fail("a number in it is not one");
    }
    pushNumber(Kind::Int, value);
}

void Machine::pushQuoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                        (text.front() == '\'' || text.front() == '"');
    if (!quoted) {
        fail("a text in it has no quotes");
        return;
    }
    pushPlain(text.substr(1, text.size() - 2));
}

void Machine::pushPlain(std::string_view text) {
    if (text.find('\\') != std::string_view::npos) {
        fail("a text in it is written with escapes, which protocol 0 alone knows");
    }
    pushText(Kind::Text, text);
}

void Machine::mark() {
    if (m_marks.size() >= kMaxMarks) {
        tooLarge("nested values");
        return;
    }
    m_marks.push_back(m_stack.size());
}

std::vector<NodeId> Machine::popMark() {
    if (m_marks.empty()) {
        fail("a mark is missing");
        return {};
    }
    std::vector<NodeId> items(m_stack.begin() + std::ptrdiff_t(m_marks.back()), m_stack.end());
    m_stack.resize(m_marks.back());
    m_marks.pop_back();
    return items;
}

void Machine::tupleOf(int count) {
    std::array<NodeId, 3> items{};
    for (int i = count; i > 0; --i) {
        items[std::size_t(i - 1)] = pop();
    }
    pushItems(Kind::Tuple, std::span(items.data(), std::size_t(count)));
}

void Machine::put(std::uint64_t index) {
    if (index >= kMaxMemo) {
        tooLarge("remembered values");
        return;
    }
    const NodeId id = top();
    if (index >= m_memo.size()) {
        m_memo.resize(index + 1, kNothing);
    }
    m_memoCount += m_memo[index] == kNothing ? 1 : 0;
    m_memo[index] = id;
}

void Machine::get(std::uint64_t index) {
    if (index >= m_memo.size() || m_memo[index] == kNothing) {
        fail("it recalls a value that it never kept");
        return;
    }
    push(m_memo[index]);
}

std::uint64_t Machine::indexOf(std::string_view decimal) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
    return error == std::errc() && end == decimal.data() + decimal.size() ? value : kMaxMemo;
}

}  // namespace graft::pickle
