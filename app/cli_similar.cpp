// similar: the training pictures that look most like a given one to a run's model.
#include "app/cli_command.h"
#include "app/cli_exit.h"
#include "app/cli_job.h"
#include "app/cli_model_choice.h"
#include "app/cli_project.h"
#include "app/cli_table.h"

#include <filesystem>

namespace graft::cli {
namespace {

struct SimilarFlags {
    std::string project;
    std::string picture;
    RunId run = 0;
    int count = 5;
    std::string model;
};

Result<int> runSimilar(const SimilarFlags& flags, Console& console) {
    GRAFT_TRY(const std::unique_ptr<Project> project, openToRead(flags.project));
    GRAFT_TRY(const RunRecord run, chooseRun(*project, flags.run, RunWish::Trained));
    std::error_code failed;
    const auto absolute = std::filesystem::absolute(flags.picture, failed);
    const ImageRef picture{failed ? flags.picture : absolute.string(), -1};
    GRAFT_TRY(const auto job, engine::startSimilar(*project, run.id, picture, flags.count,
                                                   modelChoice(flags.model)));
    GRAFT_TRY(const std::vector<SimilarPicture> similar,
              waitFor(*job, console, "Looking at the training pictures"));
    const Dataset& data = project->dataset();
    auto json = nlohmann::ordered_json::array();
    std::vector<TableRow> rows{{"file", "class", "similarity"}};
    for (const SimilarPicture& found : similar) {
        const Sample* sample = data.findSample(found.sample);
        if (!sample) {
            continue;
        }
        const int at = data.classIndex(sample->label);
        const std::string name = at < 0 ? "" : data.classes[std::size_t(at)].name;
        rows.push_back({data.absolutePath(*sample), name, decimalText(found.similarity, 3)});
        json.push_back({{"file", data.absolutePath(*sample)},
                        {"class", name},
                        {"similarity", found.similarity}});
    }
    if (console.json()) {
        console.printJson(json);
    } else {
        console.text(textTable(rows, "llr"));
    }
    return kExitDone;
}

}  // namespace

void addSimilar(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("similar", "Show the training pictures most like a picture");
    auto flags = std::make_shared<SimilarFlags>();
    command->add_option("PROJECT", flags->project, "Project file (.graft)")->required();
    command->add_option("PICTURE", flags->picture, "Any picture")->required();
    command->add_option("--run", flags->run, "Number of the run; default: the newest with a model");
    command->add_option("--count", flags->count, "How many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    addModelFlag(*command, flags->model);
    addJsonFlag(*command, session);
    command->footer(
        "Similar is what the network finds similar: the cosine between what it makes of two\n"
        "pictures, 1 for the same. A picture whose neighbours are of another class may be\n"
        "labelled wrong.\n\n"
        "Example:\n"
        "  graft-cli similar bees.graft photo.jpg\n\n"
        "JSON: a list with one object per picture: file, class, similarity (-1 to 1)");
    command->callback([flags, &session] {
        session.action = [flags](Console& console) { return runSimilar(*flags, console); };
    });
}

}  // namespace graft::cli
