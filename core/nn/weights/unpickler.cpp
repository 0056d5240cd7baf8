#include "core/nn/weights/unpickler.h"

#include "core/nn/weights/pickle_machine.h"

#include <array>

namespace graft::pickle {
namespace {

using Handler = void (*)(Machine&);
struct Row {
    unsigned char opcode;
    Handler run;
};

void pushBytes(Machine& m, Kind kind, int lengthBytes) {
    m.pushText(kind, m.take(m.little(lengthBytes)));
}

void globalFromLines(Machine& m) {
    const std::string_view module = m.line();
    m.global(module, m.line());
}

// Everything that is allowed. Not here: persistent names as text (P), instances of classes by
// mark (i, o), the registry of extensions (82 to 84), buffers outside the pickle (97, 98), and
// objects with named arguments (92), none of which PyTorch writes.
constexpr Row kRows[] = {
    // frame
    {0x80, [](Machine& m) { m.protocol(); }},
    {0x95, [](Machine& m) { m.little(8); }},
    {'.', [](Machine& m) { m.stop(); }},
    // constants
    {'N', [](Machine& m) { m.pushNumber(Kind::None, 0); }},
    {0x88, [](Machine& m) { m.pushNumber(Kind::Bool, 1); }},
    {0x89, [](Machine& m) { m.pushNumber(Kind::Bool, 0); }},
    {'J', [](Machine& m) { m.pushNumber(Kind::Int, std::int32_t(m.little(4))); }},
    {'K', [](Machine& m) { m.pushNumber(Kind::Int, std::int64_t(m.little(1))); }},
    {'M', [](Machine& m) { m.pushNumber(Kind::Int, std::int64_t(m.little(2))); }},
    {'I', [](Machine& m) { m.pushDecimal(m.line()); }},
    {'L', [](Machine& m) { m.pushDecimal(m.line()); }},
    {0x8a, [](Machine& m) { m.pushLong(m.take(m.little(1))); }},
    {0x8b, [](Machine& m) { m.pushLong(m.take(m.little(4))); }},
    {'F',
     [](Machine& m) {
         m.line();
         m.pushNumber(Kind::Float, 0);
     }},
    {'G',
     [](Machine& m) {
         m.take(8);
         m.pushNumber(Kind::Float, 0);
     }},
    // texts and bytes
    {'S', [](Machine& m) { m.pushQuoted(m.line()); }},
    {'V', [](Machine& m) { m.pushPlain(m.line()); }},
    {'T', [](Machine& m) { pushBytes(m, Kind::Text, 4); }},
    {'U', [](Machine& m) { pushBytes(m, Kind::Text, 1); }},
    {'X', [](Machine& m) { pushBytes(m, Kind::Text, 4); }},
    {0x8c, [](Machine& m) { pushBytes(m, Kind::Text, 1); }},
    {0x8d, [](Machine& m) { pushBytes(m, Kind::Text, 8); }},
    {'B', [](Machine& m) { pushBytes(m, Kind::Bytes, 4); }},
    {'C', [](Machine& m) { pushBytes(m, Kind::Bytes, 1); }},
    {0x8e, [](Machine& m) { pushBytes(m, Kind::Bytes, 8); }},
    {0x96, [](Machine& m) { pushBytes(m, Kind::Bytes, 8); }},
    // stack and memo
    {'(', [](Machine& m) { m.mark(); }},
    {'0', [](Machine& m) { m.pop(); }},
    {'1', [](Machine& m) { m.popMark(); }},
    {'2', [](Machine& m) { m.push(m.top()); }},
    {'p', [](Machine& m) { m.put(Machine::indexOf(m.line())); }},
    {'q', [](Machine& m) { m.put(m.little(1)); }},
    {'r', [](Machine& m) { m.put(m.little(4)); }},
    {0x94, [](Machine& m) { m.memoize(); }},
    {'g', [](Machine& m) { m.get(Machine::indexOf(m.line())); }},
    {'h', [](Machine& m) { m.get(m.little(1)); }},
    {'j', [](Machine& m) { m.get(m.little(4)); }},
    // containers
    {')', [](Machine& m) { m.pushItems(Kind::Tuple, {}); }},
    {']', [](Machine& m) { m.pushItems(Kind::List, {}); }},
    {'}', [](Machine& m) { m.pushItems(Kind::Dict, {}); }},
    {0x8f, [](Machine& m) { m.pushItems(Kind::Set, {}); }},
    {'t', [](Machine& m) { m.pushItems(Kind::Tuple, m.popMark()); }},
    {'l', [](Machine& m) { m.pushItems(Kind::List, m.popMark()); }},
    {0x91, [](Machine& m) { m.pushItems(Kind::Set, m.popMark()); }},
    {0x85, [](Machine& m) { m.tupleOf(1); }},
    {0x86, [](Machine& m) { m.tupleOf(2); }},
    {0x87, [](Machine& m) { m.tupleOf(3); }},
    {'a', [](Machine& m) { m.append(std::array{m.pop()}); }},
    {'e', [](Machine& m) { m.append(m.popMark()); }},
    {0x90, [](Machine& m) { m.append(m.popMark()); }},
    {'d',
     [](Machine& m) {
         const std::vector<NodeId> pairs = m.popMark();
         m.pushItems(Kind::Dict, {});
         m.setItems(pairs);
     }},
    {'s',
     [](Machine& m) {
         const NodeId value = m.pop();
         m.setItems(std::array{m.pop(), value});
     }},
    {'u', [](Machine& m) { m.setItems(m.popMark()); }},
    // objects: noted, never made
    {'c', globalFromLines},
    {0x93, [](Machine& m) { m.stackGlobal(); }},
    {'R', [](Machine& m) { m.call(); }},
    {0x81, [](Machine& m) { m.call(); }},
    {'b', [](Machine& m) { m.build(); }},
    {'Q', [](Machine& m) { m.persistent(); }},
};

std::array<Handler, 256> makeTable() {
    std::array<Handler, 256> table{};
    for (const Row& row : kRows) {
        table[row.opcode] = row.run;
    }
    return table;
}

std::string hexByte(unsigned char byte) {
    constexpr const char* kDigits = "0123456789abcdef";
    return {kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

Result<Pickle> readPickle(std::string_view bytes) {
    static const std::array<Handler, 256> table = makeTable();
    Machine machine(bytes);
    while (machine.going()) {
        const unsigned char opcode = machine.nextOperation();
        if (!machine.going()) {
            break;
        }
        if (table[opcode] == nullptr) {
            machine.fail("it holds the operation " + hexByte(opcode) +
                         ", which no file of weights needs");
            break;
        }
        table[opcode](machine);
    }
    if (machine.fault()) {
        return *machine.fault();
    }
    return Pickle{machine.takeGraph(), machine.root(), machine.position()};
}

}  // namespace graft::pickle
