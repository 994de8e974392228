// docs/api.md, as Markdown.
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoints.h"
#include "api/json_value.h"
#include "api/openapi.h"
#include "api/think_fields.h"

namespace candor {
namespace {

constexpr const char* kIntroduction = R"(# The API

`candor serve` speaks OpenAI's API: a client of that works when its base URL is `http://127.0.0.1:8080/v1`. This page
is written by the program from the tables by which it checks requests, like `/openapi.json`: see
`src/api/fields.h`.

## Rules

- **A field is honoured or refused.** What changes the meaning of a request and cannot be honoured is status 400 with the
  field in `param`, never left out in silence. Hints that change no answer are accepted and named in the response field
  `x-candor-ignored`. A field that is not in the tables below is refused: it may be a misspelt one. Members of messages
  that are not in the tables pass, because clients send back what they stored with an answer.
- **Null is the same as nothing**, wherever a field is not required.
- **A whole number** may be written 1, 1.0 or 1e0; 1.5 is none. Numbers count as the double nearest to them, whole ones
  of 64 bits as they are. An exponent has at most 31 bits.
- **A body** is JSON in UTF-8 of at most %BYTES% bytes, %DEPTH% levels and %VALUES% values, and no object names a member twice.
- **Answers do not depend on anything else**: the same model, prompt, parameters and seed give the same tokens and the
  same log-probabilities on bits, whatever else the server does and whatever it has cached. `system_fingerprint` is the
  version of the numerics and a digest of the weights.
- **Streams** are server-sent events: `data: JSON` with one chunk each, then `data: [DONE]`. The chunks of one response
  have one `id`, `created` and `model`. An answer that breaks off ends with `data: {"error": ...}` and without
  `[DONE]`. Lines that begin with a colon are comments: they keep the connection open, and tell the place in the queue
  and how much of the prompt is computed.
- **Reasoning** comes as `reasoning_content` and, the same, as `reasoning`, apart from the content, streamed or whole.
  Some clients keep only the last piece of a field that they do not know when they join a stream (openai-node does,
  openai-python joins them all): read the pieces there.
- **Calls of tools** that a model makes by itself come as `tool_calls`, although no tools can be offered to it yet.
)";

constexpr const char* kEfforts = R"(
## Efforts of reasoning

| effort | what it means |
|---|---|
| `none` | no reasoning; a thought that the model begins all the same is closed at once |
| `minimal` | at most %MINIMAL% tokens of reasoning |
| `low` | told to a template that knows the word; for any other at most %LOW% tokens |
| `medium` | likewise, %MEDIUM% |
| `high` | likewise, %HIGH% |
| `xhigh`, `max` | reasoning without a limit |

A budget given beside an effort takes the place of the number in the table. A budget is exact: that many tokens are
sampled inside thoughts, then the thought is closed and the answer follows. A budget of 0 closes it at once. Fields that
say different things about reasoning are status 400, and the message names both. A model that does not reason by itself
is asked to by its prompt (docs/reasoning.md).
)";

// In a cell of a table a bar would end it.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

void AppendFields(std::span<const Field> fields, Treatment treatment, std::string& page) {
  for (const Field& field : fields) {
    if (field.treatment != treatment) continue;
    page += std::string("| `") + field.name + "` | ";
    if (treatment != Treatment::kHint) page += Cell(ShapeInWords(*field.shape)) + " | ";
    if (treatment == Treatment::kHonoured) {
      page += field.required ? "required" : Cell(field.when_absent);
      page += " | ";
    }
    page += Cell(field.sentence) + " |\n";
  }
}

bool Has(std::span<const Field> fields, Treatment treatment) {
  for (const Field& field : fields) {
    if (field.treatment == treatment) return true;
  }
  return false;
}

void AppendTables(const Shape& shape, std::string& page) {
  if (Has(shape.fields, Treatment::kHonoured)) {
    page += "\n| field | value | default | |\n|---|---|---|---|\n";
    AppendFields(shape.fields, Treatment::kHonoured, page);
  }
  if (Has(shape.fields, Treatment::kHint)) {
    page += "\nWithout effect:\n\n| field | because |\n|---|---|\n";
    AppendFields(shape.fields, Treatment::kHint, page);
  }
  if (Has(shape.fields, Treatment::kRefused)) {
    page +=
        "\nRefused, but for null and these values, which ask for nothing:\n\n| field | value | because "
        "|\n|---|---|---|\n";
    AppendFields(shape.fields, Treatment::kRefused, page);
  }
}

void AppendSent(const Shape& shape, std::string& page) {
  page += std::string("\n### `") + shape.name + "`\n\n| field | value | |\n|---|---|---|\n";
  for (const Field& field : shape.fields) {
    page += std::string("| `") + field.name + "`" + (field.required ? "" : " (may be absent)") + " | " +
            Cell(ShapeInWords(*field.shape)) + " | " + Cell(field.sentence) + " |\n";
  }
}

// What one endpoint's section has already shown, or another's.
class Shown {
 public:
  bool Add(const Shape& shape) {
    for (const Shape* one : shown_) {
      if (one->fields.data() == shape.fields.data()) return false;
    }
    shown_.push_back(&shape);
    return true;
  }

 private:
  std::vector<const Shape*> shown_;
};

void AppendRequests(std::string& page) {
  Shown shown;
  for (const Endpoint& endpoint : Endpoints()) {
    if (endpoint.request == nullptr) continue;
    page += std::string("\n## ") + endpoint.method + " " + endpoint.path + "\n\n" + endpoint.summary + "\n";
    if (endpoint.request == &kRenderRequest) {
      page +=
          "\nTakes the body of `POST /v1/chat/completions` as it is; what does not concern the prompt has no effect.\n";
      continue;
    }
    if (endpoint.request->fields.empty()) page += "\nThe body is empty, or an empty object.\n";
    std::vector<const Shape*> named;
    CollectNamed(*endpoint.request, named);
    for (const Shape* shape : named) {
      if (shape->fields.empty() || !shown.Add(*shape)) continue;
      if (shape != endpoint.request) page += std::string("\n### `") + shape->name + "`\n";
      AppendTables(*shape, page);
    }
  }
}

void AppendResponses(std::string& page) {
  page += "\n## Responses\n";
  Shown shown;
  for (const Endpoint& endpoint : Endpoints()) {
    std::vector<const Shape*> named;
    for (const Shape* shape : {endpoint.response, endpoint.event}) {
      if (shape != nullptr) CollectNamed(*shape, named);
    }
    for (const Shape* shape : named) {
      if (shown.Add(*shape)) AppendSent(*shape, page);
    }
  }
  AppendSent(kErrorBody, page);
  page +=
      "\nMembers of `error`: `message` for a person, `type`, `code` for a program, and `param`, the field whose fault "
      "it is, or null. `x-should-retry: false` goes with errors that the same request gives again.\n";
  page += "\n| code | status | |\n|---|---|---|\n";
  for (const ErrorCode& error : ErrorCodes()) {
    page += std::string("| `") + error.code + "` | " + std::to_string(error.status) + " | " + error.sentence + " |\n";
  }
}

std::string Grouped(size_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

void Replace(std::string_view what, const std::string& with, std::string& text) {
  text.replace(text.find(what), what.size(), with);
}

}  // namespace

std::string ApiReference() {
  std::string page = kIntroduction;
  Replace("%BYTES%", Grouped(kMaxJsonBytes), page);
  Replace("%DEPTH%", Grouped(kMaxJsonDepth), page);
  Replace("%VALUES%", Grouped(kMaxJsonValues), page);
  page += "\n## Endpoints\n\n| | |\n|---|---|\n";
  for (const Endpoint& endpoint : Endpoints()) {
    page += std::string("| `") + endpoint.method + " " + endpoint.path + "` | " + endpoint.summary + " |\n";
  }
  page +=
      "\nWhere keys are in use, each but `/health`, `/ready` and `/openapi.json` wants `Authorization: Bearer KEY`.\n";
  std::string efforts = kEfforts;
  Replace("%MINIMAL%", Grouped(kMinimalBudget), efforts);
  Replace("%LOW%", Grouped(EffortBudget(Effort::kLow)), efforts);
  Replace("%MEDIUM%", Grouped(EffortBudget(Effort::kMedium)), efforts);
  Replace("%HIGH%", Grouped(EffortBudget(Effort::kHigh)), efforts);
  page += efforts;
  AppendRequests(page);
  AppendResponses(page);
  return page;
}

}  // namespace candor
