#pragma once
// The parts of the table of keys, each in a file of its own; keys() puts them
// together.

#include <vector>

#include "config/keys.h"

namespace config {

std::vector<Key> app_keys();
std::vector<Key> env_keys();
std::vector<Key> log_keys();
std::vector<Key> ready_keys();
std::vector<Key> notify_keys();
std::vector<Key> restart_keys();

}  // namespace config
