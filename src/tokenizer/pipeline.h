// The one tokenizer behind every file format: added tokens, normalizer, splitters, model.
#ifndef CANDOR_TOKENIZER_PIPELINE_H_
#define CANDOR_TOKENIZER_PIPELINE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace candor {

struct PipelineParts {
  std::unique_ptr<const Vocabulary> vocabulary;
  std::unique_ptr<const PieceModel> model;  // refers to *vocabulary
  // In the order in which a text meets them. The second set of added tokens is looked for in normalized text.
  AddedTokens added;
  Normalizer normalizer;
  AddedTokens added_normalized;
  Normalizer space_rule;
  Splitters splitters;

  std::optional<TokenId> bos, eos;
  // Tokens that end an answer, beside EOS and those whose names are known.
  std::vector<TokenId> more_end_tokens;
  bool add_bos = false, add_eos = false;
  bool strips_leading_space = false;
};

std::unique_ptr<Tokenizer> MakePipeline(PipelineParts parts);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_PIPELINE_H_
