#include "core/deploy/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

extern char** environ;

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 50;
constexpr std::size_t kErrorsKept = 4000;  ///< bytes

Error systemError(const char* call, int errnoValue) {
    return {ErrorCode::Io, "A second process for the check could not be started.",
            std::string(call) + ": " + std::strerror(errnoValue),
            "Close other programs, then try again."};
}

/// Both ends of a pipe; closed when it goes.
class Pipe {
 public:
    Pipe() = default;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        closeEnd(m_ends[0]);
        closeEnd(m_ends[1]);
    }
    int open() {
        if (::pipe2(m_ends.data(), O_CLOEXEC) != 0) {
            return errno;
        }
        ::fcntl(m_ends[0], F_SETFL, O_NONBLOCK);
        return 0;
    }
    int reader() const { return m_ends[0]; }
    int writer() const { return m_ends[1]; }
    void closeWriter() { closeEnd(m_ends[1]); }
    /// Appends what is there; closes the reader at its end.
    bool readInto(std::string& text) {
        std::array<char, 4096> buffer;
        bool any = false;
        while (m_ends[0] >= 0) {
            const ssize_t count = ::read(m_ends[0], buffer.data(), buffer.size());
            if (count > 0) {
                text.append(buffer.data(), std::size_t(count));
                any = true;
            } else if (count < 0 && errno == EINTR) {
                continue;
            } else if (count < 0 && errno == EAGAIN) {
                break;
            } else {
                closeEnd(m_ends[0]);
            }
        }
        return any;
    }

 private:
    static void closeEnd(int& descriptor) {
        if (descriptor >= 0) {
            ::close(descriptor);
            descriptor = -1;
        }
    }
    std::array<int, 2> m_ends{-1, -1};
};

/// A started child; killed and collected if it is still there at the end.
class Child {
 public:
    Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (m_id > 0) {
            ::kill(m_id, SIGKILL);
            while (::waitpid(m_id, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }

    int start(const std::string& program, const std::vector<std::string>& arguments,
              const Pipe& output, const Pipe& errors) {
        std::vector<char*> argv{const_cast<char*>(program.c_str())};
        for (const std::string& argument : arguments) {
            argv.push_back(const_cast<char*>(argument.c_str()));
        }
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output.writer(), 1);
        posix_spawn_file_actions_adddup2(&actions, errors.writer(), 2);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        const int failed =
            ::posix_spawn(&m_id, program.c_str(), &actions, &attributes, argv.data(), environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) {
            m_id = -1;
        }
        return failed;
    }

    /// True once it has ended; `exitCode` is set then.
    bool ended(int& exitCode) {
        int status = 0;
        const pid_t got = ::waitpid(m_id, &status, WNOHANG);
        if (got == 0 || (got < 0 && errno == EINTR)) {
            return false;
        }
        m_id = -1;
        exitCode = got < 0               ? 127
                   : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                         : WEXITSTATUS(status);
        return true;
    }

 private:
    pid_t m_id = -1;
};

void takeLines(std::string& text, const std::function<void(std::string_view)>& onLine) {
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', begin)) {
        onLine(std::string_view(text).substr(begin, end - begin));
        begin = end + 1;
    }
    text.erase(0, begin);
}

}  // namespace

Result<ChildOutcome> runChild(const std::string& program, const std::vector<std::string>& arguments,
                              int quietMs, Progress& progress,
                              const std::function<void(std::string_view)>& onLine) {
    Pipe output;
    Pipe errors;
    for (Pipe* pipe : {&output, &errors}) {
        if (const int failed = pipe->open(); failed != 0) {
            return systemError("pipe2", failed);
        }
    }
    Child child;
    if (const int failed = child.start(program, arguments, output, errors); failed != 0) {
        Error error = systemError("posix_spawn", failed);
        error.message = program + " could not be started.";
        error.hint = "Check that Graft is installed completely.";
        return error;
    }
    output.closeWriter();
    errors.closeWriter();
    ChildOutcome outcome;
    std::string lines;
    auto lastWord = Clock::now();
    bool running = true;
    while (running) {
        std::array<pollfd, 2> ends{pollfd{output.reader(), POLLIN, 0},
                                   pollfd{errors.reader(), POLLIN, 0}};
        ::poll(ends.data(), ends.size(), kPollMs);
        running = !child.ended(outcome.exitCode);
        // Read after asking: what it wrote just before its end is in the pipe now.
        bool heard = output.readInto(lines);
        heard = errors.readInto(outcome.errors) || heard;
        takeLines(lines, onLine);
        if (outcome.errors.size() > kErrorsKept) {
            outcome.errors.erase(0, outcome.errors.size() - kErrorsKept);
        }
        if (heard) {
            lastWord = Clock::now();
        }
        GRAFT_CHECK(progress.checkpoint());
        if (running && Clock::now() - lastWord > std::chrono::milliseconds(quietMs)) {
            return Error{ErrorCode::Io,
                         "The second process for the check did not answer and was ended.",
                         program + ": no word for " + std::to_string(quietMs / 1000) + " s; " +
                             outcome.errors,
                         "Try again when the computer is less busy."};
        }
    }
    return outcome;
}

}  // namespace graft
