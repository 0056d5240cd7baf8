#include "core/nn/weights/zip_archive.h"
#include "tests/fuzz/check_tensors.h"
#include "tests/support/torch_bytes.h"

namespace graft::fuzz {

using namespace graft::testing;
using namespace graft::testing::pickled;

std::vector<std::string> seeds() {
    Tensor turned;
    turned.shape = {3, 2};
    turned.strides = {1, 3};
    const std::string state = whole(dict({{"w", Tensor{}.made()}, {"t", turned.made()}}));
    const std::string inside =
        whole(dict({{"state_dict", dict({{"module.w", Tensor{}.made()}})}, {"epoch", "K\x03"}}));
    const std::string module = "c__torch__.net\nModule\n)\x81";
    return {torchZip(state), torchZip(inside), zipOf(torchRecords(state), true).bytes,
            torchScript(whole(module +
                              dict({{"w", Tensor{}.made()},
                                    {"m", module + dict({{"b", turned.made()}}) + "b"}}) +
                              "b"),
                        "import os")};
}

std::vector<std::string> tokens() {
    return {"PK\x01\x02",
            "PK\x03\x04",
            "PK\x05\x06",
            "PK\x06\x06",
            "PK\x06\x07",
            std::string(4, '\xff'),
            std::string(8, '\xff'),
            std::string(2, '\0'),
            "a/data.pkl",
            "a/data/0",
            "../",
            "/",
            "\x01\x00\x08\x00",
            integer(-1),
            integer(6),
            integers({3, 2}),
            "state_dict",
            "h\x01",
            "q\x01",
            "u",
            "R",
            "b"};
}

// Takes what stands behind each local header for an entry and writes the archive anew, with right
// sums, sizes and places.
std::string repaired(const std::string& input) {
    std::vector<ZipRecord> records;
    std::size_t at = input.find("PK\x03\x04");
    while (at != input.npos && at + 30 < input.size() && records.size() < 20) {
        const std::size_t nameBytes = static_cast<unsigned char>(input[at + 26]);
        const std::size_t begin = std::min(at + 30 + nameBytes, input.size());
        const std::size_t end = std::min(input.find("PK", begin), input.size());
        records.push_back({input.substr(at + 30, nameBytes), input.substr(begin, end - begin)});
        at = input.find("PK\x03\x04", end);
    }
    return zipOf(records, input.size() % 2 == 0).bytes;
}

}  // namespace graft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = graft::fuzz::asText(data, size);
    const auto archive = graft::ZipArchive::open(bytes);
    if (archive) {
        for (const auto& [name, entry] : archive->entries()) {
            const auto* begin = reinterpret_cast<const std::uint8_t*>(entry.data.data());
            graft::fuzz::require(!name.empty() && begin >= data &&
                                 begin + entry.data.size() <= data + size);
        }
    } else {
        graft::fuzz::checkError(archive.error());
    }
    graft::fuzz::checkWeightFile(bytes);
    return 0;
}
