#include "server/access_log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/utf8.h"

namespace candor {
namespace {

constexpr size_t kQueuedLines = 1024;  // a quarter of a kilobyte each, taken from the beginning

}  // namespace

std::string DescribeRequest(const RequestRecord& record) {
  const double seconds = std::chrono::duration<double>(record.duration).count();
  const std::string request = record.method.empty() ? "-" : Printable(record.method + " " + record.path, 200);
  return fmt::format("{}{}{} \"{}\" {} {} B {:.3f} s {}{}", record.peer, record.user.empty() ? "" : " ", record.user,
                     request, record.status, record.sent_bytes, seconds, record.id, record.left ? " left" : "");
}

struct AccessLog::Impl {
  std::shared_ptr<spdlog::details::thread_pool> pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "candor", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool, spdlog::async_overflow_policy::overrun_oldest);
};

AccessLog::AccessLog() : impl_(std::make_unique<Impl>()) {
  impl_->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  impl_->logger->flush_on(spdlog::level::info);
}

AccessLog::~AccessLog() = default;

void AccessLog::Write(const RequestRecord& record) { impl_->logger->info(DescribeRequest(record)); }

}  // namespace candor
