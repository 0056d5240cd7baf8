#include "app/cli_app.h"

#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_table.h"

#include <algorithm>
#include <new>
#include <sstream>

namespace graft::cli {
namespace {

constexpr char kIntro[] =
    "Graft fine-tunes image classifiers: a folder of pictures in, a model that can be used\n"
    "elsewhere out. Everything happens on this machine; only `weights get` uses the network.";

constexpr char kFirstSteps[] =
    "First steps:\n"
    "  graft-cli sample surfaces              pictures to try it with\n"
    "  graft-cli import surfaces              makes surfaces.graft, the project\n"
    "  graft-cli train surfaces.graft         trains; Ctrl+C saves, resume goes on\n"
    "  graft-cli evaluate surfaces.graft      how good it is, class by class\n"
    "  graft-cli predict surfaces.graft PICTURE...\n"
    "  graft-cli export surfaces.graft --to surfaces-model\n"
    "\n"
    "With your own photos: one folder per class. With pretrained weights far fewer photos do:\n"
    "  graft-cli import photos --project bees.graft\n"
    "  graft-cli weights get mobilenet_v2     downloads them, once, after asking\n"
    "  graft-cli train bees.graft --weights mobilenet_v2 --freeze backbone\n"
    "\n"
    "graft-cli COMMAND --help explains a command.\n"
    "\n";

// Breaks the descriptions of options into lines; the base class indents what follows a line end.
class WrappingFormatter : public CLI::Formatter {
 public:
    std::string make_option_desc(const CLI::Option* option) const override {
        constexpr std::size_t kColumns = 66;
        std::istringstream words(CLI::Formatter::make_option_desc(option));
        std::string text;
        std::string line;
        for (std::string word; words >> word;) {
            if (!line.empty() && displayColumns(line) + 1 + displayColumns(word) > kColumns) {
                text += line + "\n";
                line.clear();
            }
            line += (line.empty() ? "" : " ") + word;
        }
        return text + line;
    }
};

std::unique_ptr<CLI::App> makeParser(Session& session) {
    auto app = std::make_unique<CLI::App>(kIntro, "graft-cli");
    app->footer(kFirstSteps + exitCodeHelp());
    app->set_version_flag("--version", "Graft " GRAFT_VERSION, "Show the version and leave");
    app->set_help_flag("-h,--help", "Show this help and leave");
    app->formatter(std::make_shared<WrappingFormatter>());
    app->get_formatter()->column_width(32);
    app->require_subcommand(1);
    addImport(*app, session);
    addTrain(*app, session);
    addResume(*app, session);
    addPretrain(*app, session);
    addEvaluate(*app, session);
    addExport(*app, session);
    addPredict(*app, session);
    addSimilar(*app, session);
    addInfo(*app, session);
    addWeights(*app, session);
    addCache(*app, session);
    addSample(*app, session);
    addCheckPackage(*app, session);
    return app;
}

// The parser's own sentences, with the command to ask for more.
int reportUsage(const CLI::App& app, const CLI::ParseError& fault, const std::string& first,
                Console& console) {
    std::string command = "graft-cli";
    for (const CLI::App* chosen : app.get_subcommands()) {
        command += " " + chosen->get_name();
    }
    std::string message = fault.what();
    if (app.get_subcommands().empty() && first.front() != '-') {
        message = "There is no command \"" + first + "\"";
    }
    if (message.back() != '.') {
        message += ".";
    }
    console.error({ErrorCode::InvalidArgument, message, {}, "Try: " + command + " --help"});
    return kExitBadInput;
}

}  // namespace

int runCli(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
           bool terminal) {
    Console console(out, err, terminal);
    Session session;
    const std::unique_ptr<CLI::App> app = makeParser(session);
    session.commandLine = "graft-cli";
    for (const std::string& argument : arguments) {
        session.commandLine += " " + (argument.find_first_of(" \t'") == std::string::npos
                                          ? argument
                                          : "\"" + argument + "\"");
    }
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // CLI11's order
        if (reversed.empty()) {
            reversed.push_back("--help");
        }
        app->parse(std::move(reversed));
    } catch (const CLI::ParseError& request) {
        if (request.get_exit_code() == int(CLI::ExitCodes::Success)) {
            return app->exit(request, out, err);  // help and version
        }
        console.setJson(std::find(arguments.begin(), arguments.end(), "--json") != arguments.end());
        return reportUsage(*app, request,
                           arguments.empty() || arguments.front().empty() ? "-" : arguments.front(),
                           console);
    }
    console.setJson(session.json);
    int code = kExitInternal;
    try {
        const Result<int> done = session.action(console);
        if (done) {
            code = *done;
        } else {
            console.error(done.error());
            code = exitCodeFor(done.error().code);
        }
    } catch (const std::bad_alloc&) {
        console.error({ErrorCode::OutOfMemory,
                       "There is not enough memory.",
                       {},
                       "Close other programs, then try again."});
        code = kExitMemory;
    } catch (const std::exception& fault) {
        console.error({ErrorCode::Internal, "Something went wrong inside Graft.", fault.what(),
                       "Please report this."});
    }
    out.flush();
    if (!out && code == kExitDone) {
        console.notice("graft-cli: The answer could not be written to the standard output.");
        code = kExitDisk;
    }
    return code;
}

}  // namespace graft::cli
