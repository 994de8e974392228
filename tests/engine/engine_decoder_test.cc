// The engine over the real decoder, on small random models: one with every position visible, one with windows of 16
// positions in most layers. Equality is equality of bits.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <map>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "engine/engine.h"
#include "engine/evaluate.h"
#include "engine/fakes.h"
#include "engine/kv_cache.h"
#include "model/decoder.h"
#include "support/decoder_harness.h"

namespace candor {
namespace {

std::vector<TokenId> RandomTokens(size_t count, uint32_t seed, size_t vocabulary) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % vocabulary);
  return tokens;
}

struct Answer {
  std::vector<TokenId> tokens;
  std::vector<double> logprobs;  // of every token: a fingerprint of all its logits
  bool operator==(const Answer&) const = default;
};

struct Machine {
  const KernelTable* kernels = AvailableKernels()[0];
  int threads = 2;
  EngineOptions options = {};
};

class EngineDecoderTest : public ::testing::TestWithParam<const char*> {
 protected:
  EngineDecoderTest()
      : model_(LoadTestModel(std::string(CANDOR_TEST_DATA) + "/gguf/" + GetParam() + ".gguf")),
        tokenizer_(std::vector<std::string>(model_.config.vocabulary, "x")) {}

  std::vector<Request> Requests() const {
    std::vector<Request> requests;
    for (const size_t length : {100, 1, 63, 64, 65, 20, 130}) {
      Request request;
      request.prompt = RandomTokens(length, static_cast<uint32_t>(length), model_.config.vocabulary);
      request.sampling.temperature = 1.0;
      request.sampling.top_p = 0.95;
      request.seed = length;
      request.max_tokens = 40;
      request.logprobs = 0;
      requests.push_back(std::move(request));
    }
    return requests;
  }

  // The answers to the first `count` requests, submitted together.
  std::vector<Answer> Ask(const Machine& machine, size_t count) {
    ThreadPool pool(machine.threads);
    Engine engine(model_, tokenizer_, *machine.kernels, pool, machine.options);
    std::vector<Request> requests = Requests();
    requests.resize(count);
    std::map<RequestId, size_t> index;
    for (Request& request : requests) index.emplace(engine.Submit(std::move(request)), index.size());
    std::vector<Answer> answers(count);
    while (!engine.idle()) {
      for (const Event& event : engine.Step()) {
        EXPECT_FALSE(std::holds_alternative<Failed>(event.what));
        if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
          answers[index.at(event.request)].tokens.push_back(token->token);
          answers[index.at(event.request)].logprobs.push_back(*token->logprob);
        }
      }
    }
    EXPECT_EQ(engine.kv_bytes_used(), 0u);
    return answers;
  }

  std::vector<float> Evaluate(Evaluator& evaluator, std::span<const TokenId> tokens) {
    std::vector<float> logits;
    while (!tokens.empty()) {
      const size_t count = std::min<size_t>(tokens.size(), evaluator.options().chunk);
      const auto rows = evaluator.Append(tokens.first(count));
      logits.insert(logits.end(), rows.begin(), rows.end());
      tokens = tokens.subspan(count);
    }
    return logits;
  }

  Model model_;
  FakeTokenizer tokenizer_;
};

TEST_P(EngineDecoderTest, AnswersAreTheSameAloneAndTogether) {
  const std::vector<Answer> together = Ask({}, 7);
  for (const Answer& answer : together) EXPECT_EQ(answer.tokens.size(), 40u);
  const std::vector<Answer> one_by_one = Ask({.options = {.max_sequences = 1}}, 7);
  EXPECT_EQ(together, one_by_one);
  EXPECT_EQ(Ask({}, 1)[0], together[0]);
}

TEST_P(EngineDecoderTest, AnswersDoNotDependOnChunksThreadsOrInstructionSets) {
  const std::vector<Answer> expected = Ask({}, 3);
  for (const uint32_t chunk : {1u, 7u, 64u}) EXPECT_EQ(Ask({.options = {.chunk = chunk}}, 3), expected) << chunk;
  for (const int threads : {1, 3}) EXPECT_EQ(Ask({.threads = threads}, 3), expected) << threads;
  for (const KernelTable* kernels : AllKernels()) {
    EXPECT_EQ(Ask({.kernels = kernels}, 3), expected) << kernels->name;
  }
}

TEST_P(EngineDecoderTest, AnswersDoNotDependOnMemory) {
  const std::vector<Answer> expected = Ask({}, 7);
  // The least there can be: one context of 256. Seven requests of up to 170 tokens put each other off.
  EngineOptions tight{.context = 256, .chunk = 64};
  tight = ResolveOptions(tight, 256, KvLayout(model_.config, tight.kv).groups());
  EXPECT_EQ(Ask({.options = tight}, 7), expected);
}

TEST_P(EngineDecoderTest, AnswersDoNotDependOnWhatIsKeptOfTheConversation) {
  const auto converse = [&](bool keep) {
    ThreadPool pool(2);
    Engine engine(model_, tokenizer_, *AvailableKernels()[0], pool, {.chunk = 50, .remember_prefixes = keep});
    std::vector<Answer> answers;
    Request request = Requests()[0];
    uint32_t cached = 0;
    for (uint32_t turn = 0; turn < 3; ++turn) {
      engine.Submit(request);
      answers.emplace_back();
      while (!engine.idle()) {
        for (const Event& event : engine.Step()) {
          if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
            answers.back().tokens.push_back(token->token);
            answers.back().logprobs.push_back(*token->logprob);
          } else if (const auto* finished = std::get_if<Finished>(&event.what)) {
            cached += finished->usage.cached_tokens;
          }
        }
      }
      // The next turn forgets the end of the answer, and goes on in other words.
      const std::vector<TokenId>& said = answers.back().tokens;
      request.prompt.insert(request.prompt.end(), said.begin(), said.end() - 3);
      for (const TokenId token : RandomTokens(15, turn, model_.config.vocabulary)) request.prompt.push_back(token);
    }
    EXPECT_EQ(cached > 200, keep);
    return answers;
  };
  EXPECT_EQ(converse(true), converse(false));
}

// What an engine says to `request` alone; what it begins with is not counted.
Answer AskAlone(Engine& engine, const Request& request) {
  Answer answer;
  engine.Submit(request);
  while (!engine.idle()) {
    for (const Event& event : engine.Step()) {
      const auto* token = std::get_if<TokenOutput>(&event.what);
      if (token == nullptr || token->forced) continue;
      answer.tokens.push_back(token->token);
      answer.logprobs.push_back(*token->logprob);
    }
  }
  return answer;
}

TEST_P(EngineDecoderTest, AnAnswerThatIsResumedGoesOnAsIfItHadNotStopped) {
  ThreadPool pool(2);
  Engine engine(model_, tokenizer_, *AvailableKernels()[0], pool, {.remember_prefixes = true});
  Request request = Requests()[0];
  request.sampling.repetition_penalty = 1.3;
  request.sampling.presence_penalty = 0.5;
  const Answer whole = AskAlone(engine, request);
  ASSERT_EQ(whole.tokens.size(), 40u);
  for (const size_t said : {size_t{1}, size_t{7}, size_t{28}, size_t{39}}) {
    Request rest = request;
    rest.resumed.assign(whole.tokens.begin(), whole.tokens.begin() + static_cast<ptrdiff_t>(said));
    Answer expected{{whole.tokens.begin() + static_cast<ptrdiff_t>(said), whole.tokens.end()},
                    {whole.logprobs.begin() + static_cast<ptrdiff_t>(said), whole.logprobs.end()}};
    EXPECT_EQ(AskAlone(engine, rest), expected) << said;
  }
}

TEST_P(EngineDecoderTest, AnEmbeddingIsTheMeanOfTheHiddenStatesWhateverElseRuns) {
  const std::vector<TokenId> prompt = RandomTokens(150, 3, model_.config.vocabulary);
  ThreadPool pool(2);
  // The hidden states of all positions in one batch, straight from the decoder.
  const KvLayout layout(model_.config, KvType::kF16);
  KvCache cache(layout.groups(), uint64_t{1} << 30);
  KvSequence sequence(cache);
  ASSERT_TRUE(cache.Prepare(sequence, 0, 150));
  Decoder decoder(model_, layout, *AvailableKernels()[0], pool, {.max_rows = 150});
  BatchResult result;
  decoder.Run({.tokens = prompt,
               .embeddings = {},
               .sequences = {{&sequence.pages(), 0, 150}},
               .wanted = std::vector(150, WantedOutput::kHidden)},
              result);
  const size_t width = model_.config.hidden;
  std::vector<float> expected;
  for (size_t i = 0; i < width; ++i) {
    double sum = 0;
    for (size_t row = 0; row < 150; ++row) sum += static_cast<double>(result.hidden[row * width + i]);
    expected.push_back(static_cast<float>(sum / 150));
  }

  for (const uint32_t chunk : {7u, 64u, 512u}) {
    Engine engine(model_, tokenizer_, *AvailableKernels()[0], pool, {.chunk = chunk, .remember_prefixes = true});
    Request request;
    request.prompt = prompt;
    for (const bool embed : {false, true}) {  // what the first leaves behind cannot be used
      request.embed = embed;
      request.max_tokens = 3;
      const RequestId id = engine.Submit(request);
      engine.Submit(Requests()[2]);
      while (!engine.idle()) {
        for (const Event& event : engine.Step()) {
          if (const auto* embedded = std::get_if<Embedded>(&event.what)) {
            EXPECT_EQ(event.request, id);
            EXPECT_EQ(embedded->values, expected) << chunk;
            EXPECT_EQ(embedded->usage.prompt_tokens, 150u);
          }
          EXPECT_FALSE(std::holds_alternative<Failed>(event.what));
        }
      }
    }
  }

  // With little room the answer drives the embedding out in the middle, but where windows give room back.
  uint64_t preemptions = 0;
  for (uint32_t context = 151; context <= 300; context += 16) {
    const uint32_t chunk = 7;
    Engine engine(model_, tokenizer_, *AvailableKernels()[0], pool,
                  {.context = context, .chunk = chunk, .kv_bytes = cache.BytesFor(context, chunk)});
    Request answer;
    answer.prompt = RandomTokens(62, 4, model_.config.vocabulary);
    answer.max_tokens = 80;
    engine.Submit(answer);
    Request request;
    request.prompt = prompt;
    request.embed = true;
    engine.Submit(request);
    bool embedded = false;
    while (!engine.idle()) {
      for (const Event& event : engine.Step()) {
        const auto* done = std::get_if<Embedded>(&event.what);
        if (done == nullptr) continue;
        embedded = true;
        EXPECT_EQ(done->values, expected) << context;
      }
    }
    EXPECT_TRUE(embedded);
    preemptions += engine.counters().preemptions;
  }
  if (std::string(GetParam()) == "llama") {
    EXPECT_GT(preemptions, 0u);
  }
}

TEST_P(EngineDecoderTest, AnswersDoNotDependOnTheHostsFloatingPointMode) {
  const std::vector<Answer> expected = Ask({}, 2);
  const unsigned saved = _mm_getcsr();
  for (const unsigned mode : {0x8040u, 0x6000u}) {  // flush to zero, denormals are zero; round towards zero
    _mm_setcsr(0x1F80 | mode);
    const std::vector<Answer> answers = Ask({}, 2);
    EXPECT_EQ(_mm_getcsr() & 0xFFC0, 0x1F80 | mode);  // and it is left as it was
    _mm_setcsr(saved);
    EXPECT_EQ(answers, expected);
  }
}

TEST_P(EngineDecoderTest, PrefillGivesTheBitsOfDecodingAcrossPages) {
  const auto tokens = RandomTokens(200, 1, model_.config.vocabulary);
  ThreadPool pool(2);
  Evaluator whole(model_, *AvailableKernels()[0], pool, {});
  const std::vector<float> expected = Evaluate(whole, tokens);
  for (const uint32_t chunk : {1u, 7u, 63u, 64u, 65u}) {
    Evaluator pieces(model_, *AvailableKernels()[0], pool, {.chunk = chunk});
    EXPECT_EQ(Evaluate(pieces, tokens), expected) << chunk;
  }
}

TEST_P(EngineDecoderTest, RewoundSequenceGoesOnAsIfNothingHadBeen) {
  const size_t vocabulary = model_.config.vocabulary;
  const auto tokens = RandomTokens(150, 1, vocabulary);
  const auto others = RandomTokens(90, 2, vocabulary);
  ThreadPool pool(2);
  for (const uint32_t position : {149u, 128u, 127u, 65u, 64u, 63u, 1u, 0u}) {
    std::vector<TokenId> joined(tokens.begin(), tokens.begin() + position);
    joined.insert(joined.end(), others.begin(), others.end());
    Evaluator fresh(model_, *AvailableKernels()[0], pool, {.chunk = 50});
    const std::vector<float> expected = Evaluate(fresh, joined);

    Evaluator rewound(model_, *AvailableKernels()[0], pool, {.chunk = 50});
    Evaluate(rewound, tokens);
    const uint32_t left = rewound.Rewind(position);
    EXPECT_TRUE(left == position || left == 0);
    if (model_.config.layers[0].window == 0) {
      EXPECT_EQ(left, position);
    }
    EXPECT_EQ(rewound.position(), left);
    const std::vector<float> logits = Evaluate(rewound, std::span(joined).subspan(left));
    ASSERT_EQ(logits.size(), (joined.size() - left) * vocabulary);
    EXPECT_EQ(0, std::memcmp(logits.data(), expected.data() + left * vocabulary, logits.size() * sizeof(float)))
        << "rewound to " << position;
  }
}

TEST_P(EngineDecoderTest, ContextCanBeFilledToItsEnd) {
  ThreadPool pool(1);
  Evaluator evaluator(model_, *AvailableKernels()[0], pool, {.context = 130, .chunk = 64});
  const auto tokens = RandomTokens(130, 1, model_.config.vocabulary);
  Evaluate(evaluator, tokens);
  EXPECT_EQ(evaluator.position(), 130u);
  EXPECT_THROW(evaluator.Append(std::span(tokens).first(1)), LimitError);
  EXPECT_EQ(evaluator.Rewind(129), 129u);
  EXPECT_NO_THROW(evaluator.Append(std::span(tokens).first(1)));
  EXPECT_THROW(evaluator.Append(std::vector<TokenId>{-1}), UsageError);
}

// The reference's greedy tokens, where its lead is larger than what another order of sums can turn; these two models'
// leads are (decoder_golden_test.cc looks at each).
TEST_P(EngineDecoderTest, GreedyAnswerIsTheReferences) {
  const std::string path = std::string(CANDOR_TEST_DATA) + "/checkpoints/" + GetParam() + "/expected.json";
  const boost::json::value expected = boost::json::parse(ReadWholeFile(path, 1 << 20));
  ThreadPool pool(2);
  Engine engine(model_, tokenizer_, *AvailableKernels()[0], pool, {.kv = KvType::kF32, .exact = true});
  Request request;
  request.prompt = boost::json::value_to<std::vector<TokenId>>(expected.at("prompt"));
  request.sampling.temperature = 0;
  request.max_tokens = 12;
  engine.Submit(std::move(request));
  std::vector<TokenId> tokens;
  while (!engine.idle()) {
    for (const Event& event : engine.Step()) {
      if (const auto* token = std::get_if<TokenOutput>(&event.what)) tokens.push_back(token->token);
    }
  }
  EXPECT_EQ(tokens, boost::json::value_to<std::vector<TokenId>>(expected.at("greedy")));
}

INSTANTIATE_TEST_SUITE_P(Models, EngineDecoderTest, ::testing::Values("llama", "gemma3"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace candor
