#include "tests/support/hostile_weights.h"
#include "tests/support/torch_bytes.h"

#include <algorithm>

namespace graft::testing {

using namespace pickled;

namespace {

using Files = std::vector<HostileFile>;

std::string goodPickle() {
    return whole(dict({{"w", Tensor{}.made()}}));
}

const std::string kGoodHeader = R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";

void addEndRecords(Files& files) {
    const ZipBytes plain = zipOf(torchRecords(goodPickle()));
    const auto end = [&](const std::string& name, std::size_t at, std::uint64_t value, int bytes) {
        files.push_back({"zip-end-" + name, patched(plain.bytes, plain.end + at, value, bytes)});
    };
    files.push_back({"zip-end-as-it-is", plain.bytes, true});
    end("disk", 4, 1, 2);
    end("directory-disk", 6, 1, 2);
    end("one-more", 10, 4, 2);
    end("both-one-more", 8, 0x00040004, 4);
    end("both-one-less", 8, 0x00020002, 4);
    end("none", 8, 0, 4);
    end("most", 8, 0xffffffff, 4);
    end("size", 12, 1, 4);
    end("size-most", 12, 0xffffffff, 4);
    end("offset", 16, 0, 4);
    end("offset-most", 16, 0xffffffff, 4);
    end("comment-longer", 20, 10, 2);
    files.push_back({"zip-end-comment", patched(plain.bytes, plain.end + 20, 3, 2) + "abc"});
    files.push_back({"zip-end-twice", plain.bytes + plain.bytes.substr(plain.end)});
    files.push_back({"zip-end-in-comment", patched(plain.bytes, plain.end + 20, 22, 2) +
                                               "PK\x05\x06" + std::string(18, '\0')});
    files.push_back({"zip-end-junk", plain.bytes + "junk"});
    files.push_back({"zip-end-far-comment",
                     patched(plain.bytes, plain.end + 20, 65535, 2) + std::string(65535, 'c')});
    files.push_back({"zip-start-junk", "PK\x03\x04junk" + plain.bytes});
    files.push_back({"zip-empty", plain.bytes.substr(plain.end)});
    files.push_back({"zip-of-nothing", "PK\x05\x06" + std::string(18, '\0')});
}

void addZip64(Files& files) {
    const ZipBytes zip = zipOf(torchRecords(goodPickle()), true);
    const auto lie = [&](const std::string& name, std::size_t at, std::uint64_t value,
                         int byteCount = 8) {
        files.push_back({"zip64-" + name, patched(zip.bytes, at, value, byteCount)});
    };
    files.push_back({"zip64-as-it-is", zip.bytes, true});
    const std::size_t locator = zip.end - 20;
    for (const std::uint64_t value : {std::uint64_t(0), ~std::uint64_t(0), std::uint64_t(1) << 63,
                                      std::uint64_t(zip.bytes.size()), std::uint64_t(1)}) {
        const std::string name = std::to_string(value);
        lie("locator-" + name, locator + 8, value);
        lie("record-size-" + name, zip.end64 + 4, value);
        lie("directory-size-" + name, zip.end64 + 40, value);
        lie("directory-offset-" + name, zip.end64 + 48, value == 0 ? 7 : value);
        files.push_back(
            {"zip64-count-" + name,
             patched(patched(zip.bytes, zip.end64 + 24, value, 8), zip.end64 + 32, value, 8)});
    }
    lie("disks", locator + 16, 2, 4);
    lie("disk", zip.end64 + 16, 1, 4);
    // Both numbers wrap round to where the table of contents is.
    std::string wrapped = patched(zip.bytes, zip.end64 + 48, ~std::uint64_t(0), 8);
    wrapped = patched(wrapped, zip.end64 + 40, zip.end64 + 1, 8);
    files.push_back({"zip64-wraps", patched(patched(wrapped, zip.end + 12, 0xffffffff, 4),
                                            zip.end + 16, 0xffffffff, 4)});
    std::vector<ZipRecord> wide = torchRecords(goodPickle());
    for (ZipRecord& record : wide) {
        record.wide = true;
    }
    const ZipBytes all = zipOf(wide, true);
    files.push_back({"zip64-entries", all.bytes, true});
    const std::size_t field = all.centrals[1] + 46 + wide[1].name.size();
    for (const std::uint64_t value :
         {std::uint64_t(25), std::uint64_t(1) << 63, ~std::uint64_t(0)}) {
        const std::string name = "zip64-entry-" + std::to_string(value);
        const std::string plain = patched(all.bytes, field + 4, value, 8);
        files.push_back({name + "-plain", plain});
        files.push_back({name + "-packed", patched(all.bytes, field + 12, value, 8)});
        files.push_back({name + "-both", patched(plain, field + 12, value, 8)});
        files.push_back({name + "-offset", patched(all.bytes, field + 20, value, 8)});
    }
    files.push_back({"zip64-entry-field-short", patched(all.bytes, field + 2, 15, 2)});
    files.push_back({"zip64-entry-field-other", patched(all.bytes, field, 2, 2)});
    files.push_back(
        {"zip64-deferred",
         patched(patched(zip.bytes, zip.end + 12, 0xffffffff, 4), zip.end + 16, 0xffffffff, 4),
         true});
}

void addEntries(Files& files) {
    const ZipBytes zip = zipOf(torchRecords(goodPickle()));
    const auto lie = [&](const std::string& name, std::size_t at, std::uint64_t value,
                         int byteCount) {
        files.push_back({"entry-" + name, patched(zip.bytes, at, value, byteCount)});
    };
    const std::size_t line = zip.centrals[1];  // of data/0
    lie("mark", line, 0, 4);
    lie("encrypted", line + 8, 1, 2);
    lie("method-local", zip.locals[1] + 8, 8, 2);
    lie("packed-size", line + 20, 25, 4);
    lie("plain-size", line + 24, 25, 4);
    lie("sizes-64-without-field", line + 20, ~0ull, 8);
    lie("name-longer", line + 28, 9, 2);
    lie("name-far-longer", line + 28, 65535, 2);
    lie("extra-longer", line + 30, 65535, 2);
    lie("comment-longer", line + 32, 65535, 2);
    lie("disk", line + 34, 1, 2);
    lie("offset-of-another", line + 42, 0, 4);
    lie("offset-far", line + 42, 0x7fffffff, 4);
    lie("offset-most", line + 42, 0xffffffff, 4);
    lie("offset-in-directory", line + 42, zip.centrals[0], 4);
    lie("local-size", zip.locals[1] + 18, 3, 4);
    lie("local-name-longer", zip.locals[1] + 26, 65535, 2);
    lie("local-extra-longer", zip.locals[1] + 28, 65535, 2);
    // Larger in both places, so that it reaches over the next entry.
    std::string over = patched(zip.bytes, line + 20, 40, 4);
    over = patched(patched(over, line + 24, 40, 4), zip.locals[1] + 18, 40, 4);
    files.push_back({"entry-over-the-next", over});
}

// Archives whose numbers are right and whose entries are not.
void addEntryLists(Files& files) {
    const auto records = [&](const std::string& name, std::vector<ZipRecord> list) {
        files.push_back({"entry-" + name, zipOf(list).bytes});
    };
    std::vector<ZipRecord> list = torchRecords(goodPickle());
    const auto with = [&](ZipRecord record) {
        std::vector<ZipRecord> more = list;
        more.push_back(std::move(record));
        return more;
    };
    records("twice", with({"a/data.pkl", goodPickle()}));
    records("twice-storage", with({"a/data/0", std::string(24, 'x')}));
    records("other-folder", with({"b/data.pkl", goodPickle()}));
    records("parent-folder", with({"a/../../evil", "x"}));
    records("absolute", with({"/a/evil", "x"}));
    records("backslash", with({"a\\evil", "x"}));
    records("zero-in-name", with({std::string("a/b\0c", 5), "x"}));
    records("no-name", with({"", "x"}));
    records("local-name-differs", with({"a/x", "x", 0, 0, "a/y"}));
    // Nobody reads it, so nobody minds; torch does not either.
    files.push_back({"entry-unknown-method", zipOf(with({"a/x", "x", 99})).bytes, true});
    list[0].method = 8;
    records("pickle-compressed", list);
    list = torchRecords(goodPickle());
    list[1].method = 8;
    records("storage-compressed", list);
    records("deeper", {{"a/b/data.pkl", goodPickle()}, {"a/b/data/0", sixFloats()[0].second}});
    records("no-folder", {{"data.pkl", goodPickle()}, {"data/0", sixFloats()[0].second}});
    records("no-pickle", {{"a/version", "3\n"}});
    records("other-order-of-bytes", with({"a/byteorder", "big"}));
    records("zip-as-pickle", torchRecords(torchZip(goodPickle())));
    records("zip-in-zip", {{"a/model.pth", torchZip(goodPickle())}});
    std::vector<ZipRecord> many;
    for (int i = 0; i < 60'000; ++i) {
        many.push_back({"a/data/" + std::to_string(i), ""});
    }
    records("sixty-thousand", many);
}

void addTwoInOne(Files& files) {
    const std::string zip = torchZip(goodPickle());
    const std::string old = torchLegacy(goodPickle());
    const std::string floats = sixFloats()[0].second;
    const std::string tensors = safetensorsBytes(kGoodHeader, floats);
    files.push_back({"two-safetensors-as-it-is", tensors, true});
    files.push_back({"two-safetensors-then-zip", tensors + zip});
    files.push_back({"two-zip-then-safetensors", zip + tensors});
    files.push_back({"two-old-then-zip", old + zip, true});  // torch reads no further either
    files.push_back({"two-zip-then-old", zip + old});
    // A header whose length reads as the first bytes of a zip archive.
    files.push_back({"two-length-is-a-zip", patched(tensors, 0, 0x04034b50, 4)});
    files.push_back(
        {"two-length-is-a-pickle", patched(tensors, 0, 0x8a0280, 3) + torchLegacyStart()});
    // A zip archive inside a tensor.
    const std::string header = R"({"w":{"dtype":"U8","shape":[)" + std::to_string(zip.size()) +
                               R"(],"data_offsets":[0,)" + std::to_string(zip.size()) + "]}}";
    files.push_back({"two-zip-in-a-tensor", safetensorsBytes(header, zip), true});
    std::string tar(1024, '\0');
    tar.replace(0, 8, "sys_info").replace(257, 5, "ustar");
    files.push_back({"two-tar", tar});
    files.push_back({"two-tar-then-old", tar + old});
    files.push_back({"two-nothing", ""});
    files.push_back({"two-text", "Dear diary,\n"});
    files.push_back({"two-zeros", std::string(4096, '\0')});
    files.push_back({"two-old-start-only", torchLegacyStart()});
    files.push_back({"two-old-other-version",
                     torchLegacyStart().substr(0, 15) + whole("M\xea\x03") + whole("}")});
}

std::string tensor(const std::string& name, const std::string& shape, const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}";
}

void addHeader(Files& files, const std::string& name, const std::string& header) {
    files.push_back({"safetensors-" + name, safetensorsBytes(header, std::string(24, 'd'))});
}

void addSafetensors(Files& files) {
    addHeader(files, "overlap",
              "{" + tensor("a", "[4]", "[0,16]") + "," + tensor("b", "[4]", "[8,24]") + "}");
    addHeader(files, "negative", "{" + tensor("a", "[6]", "[-24,0]") + "}");
    addHeader(files, "negative-shape", "{" + tensor("a", "[-2,-3]", "[0,24]") + "}");
    addHeader(files, "shape-overflows",
              "{" + tensor("a", "[4294967296,4294967296,6]", "[0,24]") + "}");
    addHeader(files, "beyond", "{" + tensor("a", "[7]", "[0,28]") + "}");
    addHeader(files, "backwards", "{" + tensor("a", "[6]", "[24,0]") + "}");
    addHeader(files, "twice",
              "{" + tensor("a", "[6]", "[0,24]") + "," + tensor("a", "[6]", "[0,24]") + "}");
    for (const std::uint64_t length : {std::uint64_t(10'000'001), std::uint64_t(100'000'000),
                                       std::uint64_t(1) << 62, ~std::uint64_t(0)}) {
        files.push_back(
            {"safetensors-length-" + std::to_string(length),
             patched(safetensorsBytes(kGoodHeader, std::string(24, 'd')), 0, length, 8)});
    }
    addHeader(files, "tower", "{\"a\":" + std::string(5'000'000, '['));
}

// As long as a header may be, each filled with what takes most room.
void addLongHeaders(Files& files) {
    constexpr std::size_t kLong = 9'990'000;
    std::string spaces = kGoodHeader;
    spaces.resize(kLong, ' ');
    files.push_back(
        {"safetensors-long-spaces", safetensorsBytes(spaces, sixFloats()[0].second), true});
    addHeader(files, "long-name", "{\"" + std::string(kLong, 'n') + "\":0}");
    addHeader(files, "long-brackets", "{\"a\":" + std::string(kLong, '['));
    std::string ones = "1";
    std::string tensors = "{";
    std::string notes = R"({"__metadata__":{)";
    while (ones.size() < kLong) {
        ones += ",1";
    }
    for (int i = 0; tensors.size() < kLong; ++i) {
        tensors += tensor(std::to_string(i), "[0]", "[0,0]") + ",";
    }
    for (int i = 0; notes.size() < kLong; ++i) {
        notes += "\"" + std::to_string(i) + "\":\"\",";
    }
    addHeader(files, "long-shape", "{" + tensor("a", "[" + ones + "]", "[0,4]") + "}");
    addHeader(files, "long-list", tensors + tensor("a", "[6]", "[0,24]") + "}");
    addHeader(files, "long-notes", notes + R"("a":"b"},)" + tensor("a", "[6]", "[0,24]") + "}");
}

void addTruncations(Files& files) {
    const std::vector<std::pair<std::string, std::string>> good{
        {"zip", torchZip(goodPickle())},
        {"zip64", zipOf(torchRecords(goodPickle()), true).bytes},
        {"old", torchLegacy(goodPickle())},
        {"safetensors", safetensorsBytes(kGoodHeader, sixFloats()[0].second)}};
    for (const auto& [name, bytes] : good) {
        for (std::size_t step = 0; step < 30; ++step) {
            const std::size_t length = step * bytes.size() / 30;
            files.push_back(
                {"cut-" + name + "-" + std::to_string(length), bytes.substr(0, length)});
        }
        files.push_back({"cut-" + name + "-last", bytes.substr(0, bytes.size() - 1)});
    }
}

}  // namespace

std::vector<HostileFile> hostileContainers() {
    Files files;
    addEndRecords(files);
    addZip64(files);
    addEntries(files);
    addEntryLists(files);
    addTwoInOne(files);
    addSafetensors(files);
    addLongHeaders(files);
    addTruncations(files);
    return files;
}

}  // namespace graft::testing
