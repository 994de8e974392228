// A small model that really thinks (tests/data/reasoning): what it says, how its thoughts are bounded and told apart.
// Expected outputs are those of Hugging Face transformers; the questions are those of its published figures.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/generation.h"
#include "engine/language_model.h"

namespace candor {
namespace {

constexpr char kFolder[] = CANDOR_TEST_DATA "/reasoning/";

struct Answer {
  std::vector<TokenId> tokens;
  std::vector<TokenId> sampled_reasoning;
  std::string reasoning, answer;
  Usage usage;
  FinishReason reason = FinishReason::kCancelled;
};

class ReasoningTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = new LanguageModel(LanguageModel::Open(std::string(kFolder) + "tiny-thinker.gguf", {.threads = 2}));
  }
  static void TearDownTestSuite() {
    delete model_;
    model_ = nullptr;
  }
  static TokenId Id(const char* piece) { return *model_->tokenizer().Find(piece); }
  static std::vector<TokenId> Tokens(const std::string& text) { return model_->tokenizer().Encode(text, true); }

  static Request Greedy(std::vector<TokenId> prompt) {
    Request request;
    request.prompt = std::move(prompt);
    request.sampling.temperature = 0;
    request.max_tokens = 130;
    request.end_tokens = {Id("<|im_end|>")};
    request.thinking.format = MarkFormat{{Id("<think>")}, {Id("</think>")}};
    request.thinking.forced_close = Tokens("</think>\n\n");
    return request;
  }
  static std::string Question(const std::string& text) {
    return "<|im_start|>user\n" + text + "<|im_end|>\n<|im_start|>assistant\n";
  }

  // Answers all requests together.
  static std::vector<Answer> Ask(const std::vector<Request>& requests) {
    Engine engine(model_->model(), model_->tokenizer(), model_->kernels(), model_->pool(), {});
    std::vector<Answer> answers(requests.size());
    std::map<RequestId, size_t> index;
    std::vector<std::unique_ptr<Generation>> texts;
    for (const Request& request : requests) {
      index.emplace(engine.Submit(request), index.size());
      texts.push_back(std::make_unique<Generation>(model_->tokenizer(), request, GenerationOptions{}));
    }
    while (!engine.idle()) {
      for (const Event& event : engine.Step()) {
        const size_t i = index.at(event.request);
        Answer& answer = answers[i];
        if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
          answer.tokens.push_back(token->token);
          if (token->role == TokenRole::kReasoning && !token->forced) answer.sampled_reasoning.push_back(token->token);
        }
        for (const TextEvent& text : texts[i]->Add(event)) {
          if (const auto* piece = std::get_if<ReasoningText>(&text)) answer.reasoning += piece->text;
          if (const auto* piece = std::get_if<AnswerText>(&text)) answer.answer += piece->text;
          if (const auto* end = std::get_if<TextFinished>(&text)) {
            answer.usage = end->usage;
            answer.reason = end->reason;
          }
        }
      }
    }
    return answers;
  }
  static Answer Ask(const Request& request) { return Ask(std::vector<Request>{request})[0]; }

  static boost::json::array Expected() {
    return boost::json::parse(ReadWholeFile(std::string(kFolder) + "expected.json", 1 << 20)).as_array();
  }
  static std::vector<TokenId> Ids(const boost::json::value& entry, const char* key) {
    return boost::json::value_to<std::vector<TokenId>>(entry.at(key));
  }
  static std::string Trimmed(const std::string& text) {
    const size_t begin = text.find_first_not_of(" \n"), end = text.find_last_not_of(" \n");
    return begin == std::string::npos ? "" : text.substr(begin, end + 1 - begin);
  }

  static LanguageModel* model_;
};
LanguageModel* ReasoningTest::model_ = nullptr;

TEST_F(ReasoningTest, SaysWhatTheReferenceSays) {
  std::vector<Request> requests;
  const boost::json::array expected = Expected();
  for (const auto& entry : expected) requests.push_back(Greedy(Ids(entry, "prompt_ids")));
  const std::vector<Answer> answers = Ask(requests);
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].tokens, Ids(expected[i], "output_ids")) << expected[i].at("case");
    EXPECT_EQ(answers[i].reason, FinishReason::kEndToken);
  }
}

TEST_F(ReasoningTest, ThoughtAndAnswerAreToldApart) {
  int thoughts = 0;
  const boost::json::array expected = Expected();
  std::vector<Request> requests;
  for (const auto& entry : expected) requests.push_back(Greedy(Ids(entry, "prompt_ids")));
  const std::vector<Answer> answers = Ask(requests);
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    const auto& entry = expected[i];
    std::string output = boost::json::value_to<std::string>(entry.at("output"));
    output.resize(output.find("<|im_end|>"));
    if (output.starts_with("<think>")) {
      ++thoughts;
      const size_t close = output.find("</think>");
      EXPECT_EQ(answer.reasoning, Trimmed(output.substr(7, close - 7)));
      EXPECT_EQ(answer.answer, Trimmed(output.substr(close + 8)));
      EXPECT_EQ(answer.usage.generated_tokens, answer.usage.reasoning_tokens + answer.usage.answer_tokens + 3);
    } else if (output.find("</think>") == std::string::npos) {
      EXPECT_EQ(answer.reasoning, "");
      EXPECT_EQ(answer.answer, output);
    }
  }
  EXPECT_GT(thoughts, 5);
}

TEST_F(ReasoningTest, AccuracyIsThePublishedOne) {
  std::vector<Request> thinking, not_thinking;
  std::vector<std::string> sums;
  std::ifstream file(std::string(kFolder) + "questions.txt");
  for (int a = 0, b = 0; file >> a >> b;) {
    const std::string question = Question("What is " + std::to_string(a) + "+" + std::to_string(b) + "?");
    thinking.push_back(Greedy(Tokens(question)));
    not_thinking.push_back(Greedy(Tokens(question + "<think>\n\n</think>\n\n")));
    sums.push_back(std::to_string(a + b));
  }
  ASSERT_EQ(sums.size(), 200u);
  const auto accuracy = [&](const std::vector<Request>& requests) {
    const std::vector<Answer> answers = Ask(requests);
    int good = 0;
    for (size_t i = 0; i < answers.size(); ++i) good += Trimmed(answers[i].answer) == sums[i];
    return good / 200.0;
  };
  const auto figures = boost::json::parse(ReadWholeFile(std::string(kFolder) + "figures.json", 1 << 20));
  EXPECT_EQ(accuracy(thinking), figures.at("accuracy_with_thought").to_number<double>());
  EXPECT_EQ(accuracy(not_thinking), figures.at("accuracy_without_thought").to_number<double>());
}

// After a budget is spent the model goes on exactly as if the closed thought had been in its prompt.
TEST_F(ReasoningTest, BudgetIsExactAndTheAnswerFollowsTheClosedThought) {
  const std::vector<TokenId> prompt = Tokens(Question("What is 737+361?"));
  const Answer free = Ask(Greedy(prompt));
  ASSERT_GT(free.usage.reasoning_tokens, 50u);
  for (const uint32_t budget : {0u, 1u, 10u, free.usage.reasoning_tokens, 1000u}) {
    Request request = Greedy(prompt);
    request.thinking.budget = budget;
    const Answer bounded = Ask(request);
    const size_t length = std::min<size_t>(budget, free.sampled_reasoning.size());
    const std::vector<TokenId> thought(free.sampled_reasoning.begin(),
                                       free.sampled_reasoning.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_EQ(bounded.sampled_reasoning, thought) << budget;
    EXPECT_EQ(bounded.usage.reasoning_tokens, thought.size());
    if (budget > free.usage.reasoning_tokens) {
      EXPECT_EQ(bounded.tokens, free.tokens);
      EXPECT_EQ(bounded.usage.forced_tokens, 0u);
      continue;
    }
    EXPECT_EQ(bounded.usage.forced_tokens, 3u);
    std::vector<TokenId> closed = prompt;
    closed.push_back(Id("<think>"));
    closed.insert(closed.end(), thought.begin(), thought.end());
    const std::vector<TokenId> close = Tokens("</think>\n\n");
    closed.insert(closed.end(), close.begin(), close.end());
    const std::vector<TokenId> rest = Ask(Greedy(closed)).tokens;
    ASSERT_GE(bounded.tokens.size(), rest.size());
    EXPECT_EQ(std::vector<TokenId>(bounded.tokens.end() - static_cast<ptrdiff_t>(rest.size()), bounded.tokens.end()),
              rest);
  }
}

// The reference's case "budget spent": the thought closed after its first line.
TEST_F(ReasoningTest, BudgetOfOneLineGivesTheReferencesAnswer) {
  int cases = 0;
  for (const auto& entry : Expected()) {
    if (!entry.at("case").as_string().starts_with("budget spent")) continue;
    ++cases;
    const std::string prompt = boost::json::value_to<std::string>(entry.at("prompt"));
    const size_t open = prompt.find("<think>"), close = prompt.find("</think>");
    Request request = Greedy(Tokens(prompt.substr(0, open)));
    request.thinking.budget = static_cast<uint32_t>(Tokens(prompt.substr(open + 7, close - open - 7)).size());
    const std::vector<TokenId> tokens = Ask(request).tokens;
    const std::vector<TokenId> output = Ids(entry, "output_ids");
    ASSERT_GE(tokens.size(), output.size());
    EXPECT_EQ(std::vector<TokenId>(tokens.end() - static_cast<ptrdiff_t>(output.size()), tokens.end()), output);
  }
  EXPECT_GT(cases, 2);
}

// The reference's case "edited thought": the answer follows the edit, here forced instead of put in the prompt.
TEST_F(ReasoningTest, AnswerFollowsAnEditedThought) {
  int cases = 0;
  for (const auto& entry : Expected()) {
    if (!entry.at("case").as_string().starts_with("edited thought")) continue;
    ++cases;
    const std::string prompt = boost::json::value_to<std::string>(entry.at("prompt"));
    const size_t open = prompt.find("<think>");
    Request request = Greedy(Tokens(prompt.substr(0, open)));
    request.forced_prefix = Tokens(prompt.substr(open));
    const Answer answer = Ask(request);
    const std::string output = boost::json::value_to<std::string>(entry.at("output"));
    EXPECT_EQ(answer.answer, output.substr(0, output.find("<|im_end|>")));
    EXPECT_EQ(answer.reasoning, Trimmed(prompt.substr(open + 7, prompt.find("</think>") - open - 7)));
  }
  EXPECT_GT(cases, 2);
}

}  // namespace
}  // namespace candor
