#pragma once
// The logs of a home before anything is captured into them. Blocks.

#include "base/home.h"
#include "base/result.h"
#include "store/catalog.h"

namespace daemon_ {

// The catalog; live files that were being sealed are finished. A catalog that
// is damaged is set aside: it can be made again, and apps must not wait for it.
base::Result<store::Catalog> open_logs(const base::Home& home);

}  // namespace daemon_
