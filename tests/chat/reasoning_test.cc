#include "chat/reasoning.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "chat/jinja/json.h"
#include "chat/render.h"
#include "support/byte_tokenizer.h"

namespace candor {
namespace {

// Every piece is a token. Those in <|...|> and <s> are control tokens; those in `words` are user-defined.
class PieceTokenizer : public Tokenizer {
 public:
  PieceTokenizer(std::vector<std::string> pieces, std::vector<std::string> words)
      : pieces_(std::move(pieces)), words_(std::move(words)) {
    vocabulary_size_ = pieces_.size();
    bos_ = Find("<s>");
  }
  std::string_view Bytes(TokenId id) const override { return pieces_.at(static_cast<size_t>(id)); }
  std::string_view Piece(TokenId id) const override { return Bytes(id); }
  bool IsSpecial(TokenId id) const override {
    return IsControl(id) || std::find(words_.begin(), words_.end(), Bytes(id)) != words_.end();
  }
  bool IsControl(TokenId id) const override { return Bytes(id).starts_with("<|") || Bytes(id) == "<s>"; }
  std::optional<TokenId> Find(std::string_view piece) const override {
    const auto at = std::find(pieces_.begin(), pieces_.end(), piece);
    return at == pieces_.end() ? std::nullopt : std::optional(static_cast<TokenId>(at - pieces_.begin()));
  }
  std::vector<TokenId> Ids(const std::vector<std::string>& pieces) const {
    std::vector<TokenId> ids;
    for (const std::string& piece : pieces) ids.push_back(Find(piece).value());
    return ids;
  }

 protected:
  std::vector<TokenId> DoEncode(std::string_view, bool, std::span<const size_t>) const override { return {}; }

 private:
  std::vector<std::string> pieces_, words_;
};

const std::vector<std::string> kPieces = {
    "<s>", "<|user|>", "<|assistant|>", "<think>",  "</think>", "<", "think", ">", "</", "\n", "\n\n", " ",
    "Hi",  "hm",       "[THINK]",       "[/THINK]", ">\n",      "x<"};
PieceTokenizer WithTokens() { return PieceTokenizer(kPieces, {"<think>", "</think>"}); }
PieceTokenizer WithoutTokens() { return PieceTokenizer(kPieces, {}); }

PromptEnd End(const PieceTokenizer& tokenizer, std::string_view chat_template, const std::vector<std::string>& pieces) {
  return StateAtEnd(FindReasoningFormat(tokenizer, chat_template), tokenizer, tokenizer.Ids(pieces)).end;
}
const MarkFormat& MarksOf(const ReasoningFormat& format) { return std::get<MarkFormat>(format.format); }

TEST(FindReasoningFormat, MarksAreTokensWhereTheVocabularyHasThem) {
  const PieceTokenizer tokenizer = WithTokens();
  const ReasoningFormat format = FindReasoningFormat(tokenizer, "");
  EXPECT_EQ(MarksOf(format).open, Mark{*tokenizer.Find("<think>")});
  EXPECT_EQ(MarksOf(format).close, Mark{*tokenizer.Find("</think>")});
  EXPECT_TRUE(format.is_own);
  EXPECT_EQ(format.forced_close, "</think>\n\n");
  const PieceTokenizer other(kPieces, {"[THINK]", "[/THINK]"});
  EXPECT_EQ(MarksOf(FindReasoningFormat(other, "")).close, Mark{*other.Find("[/THINK]")});
  EXPECT_EQ(FindReasoningFormat(other, "").close_text, "[/THINK]");
  EXPECT_EQ(FindReasoningFormat(other, "").in_messages, (std::vector<std::string>{"[THINK]", "[/THINK]"}));
}

TEST(FindReasoningFormat, TakesTheMarksThatTheTemplateWritesWhereThereAreSeveral) {
  const PieceTokenizer both(kPieces, {"<think>", "</think>", "[THINK]", "[/THINK]"});
  EXPECT_EQ(FindReasoningFormat(both, "").open_text, "<think>");
  EXPECT_EQ(FindReasoningFormat(both, "{{ '[THINK]' + thought + '[/THINK]' }}").open_text, "[THINK]");
  EXPECT_EQ(FindReasoningFormat(both, "{{ '<think>' + thought + '</think>' }}").open_text, "<think>");
}

TEST(FindReasoningFormat, MarksAreTextWhereOnlyTheTemplateNamesThem) {
  const ReasoningFormat format = FindReasoningFormat(WithoutTokens(), "{{ content.split('</think>')[-1] }}");
  EXPECT_EQ(MarksOf(format).open, Mark{"<think>"});
  EXPECT_EQ(MarksOf(format).close, Mark{"</think>"});
  EXPECT_TRUE(format.is_own);
  EXPECT_EQ(FindReasoningFormat(WithoutTokens(), "{{ '\u25C1/think\u25B7' }}").open_text, "\u25C1think\u25B7");
}

TEST(FindReasoningFormat, MarksAreLentToAModelThatHasNone) {
  const ReasoningFormat format = FindReasoningFormat(WithoutTokens(), "{{ messages }}");
  EXPECT_EQ(MarksOf(format).open, Mark{"<think>"});
  EXPECT_FALSE(format.is_own);
  // One of the two is not a pair.
  EXPECT_FALSE(FindReasoningFormat(PieceTokenizer(kPieces, {"<think>"}), "").is_own);
}

TEST(FindReasoningFormat, ChannelsAreTokensOfTheVocabulary) {
  const ByteTokenizer tokenizer = HarmonyTokenizer();
  for (const char* chat_template : {"", "{{ '<|start|>assistant<|channel|>final<|message|>' }}"}) {
    const ReasoningFormat format = FindReasoningFormat(tokenizer, chat_template);
    const auto* channels = std::get_if<ChannelFormat>(&format.format);
    ASSERT_NE(channels, nullptr);
    EXPECT_EQ(channels->channel, tokenizer.Id("<|channel|>"));
    EXPECT_EQ(channels->end, tokenizer.Tokens("<|end|><|return|><|call|>"));
    EXPECT_EQ(channels->constrain, tokenizer.Id("<|constrain|>"));
    EXPECT_TRUE(format.is_own);
    // Templates compare what messages say with the names of these tokens; they never have to find one there.
    EXPECT_TRUE(format.in_messages.empty());
  }
  // The vocabulary alone, with a template of another kind.
  EXPECT_FALSE(FindReasoningFormat(tokenizer, "{{ '<|start|>' + content + '<|end|>' }}").is_own);
  EXPECT_FALSE(FindReasoningFormat(ByteTokenizer({"<|start|>", "<|end|>", "<|message|>"}), "").is_own);
}

TEST(FindReasoningFormat, MarksOfSeveralParts) {
  const ByteTokenizer labelled({"<|channel>", "<channel|>"});
  const ReasoningFormat format = FindReasoningFormat(labelled, "");
  EXPECT_EQ(MarksOf(format).open, (Mark{labelled.Id("<|channel>"), "thought\n"}));
  EXPECT_EQ(MarksOf(format).close, Mark{labelled.Id("<channel|>")});
  EXPECT_EQ(format.open_text, "<|channel>thought\n");
  const ByteTokenizer tags({"<|open|>", "<|close|>", "<|sep|>"});
  EXPECT_EQ(FindReasoningFormat(tags, "").forced_close, "<|close|>think<|sep|><|open|>response<|sep|>");
  EXPECT_EQ(MarksOf(FindReasoningFormat(tags, "")).left_out.size(), 2u);
  EXPECT_FALSE(FindReasoningFormat(ByteTokenizer({"<|open|>", "<|close|>"}), "").is_own);
}

TEST(StateAtEnd, IsDecidedByTokensOfTheLastTurn) {
  const PieceTokenizer tokenizer = WithTokens();
  const auto end = [&](const std::vector<std::string>& pieces) { return End(tokenizer, "", pieces); };
  EXPECT_EQ(end({}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n", "hm"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "\n\n", "</think>", "\n\n"}), PromptEnd::kClosedThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "</think>"}), PromptEnd::kClosedThought);
  EXPECT_EQ(end({"<|user|>", "Hi", "<|assistant|>", "<think>", "hm", "</think>", "Hi"}), PromptEnd::kAnswer);
  // What a user writes in an earlier turn opens nothing.
  EXPECT_EQ(end({"<|user|>", "<think>", "<|assistant|>"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "<think>", "hm", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "</think>", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
  // The tokens of the mark's text are not the mark.
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">"}), PromptEnd::kAnswer);
}

TEST(StateAtEnd, SaysWhatThePromptHasBegun) {
  const PieceTokenizer tokenizer = WithTokens();
  const ReasoningFormat format = FindReasoningFormat(tokenizer, "");
  const auto begun = [&](const std::vector<std::string>& pieces) {
    return StateAtEnd(format, tokenizer, tokenizer.Ids(pieces)).begun;
  };
  EXPECT_EQ(begun({"<|assistant|>", "<think>", "\n", "hm"}), MarksOf(format).open);
  EXPECT_EQ(begun({"<|assistant|>", "<think>", "</think>"}), Mark{});
}

TEST(StateAtEnd, WithoutTurnTokensOnlyBlanksMayFollowTheMark) {
  const PieceTokenizer tokenizer = WithTokens();
  const auto end = [&](const std::vector<std::string>& pieces) { return End(tokenizer, "", pieces); };
  EXPECT_EQ(end({"<s>", "Hi", "<think>", "\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<s>", "<think>", "hm", "\n", "Hi"}), PromptEnd::kAnswer);
}

TEST(StateAtEnd, IsDecidedByTextForModelsWithoutSuchTokens) {
  const PieceTokenizer tokenizer = WithoutTokens();
  const auto end = [&](const std::vector<std::string>& pieces) { return End(tokenizer, "</think>", pieces); };
  EXPECT_EQ(end({}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">\n", " ", "\n\n"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "x<", "think", ">"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "<think>"}), PromptEnd::kOpenThought);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">", "\n", "</", "think", ">", "\n"}), PromptEnd::kClosedThought);
  EXPECT_EQ(end({"<|assistant|>", "<", "think", ">", "hm"}), PromptEnd::kAnswer);
  EXPECT_EQ(end({"<|user|>", "<", "think", ">", "<|assistant|>", "\n"}), PromptEnd::kAnswer);
}

TEST(StateAtEnd, OfMarksWithSeveralPartsIsThatBehindTheLastWholeOne) {
  const ByteTokenizer tags({"<|open|>", "<|close|>", "<|sep|>", "<|end_of_msg|>"});
  const auto end = [&](const char* prompt) {
    return StateAtEnd(FindReasoningFormat(tags, ""), tags, tags.Tokens(prompt)).end;
  };
  const std::string turn = "<|open|>message role=\"assistant\"<|sep|>";
  EXPECT_EQ(end(("<|end_of_msg|>" + turn + "<|open|>think<|sep|>").c_str()), PromptEnd::kOpenThought);
  EXPECT_EQ(end(("<|end_of_msg|>" + turn + "<|open|>response<|sep|>").c_str()), PromptEnd::kClosedThought);
  EXPECT_EQ(end(("<|end_of_msg|>" + turn).c_str()), PromptEnd::kAnswer);
  EXPECT_EQ(end((turn + "<|open|>think<|sep|><|end_of_msg|>" + turn).c_str()), PromptEnd::kAnswer);
}

TEST(StateAtEnd, OfChannelsIsThatOfTheLastMessage) {
  const ByteTokenizer tokenizer = HarmonyTokenizer();
  const ReasoningFormat format = FindReasoningFormat(tokenizer, "");
  const auto state = [&](const std::string& prompt) { return StateAtEnd(format, tokenizer, tokenizer.Tokens(prompt)); };
  const TokenId start = tokenizer.Id("<|start|>"), channel = tokenizer.Id("<|channel|>");
  const TokenId message = tokenizer.Id("<|message|>");
  const std::string asked = "<|start|>user<|message|>Hi<|end|>";
  EXPECT_EQ(state(asked + "<|start|>assistant").end, PromptEnd::kAnswer);
  EXPECT_EQ(state(asked + "<|start|>assistant").begun, (Mark{start, "assistant"}));
  const PromptState edited = state(asked + "<|start|>assistant<|channel|>analysis<|message|>I begin");
  EXPECT_EQ(edited.end, PromptEnd::kOpenThought);
  EXPECT_EQ(edited.begun, (Mark{start, "assistant", channel, "analysis", message}));
  const PromptState answered = state(asked + "<|start|>assistant<|channel|>final<|message|>I");
  EXPECT_EQ(answered.end, PromptEnd::kClosedThought);
  EXPECT_EQ(answered.begun, (Mark{start, "assistant", channel, "final", message}));
  EXPECT_EQ(state(asked).begun, Mark{});
  EXPECT_EQ(state(asked).end, PromptEnd::kAnswer);
  EXPECT_EQ(state("no message").begun, Mark{});
  EXPECT_EQ(state("<|start|>" + std::string(1000, 'x')).begun, Mark{});
}

TEST(FitHistory, PutsWhatIsSaidBesideACallBehindTheThought) {
  const ReasoningFormat channels = FindReasoningFormat(HarmonyTokenizer(), "");
  const auto message = [](std::optional<std::string> content, std::optional<std::string> thought, bool calls) {
    Message made{.role = "assistant", .content = std::move(content), .reasoning_content = std::move(thought)};
    if (calls) made.tool_calls = {{"", "f", "{}"}};
    return made;
  };
  std::vector<Message> messages = {message("a", "t", true), message(std::nullopt, "t", true), message("a", {}, true),
                                   message(std::nullopt, {}, true), message("a", "t", false)};
  std::vector<Message> marked = messages;
  FitHistory(channels, messages);
  EXPECT_EQ(messages[0].content, "");
  EXPECT_EQ(messages[0].reasoning_content, "t\n\na");
  EXPECT_EQ(messages[1].content, "");
  EXPECT_EQ(messages[1].reasoning_content, "t");
  EXPECT_EQ(messages[2].reasoning_content, "a");
  EXPECT_EQ(messages[3].reasoning_content, std::nullopt);
  EXPECT_EQ(messages[3].content, "");
  EXPECT_EQ(messages[4].content, "a");
  EXPECT_EQ(messages[4].reasoning_content, "t");
  FitHistory(FindReasoningFormat(WithTokens(), ""), marked);
  EXPECT_EQ(marked[0].content, "a");
}

TEST(AskToThink, PutsTheInstructionIntoTheSystemMessage) {
  const ReasoningFormat marks = FindReasoningFormat(WithoutTokens(), "");
  const std::string instruction = ThinkingInstruction(marks);
  EXPECT_NE(instruction.find("<think>"), std::string::npos);
  EXPECT_NE(instruction.find("</think>"), std::string::npos);
  const auto asked = [&](const std::string& messages) {
    const jinja::Value list = TemplateMessages(jinja::ParseJson(messages, "test"), "test");
    return Render("{{ messages | tojson }}",
                  jinja::Value::MakeDict({{jinja::Value::String("messages"), AskToThink(marks, list)}}, nullptr));
  };
  const std::string told = "\"" + instruction + "\"";
  const std::string user = R"({"role": "user", "content": "Hi"})";
  EXPECT_EQ(asked("[" + user + "]"), R"([{"role": "system", "content": )" + told + "}, " + user + "]");
  EXPECT_EQ(asked(R"([{"role": "system", "content": "Be terse."}, )" + user + "]"),
            R"([{"role": "system", "content": "Be terse.\n\n)" + told.substr(1) + "}, " + user + "]");
  EXPECT_EQ(asked(R"([{"role": "system", "name": "x", "content": null}])"),
            R"([{"role": "system", "name": "x", "content": )" + told + "}]");
  EXPECT_EQ(
      asked(R"([{"role": "system", "content": [{"type": "text", "text": "a"}]}])"),
      R"([{"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": )" + told + "}]}]");
}

}  // namespace
}  // namespace candor
