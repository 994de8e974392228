// What `candor serve` was asked to do.
#ifndef CANDOR_CLI_SERVE_OPTIONS_H_
#define CANDOR_CLI_SERVE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/answer_head.h"
#include "cli/common_options.h"

namespace candor {

struct ServeOptions {
  std::vector<std::string> models;  // as typed; none: all of the store
  std::string store;
  ComputeOptions compute;

  std::vector<std::string> hosts = {"127.0.0.1"};
  uint16_t port = 8080;
  std::string certificate, private_key;  // files in PEM
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::string keys_file;  // empty: the usual one, where it exists

  uint64_t memory_bytes = 0;  // 0 = four fifths of what is free
  uint32_t parallel = 16;
  uint32_t queue = 64;
  uint32_t unload_after = 0;                   // seconds; 0 = never
  std::map<std::string, std::string> aliases;  // as typed: to a name or another way to say a model
  ReasoningNames reasoning = ReasoningNames::kBoth;
  uint32_t grace = 30;  // seconds
  bool json = false;
  bool log = false;
  bool quiet = false;
};

// Adds everything but the help's examples; `options` must live as long as `command`.
void AddServeOptions(CLI::App& command, ServeOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_SERVE_OPTIONS_H_
