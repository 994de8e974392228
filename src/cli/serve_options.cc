#include "cli/serve_options.h"

#include <charconv>
#include <optional>

#include "cli/byte_size.h"
#include "cli/key_file_option.h"
#include "cli/store_folder.h"

namespace candor {
namespace {

constexpr const char* kListening = "Listening";
constexpr const char* kLoad = "Load";

void AddNumber(CLI::App& command, const char* flag, uint32_t& value, uint32_t min, uint32_t max, const char* help,
               const char* group) {
  command.add_option(flag, value, help)->check(CLI::Range(min, max))->type_name("N")->group(group);
}

void AddSize(CLI::App& command, const char* flag, uint64_t& value, const char* help) {
  command
      .add_option_function<std::string>(
          flag,
          [&value, flag](const std::string& text) {
            const std::optional<uint64_t> bytes = ParseByteSize(text);
            if (!bytes) throw CLI::ValidationError(flag, "\"" + text + "\" is no size with a unit, as 16GiB or 512MB");
            value = *bytes;
          },
          help)
      ->type_name("SIZE")
      ->group(kLoad);
}

void AddListeningOptions(CLI::App& command, ServeOptions& options) {
  command
      .add_option(
          "--host", options.hosts,
          "Address to listen on; may be repeated. Other than this machine's own (127.0.0.1) only with keys: see "
          "candor keys")
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->group(kListening);
  command.add_option("--port", options.port, "Port; 0 takes a free one. Default: 8080")
      ->type_name("N")
      ->group(kListening);
  AddKeyFileOption(command, options.keys_file);
  CLI::Option* certificate =
      command.add_option("--tls-cert", options.certificate, "Serve HTTPS with this certificate (PEM, with its chain)")
          ->type_name("FILE")
          ->group(kListening);
  command.add_option("--tls-key", options.private_key, "The certificate's private key (PEM)")
      ->type_name("FILE")
      ->needs(certificate)
      ->group(kListening);
  command
      .add_option("--allowed-host", options.allowed_hosts,
                  "A further name under which the server may be asked (the Host of a request); may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group(kListening);
  command
      .add_option(
          "--allowed-origin", options.allowed_origins,
          "A web page's origin that may use the server from a browser, as https://chat.example; may be repeated")
      ->type_name("ORIGIN")
      ->allow_extra_args(false)
      ->group(kListening);
}

void AddLoadOptions(CLI::App& command, ServeOptions& options) {
  AddSize(command, "--memory", options.memory_bytes,
          "The most that models, keys and values and caches take together; default: four fifths of what is free");
  AddNumber(command, "--parallel", options.parallel, 1, 1024,
            "Answers that one model computes at a time; default: 16. Answers do not depend on it", kLoad);
  AddNumber(command, "--queue", options.queue, 0, 65536,
            "Answers that wait besides; what comes beyond is refused at once with 429. Default: 64", kLoad);
  AddNumber(
      command, "--unload-after", options.unload_after, 0, 31'536'000,
      "Unload a model that nobody has used for so many seconds; default: 0, never, unless another needs the memory",
      kLoad);
  AddNumber(
      command, "--grace", options.grace, 0, 86'400,
      "Seconds that answers under way have to finish after Ctrl-C or SIGTERM; a second one ends them. Default: 30",
      kLoad);
}

}  // namespace

void AddServeOptions(CLI::App& command, ServeOptions& options) {
  command
      .add_option("MODEL", options.models,
                  "Models to load and offer: names in the store, .gguf files or folders. Without one all models of the "
                  "store are offered, each loaded when it is first asked for")
      ->option_text("...");
  AddStoreOption(command, options.store);
  command
      .add_option_function<std::vector<std::string>>(
          "--alias",
          [&options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const size_t equals = text.find('=');
              if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
                throw CLI::ValidationError("--alias", "\"" + text + "\" is not NAME=MODEL");
              }
              options.aliases[text.substr(0, equals)] = text.substr(equals + 1);
            }
          },
          "Answer clients that ask for NAME with MODEL, one of those offered; the answer names the real one. \"*\" as "
          "NAME stands for every name that is not offered. May be repeated")
      ->type_name("NAME=MODEL")
      ->allow_extra_args(false);
  AddListeningOptions(command, options);
  AddLoadOptions(command, options);
  const std::map<std::string, ReasoningNames> names = {{"both", ReasoningNames::kBoth},
                                                       {"reasoning_content", ReasoningNames::kReasoningContent},
                                                       {"reasoning", ReasoningNames::kReasoning}};
  command
      .add_option(
          "--reasoning-field", options.reasoning,
          "The name under which reasoning is reported, one of {both,reasoning_content,reasoning}; default: both")
      ->transform(CLI::CheckedTransformer(names).description(""))
      ->type_name("NAME");
  AddComputeOptions(command, options.compute);
  command.add_flag("--json", options.json, "Print {\"url\": ...} on standard output once it can be asked");
  command.add_flag("--log", options.log,
                   "Write a line for each request on standard error: who, what, status, bytes, time; never a prompt");
  command.add_flag("-q,--quiet", options.quiet, "Say nothing but what is wrong");
}

}  // namespace candor
