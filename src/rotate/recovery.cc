#include "rotate/recovery.h"

#include "base/fs.h"

namespace rotate {

base::Result<std::vector<std::string>> remove_leftovers(
    const std::string& log_dir) {
  auto names = base::fs::list_dir(log_dir);
  if (!names) {
    if (names.error().code == base::Errc::NotFound)
      return std::vector<std::string>{};
    return base::pass(std::move(names), "recovery");
  }
  std::vector<std::string> removed;
  for (auto& name : *names) {
    if (!base::fs::is_temporary(name)) continue;
    if (base::fs::unlink(base::fs::join(log_dir, name)))
      removed.push_back(std::move(name));
  }
  return removed;
}

}  // namespace rotate
