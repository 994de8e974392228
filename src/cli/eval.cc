#include <sys/stat.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/load_model.h"
#include "cli/logits_file.h"
#include "cli/model_argument.h"
#include "cli/perplexity.h"
#include "cli/progress.h"
#include "cli/sealing.h"
#include "cli/token_list.h"
#include "engine/evaluate.h"

namespace candor {
namespace {

constexpr uint64_t kMaxTextBytes = 1u << 30;
// Rows of logits that are in memory at a time, where nothing else was asked for.
constexpr uint64_t kLogitBytes = 64u << 20;

struct EvalOptions {
  ModelArgument model;
  ComputeOptions compute;
  std::string tokens;  // a list, or the file that has one
  std::string out;
  std::string text;
  bool one_by_one = false;
  bool json = false;
};

EngineOptions OptionsOf(const EvalOptions& options, const LanguageModel& model) {
  const uint64_t row_bytes = uint64_t{model.model().config.vocabulary} * sizeof(float);
  EngineOptions engine =
      EngineOptionsOf(options.compute, static_cast<uint32_t>(std::clamp<uint64_t>(kLogitBytes / row_bytes, 16, 512)));
  if (options.one_by_one) engine.chunk = 1;
  return engine;
}

// The output takes the place of what has its name.
void RequireOtherFile(const ModelFiles& model, const std::string& out) {
  struct stat named;
  if (::stat(out.c_str(), &named) != 0) return;
  for (const File& file : model.files) {
    struct stat open_file;
    if (::fstat(file.descriptor(), &open_file) == 0 && open_file.st_dev == named.st_dev &&
        open_file.st_ino == named.st_ino) {
      throw UsageError("--out " + out + ": this is the model's own file " + file.name());
    }
  }
}

bool IsTokenList(const std::string& text) { return text.find_first_not_of("0123456789, []") == std::string::npos; }

void EvalLogits(const EvalOptions& options) {
  ModelFiles files = OpenModel(options.model);
  const bool list = IsTokenList(options.tokens);
  const std::string source = list ? "--tokens" : options.tokens;
  const std::string text = list ? options.tokens : ReadWholeFile(options.tokens, kMaxTokenListBytes);
  RequireOtherFile(files, options.out);
  LogitsFile out(options.out);
  SealForModel();

  const std::vector<TokenId> tokens = ParseTokenList(text, source);
  if (tokens.empty()) throw UsageError(source + ": no token; the logits of at least one are computed");
  const LanguageModel model = LoadSealed(std::move(files), options.compute);
  CheckTokens(tokens, model.model().config.vocabulary, source);
  Evaluator evaluator(model.model(), model.kernels(), model.pool(), OptionsOf(options, model));
  const size_t vocabulary = evaluator.vocabulary();
  const size_t chunk = evaluator.options().chunk;
  out.Begin(tokens.size(), vocabulary);
  Progress progress("logits", ProgressUnit::kTokens, StderrIsTerminal());
  for (size_t first = 0; first < tokens.size(); first += chunk) {
    progress.Update(first, tokens.size());
    const size_t count = std::min(chunk, tokens.size() - first);
    const std::span<const float> logits = evaluator.Append(std::span(tokens).subspan(first, count));
    for (size_t row = 0; row < count; ++row) out.WriteRow(logits.subspan(row * vocabulary, vocabulary));
  }
  out.Finish();
}

void EvalPerplexity(const EvalOptions& options) {
  ModelFiles files = OpenModel(options.model);
  const std::string text = ReadWholeFile(options.text, kMaxTextBytes);
  SealForModel();

  const std::string name = files.name;
  const LanguageModel model = LoadSealed(std::move(files), options.compute);
  EngineOptions engine = OptionsOf(options, model);
  if (engine.context == 0) engine.context = std::min(kPerplexityWindow, model.model().config.context_length);
  Evaluator evaluator(model.model(), model.kernels(), model.pool(), engine);
  Progress progress("perplexity", ProgressUnit::kTokens, StderrIsTerminal());
  const Perplexity result = MeasurePerplexity(evaluator, model.tokenizer(), text, options.text,
                                              [&](uint64_t done, uint64_t total) { progress.Update(done, total); });
  progress.Clear();
  if (options.json) {
    const boost::json::object object{{"model", name},
                                     {"perplexity", result.perplexity()},
                                     {"negative_log_likelihood", result.mean()},
                                     {"standard_error", result.standard_error()},
                                     {"scored_tokens", result.count},
                                     {"tokens", result.tokens},
                                     {"window", evaluator.options().context},
                                     {"numerics", NumericsJson(options.compute)},
                                     {"isa", model.kernels().name},
                                     {"threads", model.pool().size()}};
    std::printf("%s\n", boost::json::serialize(object).c_str());
  } else {
    std::printf("perplexity %.4f +/- %.4f (%llu of %llu tokens scored, windows of %u)\n", result.perplexity(),
                result.perplexity() * result.standard_error(), static_cast<unsigned long long>(result.count),
                static_cast<unsigned long long>(result.tokens), evaluator.options().context);
  }
}

void AddLogits(CLI::App& eval) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* command = eval.add_subcommand("logits", "Compute the logits that follow each token of a list.");
  AddModelArgument(*command, options->model);
  command
      ->add_option("--tokens", options->tokens,
                   "Token ids, such as 1,2,3, or a file that has them (also as JSON array)")
      ->required()
      ->option_text("LIST|FILE REQUIRED");
  command->add_option("--out", options->out, "The safetensors file to write: \"logits\", float32, [tokens, vocabulary]")
      ->required()
      ->option_text("FILE REQUIRED");
  command->add_flag("--one-by-one", options->one_by_one,
                    "Compute one token at a time, as when answering; the same as --chunk 1");
  AddComputeOptions(*command, options->compute);
  command->footer(R"(Examples:
  candor tokenize smollm2-135m "Hello there"
  candor eval logits smollm2-135m --tokens 19556,665 --out logits.safetensors
  candor eval logits model.gguf --tokens ids.json --out a.safetensors --threads 1 --isa avx2
The last file is the same, bit for bit, for every instruction set, number of threads and --chunk.
)");
  command->callback([options] { EvalLogits(*options); });
}

void AddPerplexity(CLI::App& eval) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* command = eval.add_subcommand(
      "perplexity",
      "Measure how well a model predicts a text. The text is cut into windows of --ctx tokens (512), each read on its "
      "own, and the second half of each is scored; a text shorter than a window is scored from its second token on.");
  AddModelArgument(*command, options->model);
  command->add_option("TEXTFILE", options->text, "The text, taken as it is")->required()->type_name("");
  command->add_flag("--json", options->json, "Print one JSON object");
  AddComputeOptions(*command, options->compute);
  command->footer(R"(Examples:
  candor eval perplexity smollm2-135m book.txt
  candor eval perplexity model.gguf wiki.test.raw --ctx 2048 --json
)");
  command->callback([options] { EvalPerplexity(*options); });
}

}  // namespace

void AddEvalCommand(CLI::App& app) {
  CLI::App* eval = app.add_subcommand("eval", "Look at a model's predictions themselves: logits, perplexity.");
  eval->require_subcommand(1);
  eval->footer(R"(Examples:
  candor eval logits smollm2-135m --tokens 1,2,3 --out logits.safetensors
  candor eval perplexity smollm2-135m book.txt
)");
  AddLogits(*eval);
  AddPerplexity(*eval);
}

}  // namespace candor
