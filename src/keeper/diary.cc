#include "keeper/diary.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/fs.h"

namespace keeper {

void note_in_diary(const base::Home& home, const std::string& words) {
  auto fd = base::fs::open(home.diary(), O_WRONLY | O_CREAT | O_APPEND);
  if (!fd) return;
  const auto now = base::SystemClock().now();
  const std::string line =
      base::format_stamp(now) + " info  keeper: " + words + "\n";
  (void)base::fs::write_all(fd->get(), line, home.diary());
}

}  // namespace keeper
