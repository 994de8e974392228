// A subcommand: one file each, registered in main.cc.
#ifndef CANDOR_CLI_COMMAND_H_
#define CANDOR_CLI_COMMAND_H_

#include <CLI/CLI.hpp>

namespace candor {

// Each adds its subcommand to `app`; its callback does the work and throws candor::Error, which main turns into
// "candor: <message>" on stderr and exit 1 (2 for UsageError and for flags that CLI11 refuses).
void AddRunCommand(CLI::App& app);
void AddPullCommand(CLI::App& app);
void AddListCommand(CLI::App& app);
void AddRemoveCommand(CLI::App& app);
void AddInspectCommand(CLI::App& app);
void AddTokenizeCommand(CLI::App& app);
void AddRenderCommand(CLI::App& app);
void AddEvalCommand(CLI::App& app);
void AddBenchCommand(CLI::App& app);
void AddPlanCommand(CLI::App& app);
void AddServeCommand(CLI::App& app);
void AddDoctorCommand(CLI::App& app);
void AddKeysCommand(CLI::App& app);
void AddWorkerCommand(CLI::App& app);

}  // namespace candor

#endif  // CANDOR_CLI_COMMAND_H_
