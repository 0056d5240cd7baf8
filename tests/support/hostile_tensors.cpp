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

void addParts(Files& files) {
    const auto state = [&](const std::string& name, const std::string& tensor) {
        const std::string pickle = whole(dict({{"w", tensor}}));
        files.push_back({"parts-" + name, torchZip(pickle)});
        files.push_back({"parts-" + name + "-old", torchLegacy(pickle)});
    };
    const std::string storage = Tensor{}.storage();
    const char* module = "torch._utils";
    const char* rebuild = "_rebuild_tensor_v2";
    state("none", call(module, rebuild, {}));
    state("two", call(module, rebuild, {storage, integer(0)}));
    state("storage-is-text",
          call(module, rebuild, {text("x"), integer(0), integers({1}), integers({1})}));
    state("shape-is-number", call(module, rebuild, {storage, integer(0), integer(6), integer(1)}));
    state("shape-of-texts",
          call(module, rebuild, {storage, integer(0), tuple({text("6")}), integers({1})}));
    state("shape-of-truth",
          call(module, rebuild, {storage, integer(0), tuple({"\x88"}), integers({1})}));
    state("shape-over-64-bits",
          call(module, rebuild,
               {storage, integer(0), tuple({"\x8a\x09" + std::string(9, '\x7f')}), integers({1})}));
    state("arguments-are-a-list", global(module, rebuild) + "](" + storage + "e" + "R");
    state("calls-a-number", "K\x01)R");
    state("calls-a-tensor", Tensor{}.made() + ")R");
    state("parameter-of-text", call(module, "_rebuild_parameter", {text("x"), "\x89", "}"}));
    state("parameter-of-nothing", call(module, "_rebuild_parameter", {}));
    state("state-of-a-list", "](" + storage + "e" + integer(1) + "b");
    state("old-tensor-without-state", call("torch", "FloatTensor", {}));
    state("old-tensor-of-other-type",
          call("torch", "LongTensor", {}) +
              tuple({storage, integer(0), integers({6}), integers({1})}) + "b");
    state("identity-is-number",
          call(module, rebuild, {"K\x01Q", integer(0), integers({1}), integers({1})}));
    state("identity-is-module", call(module, rebuild,
                                     {tuple({text("module"), global("torch", "FloatStorage"),
                                             text("0"), text("cpu"), integer(6)}) +
                                          "Q",
                                      integer(0), integers({6}), integers({1})}));
    state("type-of-its-own",
          call("torch._tensor", "_rebuild_from_type_v2",
               {global(module, rebuild), global("evil", "Tensor"),
                tuple({storage, integer(0), integers({6}), integers({1})}), "N"}));
    state("version-3-without-type",
          call(module, "_rebuild_tensor_v3", {storage, integer(0), integers({6}), integers({1})}));
    state("name-is-not-text", Tensor{}.made() + "\x8c\x02\xff\xfe" + Tensor{}.made());
    state("name-of-control-characters", Tensor{}.made() + text("a\x1b[31mb") + Tensor{}.made());
    state("name-too-long", Tensor{}.made() + text(std::string(5000, 'n')) + Tensor{}.made());
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
    addParts(files);
    addStorages(files);
    return files;
}

}  // namespace graft::testing
