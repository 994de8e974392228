// Running a piece of a test in a process of its own, since a seal cannot be undone.
#ifndef CANDOR_TESTS_IPC_IN_CHILD_H_
#define CANDOR_TESTS_IPC_IN_CHILD_H_

#include <functional>
#include <string>

namespace candor {

// What a child found wrong; empty when all was as it should be.
class Findings {
 public:
  void Refused(const std::string& what, long result);
  void RefusedWith(int expected, const std::string& what, long result);
  void Works(const std::string& what, bool worked);
  void Add(const std::string& line) { text_ += line + "\n"; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Runs `body` in a child process and returns its findings, or how the child ended.
std::string InChild(const std::function<void(Findings&)>& body);

}  // namespace candor

#endif  // CANDOR_TESTS_IPC_IN_CHILD_H_
