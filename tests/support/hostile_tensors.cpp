#include "tests/support/hostile_weights.h"
#include "tests/support/torch_bytes.h"

#include <functional>
#include <limits>

namespace graft::testing {

using namespace pickled;

namespace {

using Files = std::vector<HostileFile>;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

void addShapes(Files& files) {
    const auto lie = [&](const std::string& name, const std::function<void(Tensor&)>& change,
                         bool good = false) {
        Tensor tensor;
        change(tensor);
        files.push_back({"tensor-" + name, oneTensor(tensor, true), good});
        files.push_back({"tensor-" + name + "-old", oneTensor(tensor, false), good});
    };
    lie(
        "as-it-is", [](Tensor&) {}, true);
    lie(
        "turned",
        [](Tensor& t) {
            t.shape = {3, 2}, t.strides = {1, 3};
        },
        true);
    lie("too-many-rows", [](Tensor& t) { t.shape = {3, 3}; });
    lie("one-too-far", [](Tensor& t) { t.offset = 1; });
    lie("stride-too-far", [](Tensor& t) { t.strides = {4, 1}; });
    lie("stride-overflows", [](Tensor& t) { t.strides = {kMost, kMost}; });
    lie("negative-stride", [](Tensor& t) { t.strides = {-3, 1}; });
    lie("negative-strides-that-fit", [](Tensor& t) { t.offset = 5, t.strides = {-3, -1}; });
    lie("negative-size", [](Tensor& t) { t.shape = {-2, -3}; });
    lie("negative-offset", [](Tensor& t) { t.offset = -1; });
    lie("offset-overflows", [](Tensor& t) { t.offset = kMost; });
    lie("shape-overflows", [](Tensor& t) { t.shape = {kMost, kMost}; });
    lie("shape-overflows-to-few", [](Tensor& t) {
        t.shape = {std::int64_t(1) << 32, std::int64_t(1) << 32, 1};
        t.strides = {0, 0, 0};
    });
    lie("shape-overflows-before-zero", [](Tensor& t) {
        t.shape = {kMost, kMost, 0};
        t.strides = {1, 1, 1};
    });
    lie("huge-of-one", [](Tensor& t) { t.shape = {1 << 20, 1 << 20}, t.strides = {0, 0}; });
    lie("large-of-one", [](Tensor& t) { t.shape = {1 << 12, 1 << 12}, t.strides = {0, 0}; });
    lie("many-dimensions", [](Tensor& t) {
        t.shape.assign(5000, 1);
        t.strides.assign(5000, 1);
    });
    lie("strides-missing", [](Tensor& t) { t.strides = {1}; });
    lie("too-many-strides", [](Tensor& t) { t.strides = {3, 1, 1}; });
    lie("conjugated", [](Tensor& t) { t.metadata = dict({{"conj", "\x88"}}); });
    lie("storage-longer-than-data", [](Tensor& t) { t.count = 7; });
    lie("storage-far-longer", [](Tensor& t) { t.count = kMost; });
    lie("storage-overflows", [](Tensor& t) { t.count = kMost / 4 + 2; });
    lie("storage-negative", [](Tensor& t) { t.count = -6; });
    lie("storage-of-other-type", [](Tensor& t) { t.type = "DoubleStorage"; });
    lie("storage-of-no-type", [](Tensor& t) { t.type = "FancyStorage"; });
    lie("storage-type-is-tensor", [](Tensor& t) { t.type = "FloatTensor"; });
    lie("storage-unknown", [](Tensor& t) { t.key = "1"; });
    lie("storage-elsewhere", [](Tensor& t) { t.key = "../version"; });
    lie("storage-without-name", [](Tensor& t) { t.key = ""; });
    lie("storage-long-name", [](Tensor& t) { t.key = std::string(100'000, '0'); });
}

const std::string kStorage = Tensor{}.storage();
const char* kModule = "torch._utils";
const char* kRebuild = "_rebuild_tensor_v2";

/// A state dict of one value in both containers.
void addState(Files& files, const std::string& name, const std::string& value) {
    const std::string pickle = whole(dict({{"w", value}}));
    files.push_back({"parts-" + name, torchZip(pickle)});
    files.push_back({"parts-" + name + "-old", torchLegacy(pickle)});
}

// Tensors that are called for with arguments of the wrong kind.
void addArguments(Files& files) {
    addState(files, "none", call(kModule, kRebuild, {}));
    addState(files, "two", call(kModule, kRebuild, {kStorage, integer(0)}));
    addState(files, "storage-is-text",
             call(kModule, kRebuild, {text("x"), integer(0), integers({1}), integers({1})}));
    addState(files, "shape-is-number",
             call(kModule, kRebuild, {kStorage, integer(0), integer(6), integer(1)}));
    addState(files, "shape-of-texts",
             call(kModule, kRebuild, {kStorage, integer(0), tuple({text("6")}), integers({1})}));
    addState(files, "shape-of-truth",
             call(kModule, kRebuild, {kStorage, integer(0), tuple({"\x88"}), integers({1})}));
    addState(
        files, "shape-over-64-bits",
        call(kModule, kRebuild,
             {kStorage, integer(0), tuple({"\x8a\x09" + std::string(9, '\x7f')}), integers({1})}));
    addState(files, "arguments-are-a-list",
             global(kModule, kRebuild) + "](" + kStorage + "e" + "R");
}

// Calls, wrappers and names that are not those of tensors.
void addOddParts(Files& files) {
    addState(files, "calls-a-number", "K\x01)R");
    addState(files, "calls-a-tensor", Tensor{}.made() + ")R");
    addState(files, "parameter-of-text",
             call(kModule, "_rebuild_parameter", {text("x"), "\x89", "}"}));
    addState(files, "parameter-of-nothing", call(kModule, "_rebuild_parameter", {}));
    addState(files, "state-of-a-list", "](" + kStorage + "e" + integer(1) + "b");
    addState(files, "old-tensor-without-state", call("torch", "FloatTensor", {}));
    addState(files, "old-tensor-of-other-type",
             call("torch", "LongTensor", {}) +
                 tuple({kStorage, integer(0), integers({6}), integers({1})}) + "b");
    addState(files, "identity-is-number",
             call(kModule, kRebuild, {"K\x01Q", integer(0), integers({1}), integers({1})}));
    addState(files, "identity-is-module",
             call(kModule, kRebuild,
                  {tuple({text("module"), global("torch", "FloatStorage"), text("0"), text("cpu"),
                          integer(6)}) +
                       "Q",
                   integer(0), integers({6}), integers({1})}));
    addState(files, "type-of-its-own",
             call("torch._tensor", "_rebuild_from_type_v2",
                  {global(kModule, kRebuild), global("evil", "Tensor"),
                   tuple({kStorage, integer(0), integers({6}), integers({1})}), "N"}));
    addState(
        files, "version-3-without-type",
        call(kModule, "_rebuild_tensor_v3", {kStorage, integer(0), integers({6}), integers({1})}));
    addState(files, "name-is-not-text", Tensor{}.made() + "\x8c\x02\xff\xfe" + Tensor{}.made());
    addState(files, "name-of-control-characters",
             Tensor{}.made() + text("a\x1b[31mb") + Tensor{}.made());
    addState(files, "name-too-long",
             Tensor{}.made() + text(std::string(5000, 'n')) + Tensor{}.made());
}

void addStorages(Files& files) {
    Tensor asLong;
    asLong.type = "LongStorage";
    asLong.count = 3;
    asLong.shape = {3};
    asLong.strides = {1};
    const std::string twice = whole(dict({{"w", Tensor{}.made()}, {"x", asLong.made()}}));
    files.push_back({"storage-of-two-types", torchZip(twice)});
    files.push_back({"storage-of-two-types-old", torchLegacy(withViews(twice, asLong))});
    Tensor shorter;
    shorter.count = 5;
    shorter.shape = {5};
    shorter.strides = {1};
    const std::string lengths = whole(dict({{"w", Tensor{}.made()}, {"x", shorter.made()}}));
    files.push_back({"storage-of-two-lengths", torchZip(lengths)});
    files.push_back({"storage-of-two-lengths-old", torchLegacy(withViews(lengths, shorter))});
    files.push_back({"storage-of-six-parts", torchZip(withViews(lengths))});

    const auto view = [&](const std::string& name, const std::string& part, bool good = false) {
        Tensor tensor;
        tensor.view = part;
        tensor.shape = {2};
        tensor.strides = {1};
        files.push_back({"view-" + name, oneTensor(tensor, false), good});
    };
    view("as-it-is", tuple({text("9"), integer(2), integer(4)}), true);
    view("too-long", tuple({text("9"), integer(3), integer(4)}));
    view("overflows", tuple({text("9"), integer(kMost), integer(4)}));
    view("length-overflows", tuple({text("9"), integer(2), integer(kMost)}));
    view("negative", tuple({text("9"), integer(-2), integer(4)}));
    view("too-short-for-tensor", tuple({text("9"), integer(0), integer(1)}));
    view("is-its-root", tuple({text("0"), integer(2), integer(2)}));
    view("of-two-parts", tuple({text("9"), integer(2)}));
    view("is-a-number", integer(3));

    const std::string good = whole(dict({{"w", Tensor{}.made()}}));
    const std::string data = sixFloats()[0].second;
    const std::string start = torchLegacyStart() + withViews(good);
    files.push_back({"keys-twice-old", torchLegacy(good, {{"0", data}, {"0", data}})});
    files.push_back({"keys-unknown-old", torchLegacy(good, {{"0", data}, {"1", data}})});
    files.push_back({"keys-missing-old", torchLegacy(good, {})});
    files.push_back({"keys-no-list-old", start + whole("}") + little(6, 8) + data});
    files.push_back({"keys-numbers-old", start + whole("](K" + little(0, 1) + "e") + data});
    files.push_back({"keys-count-lies-old", torchLegacy(good, sixFloats(), 2)});
    files.push_back(
        {"keys-count-huge-old", start + whole("](" + text("0") + "e") + little(~0ull, 8) + data});
}

}  // namespace

std::vector<HostileFile> hostileTensors() {
    Files files;
    addShapes(files);
    addArguments(files);
    addOddParts(files);
    addStorages(files);
    return files;
}

}  // namespace graft::testing
