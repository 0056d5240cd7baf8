#include "app/cli_interrupt.h"

#include "app/cli_exit.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

namespace graft::cli {
namespace {

std::atomic<int> g_count{0};
static_assert(std::atomic<int>::is_always_lock_free);  // a signal handler uses it
int g_wakePipe[2] = {-1, -1};
std::mutex g_mutex;
std::function<void()> g_action;  // guarded by g_mutex

extern "C" void onSignal(int) {
    if (g_count.fetch_add(1) > 0) {
        _exit(kExitInterrupted);
    }
    const int savedErrno = errno;
    const char wake = 1;
    (void)!write(g_wakePipe[1], &wake, 1);
    errno = savedErrno;
}

void say(const char* text, std::size_t length) {
    (void)!write(STDERR_FILENO, text, length);
}

// A handler may do next to nothing, so the action runs here.
void watch() {
    char wake = 0;
    while (read(g_wakePipe[0], &wake, 1) < 0 && errno == EINTR) {
    }
    constexpr char kText[] = "\nStopping; Ctrl+C once more stops at once.\n";
    say(kText, sizeof kText - 1);
    const std::lock_guard lock(g_mutex);
    if (g_action) {
        g_action();
    }
}

}  // namespace

void installInterrupts() {
    if (pipe2(g_wakePipe, O_CLOEXEC) != 0) {
        return;  // Ctrl+C then ends the process as it does everywhere
    }
    std::thread(watch).detach();
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        sigaction(number, nullptr, &before);
        if (before.sa_handler == SIG_IGN) {
            continue;  // started by nohup, or in the background of a script
        }
        struct sigaction action {};
        action.sa_handler = onSignal;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        sigaction(number, &action, nullptr);
    }
    // A closed pipe is a failed write, not the end of a training.
    signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
    return g_count > 0;
}

InterruptScope::InterruptScope(std::function<void()> action) {
    const std::lock_guard lock(g_mutex);
    g_action = std::move(action);
    if (interrupted()) {
        g_action();
    }
}

InterruptScope::~InterruptScope() {
    const std::lock_guard lock(g_mutex);
    g_action = nullptr;
}

}  // namespace graft::cli
