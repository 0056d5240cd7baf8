#include "tests/fuzz/check_tensors.h"
#include "tests/support/torch_bytes.h"

namespace graft::fuzz {

using namespace graft::testing;
using namespace graft::testing::pickled;

namespace {

std::string old(const std::vector<std::pair<std::string, std::string>>& entries) {
    return torchLegacy(whole(dict(entries)));
}

/// What follows the pickle of the weights: keys and numbers.
std::string tail() {
    const std::string good = old({});
    return good.substr((torchLegacyStart() + whole(dict({}))).size());
}

}  // namespace

std::vector<std::string> seeds() {
    Tensor turned;
    turned.shape = {3, 2};
    turned.strides = {1, 3};
    Tensor view;
    view.view = tuple({text("9"), integer(2), integer(4)});
    view.shape = {2};
    view.strides = {1};
    const std::string set = call("torch", "FloatTensor", {}) +
                            tuple({Tensor{}.storage(), integer(0), integers({6}), integers({1})}) +
                            "b";
    return {old({{"w", Tensor{}.made()}, {"t", turned.made()}}),
            old({{"state_dict", dict({{"module.w", Tensor{}.made()}, {"module.v", view.made()}})}}),
            old({{"w", set}}),
            old({{"w", call("torch._utils", "_rebuild_parameter",
                            {Tensor{}.made(), "\x88", call("collections", "OrderedDict", {})})}})};
}

std::vector<std::string> tokens() {
    return {"\x80\x02",
            ".",
            "N",
            integer(-1),
            integer(6),
            integer(1LL << 62),
            text("0"),
            text("9"),
            text("w"),
            integers({2, 3}),
            integers({}),
            "Q",
            "R",
            "b",
            "u",
            "(",
            "}",
            "e",
            "storage",
            "FloatStorage",
            "LongStorage",
            "HalfStorage",
            std::string(8, '\xff'),
            std::string(8, '\0')};
}

// The parts before and after the pickle of the weights as they should be.
std::string repaired(const std::string& input) {
    const std::string start = torchLegacyStart();
    const std::string end = tail();
    if (input.size() <= start.size() + end.size()) {
        return start + "}." + end;
    }
    return start + input.substr(start.size(), input.size() - start.size() - end.size()) + end;
}

}  // namespace graft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    graft::fuzz::checkWeightFile(graft::fuzz::asText(data, size));
    return 0;
}
