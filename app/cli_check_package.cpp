// check-package: the second process of an export's check; not meant for people.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "core/deploy/package.h"

namespace graft::cli {

void addCheckPackage(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("check-package",
                                           "Run a package on the pictures of its "
                                           "check request");
    command->group("");  // hidden
    auto folder = std::make_shared<std::string>();
    command->add_option("FOLDER", *folder)->required();
    command->callback([folder, &session] {
        session.action = [folder](Console&) -> Result<int> {
            GRAFT_CHECK(checkPackage(*folder));
            return kExitDone;
        };
    });
}

}  // namespace graft::cli
