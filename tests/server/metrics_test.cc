#include "server/metrics.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "server/access_log.h"

namespace candor {
namespace {

using testing::HasSubstr;
using testing::Not;

RequestRecord Record(int status) {
  RequestRecord record;
  record.status = status;
  record.duration = std::chrono::milliseconds(200);
  return record;
}

TEST(MetricsTest, CountsRequestsByRouteAndClassOfStatus) {
  Metrics metrics({"/health"}, "1.2");
  metrics.RequestEnded("/health", Record(200));
  metrics.RequestEnded("/health", Record(204));
  metrics.RequestEnded("/health", Record(404));
  RequestRecord left = Record(0);
  left.left = true;
  metrics.RequestEnded("/health", left);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("candor_http_requests_total{route=\"/health\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_requests_total{route=\"/health\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_requests_total{route=\"/health\",status=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_clients_left_total{route=\"/health\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_request_seconds_count{route=\"/health\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_request_seconds_bucket{route=\"/health\",le=\"0.25\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("candor_http_request_seconds_bucket{route=\"/health\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("candor_build_info{version=\"1.2\"} 1\n"));
}

TEST(MetricsTest, NoClientMakesThemGrow) {
  Metrics metrics({"/health"}, "1");
  metrics.ModelOffered("m");
  const auto lines = [&] {
    const std::string text = metrics.Text();
    return std::count(text.begin(), text.end(), '\n');
  };
  const auto before = lines();
  for (int i = 0; i < 1000; ++i) {
    metrics.RequestEnded("/path" + std::to_string(i), Record(i - 10));
    metrics.AnswerEnded("model" + std::to_string(i), FinishReason::kEndToken, {});
    metrics.EngineTold("model" + std::to_string(i), {});
  }
  EXPECT_EQ(lines(), before);
  EXPECT_THAT(metrics.Text(), HasSubstr("candor_http_request_seconds_count{route=\"other\"} 1000\n"));
}

TEST(MetricsTest, AnEnginesCountersGoOnOverLoads) {
  Metrics metrics({}, "1");
  metrics.ModelOffered("m");
  EngineState state;
  state.model = 1;
  state.running = 3;
  state.prefill_tokens = 100;
  metrics.ModelLoaded("m", {});
  metrics.EngineTold("m", state);
  state.prefill_tokens = 150;
  metrics.EngineTold("m", state);
  EXPECT_THAT(metrics.Text(), HasSubstr("candor_answers_running{model=\"m\"} 3\n"));
  metrics.ModelUnloaded("m");
  EXPECT_THAT(metrics.Text(), HasSubstr("candor_answers_running{model=\"m\"} 0\n"));
  state.model = 2;
  state.prefill_tokens = 200;
  metrics.EngineTold("m", state);
  EXPECT_THAT(metrics.Text(), HasSubstr("candor_prefill_tokens_total{model=\"m\"} 350\n"));
}

TEST(MetricsTest, CountsTheTokensOfAnswers) {
  Metrics metrics({}, "1");
  metrics.ModelOffered("m");
  Usage usage;
  usage.prompt_tokens = 10;
  usage.cached_tokens = 4;
  usage.reasoning_tokens = 3;
  usage.answer_tokens = 2;
  usage.generated_tokens = 6;
  usage.forced_tokens = 1;
  usage.first_token_seconds = 0.2;
  usage.decode_seconds = 0.4;
  metrics.AnswerEnded("m", FinishReason::kMaxTokens, usage);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("candor_tokens_total{kind=\"cached\",model=\"m\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("candor_tokens_total{kind=\"reasoning\",model=\"m\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("candor_answers_total{model=\"m\",reason=\"max_tokens\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("candor_first_token_seconds_sum{model=\"m\"} 0.2\n"));
  EXPECT_THAT(text, HasSubstr("candor_token_seconds_sum{model=\"m\"} 0.1\n"));
}

TEST(MetricsTest, CountsAnswersThatNobodyWaitsFor) {
  Metrics metrics({}, "1");
  metrics.ModelOffered("m");
  metrics.AnswersCancelled("m", 3);
  metrics.AnswersCancelled("of another name", 1);
  EXPECT_THAT(metrics.Text(), HasSubstr("candor_answers_total{model=\"m\",reason=\"cancelled\"} 3\n"));
}

TEST(AccessLogTest, DescribesARequestInALine) {
  RequestRecord record;
  record.id = "req_1";
  record.peer = "127.0.0.1";
  record.method = "POST";
  record.path = "/v1/x\n\x1b[31m";
  record.status = 200;
  record.sent_bytes = 1234;
  record.duration = std::chrono::milliseconds(532);
  EXPECT_EQ(DescribeRequest(record), "127.0.0.1 \"POST /v1/x\\x0A\\x1B[31m\" 200 1234 B 0.532 s req_1");
  record.method = "";
  record.left = true;
  EXPECT_EQ(DescribeRequest(record), "127.0.0.1 \"-\" 200 1234 B 0.532 s req_1 left");
}

}  // namespace
}  // namespace candor
