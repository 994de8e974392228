// Tokens that a text may hold written out: control tokens ("<|im_end|>") and the user-defined ones of a vocabulary.
//
// They are taken out before everything else, the leftmost first and the longest where several begin. A trie whose
// nodes lie in breadth-first order finds them; a token is at most kMaxAddedTokenBytes long, which bounds the work.
#ifndef CANDOR_TOKENIZER_ADDED_TOKENS_H_
#define CANDOR_TOKENIZER_ADDED_TOKENS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

inline constexpr size_t kMaxAddedTokenBytes = 512;
// Published vocabularies have up to 6,500, of 80 kB together.
inline constexpr size_t kMaxAddedTokens = 1 << 17;
inline constexpr size_t kMaxAddedTokensBytes = 2 << 20;

// Throws LimitError naming `field` when so many tokens, of so many bytes together, are too many for one set.
void CheckAddedTokens(size_t tokens, size_t bytes, const std::string& field);

struct AddedToken {
  std::string text;
  TokenId id = 0;
  bool control = false;      // found only where control tokens are asked for
  bool single_word = false;  // only where no word character is beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and after it
};

class AddedTokens {
 public:
  AddedTokens() = default;
  // Empty texts never match. Of equal texts the last counts. Throws LimitError naming `field` for a text longer than
  // kMaxAddedTokenBytes, and for more tokens than CheckAddedTokens lets pass.
  AddedTokens(std::vector<AddedToken> tokens, const std::string& field);

  bool empty() const { return tokens_.empty(); }

  struct Match {
    const AddedToken* token = nullptr;  // null: none is left
    size_t begin = 0, end = 0;
  };
  // Whether control tokens count. No token, control or user-defined, begins at one of the offsets `literal`
  // (ascending).
  struct Control {
    bool counts = false;
    std::span<const size_t> literal = {};
  };

  // The first token of `text` at `from` or later. `from` is 0 or the end of the match before.
  Match Find(std::string_view text, size_t from, const Control& control) const;

  // The longest token whose text stands at `pos`; control tokens only with `control`. Null: none.
  const AddedToken* LongestAt(std::string_view text, size_t pos, bool control) const;

  // Cuts `text` at the tokens in it: calls use(id) for a token, and text_between(part, begin) for what is between.
  template <class UseToken, class UseText>
  void Partition(std::string_view text, const Control& control, const UseToken& use_token,
                 const UseText& use_text) const {
    for (size_t pos = 0; pos < text.size();) {
      const Match match = empty() ? Match{} : Find(text, pos, control);
      const size_t end = match.token == nullptr ? text.size() : match.begin;
      if (end > pos) use_text(text.substr(pos, end - pos), pos);
      if (match.token == nullptr) return;
      use_token(match.token->id);
      pos = match.end;
    }
  }

 private:
  struct Node {
    uint32_t first_child = 0;  // a node's children end where the next node's begin
    int32_t token = -1;
    uint8_t byte = 0;
  };
  uint32_t Child(uint32_t node, uint8_t byte) const;

  std::vector<AddedToken> tokens_;     // by text
  std::vector<Node> nodes_;            // the root first, one more behind the last
  std::array<uint32_t, 256> roots_{};  // the root's children by their byte, 0 for none
};

}  // namespace candor

#endif  // CANDOR_TOKENIZER_ADDED_TOKENS_H_
