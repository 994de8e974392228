// What --help prints, and what is said of a command line that cannot be understood.
#ifndef CANDOR_CLI_HELP_H_
#define CANDOR_CLI_HELP_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace candor {

// Makes --help of `app` and of the commands that are added after it fit 100 columns.
void UseHelpFormat(CLI::App& app);

// "unknown option --treads; did you mean --threads?" for a refused command line `arguments` (without the program's
// name): CLI11's own words where they are clear, with the nearest command or flag where one was misspelt, and which
// --help to read.
std::string DescribeUsageError(const CLI::App& app, const CLI::ParseError& error,
                               const std::vector<std::string>& arguments);

}  // namespace candor

#endif  // CANDOR_CLI_HELP_H_
