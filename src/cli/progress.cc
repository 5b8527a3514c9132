#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/eprint.h"
#include "base/units.h"

namespace cli {
namespace {

constexpr std::chrono::milliseconds kFirst{1000};
constexpr std::chrono::milliseconds kNext{200};

}  // namespace

Progress::Progress(std::string doing, size_t files, bool silent)
    : doing_(std::move(doing)),
      files_(files),
      shown_(!silent && ::isatty(STDERR_FILENO) == 1),
      due_(clock_.mono() + kFirst) {}

void Progress::at(size_t file, uint64_t bytes) {
  if (!shown_) return;
  const auto now = clock_.mono();
  if (now < due_) return;
  due_ = now + kNext;
  stands_ = true;
  base::eprint("\r\x1b[K{} {} of {} files, {}", doing_, file, files_,
               base::format_size(bytes));
}

void Progress::clear() {
  if (!stands_) return;
  stands_ = false;
  base::eprint("\r\x1b[K");
}

}  // namespace cli
