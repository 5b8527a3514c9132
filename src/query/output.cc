#include "query/output.h"

#include <cerrno>

#include "base/fs.h"

namespace query {

void Output::flush() {
  std::string_view rest = buffer_;
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
