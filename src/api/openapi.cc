#include "api/openapi.h"

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoints.h"

namespace candor {
namespace {

void WriteRef(const Shape& shape, JsonWriter& json) {
  json.BeginObject().Member("$ref", std::string("#/components/schemas/") + shape.name).EndObject();
}

void WriteJsonContent(const Shape& shape, JsonWriter& json) {
  json.Key("content").BeginObject().Key("application/json").BeginObject().Key("schema");
  WriteRef(shape, json);
  json.EndObject();
}

void WriteError(const char* status, const char* description, JsonWriter& json) {
  json.Key(status).BeginObject().Member("description", description);
  json.Key("headers").BeginObject().Key("x-should-retry").BeginObject();
  json.Member("description", "Whether the same request may succeed later.");
  json.Key("schema").BeginObject().Member("type", "string").EndObject().EndObject();
  json.Key("retry-after").BeginObject().Member("description", "In how many seconds.");
  json.Key("schema").BeginObject().Member("type", "string").EndObject().EndObject().EndObject();
  WriteJsonContent(kErrorBody, json);
  json.EndObject().EndObject();
}

void WriteSuccess(const Endpoint& endpoint, JsonWriter& json) {
  json.Key("200").BeginObject().Member("description", endpoint.summary);
  if (endpoint.request != nullptr) {
    json.Key("headers").BeginObject().Key("x-candor-ignored").BeginObject();
    json.Member("description", "Names of the fields that were accepted and have no effect.");
    json.Key("schema").BeginObject().Member("type", "string").EndObject().EndObject().EndObject();
  }
  if (endpoint.response != nullptr) {
    WriteJsonContent(*endpoint.response, json);
    if (endpoint.event != nullptr) {
      json.Key("text/event-stream").BeginObject().Key("schema").BeginObject().Member("type", "string");
      json.Member("description",
                  std::string("With `stream`: lines `data: JSON`, each JSON a ") + endpoint.event->name +
                      " or, when the answer breaks off, an Error and nothing behind it; then `data: [DONE]`. Lines "
                      "that begin with a colon are comments.");
      json.EndObject().EndObject();
    }
  } else {
    json.Key("content").BeginObject().Key(endpoint.media_type).BeginObject().Key("schema").BeginObject();
    json.Member("type", std::string_view(endpoint.media_type) == "application/json" ? "object" : "string");
    json.EndObject().EndObject();
  }
  json.EndObject().EndObject();
}

void WriteOperation(const Endpoint& endpoint, JsonWriter& json) {
  std::string method = endpoint.method;
  for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  json.Key(method).BeginObject().Member("operationId", endpoint.id).Member("summary", endpoint.summary);
  if (!endpoint.needs_key) json.Key("security").BeginArray().EndArray();
  if (std::string_view(endpoint.path).find('{') != std::string_view::npos) {
    json.Key("parameters").BeginArray().BeginObject().Member("name", "id").Member("in", "path");
    json.Member("required", true).Key("schema").BeginObject().Member("type", "string").Member("minLength", 1);
    json.EndObject().EndObject().EndArray();
  }
  if (endpoint.request != nullptr) {
    json.Key("requestBody").BeginObject().Member("required", !endpoint.body_optional);
    WriteJsonContent(*endpoint.request, json);
    json.EndObject().EndObject();
  }
  json.Key("responses").BeginObject();
  WriteSuccess(endpoint, json);
  WriteError("4XX", "The request cannot be answered, and why.", json);
  if (endpoint.state_on_503) {
    json.Key("503").BeginObject().Member("description", "Not yet.");
    WriteJsonContent(*endpoint.response, json);
    json.EndObject().EndObject();
  }
  WriteError("5XX", "The server cannot answer, and why.", json);
  json.EndObject().EndObject();
}

}  // namespace

std::string OpenApiJson(const std::string& version) {
  JsonWriter json;
  json.BeginObject().Member("openapi", "3.1.0");
  json.Key("info").BeginObject().Member("title", "Candor").Member("version", version);
  json.Member("description", "Open models on one's own machine, with OpenAI's API.").EndObject();
  // Without keys the server on the loopback address is open.
  json.Key("security").BeginArray().BeginObject().EndObject();
  json.BeginObject().Key("key").BeginArray().EndArray().EndObject().EndArray();

  json.Key("paths").BeginObject();
  std::vector<const Shape*> named;
  std::string_view path;
  for (const Endpoint& endpoint : Endpoints()) {
    if (path == endpoint.path) continue;
    path = endpoint.path;
    json.Key(path).BeginObject();
    for (const Endpoint& operation : Endpoints()) {
      if (path == operation.path) WriteOperation(operation, json);
    }
    json.EndObject();
    for (const Shape* shape : {endpoint.request, endpoint.response, endpoint.event}) {
      if (shape != nullptr) CollectNamed(*shape, named);
    }
  }
  json.EndObject();
  CollectNamed(kErrorBody, named);

  json.Key("components").BeginObject().Key("schemas").BeginObject();
  for (const Shape* shape : named) {
    json.Key(shape->name);
    WriteSchema(*shape, json);
  }
  json.EndObject().Key("securitySchemes").BeginObject().Key("key").BeginObject();
  json.Member("type", "http").Member("scheme", "bearer").EndObject().EndObject().EndObject().EndObject();
  return json.Take();
}

}  // namespace candor
