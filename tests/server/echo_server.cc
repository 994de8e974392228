// A server for the tests of sockets: it answers with what it was asked.
//
//   echo_server [OPTION=VALUE]...     prints its URL in a line, serves until SIGTERM, and ends gracefully
//
// GET  /health          ok
// POST /echo            the request as JSON, the body with it; so does /v1/tokenize, which the real server has too
// GET  /chunks?n=3      n pieces "piece i\n", one each 10 ms
// GET  /flood?n=1000    n pieces of 64 KiB, as fast as the client takes them
// GET  /silent          no response ever; /left tells how many clients have left before theirs
// GET  /dropped         the handler lets go of the exchange; /thrown: it throws
// GET  /cut             begins a response and lets go of it
#include <signal.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "server/event_loop.h"
#include "server/http_server.h"

namespace candor {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

class Echo {
 public:
  explicit Echo(EventLoop& loop) : loop_(loop) {}

  void Handle(std::shared_ptr<Exchange> exchange) {
    const std::string& path = exchange->request().path;
    if (path == "/health") {
      exchange->Respond({.body = "{\"status\": \"ok\"}\n"});
    } else if (path == "/echo" || path == "/v1/tokenize" || path == "*") {
      Echoed(*exchange);
    } else if (path == "/chunks") {
      exchange->Begin({.content_type = "text/plain"});
      Chunk(exchange, 0, Number(exchange->request()));
    } else if (path == "/flood") {
      exchange->Begin({.content_type = "application/octet-stream"});
      exchange->OnLeft([this] { ++left_; });
      Flood(exchange, Number(exchange->request()));
    } else if (path == "/silent") {
      exchange->OnLeft([this, exchange] { ++left_; });
    } else if (path == "/left") {
      exchange->Respond({.body = std::to_string(left_)});
    } else if (path == "/thrown") {
      throw Error("as asked");
    } else if (path == "/cut") {
      exchange->Begin({.content_type = "text/plain"});
      exchange->Send("the beginning");
    } else if (path != "/dropped") {
      exchange->Respond({.status = 404, .fields = {{"x-path", path}}, .body = "{}"});
    }
  }

 private:
  static int Number(const HttpRequest& request) {
    return request.query.starts_with("n=") ? std::atoi(request.query.c_str() + 2) : 3;
  }

  static void Echoed(Exchange& exchange) {
    const HttpRequest& request = exchange.request();
    json::array fields;
    for (const auto& [name, value] : request.fields) fields.push_back(json::array{name, value});
    const json::object object{{"method", request.method}, {"path", request.path}, {"query", request.query},
                              {"fields", fields},         {"body", request.body}, {"peer", request.peer},
                              {"id", request.id}};
    exchange.Respond({.body = json::serialize(object)});
  }

  void Chunk(const std::shared_ptr<Exchange>& exchange, int i, int count) {
    if (i == count) return exchange->End();
    exchange->Send("piece " + std::to_string(i) + "\n");
    Later(milliseconds(10), [this, exchange, i, count] { Chunk(exchange, i + 1, count); });
  }

  void Flood(const std::shared_ptr<Exchange>& exchange, int count) {
    static const std::string kPiece(64 << 10, 'x');
    for (; count > 0 && exchange->unsent_bytes() < (1 << 20); --count) exchange->Send(kPiece);
    if (count == 0) return exchange->End();
    Later(milliseconds(2), [this, exchange, count] { Flood(exchange, count); });
  }

  void Later(milliseconds delay, std::function<void()> what) {
    const int id = next_++;
    timers_[id] = loop_.After(delay, [this, id, what = std::move(what)] {
      const EventLoop::Subscriptions timer = std::move(timers_[id]);
      timers_.erase(id);
      what();
    });
  }

  EventLoop& loop_;
  int left_ = 0;
  int next_ = 0;
  std::map<int, EventLoop::Subscriptions> timers_;
};

ServerOptions ParseOptions(int argc, char** argv) {
  ServerOptions options;
  options.port = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = std::min(text.find('='), text.size() - 1);
    const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    const auto number = [&] { return std::stoul(value); };
    const auto time = [&] { return milliseconds(number()); };
    if (name == "host") {
      options.hosts = {value};
    } else if (name == "port") {
      options.port = static_cast<uint16_t>(number());
    } else if (name == "allowed_host") {
      options.allowed_hosts.push_back(value);
    } else if (name == "allowed_origin") {
      options.allowed_origins.push_back(value);
    } else if (name == "certificate") {
      options.tls_certificates = ReadWholeFile(value, 1 << 20);
    } else if (name == "private_key") {
      options.tls_private_key = ReadWholeFile(value, 1 << 20);
    } else if (name == "head_ms") {
      options.deadlines.head = time();
    } else if (name == "body_ms") {
      options.deadlines.body = time();
    } else if (name == "idle_ms") {
      options.deadlines.idle = time();
    } else if (name == "slow_reader_ms") {
      options.deadlines.slow_reader = time();
    } else if (name == "max_connections") {
      options.max_connections = number();
    } else if (name == "max_per_network") {
      options.max_connections_per_network = number();
    } else if (name == "max_held_bytes") {
      options.max_held_bytes = number();
    } else if (name == "refuse_path") {
      options.before_body = [value](const HttpRequest& request) -> std::optional<HttpResponse> {
        if (request.path != value) return std::nullopt;
        return HttpResponse{.status = 401, .body = "{}"};
      };
    } else if (name == "log") {
      options.on_request_end = [](const RequestRecord& record) {
        std::fprintf(stderr, "%s %s %d %s %lu\n", record.method.c_str(), record.path.c_str(), record.status,
                     record.left ? "left" : "whole", record.sent_bytes);
      };
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  return options;
}

int Main(int argc, char** argv) {
  EventLoop loop;
  Echo echo(loop);
  HttpServer server(loop, ParseOptions(argc, argv),
                    [&](std::shared_ptr<Exchange> exchange) { echo.Handle(std::move(exchange)); });
  server.Start();
  std::printf("%s\n", server.urls().front().c_str());
  std::fflush(stdout);
  const auto stop = [&] { server.Stop(std::chrono::seconds(2), [&] { loop.Stop(); }); };
  const EventLoop::Subscriptions terminated = loop.OnSignal(SIGTERM, stop);
  const EventLoop::Subscriptions interrupted = loop.OnSignal(SIGINT, stop);
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  try {
    return candor::Main(argc, argv);
  } catch (const candor::Error& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());
    return 1;
  }
}
