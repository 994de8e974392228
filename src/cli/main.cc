#include <cstdio>
#include <exception>

#include "base/error.h"
#include "cli/command.h"

int main(int argc, char** argv) {
  CLI::App app{"Run open reasoning models on your own hardware."};
  app.name("candor");
  app.require_subcommand(1);
  candor::AddPullCommand(app);
  candor::AddListCommand(app);
  candor::AddRemoveCommand(app);
  candor::AddInspectCommand(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  } catch (const candor::UsageError& error) {
    std::fprintf(stderr, "candor: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "candor: %s\n", error.what());
    return 1;
  }
}
