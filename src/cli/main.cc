#include <fcntl.h>

#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/standard_output.h"

namespace candor {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kDescription =
    "Candor runs open language models on the processors of this machine and shows all of their reasoning. The same "
    "model, prompt and seed give the same answer, bit for bit, whatever the threads and the instruction set.";

constexpr const char* kFooter = R"(Examples:
  candor pull smollm2-135m                     fetch a small model into the store
  candor run smollm2-135m "Name three rivers." answer once
  candor run smollm2-135m                      chat
  candor run ./model.gguf < question.txt       any GGUF file; the prompt from standard input

"candor COMMAND --help" explains a command and gives examples. Flags that you always use can stand
in ~/.config/candor/config.toml, as lines such as "threads = 4", or below [run] for one command;
--config names another file. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
)";

// A name within a message may hold line ends, which would make two messages of one.
std::string InOneLine(std::string message) {
  for (size_t at = 0; (at = message.find('\n', at)) != std::string::npos; at += 2) message.replace(at, 1, "\\n");
  return message;
}

// What is opened next must not take the place of a standard stream that whoever started this has closed.
void OpenStandardStreams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    // The lowest that is free is taken: this one.
    if (::fcntl(descriptor, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  }
}

int Main(std::vector<std::string> arguments) {
  CLI::App app{kDescription, "candor"};
  UseHelpFormat(app);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", "candor " CANDOR_VERSION "\nnumerics candor-numerics-1\n",
                       "Print the version and exit");
  app.require_subcommand(1);
  app.footer(kFooter);
  try {
    AddRunCommand(app);
    AddEvalCommand(app);
    AddPullCommand(app);
    AddListCommand(app);
    AddRemoveCommand(app);
    AddInspectCommand(app);
    AddPlanCommand(app);
    AddBenchCommand(app);
    AddTokenizeCommand(app);
    AddRenderCommand(app);
    AddServeCommand(app);
    AddDoctorCommand(app);
    AddKeysCommand(app);
    AddWorkerCommand(app);
    AddConfigFile(app);
    // CLI11 takes its arguments from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::RuntimeError& stopped) {  // a command that ended early and has said so
    return stopped.get_exit_code();
  } catch (const CLI::ParseError& error) {
    Note("candor: " + DescribeUsageError(app, error, arguments));
    return kWrongUsage;
  } catch (const UsageError& error) {
    Note("candor: " + InOneLine(InFlagNames(error.what())));
    return kWrongUsage;
  } catch (const std::exception& error) {
    Note("candor: " + InOneLine(error.what()));
    return kFailed;
  }
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  // `candor help run` is what many type first.
  if (!arguments.empty() && arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.push_back("--help");
  }
  candor::OpenStandardStreams();
  return candor::Main(std::move(arguments));
}
