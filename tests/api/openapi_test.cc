#include "api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "api/endpoints.h"
#include "api/errors.h"
#include "api/json_value.h"
#include "engine/sampling_params.h"

namespace candor {
namespace {

TEST(ApiReference, IsThePageThatIsCheckedIn) {
  std::ifstream file(CANDOR_DOCS "/api.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(page == ApiReference())
      << "docs/api.md is not what the tables say: cmake --build --preset release --target api_reference";
}

TEST(ApiReference, NamesEveryFieldWithItsTreatment) {
  const std::string page = ApiReference();
  for (const Field& field : kChatRequest.fields) {
    EXPECT_THAT(page, testing::HasSubstr(std::string("| `") + field.name + "` | ")) << field.name;
  }
}

class OpenApi : public testing::Test {
 protected:
  const JsonValue document_ = ParseJson(OpenApiJson("1.2.3"), "openapi");

  const JsonValue& At(std::initializer_list<const char*> path) const {
    const JsonValue* at = &document_;
    for (const char* name : path) {
      at = at->Find(name);
      if (at == nullptr) throw std::runtime_error(name);
    }
    return *at;
  }
  void Walk(const JsonValue& value, const std::function<void(const JsonValue&)>& visit) const {
    visit(value);
    if (const JsonObject* members = value.object()) {
      for (const auto& member : *members) Walk(member.second, visit);
    }
    if (const JsonArray* items = value.array()) {
      for (const JsonValue& item : *items) Walk(item, visit);
    }
  }
};

TEST_F(OpenApi, EveryReferenceHasASchemaAndEverySchemaIsReferredTo) {
  std::set<std::string> defined, used;
  for (const auto& member : *At({"components", "schemas"}).object()) {
    EXPECT_TRUE(defined.insert(member.first).second) << member.first;
  }
  Walk(document_, [&](const JsonValue& value) {
    const JsonValue* reference = value.Find("$ref");
    if (reference == nullptr) return;
    const std::string& target = *reference->string();
    ASSERT_TRUE(target.starts_with("#/components/schemas/")) << target;
    used.insert(target.substr(21));
  });
  // A stream's payloads stand in a text, where no reference can.
  used.insert("ChatCompletionChunk");
  EXPECT_EQ(defined, used);
}

TEST_F(OpenApi, HasAllThatIsServedWithErrorsOfOneShape) {
  EXPECT_EQ(*At({"info", "version"}).string(), "1.2.3");
  for (const Endpoint& endpoint : Endpoints()) {
    std::string method = endpoint.method;
    std::transform(method.begin(), method.end(), method.begin(), ::tolower);
    const JsonValue& responses = At({"paths", endpoint.path, method.c_str(), "responses"});
    ASSERT_NE(responses.Find("200"), nullptr) << endpoint.path;
    EXPECT_THAT(JsonText(*responses.Find("4XX")), testing::HasSubstr("#/components/schemas/Error\""));
  }
}

TEST_F(OpenApi, ARequestHasNoMembersThatNobodyKnows) {
  for (const char* name : {"ChatCompletionRequest", "CompletionRequest", "EmbeddingRequest", "TokenizeRequest"}) {
    EXPECT_EQ(JsonText(*At({"components", "schemas", name}).Find("additionalProperties")), "false");
  }
}

TEST(Fields, AreNamedOnceInEachTable) {
  for (const Endpoint& endpoint : Endpoints()) {
    for (const Shape* outermost : {endpoint.request, endpoint.response, endpoint.event}) {
      if (outermost == nullptr) continue;
      std::vector<const Shape*> named;
      CollectNamed(*outermost, named);
      for (const Shape* shape : named) {
        std::set<std::string> names;
        for (const Field& field : shape->fields) {
          EXPECT_TRUE(names.insert(field.name).second) << shape->name << " " << field.name;
        }
      }
    }
  }
}

TEST(Fields, SamplingHasTheRangesOfTheSampler) {
  for (const Shape* request : {&kChatRequest, &kCompletionRequest}) {
    for (const SamplingField& sampling : SamplingFields()) {
      const Field* field = FindField(request->fields, sampling.name);
      ASSERT_NE(field, nullptr) << sampling.name;
      // -1 is another way to say 0 in these two.
      const bool count =
          std::string_view(sampling.name) == "top_k" || std::string_view(sampling.name) == "repetition_window";
      EXPECT_EQ(field->shape->min, count ? -1 : sampling.min) << sampling.name;
      EXPECT_EQ(field->shape->max, sampling.max) << sampling.name;
    }
  }
}

TEST(ErrorCodes, AreAllThatErrorsHave) {
  const auto status = [](const std::string& code) {
    for (const ErrorCode& error : ErrorCodes()) {
      if (error.code == code) return error.status;
    }
    return 0;
  };
  for (const ApiError& error : {ErrorOf(Refusal::kInvalid, ""),
                                ErrorOf(Refusal::kTooLong, ""),
                                ErrorOf(Refusal::kTemplate, ""),
                                ErrorOf(Refusal::kUnsupported, ""),
                                ErrorOf(Refusal::kFile, ""),
                                ErrorOf(Refusal::kMemory, ""),
                                ErrorOf(Refusal::kInternal, ""),
                                ModelNotFound(""),
                                ModelNotAllowed(""),
                                CannotChat(""),
                                MissingKey(),
                                WrongKey(),
                                RouteNotFound("", ""),
                                MethodNotAllowed("", ""),
                                CompletionNotFound(""),
                                TooManyRequests(1, 1, 1),
                                NotEnoughMemory("", 1),
                                WorkerDied(),
                                ShuttingDown(),
                                Contradiction("", "", "")}) {
    EXPECT_EQ(status(error.code), error.status) << error.code;
  }
}

}  // namespace
}  // namespace candor
