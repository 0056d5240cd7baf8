#include "core/nn/weights/download.h"

#include "core/base/amounts.h"
#include "core/base/atomic_file.h"
#include "core/nn/weights/http_get.h"
#include "core/nn/weights/part_file.h"

#include <chrono>
#include <thread>

namespace graft {
namespace fs = std::filesystem;
namespace {

constexpr long kOk = 200;
constexpr long kPartial = 206;
constexpr long kRangeNotThere = 416;

// The announced size is rounded; more than this is another file, or a server gone wild.
std::uint64_t mostBytes(const WeightEntry& entry) {
    return entry.bytes + entry.bytes / 50 + (64u << 10);
}

Error answerError(long status, const WeightEntry& entry) {
    const std::string host = hostOf(entry.url);
    Error error{ErrorCode::Network,
                {},
                "HTTP " + std::to_string(status) + " from " + entry.url,
                "Try again later."};
    switch (status) {
        case 404:
        case 410:
            error.code = ErrorCode::NotFound;
            error.message = host + " does not have " + entry.fileName() + " any more.";
            error.hint = "A file of the same content from elsewhere does as well.";
            break;
        case 401:
        case 403:
        case 451:
            error.code = ErrorCode::PermissionDenied;
            error.message = host + " does not give " + entry.fileName() + " out to this machine.";
            error.hint = "A filter of the network has this effect; ask who looks after it.";
            break;
        case 407:
            error.message = "The proxy wants a name and a password.";
            error.hint = "They belong in https_proxy: http://NAME:PASSWORD@HOST:PORT.";
            break;
        case 429:
        case 503:
            error.message = host + " is too busy to answer now.";
            break;
        default:
            error.message = host + " has a problem of its own and sent no file.";
    }
    return error;
}

Status checkSpace(const fs::path& folder, const std::string& name, std::uint64_t needed) {
    std::error_code failed;
    const fs::space_info space = fs::space(folder, failed);
    if (failed || space.available >= needed) {
        return {};
    }
    return Error{ErrorCode::DiskFull,
                 "There is not enough room for " + name + ": " + bytesText(needed) +
                     " more are needed and " + bytesText(space.available) + " free in " +
                     folder.string() + ".",
                 {},
                 "Free some space on that disk, or choose another folder."};
}

class Download {
 public:
    Download(const WeightEntry& entry, const fs::path& folder, PartFile& part, Progress& progress,
             const DownloadOptions& options)
        : m_entry(entry),
          m_folder(folder),
          m_part(part),
          m_progress(progress),
          m_options(options) {}

    Status run() {
        for (int retry = 0;; ++retry) {
            const std::uint64_t before = m_part.size();
            const Status done = attempt();
            if (done) {
                return {};
            }
            const bool cut = done.error().code == ErrorCode::Network && m_part.size() > before;
            if (!cut || retry >= m_options.retries) {
                return withWhatIsKept(done.error());
            }
            if (const Status waited = wait(); !waited) {
                return withWhatIsKept(waited.error());
            }
        }
    }

 private:
    Status attempt() {
        Result<HttpAnswer> answer = request();
        if (answer && answer->status == kRangeNotThere && m_part.size() > 0) {
            // The part may be whole, and only its name is missing.
            const Status whole = m_part.finish(m_entry.sha256);
            if (whole || whole.error().code != ErrorCode::BadFormat) {
                return whole;
            }
            answer = request();
        } else if (m_misplaced) {
            GRAFT_CHECK(m_part.startOver({}));
            answer = request();
        }
        GRAFT_CHECK(answer);
        if (answer->status != kOk && answer->status != kPartial) {
            return answerError(answer->status, m_entry);
        }
        m_progress.setText("Checking " + m_entry.fileName());
        return m_part.finish(m_entry.sha256);
    }

    Result<HttpAnswer> request() {
        HttpRequest request;
        request.url = m_entry.url;
        request.from = m_part.size();
        request.ifRange = m_part.version();
        request.allowLocalHttp = m_options.allowLocalHttp;
        request.connectSeconds = m_options.connectSeconds;
        request.stallSeconds = m_options.stallSeconds;
        m_misplaced = false;
        m_progress.setText("Downloading " + m_entry.fileName());
        const HttpSink sink{[this](const HttpAnswer& answer) { return begin(answer); },
                            [this](std::string_view bytes) { return take(bytes); }};
        return httpGet(request, sink, m_progress);
    }

    Status begin(const HttpAnswer& answer) {
        if (answer.status == kPartial) {
            m_misplaced = answer.rangeStart != m_part.size();
            if (m_misplaced) {
                return Error{ErrorCode::Network,
                             hostOf(m_entry.url) +
                                 " sent another part of the file than was asked "
                                 "for.",
                             {},
                             "Try again later."};
            }
        } else {
            GRAFT_CHECK(m_part.startOver(answer.version));
        }
        const std::uint64_t rest = answer.length.value_or(
            m_entry.bytes > m_part.size() ? m_entry.bytes - m_part.size() : 0);
        m_total = m_part.size() + rest;
        if (m_total > mostBytes(m_entry)) {
            return otherFile();
        }
        m_progress.setBytes(m_part.size(), m_total);
        return checkSpace(m_folder, m_entry.fileName(), rest);
    }

    Status take(std::string_view bytes) {
        if (m_part.size() + bytes.size() > mostBytes(m_entry)) {
            return otherFile();
        }
        const Status appended = m_part.append(bytes);
        m_progress.setBytes(m_part.size(), std::max(m_total, m_part.size()));
        return appended;
    }

    Status otherFile() {
        GRAFT_CHECK(m_part.startOver({}));
        return Error{ErrorCode::TooLarge,
                     hostOf(m_entry.url) + " sends another file than " + m_entry.fileName() +
                         ": it is larger than the " + bytesText(m_entry.bytes) +
                         " that were published. Nothing of it was kept.",
                     {},
                     "Try again. If it stays so, the file was replaced."};
    }

    Status wait() {
        using Clock = std::chrono::steady_clock;
        const auto end = Clock::now() + std::chrono::milliseconds(m_options.retryWaitMs);
        while (Clock::now() < end) {
            GRAFT_CHECK(m_progress.checkpoint());
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return m_progress.checkpoint();
    }

    Error withWhatIsKept(Error error) const {
        if (m_part.size() > 0) {
            error.message += " " + bytesText(m_part.size()) +
                             " have come and are kept; the next attempt goes on from there.";
        }
        return error;
    }

    const WeightEntry& m_entry;
    const fs::path& m_folder;
    PartFile& m_part;
    Progress& m_progress;
    const DownloadOptions& m_options;
    std::uint64_t m_total = 0;
    bool m_misplaced = false;
};

}  // namespace

Result<fs::path> downloadWeights(const WeightEntry& entry, const fs::path& folder,
                                 Progress& progress, const DownloadOptions& options) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) {
        return fileError(failed.value(), folder, "mkdir");
    }
    const fs::path target = folder / entry.fileName();
    const auto isThere = [&]() -> Result<bool> {
        std::error_code ignored;
        return fs::exists(target, ignored) ? isFileOf(entry, target) : Result<bool>(false);
    };
    GRAFT_TRY(bool there, isThere());
    if (there) {
        return target;
    }
    GRAFT_CHECK(progress.checkpoint());
    GRAFT_TRY(PartFile part, PartFile::open(target));
    GRAFT_TRY(there, isThere());  // another program may just have been faster
    if (there) {
        return target;
    }
    const std::uint64_t rest = entry.bytes > part.size() ? entry.bytes - part.size() : 0;
    GRAFT_CHECK(checkSpace(folder, entry.fileName(), rest));
    GRAFT_CHECK(Download(entry, folder, part, progress, options).run());
    return target;
}

}  // namespace graft
