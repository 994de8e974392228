// An answer as a model might write it, in every format: what comes out depends on tokens and bytes alone, not on how
// the text between the tokens that count is divided; no byte is made up or moved; the counts add up.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "chat/answer_splitter.h"

namespace {

using candor::AnswerPart;
using candor::AnswerParts;
using candor::ThinkingControl;
using candor::TokenId;
using candor::TokenRole;

// Bytes from 0xF8 on stand for the tokens that count in a format.
constexpr uint8_t kFirstToken = 0xF8;
constexpr TokenId Id(int n) { return 1000 + n; }

ThinkingControl ControlOf(uint8_t choice) {
  ThinkingControl control;
  switch (choice % 4) {
    case 0:
      control.format = candor::MarkFormat{{"<t>"}, {"</t>"}};
      break;
    case 1:
      control.format = candor::MarkFormat{{Id(0)}, {Id(1)}};
      break;
    case 2:
      control.format = candor::MarkFormat{{Id(0), "t", Id(2)}, {Id(1), "t", Id(2)}, {{Id(0), "r", Id(2)}}};
      break;
    default:
      control.format = candor::ChannelFormat{Id(0), Id(1), Id(2), {Id(3), Id(4)}, Id(5)};
      control.begun = {Id(0), "assistant"};
  }
  if (choice & 4) control.begun = candor::OpeningOf(control.format);
  if (choice & 8) control.budget = choice >> 4;
  return control;
}

// The parts with all that goes on joined, as text with a mark where something begins.
std::string Joined(const AnswerParts& parts) {
  std::string joined;
  const AnswerPart* last = nullptr;
  for (const AnswerPart& part : parts) {
    if (part.begins || last == nullptr || last->role != part.role) {
      joined += '\xFF';
      joined += static_cast<char>('0' + static_cast<int>(part.role));
      joined += part.recipient + '\xFF';
    }
    joined += part.bytes;
    last = &part;
  }
  return joined;
}

struct Result {
  AnswerParts parts;
  uint32_t tokens = 0, counted = 0;
};

// Text in tokens of `step` bytes at most; parts token by token, or in one list.
Result Split(const ThinkingControl& control, std::string_view answer, size_t step, bool streamed) {
  const auto splitter = candor::MakeAnswerSplitter(control);
  Result result;
  while (!answer.empty()) {
    const bool is_token = static_cast<uint8_t>(answer[0]) >= kFirstToken;
    size_t length = 1;
    while (!is_token && length < std::min(step, answer.size()) && static_cast<uint8_t>(answer[length]) < kFirstToken) {
      ++length;
    }
    const TokenId id = is_token ? Id(static_cast<uint8_t>(answer[0]) - kFirstToken) : 7;
    AnswerParts more;
    const TokenRole role = splitter->Add(id, is_token ? std::string_view() : answer.substr(0, length), false,
                                         streamed ? &more : &result.parts);
    CHECK(!splitter->MustClose() || splitter->inside());
    CHECK(!splitter->inside() || role != TokenRole::kToolCall);
    result.parts.insert(result.parts.end(), more.begin(), more.end());
    ++result.tokens;
    answer.remove_prefix(length);
  }
  AnswerParts rest;
  splitter->Finish(&rest);
  result.parts.insert(result.parts.end(), rest.begin(), rest.end());
  result.counted = splitter->reasoning_tokens() + splitter->answer_tokens();
  return result;
}

}  // namespace

// The first byte chooses the format, the second how the text is divided.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ThinkingControl control = ControlOf(data[0]);
  const std::string_view answer(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Result whole = Split(control, answer, answer.size(), false);
  const std::string expected = Joined(whole.parts);
  CHECK(Joined(Split(control, answer, answer.size(), true).parts) == expected);
  CHECK(Joined(Split(control, answer, 1 + data[1] % 16, true).parts) == expected);
  CHECK(Joined(Split(control, answer, 1, false).parts) == expected);
  CHECK(whole.counted <= whole.tokens);
  size_t at = 0;
  for (const AnswerPart& part : whole.parts) {
    CHECK(part.role != TokenRole::kMark);
    for (const char c : part.bytes) {
      at = answer.find(c, at);
      CHECK(at != std::string_view::npos);
      ++at;
    }
  }
  return 0;
}
