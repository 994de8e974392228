// How the interpreter stops: one internal exception, which ChatTemplate turns into an Error with source and line.
#ifndef CANDOR_CHAT_JINJA_FAILURE_H_
#define CANDOR_CHAT_JINJA_FAILURE_H_

#include <string>
#include <utility>

namespace candor::jinja {

struct Failure {
  enum class Kind { kTemplate, kRaised, kLimit };
  Kind kind;
  std::string message;
  int line = 0;  // 0 while it is not known
};

// The template cannot be parsed or run. Where Jinja2 fails too, the message is its message.
[[noreturn]] inline void Fail(std::string message) { throw Failure{Failure::Kind::kTemplate, std::move(message)}; }
[[noreturn]] inline void FailAt(int line, std::string message) {
  throw Failure{Failure::Kind::kTemplate, std::move(message), line};
}
[[noreturn]] inline void FailLimit(std::string message, int line = 0) {
  throw Failure{Failure::Kind::kLimit, std::move(message), line};
}

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_FAILURE_H_
