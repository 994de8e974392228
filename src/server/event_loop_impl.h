// What an EventLoop is made of: for the translation units that know Asio.
#ifndef CANDOR_SERVER_EVENT_LOOP_IMPL_H_
#define CANDOR_SERVER_EVENT_LOOP_IMPL_H_

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <unordered_map>

#include "server/event_loop.h"

namespace candor {

struct EventLoop::Impl {
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  // A descriptor is registered once, however many subscriptions it has.
  std::unordered_map<int, std::weak_ptr<boost::asio::posix::stream_descriptor>> watched;
};

}  // namespace candor

#endif  // CANDOR_SERVER_EVENT_LOOP_IMPL_H_
