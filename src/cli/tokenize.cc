#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/model_argument.h"
#include "cli/sealing.h"
#include "cli/standard_input.h"
#include "cli/standard_output.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 30;

constexpr uint64_t kMaxTokenizerFileBytes = 128 << 20;

struct TokenizeOptions {
  ModelArgument model;
  std::string text;
  bool json = false;
};

std::string ReadAll(const File& file) {
  if (file.size() > kMaxTokenizerFileBytes) {
    throw LimitError(file.name() + ": " + std::to_string(file.size()) + " bytes, at most " +
                     std::to_string(kMaxTokenizerFileBytes) + " are read");
  }
  std::string text(file.size(), '\0');
  file.ReadAt(0, std::as_writable_bytes(std::span(text)));
  return text;
}

std::unique_ptr<Tokenizer> ReadTokenizer(ModelFiles model) {
  if (model.format == ModelFiles::Format::kGguf) {
    return TokenizerFromGguf(OpenCheckpoint(std::move(model.files)).metadata);
  }
  const File* tokenizer = model.Find("tokenizer.json");
  if (tokenizer == nullptr) throw FormatError(model.name + ": the folder has no tokenizer.json");
  const File* config = model.Find("tokenizer_config.json");
  return TokenizerFromJson(ReadAll(*tokenizer), config == nullptr ? "" : ReadAll(*config), tokenizer->name());
}

void Tokenize(const TokenizeOptions& options) {
  ModelFiles model = OpenModel(options.model);
  SealForModel();
  const std::unique_ptr<Tokenizer> tokenizer = ReadTokenizer(std::move(model));
  const std::string text = options.text == "-" ? ReadStandardInput(kMaxTextBytes) : options.text;
  const std::vector<TokenId> ids = tokenizer->Encode(text, true);
  std::string out;
  if (options.json) {
    boost::json::array numbers(ids.begin(), ids.end()), pieces;
    // A piece of a SentencePiece vocabulary need not be UTF-8; JSON must.
    for (const TokenId id : ids) pieces.emplace_back(ToValidUtf8(tokenizer->Piece(id)));
    out =
        boost::json::serialize(boost::json::object{{"ids", std::move(numbers)}, {"pieces", std::move(pieces)}}) + "\n";
  } else {
    for (const TokenId id : ids) out += std::to_string(id) + "\t" + Printable(tokenizer->Piece(id), 1024) + "\n";
  }
  PrintResult(out);
}

}  // namespace

void AddTokenizeCommand(CLI::App& app) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand(
      "tokenize",
      "Show the tokens of a text: one a line, its id and its piece. No BOS is added; special tokens that the "
      "text spells out are recognised.");
  AddModelArgument(*command, options->model, true);
  command->add_option("text", options->text, "The text, or - for all of standard input as it is")->required();
  command->add_flag("--json", options->json, "Print {\"ids\": [...], \"pieces\": [...]}");
  command->footer(
      "Examples:\n"
      "  candor tokenize smollm2-135m \"Hello, world\"\n"
      "  candor tokenize smollm2-135m --json - < notes.txt\n"
      "  candor tokenize smollm2-135m -- --help          a text that begins with a dash");
  command->callback([options] { Tokenize(*options); });
}

}  // namespace candor
