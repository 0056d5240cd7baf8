// One GET request through libcurl: https only, certificates checked, redirects counted, a server
// that falls silent given up. Knows nothing of files; separate so that libcurl stays in one place.
// The proxy is the environment's (https_proxy, no_proxy). Private to core/nn. Thread: any.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace graft {

struct HttpRequest {
    std::string url;
    std::uint64_t from = 0;  ///< ask for the bytes from here on
    std::string ifRange;     ///< only if the server still has this version; "" = whichever it has
    bool allowLocalHttp = false;  ///< http as well, on 127.0.0.1
    int maxRedirects = 5;
    int connectSeconds = 20;
    int stallSeconds = 30;  ///< without a single byte
};

struct HttpAnswer {
    long status = 0;
    std::string version;                      ///< strong ETag, else Last-Modified, else ""
    std::optional<std::uint64_t> length;      ///< of the body
    std::optional<std::uint64_t> rangeStart;  ///< of a 206
};

/// What becomes of a body; an Error ends the request and is its result.
struct HttpSink {
    std::function<Status(const HttpAnswer&)> begin;  ///< once, before the first byte
    std::function<Status(std::string_view)> take;
};

/// The final answer, whatever its status; the sink gets the body of a 200 or 206 only. Errors:
/// Network, Unsupported (an address that is not https), Cancelled, the sink's.
Result<HttpAnswer> httpGet(const HttpRequest& request, const HttpSink& sink,
                           const Progress& progress);

/// "download.pytorch.org", for sentences.
std::string hostOf(const std::string& url);

}  // namespace graft
