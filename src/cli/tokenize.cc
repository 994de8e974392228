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

struct TokenizeOptions {
  ModelArgument model;
  std::string text;
  bool json = false;
};

void Tokenize(const TokenizeOptions& options) {
  ModelFiles model = OpenModel(options.model);
  SealForModel();
  const std::unique_ptr<Tokenizer> tokenizer = TokenizerOf(OpenCheckpoint(std::move(model)));
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
  AddModelArgument(*command, options->model);
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
