#include "ipc/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipc/channel.h"
#include "ipc/in_child.h"

namespace candor {
namespace {

constexpr SealOptions kFilterOnly = {.system_call_filter = true, .landlock = false};
constexpr SealOptions kLandlockOnly = {.system_call_filter = false, .landlock = true};

std::string InSealedChild(const SealOptions& options, const std::function<void(Findings&)>& body) {
  return InChild([&](Findings& findings) {
    const SealReport report = SealProcess(options);
    findings.Works("the filter", report.system_call_filter == options.system_call_filter);
    if (!options.landlock) findings.Works("no Landlock", report.landlock_abi == 0);
    body(findings);
  });
}

bool KernelHasLandlock() { return ::syscall(444, nullptr, 0, 1) > 0; }

void TryFilesAndPrograms(Findings& findings) {
  const std::string folder = ::testing::TempDir();
  findings.Refused("open(/etc/passwd)", ::open("/etc/passwd", O_RDONLY));
  findings.Refused("listing /", ::open("/", O_RDONLY | O_DIRECTORY));
  findings.Refused("creating a file", ::open((folder + "/candor_seal_new").c_str(), O_CREAT | O_WRONLY, 0600));
  findings.Refused("creat", ::creat((folder + "/candor_seal_new").c_str(), 0600));
  findings.Refused("mkdir", ::mkdir((folder + "/candor_seal_folder").c_str(), 0700));
  findings.Refused("a nameless file", ::open(folder.c_str(), O_TMPFILE | O_RDWR, 0600));
  char name[] = "/bin/true";
  char* const arguments[] = {name, nullptr};
  findings.Refused("execve", ::execve(name, arguments, arguments + 1));
}

TEST(SealTest, RefusesFilesAndProgramsByTheFilterAlone) {
  EXPECT_EQ(InSealedChild(kFilterOnly, TryFilesAndPrograms), "");
}

TEST(SealTest, RefusesFilesAndProgramsByLandlockAlone) {
  if (!KernelHasLandlock()) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(InSealedChild(kLandlockOnly, TryFilesAndPrograms), "");
}

TEST(SealTest, RefusesFilesAndProgramsByBoth) { EXPECT_EQ(InSealedChild({}, TryFilesAndPrograms), ""); }

TEST(SealTest, RefusesChangesToExistingFiles) {
  const std::string path = ::testing::TempDir() + "/candor_seal_existing";
  ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_EQ(InSealedChild({},
                          [&](Findings& findings) {
                            findings.RefusedWith(EPERM, "open for writing", ::open(path.c_str(), O_WRONLY));
                            findings.RefusedWith(EPERM, "truncate", ::truncate(path.c_str(), 0));
                            findings.RefusedWith(EPERM, "rename", ::rename(path.c_str(), (path + "2").c_str()));
                            findings.RefusedWith(EPERM, "link", ::link(path.c_str(), (path + "2").c_str()));
                            findings.RefusedWith(EPERM, "chmod", ::chmod(path.c_str(), 0777));
                            findings.RefusedWith(EPERM, "unlink", ::unlink(path.c_str()));
                          }),
            "");
  ::unlink(path.c_str());
}

TEST(SealTest, RefusesTheNetwork) {
  const int socket_made_before = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(socket_made_before, 0);
  EXPECT_EQ(
      InSealedChild({},
                    [&](Findings& findings) {
                      findings.RefusedWith(EPERM, "a TCP socket", ::socket(AF_INET, SOCK_STREAM, 0));
                      findings.RefusedWith(EPERM, "a UDP socket", ::socket(AF_INET6, SOCK_DGRAM, 0));
                      findings.RefusedWith(EPERM, "a local socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
                      sockaddr_in address{};
                      address.sin_family = AF_INET;
                      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                      const auto* generic = reinterpret_cast<const sockaddr*>(&address);
                      findings.RefusedWith(EPERM, "bind", ::bind(socket_made_before, generic, sizeof address));
                      findings.RefusedWith(EPERM, "connect", ::connect(socket_made_before, generic, sizeof address));
                      findings.RefusedWith(EPERM, "listen", ::listen(socket_made_before, 1));
                      findings.RefusedWith(EPERM, "sendto",
                                           ::sendto(socket_made_before, "x", 1, MSG_NOSIGNAL, generic, sizeof address));
                    }),
      "");
  ::close(socket_made_before);
}

TEST(SealTest, AChannelGoesOnWorkingAndNoOtherSocketDoes) {
  auto [front, worker] = MakeChannel();
  auto [other, other_end] = MakeChannel();
  const int channel = worker.number();
  const int unix_socket = other.number();
  SealOptions options;
  options.channel = channel;
  EXPECT_EQ(InSealedChild(options,
                          [&](Findings& findings) {
                            char byte = 'x';
                            iovec part{&byte, 1};
                            msghdr message{};
                            message.msg_iov = &part;
                            message.msg_iovlen = 1;
                            findings.Works("sendmsg", ::sendmsg(channel, &message, 0) == 1);
                            findings.RefusedWith(EAGAIN, "recvmsg", ::recvmsg(channel, &message, MSG_DONTWAIT));
                            findings.RefusedWith(ENOSYS, "sendmsg elsewhere", ::sendmsg(unix_socket, &message, 0));
                            findings.RefusedWith(ENOSYS, "recvmsg elsewhere",
                                                 ::recvmsg(unix_socket, &message, MSG_DONTWAIT));
                            findings.RefusedWith(EPERM, "sendto", ::sendto(channel, "x", 1, 0, nullptr, 0));
                            findings.RefusedWith(EPERM, "socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, nullptr));
                            findings.RefusedWith(EPERM, "connect", ::connect(channel, nullptr, 0));
                          }),
            "");
}

TEST(SealTest, WithoutAChannelNothingIsSentByMessage) {
  auto [one, two] = MakeChannel();
  EXPECT_EQ(InSealedChild({},
                          [&, socket = one.number()](Findings& findings) {
                            msghdr message{};
                            findings.RefusedWith(EPERM, "sendmsg", ::sendmsg(socket, &message, 0));
                            findings.RefusedWith(EPERM, "recvmsg", ::recvmsg(socket, &message, MSG_DONTWAIT));
                          }),
            "");
}

TEST(SealTest, RefusesOtherProcesses) {
  EXPECT_EQ(InSealedChild({},
                          [](Findings& findings) {
                            findings.RefusedWith(EPERM, "ptrace", ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
                            findings.RefusedWith(EPERM, "fork", ::fork());
                            findings.RefusedWith(ENOSYS, "signalling the parent", ::kill(::getppid(), 0));
                            findings.RefusedWith(EPERM, "pidfd_open", ::syscall(SYS_pidfd_open, ::getppid(), 0));
                            findings.RefusedWith(EPERM, "process_vm_readv",
                                                 ::syscall(SYS_process_vm_readv, ::getppid(), 0, 0, 0, 0, 0));
                          }),
            "");
}

TEST(SealTest, RefusesWaysAroundTheFilter) {
  EXPECT_EQ(InSealedChild(
                {},
                [](Findings& findings) {
                  findings.RefusedWith(EPERM, "io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr));
                  findings.RefusedWith(EPERM, "memfd_create", ::syscall(SYS_memfd_create, "x", 0));
                  findings.RefusedWith(ENOSYS, "a call nobody listed", ::syscall(SYS_inotify_init1, 0));
                  findings.Works("executable memory refused", ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
                                                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
                  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  findings.RefusedWith(EPERM, "making memory executable",
                                       ::mprotect(page, 4096, PROT_READ | PROT_EXEC));
                }),
            "");
}

TEST(SealTest, OpenDescriptorsGoOnWorking) {
  const std::string path = ::testing::TempDir() + "/candor_seal_open";
  const int descriptor = ::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR, 0600);
  EXPECT_EQ(InSealedChild(
                {},
                [&](Findings& findings) {
                  findings.Works("write", ::write(descriptor, "history", 7) == 7);
                  findings.Works("fsync", ::fsync(descriptor) == 0);
                  findings.Works("flock", ::flock(descriptor, LOCK_EX) == 0);
                  struct stat status;
                  findings.Works("fstat", ::fstat(descriptor, &status) == 0 && status.st_size == 7);
                  char text[7];
                  findings.Works("pread", ::pread(descriptor, text, 7, 0) == 7 && std::string(text, 7) == "history");
                  findings.Works("posix_fadvise", ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0);
                  findings.Works("ftruncate", ::ftruncate(descriptor, 3) == 0);
                  findings.Works("dup", ::dup(descriptor) >= 0);
                  FILE* stream = ::fdopen(descriptor, "a");
                  findings.Works("fdopen",
                                 stream != nullptr && std::fputs("tory", stream) >= 0 && std::fflush(stream) == 0);
                }),
            "");
  ::close(descriptor);
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 3 + 4);
  ::unlink(path.c_str());
}

TEST(SealTest, TheTerminalGoesOnWorking) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  EXPECT_EQ(InSealedChild({},
                          [&](Findings& findings) {
                            findings.Works("isatty", ::isatty(terminal) == 1);
                            termios modes;
                            findings.Works("tcgetattr", ::tcgetattr(terminal, &modes) == 0);
                            modes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
                            findings.Works("tcsetattr", ::tcsetattr(terminal, TCSADRAIN, &modes) == 0);
                            winsize size;
                            findings.Works("window size", ::ioctl(terminal, TIOCGWINSZ, &size) == 0);
                            findings.Works("write", ::write(terminal, "> ", 2) == 2);
                            char key = 0;
                            findings.Works(
                                "a key", ::write(master, "k", 1) == 1 && ::read(terminal, &key, 1) == 1 && key == 'k');
                            findings.Refused("typing into the terminal", ::ioctl(terminal, TIOCSTI, "x"));
                          }),
            "");
  ::close(terminal);
  ::close(master);
}

TEST(SealTest, ThreadsStartedLaterWorkAndAreSealed) {
  for (const SealOptions& options : {kFilterOnly, SealOptions{}}) {
    EXPECT_EQ(InSealedChild(options,
                            [](Findings& findings) {
                              std::mutex mutex;
                              std::condition_variable changed;
                              int arrived = 0;
                              bool opened = false;
                              std::vector<std::thread> threads;
                              for (int i = 0; i < 4; ++i) {
                                threads.emplace_back([&] {
                                  const std::lock_guard lock(mutex);
                                  opened = opened || ::open("/etc/passwd", O_RDONLY) >= 0;
                                  ++arrived;
                                  changed.notify_all();
                                });
                              }
                              std::unique_lock lock(mutex);
                              changed.wait(lock, [&] { return arrived == 4; });
                              lock.unlock();
                              for (std::thread& thread : threads) thread.join();
                              findings.Works("refusing open in threads", !opened);
                            }),
              "");
  }
}

TEST(SealTest, TheFilterReachesThreadsStartedBefore) {
  EXPECT_EQ(InChild([](Findings& findings) {
              std::mutex mutex;
              mutex.lock();
              bool opened = true;
              std::thread thread([&] {
                const std::lock_guard lock(mutex);
                opened = ::open("/etc/passwd", O_RDONLY) >= 0;
              });
              findings.Works("sealing", SealProcess(kFilterOnly).sealed());
              mutex.unlock();
              thread.join();
              findings.Works("refusing open in an older thread", !opened);
            }),
            "");
}

TEST(SealTest, LargeMemoryWorks) {
  EXPECT_EQ(InSealedChild(
                {},
                [](Findings& findings) {
                  constexpr size_t kBytes = size_t{2} << 30;
                  auto* bytes = static_cast<char*>(std::malloc(kBytes));
                  findings.Works("malloc", bytes != nullptr);
                  if (bytes == nullptr) return;
                  for (size_t i = 0; i < kBytes; i += kBytes / 64) bytes[i] = 1;
                  void* mapping = ::mmap(nullptr, 1 << 22, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  findings.Works("mmap", mapping != MAP_FAILED);
                  findings.Works("madvise", ::madvise(mapping, 1 << 22, MADV_HUGEPAGE) == 0 || errno == EINVAL);
                  findings.Works("munmap", ::munmap(mapping, 1 << 22) == 0);
                  std::free(bytes);
                }),
            "");
}

TEST(SealTest, ClocksRandomnessAndOwnSignalsWork) {
  EXPECT_EQ(InSealedChild({},
                          [](Findings& findings) {
                            timespec now;
                            findings.Works("clock_gettime", ::clock_gettime(CLOCK_MONOTONIC, &now) == 0);
                            const timespec moment{0, 1000};
                            findings.Works("nanosleep", ::nanosleep(&moment, nullptr) == 0);
                            char random[16];
                            findings.Works("getrandom", ::getrandom(random, sizeof random, 0) == sizeof random);
                            struct sigaction action {};
                            action.sa_handler = [](int) {};
                            findings.Works("sigaction", ::sigaction(SIGUSR1, &action, nullptr) == 0);
                            findings.Works("raise", ::raise(SIGUSR1) == 0);
                            findings.Works("kill(self)", ::kill(::getpid(), SIGUSR1) == 0);
                          }),
            "");
}

TEST(SealTest, LocalTimeIsKept) {
  if (::access("/usr/share/zoneinfo/Asia/Tokyo", R_OK) != 0) GTEST_SKIP() << "no time zone data on this machine";
  EXPECT_EQ(InChild([](Findings& findings) {
              ::setenv("TZ", "Asia/Tokyo", 1);
              SealProcess();
              const time_t midnight = 0;
              tm local;
              findings.Works("localtime", ::localtime_r(&midnight, &local) != nullptr && local.tm_hour == 9);
            }),
            "");
}

TEST(SealTest, AbortStillEndsTheProcess) {
  EXPECT_EQ(InSealedChild({}, [](Findings&) { std::abort(); }), "ended by signal " + std::to_string(SIGABRT) + "\n");
}

TEST(SealTest, DescribesWhatIsInForce) {
  SealReport report;
  report.filter_error = "Invalid argument";
  EXPECT_FALSE(report.sealed());
  EXPECT_EQ(report.Describe(),
            "not sealed (the kernel gives no system call filter: Invalid argument; it offers no Landlock)");
  report.landlock_abi = 3;
  EXPECT_FALSE(report.sealed());
  EXPECT_EQ(report.Describe(),
            "files and programs sealed by Landlock 3, network not sealed (the kernel gives no system call filter: "
            "Invalid argument)");
  report.system_call_filter = true;
  EXPECT_TRUE(report.sealed());
  EXPECT_EQ(report.Describe(), "sealed by seccomp and Landlock 3");
  report.landlock_abi = 0;
  EXPECT_EQ(report.Describe(), "sealed by seccomp (the kernel offers no Landlock)");
}

}  // namespace
}  // namespace candor
