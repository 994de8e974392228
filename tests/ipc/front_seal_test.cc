#include "ipc/front_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "ipc/in_child.h"

namespace candor {
namespace {

// A TCP socket on loopback with a port of its own, listening or not; where it is goes to `address`.
int LoopbackSocket(sockaddr_in& address, bool listening) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_TRUE(!listening || ::listen(socket, 8) == 0);
  return socket;
}

std::string InSealedFront(const std::function<void(Findings&)>& body) {
  return InChild([&](Findings& findings) {
    const FrontSealReport report = SealFront();
    findings.Works("the filter", report.sealed());
    body(findings);
  });
}

TEST(FrontSealTest, NoSocketIsMadeOrConnected) {
  sockaddr_in address;
  const int listener = LoopbackSocket(address, true);
  const int unused = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(InSealedFront([&](Findings& findings) {
              findings.RefusedWith(EPERM, "a TCP socket", ::socket(AF_INET, SOCK_STREAM, 0));
              findings.RefusedWith(EPERM, "a UDP socket", ::socket(AF_INET6, SOCK_DGRAM, 0));
              findings.RefusedWith(EPERM, "a local socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
              findings.RefusedWith(EPERM, "connect", ::connect(unused, generic, sizeof address));
              findings.RefusedWith(EPERM, "bind", ::bind(unused, generic, sizeof address));
              findings.RefusedWith(EPERM, "listen", ::listen(unused, 1));
              findings.RefusedWith(EPERM, "connecting by sendto",
                                   ::sendto(unused, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, generic, sizeof address));
              char byte = 'x';
              iovec part{&byte, 1};
              msghdr message{};
              message.msg_name = const_cast<sockaddr*>(generic);
              message.msg_namelen = sizeof address;
              message.msg_iov = &part;
              message.msg_iovlen = 1;
              findings.RefusedWith(EPERM, "connecting by sendmsg",
                                   ::sendmsg(unused, &message, MSG_FASTOPEN | MSG_NOSIGNAL));
            }),
            "");
  ::close(unused);
  ::close(listener);
}

TEST(FrontSealTest, ConnectionsAreAcceptedAndAnswered) {
  sockaddr_in address;
  const int listener = LoopbackSocket(address, true);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::send(client, "ping", 4, 0), 4);
  EXPECT_EQ(InSealedFront([&](Findings& findings) {
              const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
              findings.Works("accept4", accepted >= 0);
              char text[4];
              findings.Works("recv", ::recv(accepted, text, 4, 0) == 4);
              findings.Works("send", ::send(accepted, "pong", 4, MSG_NOSIGNAL) == 4);
            }),
            "");
  char text[4];
  EXPECT_EQ(::recv(client, text, 4, 0), 4);
  ::close(client);
  ::close(listener);
}

TEST(FrontSealTest, OtherProcessesAndWaysAroundAreRefused) {
  EXPECT_EQ(InSealedFront([](Findings& findings) {
              findings.RefusedWith(EPERM, "ptrace", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
              findings.RefusedWith(EPERM, "process_vm_readv",
                                   ::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0));
              findings.RefusedWith(EPERM, "io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr));
              findings.RefusedWith(EPERM, "bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
              findings.RefusedWith(EPERM, "unshare", ::syscall(SYS_unshare, 0));
            }),
            "");
}

TEST(FrontSealTest, FilesProgramsAndPairsGoOnWorking) {
  EXPECT_EQ(InSealedFront([](Findings& findings) {
              findings.Works("open", ::open("/proc/self/status", O_RDONLY) >= 0);
              int ends[2];
              findings.Works("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
              std::thread([] {}).join();
              const pid_t child = ::fork();
              if (child == 0) {
                ::execl("/proc/self/exe", "ipc_test", "--gtest_list_tests", "--gtest_filter=-*", nullptr);
                ::_exit(1);
              }
              int status = 1;
              findings.Works("a program", ::waitpid(child, &status, 0) == child && status == 0);
            }),
            "");
}

TEST(FrontSealTest, AProgramThatTheFrontStartsIsRefusedSocketsToo) {
  EXPECT_EQ(InSealedFront([](Findings& findings) {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 1);
              int status = 1;
              findings.Works("refusing it", ::waitpid(child, &status, 0) == child && status == 0);
            }),
            "");
}

TEST(FrontSealTest, MemoryDoesNotReachADumpOrADebugger) {
  EXPECT_EQ(InSealedFront([](Findings& findings) {
              rlimit limit{1, 1};
              findings.Works("no dumps", ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
              findings.Works("no attaching", ::prctl(PR_GET_DUMPABLE) == 0);
            }),
            "");
}

TEST(FrontSealTest, DescribesWhatIsInForce) {
  FrontSealReport report;
  report.filter_error = "Invalid argument";
  EXPECT_EQ(report.Describe(), "new connections not sealed (the kernel gives no system call filter: Invalid argument)");
  report.system_call_filter = true;
  EXPECT_EQ(report.Describe(), "no new connections: sealed by seccomp");
}

}  // namespace
}  // namespace candor
