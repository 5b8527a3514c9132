#include "query/output.h"

#include <cerrno>
#include <utility>

#include "base/fs.h"

namespace query {
namespace {

constexpr size_t kPipe = size_t{1} << 20;

}  // namespace

Output::Output(int fd)
    : fd_(fd), buffer_(std::make_unique_for_overwrite<char[]>(kRoom)) {
  // As large as a pipe may be: a reader on another core then rarely makes us
  // wait. What it is without is good enough.
  (void)base::fs::set_pipe_capacity(fd_, kPipe);
}

void Output::put_wide(std::string_view bytes) {
  flush();
  if (bytes.size() > kRoom) return write(bytes);
  put(bytes);
}

void Output::flush() {
  write({buffer_.get(), std::exchange(size_, 0)});
}

void Output::write(std::string_view bytes) {
  if (!bytes.empty() && before_) before_();
  while (!bytes.empty() && !closed_) {
    auto written = base::fs::write_some(fd_, bytes, "standard output");
    if (written) {
      bytes.remove_prefix(*written);
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
}

}  // namespace query
