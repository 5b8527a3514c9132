#pragma once
// Just enough HTTP to ask an app under test whether it serves.

#include <string>

namespace support {

// A TCP port of 127.0.0.1 that nobody listened on just now.
int free_port();
// What a GET of / answers, head and body; empty when nobody does.
std::string http_get(int port);

}  // namespace support
