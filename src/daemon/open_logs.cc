#include "daemon/open_logs.h"

#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "rotate/recovery.h"
#include "store/epoch.h"

namespace daemon_ {

base::Result<store::Catalog> open_logs(const base::Home& home) {
  auto catalog = store::load_catalog(home.logs());
  if (!catalog && catalog.error().code != base::Errc::Invalid) return catalog;
  if (!catalog) {
    const auto path = base::fs::join(home.logs(), store::kCatalogName);
    base::log::error("{}; set aside as {}.damaged", catalog.error().message,
                     path);
    (void)base::fs::rename(path, path + ".damaged");
    catalog = store::Catalog{};
  }
  for (const auto& problem :
       rotate::recover_live(home.logs(), *catalog).problems)
    base::log::warn("{}", problem.message);
  if (auto made = store::make_epoch(home.logs()); !made)
    base::log::warn("{}", made.error().message);
  return catalog;
}

}  // namespace daemon_
