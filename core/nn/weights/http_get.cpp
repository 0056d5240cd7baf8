#include "core/nn/weights/http_get.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cctype>
#include <memory>

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 100;  // how soon a cancel is noticed

using EasyHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using MultiHandle = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;
using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string urlPart(const std::string& url, CURLUPart part) {
    const UrlHandle parsed(curl_url(), &curl_url_cleanup);
    char* text = nullptr;
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK) {
        return {};
    }
    const std::string value = text;
    curl_free(text);
    return value;
}

std::string lower(std::string_view text) {
    std::string all(text);
    std::transform(all.begin(), all.end(), all.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return all;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// One request and its answer while libcurl calls back.
struct Transfer {
    CURL* handle = nullptr;
    const HttpSink& sink;
    HttpAnswer answer{};
    std::string etag{};
    std::string lastModified{};
    std::optional<Error> fault{};
    bool begun = false;
    Clock::time_point lastByte = Clock::now();

    bool hasBody() const { return answer.status == 200 || answer.status == 206; }

    void header(std::string_view line) {
        if (line.starts_with("HTTP/")) {
            etag.clear();
            lastModified.clear();
            answer.rangeStart.reset();
            return;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            return;
        }
        const std::string name = lower(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (name == "etag") {
            etag = value;
        } else if (name == "last-modified") {
            lastModified = value;
        } else if (name == "content-range" && value.starts_with("bytes ")) {
            std::uint64_t start = 0;
            const char* digits = value.data() + 6;
            if (std::from_chars(digits, value.data() + value.size(), start).ec == std::errc()) {
                answer.rangeStart = start;
            }
        }
    }

    void complete() {
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
        curl_off_t length = -1;
        curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        answer.length =
            length < 0 ? std::optional<std::uint64_t>() : std::optional(std::uint64_t(length));
        // A weak ETag promises no equal bytes, so a range may not depend on it.
        answer.version = !etag.empty() && !etag.starts_with("W/") ? etag : lastModified;
    }

    bool begin() {
        complete();
        if (!hasBody()) {
            return false;
        }
        begun = true;
        return keep(sink.begin(answer));
    }

    bool keep(Status done) {
        if (!done) {
            fault = done.error();
        }
        return done.ok();
    }
};

// An exception must not pass through libcurl.
template <class Work>
bool guarded(Transfer& transfer, Work work) {
    try {
        return work();
    } catch (const std::exception& fault) {
        transfer.fault =
            Error{ErrorCode::Internal, "The download failed inside Graft.", fault.what(), {}};
        return false;
    }
}

std::size_t onHeader(char* data, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.lastByte = Clock::now();
    const bool good = guarded(transfer, [&] {
        transfer.header({data, count});
        return true;
    });
    return good ? count : 0;
}

// Ends the request early where there is nothing to take: an error page is of no interest.
std::size_t onBody(char* data, std::size_t, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.lastByte = Clock::now();
    const bool good = guarded(transfer, [&] {
        return (transfer.begun || transfer.begin()) &&
               transfer.keep(transfer.sink.take({data, count}));
    });
    return good ? count : 0;
}

void configure(CURL* handle, Transfer& transfer, const HttpRequest& request,
               const std::string& url) {
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR,
                     request.allowLocalHttp ? "https,http" : "https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);  // each address is looked at first
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "Graft");
    curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, long(request.connectSeconds));
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, onHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, onBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    if (request.from > 0) {
        curl_easy_setopt(handle, CURLOPT_RANGE, (std::to_string(request.from) + "-").c_str());
    }
}

Error transferError(CURLcode code, const std::string& url, const HttpRequest& request) {
    const std::string host = hostOf(url);
    Error error{
        ErrorCode::Network, {}, curl_easy_strerror(code), "Check the connection, then try again."};
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            error.message = host + " was not found; this machine seems to be offline.";
            break;
        case CURLE_COULDNT_RESOLVE_PROXY:
            error.message = "The proxy of this machine was not found.";
            error.hint = "Look at https_proxy in the environment.";
            break;
        case CURLE_COULDNT_CONNECT:
            error.message = host + " could not be reached.";
            break;
        case CURLE_OPERATION_TIMEDOUT:
            error.message = host + " sent nothing for " +
                            std::to_string(std::max(request.stallSeconds, 1)) + " seconds.";
            break;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CACERT_BADFILE:
            error.message = "The server that answered could not prove to be " + host +
                            " (its certificate); nothing was taken from it.";
            error.hint =
                "Check the clock of this machine, and whether the network asks for a "
                "login first.";
            break;
        default:
            error.message = "The connection to " + host + " was cut.";
    }
    return error;
}

// Runs the handle to its end. The multi interface because it lets a cancel through at once, and a
// clock of our own because libcurl's idea of slow is a mean over several seconds.
Result<CURLcode> perform(const Transfer& transfer, const HttpRequest& request,
                         const Progress& progress) {
    const MultiHandle multi(curl_multi_init(), &curl_multi_cleanup);
    curl_multi_add_handle(multi.get(), transfer.handle);
    const auto patience = std::chrono::seconds(request.stallSeconds);
    CURLcode code = CURLE_OK;
    int running = 1;
    Status going = progress.checkpoint();
    while (running > 0 && going && code == CURLE_OK) {
        if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
            code = CURLE_RECV_ERROR;
        } else if (running > 0) {
            curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr);
            if (Clock::now() - transfer.lastByte > patience) {
                code = CURLE_OPERATION_TIMEDOUT;
            }
        }
        going = progress.checkpoint();
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg == CURLMSG_DONE) {
            code = message->data.result;
        }
    }
    curl_multi_remove_handle(multi.get(), transfer.handle);
    GRAFT_CHECK(going);
    return code;
}

// One address; `redirect` is set where the server names another.
Result<HttpAnswer> getOnce(const HttpRequest& request, const std::string& url, const HttpSink& sink,
                           const Progress& progress, std::string& redirect) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    const EasyHandle handle(ready == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
    if (!handle) {
        return Error{ErrorCode::Internal,
                     "Downloads do not work on this machine.",
                     curl_easy_strerror(ready),
                     {}};
    }
    Transfer transfer{handle.get(), sink};
    configure(handle.get(), transfer, request, url);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        request.from > 0 && !request.ifRange.empty()
            ? curl_slist_append(nullptr, ("If-Range: " + request.ifRange).c_str())
            : nullptr,
        &curl_slist_free_all);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    GRAFT_TRY(const CURLcode code, perform(transfer, request, progress));
    if (transfer.fault) {
        return *transfer.fault;
    }
    transfer.complete();
    const bool pageLeftUnread = code == CURLE_WRITE_ERROR && !transfer.hasBody();
    if (code != CURLE_OK && !pageLeftUnread) {
        return transferError(code, url, request);
    }
    if (transfer.hasBody() && !transfer.begun) {  // an empty one
        GRAFT_CHECK(sink.begin(transfer.answer));
    }
    char* target = nullptr;
    curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &target);
    redirect = target ? target : "";
    return transfer.answer;
}

Status checkAddress(const std::string& url, bool allowLocalHttp) {
    const std::string scheme = urlPart(url, CURLUPART_SCHEME);
    if (scheme == "https" ||
        (allowLocalHttp && scheme == "http" && urlPart(url, CURLUPART_HOST) == "127.0.0.1")) {
        return {};
    }
    return Error{ErrorCode::Unsupported,
                 "The address " + url + " is not a safe one (https); nothing was taken from it.",
                 {},
                 "Get the file in another way, or tell who publishes it."};
}

}  // namespace

std::string hostOf(const std::string& url) {
    const std::string host = urlPart(url, CURLUPART_HOST);
    return host.empty() ? url : host;
}

Result<HttpAnswer> httpGet(const HttpRequest& request, const HttpSink& sink,
                           const Progress& progress) {
    std::string url = request.url;
    for (int hop = 0; hop <= request.maxRedirects; ++hop) {
        GRAFT_CHECK(checkAddress(url, request.allowLocalHttp));
        std::string redirect;
        GRAFT_TRY(HttpAnswer answer, getOnce(request, url, sink, progress, redirect));
        if (redirect.empty()) {
            return answer;
        }
        url = redirect;
    }
    return Error{ErrorCode::Network,
                 hostOf(request.url) + " sends the download on and on, from address to address.",
                 std::to_string(request.maxRedirects) + " redirects, then " + url,
                 "Try again later."};
}

}  // namespace graft
