#pragma once
// What an app's environment comes out as. Pure.

#include "config/app_spec.h"

namespace config {

// What the app's definition says: env, with the chosen variant over it.
Environment declared_env(const AppSpec& spec);

// All of it, but for what tells instances apart: inherited, then declared.
Environment environment_of(const AppSpec& spec);

// Of one instance: `increment_var` counts up from what it is, or from 0.
Environment environment_of(const AppSpec& spec, int instance);

}  // namespace config
