#include "app/cli_app.h"
#include "app/cli_interrupt.h"
#include "core/engine/engine.h"

#include <unistd.h>

#include <iostream>

int main(int argc, char** argv) {
    graft::cli::installInterrupts();
    graft::engine::initialize();
    return graft::cli::runCli({argv + 1, argv + argc}, std::cout, std::cerr,
                              isatty(STDERR_FILENO) == 1);
}
