// The input is what a client sends; its first byte says how it is cut. The verdict must not depend on that.
#include <optional>
#include <string>

#include "base/check.h"
#include "base/utf8.h"
#include "server/host_policy.h"
#include "server/http_refusal.h"
#include "server/request_reader.h"
#include "server/response_writer.h"

namespace {

using namespace candor;

struct Verdict {
  int status = 0;
  size_t taken = 0;
  RequestReader::State state{};
  RequestHead head;
  std::string body;
};

Verdict Read(std::string_view bytes, const HttpLimits& limits, size_t piece) {
  RequestReader reader(limits);
  Verdict verdict;
  try {
    while (!bytes.empty() && reader.state() != RequestReader::State::kDone) {
      const size_t taken = reader.Read(bytes.substr(0, piece));
      CHECK(taken > 0 || reader.state() == RequestReader::State::kDone);
      CHECK(reader.held_bytes() <= verdict.taken + taken);
      verdict.taken += taken;
      bytes.remove_prefix(taken);
    }
  } catch (const HttpRefusal& refusal) {
    CHECK(IsPrintable(refusal.what()));
    return {.status = refusal.status()};
  }
  verdict.state = reader.state();
  verdict.head = reader.head();
  verdict.body = reader.body();
  return verdict;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpLimits limits;
  limits.request_line_bytes = 200;
  limits.field_bytes = 500;
  limits.fields = 10;
  limits.body_bytes = 300;
  const Verdict verdict = Read(bytes, limits, bytes.size());
  const Verdict cut = Read(bytes, limits, piece);
  CHECK(verdict.status == cut.status && verdict.taken == cut.taken && verdict.state == cut.state);
  CHECK(verdict.head.path == cut.head.path && verdict.head.fields == cut.head.fields && verdict.body == cut.body);
  if (verdict.status != 0 || verdict.state == RequestReader::State::kHead) return 0;

  const RequestHead& head = verdict.head;
  CHECK(verdict.body.size() <= limits.body_bytes && head.fields.size() <= limits.fields);
  CHECK(head.path == "*" || head.path.starts_with('/'));
  CHECK(IsValidUtf8(head.path) && head.path.find('\0') == std::string::npos);
  CHECK(head.host || head.minor_version == 0);
  CHECK(!(head.chunked && head.content_length > 0));
  for (const auto& [name, value] : head.fields) CHECK(value.find_first_of("\r\n") == std::string::npos);
  const HostPolicy policy({.bound = {*ParseHostPort("localhost:80")}, .allowed_origins = {"https://app.example"}});
  try {
    const HostPolicy::Verdict allowed = policy.Check(head);
    ResponseWriter writer(head, "", allowed.fields);
    std::string out;
    writer.Whole({}, "", out);
    CHECK(out.find("\r\n\r\n") == out.size() - 4);
  } catch (const HttpRefusal& refusal) {
    CHECK(refusal.status() == 403 || refusal.status() == 415);
    CHECK(IsPrintable(refusal.what()));
  }
  return 0;
}
