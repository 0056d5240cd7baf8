#include "tests/support/hostile_weights.h"
#include "tests/support/torch_bytes.h"

namespace graft::testing {

using namespace pickled;

namespace {

using Files = std::vector<HostileFile>;

std::string repeated(const std::string& part, std::size_t count) {
    std::string all;
    all.reserve(part.size() * count);
    for (std::size_t i = 0; i < count; ++i) {
        all += part;
    }
    return all;
}

/// A good tensor beside something else.
std::string beside(const std::string& value) {
    return dict({{"w", Tensor{}.made()}, {"x", value}});
}

// Each operation that PyTorch does not write, with enough bytes behind it to be taken for real.
void addOperations(Files& files) {
    // From the documentation of pickletools: what builds plain values, and calls that are noted.
    const std::string allowed =
        "(.012FGIJKLMNQRSTUVX])}abcdeghjlpqrstuBC"
        "\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96";
    for (int opcode = 0; opcode < 256; ++opcode) {
        const char code = char(opcode);
        if (allowed.find(code) == std::string::npos) {
            const std::string operation = code + std::string("\x01os\nsystem\n\x01\x01\x01\x01");
            files.push_back(
                {"operation-" + std::to_string(opcode), torchZip(whole(beside("(" + operation)))});
        }
    }
    files.push_back({"operation-stop-first", torchZip(whole(""))});
    files.push_back({"operation-nothing", torchZip("")});
    files.push_back({"operation-no-stop", torchZip(whole(beside("N")).substr(0, 100))});
}

void addProtocols(Files& files) {
    for (int protocol = 0; protocol <= 5; ++protocol) {
        files.push_back({"protocol-" + std::to_string(protocol),
                         torchZip(whole(dict({{"w", Tensor{}.made()}}), protocol)), true});
    }
    for (const int protocol : {6, 7, 255}) {
        files.push_back(
            {"protocol-" + std::to_string(protocol), torchZip(whole(beside("N"), protocol))});
    }
    files.push_back({"protocol-none", torchZip(dict({{"w", Tensor{}.made()}}) + "."), true});
    files.push_back({"protocol-text-escapes", torchZip(whole(beside("V\\u0041\n")))});
    files.push_back({"protocol-text-unquoted", torchZip(whole(beside("Sos\n")))});
    files.push_back({"protocol-number-of-letters", torchZip(whole(beside("Ixyz\n")))});
    files.push_back(
        {"protocol-line-without-end", torchZip(whole(beside("V" + std::string(200'000, 'a'))))});
    files.push_back({"names-not-text", torchZip(whole(beside("c\x94os\nsys\x80tem\n)R")))});
}

void addMemoBombs(Files& files) {
    files.push_back({"memo-far", torchZip(whole(beside("Nr\xff\xff\xff\xff")))});
    files.push_back({"memo-far-text", torchZip(whole(beside("Np99999999999999999999\n")))});
    files.push_back({"memo-negative", torchZip(whole(beside("Np-1\n")))});
    files.push_back({"memo-unknown", torchZip(whole(beside("h\x05")))});
    files.push_back({"memo-nothing-to-keep", torchZip(whole("q\x01"))});
    files.push_back({"memo-two-million", torchZip(whole(repeated("N\x94", 2'000'000)))});
    std::string laughs = "](KaKbeq" + std::string(1, '\0');
    for (int i = 1; i < 60; ++i) {
        const std::string last(1, char(i - 1));
        laughs += "](h" + last + "h" + last + "eq" + std::string(1, char(i));
    }
    files.push_back({"memo-laughs", torchZip(whole(beside(laughs)))});
    files.push_back({"memo-laughs-as-root", torchZip(whole(laughs))});
    files.push_back(
        {"memo-laughs-as-shape",
         torchZip(whole(
             dict({{"w", call("torch._utils", "_rebuild_tensor",
                              {Tensor{}.storage(), "K" + little(0, 1), laughs, laughs})}})))});
    // A list of a million, then lists of that list's items again and again.
    std::string grown = "(" + repeated("N", 400'000) + "lq" + std::string(1, '\0');
    grown += repeated("](" + repeated("h" + std::string(1, '\0'), 1000) + "e", 2000);
    files.push_back({"memo-grown", torchZip(whole(grown))});
    files.push_back(
        {"memo-pairs-again",
         torchZip(whole(
             "](" + repeated("NN\x86", 100'000) + "e\x85q" + std::string(1, '\0') +
             repeated("ccollections\nOrderedDict\nh" + std::string(1, '\0') + "R", 100'000)))});
}

void addTowers(Files& files) {
    files.push_back({"deep-marks", torchZip(whole(repeated("(", 3'000'000)))});
    files.push_back(
        {"deep-lists", torchZip(whole(repeated("]", 900'000) + repeated("a", 899'999)))});
    files.push_back({"deep-tuples", torchZip(whole("N" + repeated("\x85", 3'000'000)))});
    files.push_back({"deep-texts", torchZip(whole(repeated("U" + little(0, 1), 3'000'000)))});
    files.push_back({"deep-pops", torchZip(whole("N" + repeated("N0", 20'000'000)))});
    files.push_back({"deep-copies", torchZip(whole("N" + repeated("2", 3'000'000)))});
    std::string places;
    for (int i = 0; i < 100'000; ++i) {
        places += "}" + text("state_dict");
    }
    files.push_back({"deep-places", torchZip(whole(places + "}" + repeated("s", 100'000)))});
    // A checkpoint that holds itself in every place where weights are looked for.
    std::string itself = "}q" + std::string(1, '\0') + "(" + repeated("NN", 200'000);
    for (const char* place : {"state_dict", "model", "model_state_dict", "model_ema",
                              "state_dict_ema", "net", "teacher"}) {
        itself += text(place) + "h" + std::string(1, '\0');
    }
    files.push_back({"deep-itself", torchZip(whole(itself + "u"))});
    files.push_back({"list-holds-itself", torchZip(whole("]q" + std::string(1, '\0') + "h" +
                                                         std::string(1, '\0') + "a"))});
    std::string wrapped = Tensor{}.made();
    for (int i = 0; i < 5000; ++i) {
        wrapped = "ctorch._utils\n_rebuild_parameter\n" + wrapped + "\x89N\x87R";
        if (i > 20) {
            break;
        }
    }
    files.push_back({"deep-parameters", torchZip(whole(dict({{"w", wrapped}})))});
}

std::string module(const std::string& state) {
    return "c__torch__.net\nModule\n)\x81" + state + "b";
}

void addScripts(Files& files) {
    const std::string code = "import os\nos.system('touch canary')\n";
    files.push_back(
        {"script", torchScript(whole(module(dict({{"w", Tensor{}.made()}}))), code), true});
    files.push_back({"script-no-module", torchScript(whole(dict({{"w", Tensor{}.made()}})), code)});
    std::string shared = module(dict({{"w", Tensor{}.made()}})) + "q" + std::string(1, '\0');
    for (int i = 1; i < 60; ++i) {
        const std::string last = "h" + std::string(1, char(i - 1));
        shared += module(dict({{"a", last}, {"b", last}})) + "q" + std::string(1, char(i));
    }
    files.push_back({"script-laughs", torchScript(whole(shared), code)});
    files.push_back({"script-holds-itself",
                     torchScript(whole("c__torch__.net\nModule\n)\x81q" + std::string(1, '\0') +
                                       dict({{"a", "h" + std::string(1, '\0')}}) + "b"),
                                 code)});
    // One module of many attributes, reached by many ways.
    std::string wide =
        module("}(" + repeated("U\x01zN", 300'000) + "u") + "q" + std::string(1, '\0');
    std::string ways = "}(";
    for (int i = 0; i < 10'000; ++i) {
        ways += text("m" + std::to_string(i)) + "h" + std::string(1, '\0');
    }
    files.push_back({"script-wide", torchScript(whole(wide + module(ways + "u")), code)});
}

void addAttacks(Files& files, const std::string& canary) {
    const std::string command = text("touch '" + canary + "'");
    const std::string python = text("open(" + std::string("'") + canary + "', 'w')");
    const std::vector<std::pair<std::string, std::string>> attacks{
        {"system", call("os", "system", {command})},
        {"posix", call("posix", "system", {command})},
        {"popen", call("subprocess", "getoutput", {command})},
        {"eval", call("builtins", "eval", {python})},
        {"exec2", call("__builtin__", "execfile", {python})},
        {"exec", call("builtins", "exec", {python})},
        {"getattr", call("builtins", "getattr", {global("os", "path"), text("os")})},
        {"runpy", call("runpy", "_run_code", {python, "}"})},
        {"timeit", call("timeit", "timeit", {python})},
        {"pickle", call("pickle", "loads", {"C\x01."})},
        {"from-bytes", call("torch.storage", "_load_from_bytes", {"C\x01."})},
        {"new", global("os", "system") + tuple({command}) + "\x81"},
        {"new-named", global("os", "system") + tuple({command}) + "}\x92"},
        {"instance", "(" + command + "ios\nsystem\n"},
        {"object", "(" + global("os", "system") + command + "o"},
        {"stack-name", text("os") + text("system") + "\x93" + tuple({command}) + "R"},
        {"dotted", text("os") + text("system.__call__") + "\x93" + tuple({command}) + "R"},
        {"state", global("some.module", "Thing") + ")\x81" + call("os", "system", {command}) + "b"},
        {"identity", call("os", "system", {command}) + "Q"},
        {"text-identity", "Pos.system\n"}};
    for (const auto& [name, attack] : attacks) {
        files.push_back({"attack-" + name, torchZip(whole(beside(attack), 4))});
        files.push_back({"attack-" + name + "-root", torchZip(whole(attack, 4))});
        files.push_back({"attack-" + name + "-old", torchLegacy(whole(beside(attack), 4))});
        files.push_back(
            {"attack-" + name + "-in-start", torchLegacyStart().substr(0, 15) + whole(attack, 4)});
    }
    files.push_back(
        {"attack-as-shape",
         torchZip(whole(dict({{"w", call("torch._utils", "_rebuild_tensor_v2",
                                         {Tensor{}.storage(), integer(0),
                                          call("os", "system", {command}), integers({1})})}})))});
    files.push_back({"attack-pickle-alone", whole(call("os", "system", {command}))});
}

}  // namespace

std::vector<HostileFile> hostilePickles(const std::string& canary) {
    Files files;
    addOperations(files);
    addProtocols(files);
    addMemoBombs(files);
    addTowers(files);
    addScripts(files);
    addAttacks(files, canary);
    return files;
}

}  // namespace graft::testing
