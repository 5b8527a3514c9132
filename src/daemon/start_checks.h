#pragma once
// What is refused before anything of a request is started: what could not run
// once it is there.

#include <vector>

#include "base/result.h"
#include "config/app_spec.h"
#include "config/dependencies.h"
#include "daemon/users.h"

namespace daemon_ {

// One app by itself: its interpreter is on its PATH (Errc::NotFound), its user
// is one we may start as (NotFound, Denied), its time zone is known (Invalid).
base::Status check_app(const config::AppSpec& spec, Users& users);

// Apps that are started together, beside those there are: see
// config::check_dependencies. Errc::Invalid.
base::Status check_order(const std::vector<config::AppSpec>& specs,
                         const config::Specs& others);

}  // namespace daemon_
