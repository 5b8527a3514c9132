#include "query/output.h"

#include <cerrno>

#include "base/fs.h"

namespace query {
namespace {

constexpr size_t kPipe = size_t{1} << 20;

}  // namespace

Output::Output(int fd) : fd_(fd) {
  // As large as a pipe may be: a reader on another core then rarely makes us
  // wait. What it is without is good enough.
  (void)base::fs::set_pipe_capacity(fd_, kPipe);
}

void Output::flush() {
  std::string_view rest = buffer_;
  if (!rest.empty() && before_) before_();
  while (!rest.empty() && !closed_) {
    auto written = base::fs::write_some(fd_, rest, "standard output");
    if (written) {
      rest.remove_prefix(*written);
      continue;
    }
    if (written.error().code == base::Errc::WouldBlock) {
      base::fs::wait_writable(fd_);
      continue;
    }
    closed_ = true;
    if (written.error().sys_errno != EPIPE)
      status_ = base::fail(std::move(written.error()));
  }
  buffer_.clear();
}

}  // namespace query
