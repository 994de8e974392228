#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "cli/command.h"
#include "cli/model_argument.h"
#include "cli/model_report.h"
#include "cli/progress.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"

namespace candor {
namespace {

struct InspectOptions {
  ModelArgument model;
  bool json = false;
  bool tensors = false;
  bool sha256 = false;
};

void Inspect(const InspectOptions& options) {
  ModelFiles model = OpenModel(options.model);
  SealForModel();
  const Checkpoint checkpoint = OpenCheckpoint(std::move(model));
  ModelReportOptions report{.tensors = options.tensors, .digests = {}};
  if (options.sha256) {
    Progress progress("reading", ProgressUnit::kBytes, StderrIsTerminal());
    // The file is read for its own sake here, not to be run: what is cached of it stays.
    report.digests = StreamTensors(
        checkpoint,
        {.drop_page_cache = false, .progress = [&](uint64_t done, uint64_t total) { progress.Update(done, total); }},
        nullptr);
  }
  const std::string text = options.json ? ModelReportJson(checkpoint, report) : ModelReportText(checkpoint, report);
  PrintResult(text);
}

}  // namespace

void AddInspectCommand(CLI::App& app) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Show what a model is: architecture, size, context, number formats, tokenizer, license.");
  AddModelArgument(*command, options->model);
  command->add_flag("--tensors", options->tensors, "List every tensor: name, type, shape, place in the file");
  command->add_flag("--sha256", options->sha256, "Read the whole file and show its SHA-256");
  command->add_flag("--json", options->json, "Print one JSON object, with all metadata");
  command->footer(
      "Examples:\n"
      "  candor inspect smollm2-135m\n"
      "  candor inspect ./model.gguf --tensors --sha256\n"
      "  candor inspect ./model.gguf --json | jq .metadata");
  command->callback([options] { Inspect(*options); });
}

}  // namespace candor
