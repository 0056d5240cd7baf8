#include "core/nn/weights/unpickler.h"
#include "tests/fuzz/check_tensors.h"
#include "tests/support/hostile_weights.h"
#include "tests/support/torch_bytes.h"

namespace graft::fuzz {

using namespace graft::testing;
using namespace graft::testing::pickled;

namespace {

constexpr std::size_t kMostSeedBytes = 20'000;

/// Every reference leads to a node that is there.
void checkGraph(const pickle::Pickle& pickle, std::size_t size) {
    require(pickle.bytesRead <= size);
    std::vector<pickle::NodeId> open{pickle.root};
    std::vector<bool> seen;
    while (!open.empty()) {
        const pickle::NodeId id = open.back();
        open.pop_back();
        seen.resize(std::max(seen.size(), std::size_t(id) + 1));
        if (seen[id]) {
            continue;
        }
        seen[id] = true;
        const pickle::Kind kind = pickle.graph.kind(id);
        if (kind >= pickle::Kind::List) {
            for (const pickle::NodeId item : pickle.graph.items(id)) {
                open.push_back(item);
            }
            require(pickle.graph.nameOf(id).size() < 2100);
        }
    }
}

}  // namespace

std::vector<std::string> seeds() {
    std::vector<std::string> all{
        whole(dict({{"w", Tensor{}.made()}, {"n", "G\x3f\xb9\x99\x99\x99\x99\x99\x9a"}})),
        whole(text("a") + "\x94" +
                  "\x8c\x01"
                  "b\x86h" +
                  std::string(1, '\0') + "\x86",
              4),
        whole(std::string("(lp0\nI01\naL5L\naF0.5\naS'x'\naVy\np1\nag1\na(dp2\ng1\nNs"), 0),
        whole("\x8f(K\x01K\x02\x90\x8f\x91" + integer(7), 4)};
    // Small attacks and lies too: what is refused now must stay refused when it is damaged.
    for (const HostileFile& file : hostilePickles("nowhere")) {
        if (file.bytes.size() < kMostSeedBytes && file.name.starts_with("attack-")) {
            all.push_back(file.bytes);
        }
    }
    return all;
}

std::vector<std::string> tokens() {
    return {"(",
            ".",
            "0",
            "1",
            "2",
            "N",
            "R",
            "Q",
            "b",
            "}",
            "]",
            ")",
            "t",
            "u",
            "e",
            "s",
            "a",
            "d",
            "l",
            "\x81",
            "\x85",
            "\x86",
            "\x87",
            "\x8f",
            "\x90",
            "\x91",
            "\x93",
            "\x94",
            "h\x01",
            "q\x01",
            "r\x01\x02\x03\x04",
            "j\xff\xff\xff\x7f",
            integer(-1),
            text("x"),
            "cos\nsystem\n",
            "ccollections\nOrderedDict\n",
            "ctorch._utils\n_rebuild_tensor_v2\n",
            "\x8e\xff\xff\xff\xff\xff\xff\xff\xff",
            "X\xff\xff\xff\xff"};
}

std::string repaired(const std::string& input) {
    return whole(input.size() > 3 ? input.substr(2, input.size() - 3) : input, 2);
}

}  // namespace graft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = graft::fuzz::asText(data, size);
    const auto pickle = graft::pickle::readPickle(bytes);
    if (!pickle) {
        graft::fuzz::checkError(pickle.error());
        return 0;
    }
    graft::fuzz::checkGraph(pickle.value(), size);
    graft::fuzz::checkWeightFile(graft::testing::torchZip(std::string(bytes)));
    return 0;
}
