#pragma once
// What trials with disks share that are slow, full or broken: how far a file
// has come, what an app was told to have lost, and an app that stands still.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "support/chaos.h"
#include "support/test_home.h"

namespace support {

namespace fs = std::filesystem;

inline uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

inline bool grows(const std::string& path, uint64_t bytes) {
  const uint64_t before = size_of(path);
  return wait_until([&] { return size_of(path) >= before + bytes; }, 10s);
}

// The sum of what events say was dropped.
inline uint64_t dropped_lines(const TestHome& home, const std::string& app) {
  uint64_t lines = 0;
  for (const auto& event : home.events(app, "drop"))
    lines += event.value("lines", uint64_t{0});
  return lines;
}

inline bool has_event_with(const TestHome& home, const std::string& app,
                           const std::string& word) {
  const auto all = home.events(app);
  return std::ranges::any_of(all, [&](const nlohmann::json& event) {
    return event.dump().find(word) != std::string::npos;
  });
}

// Nothing is wrong with the lines but what events own up to.
inline void check_accounted(const TestHome& home, const Chaos& chaos,
                            const std::string& app) {
  const Report report = chaos.stop_and_check();
  INFO(report.text());
  CHECK(wait_until(
      [&] { return report.count(Breach::Lost) == dropped_lines(home, app); }));
  CHECK(report.counts.size() == (report.count(Breach::Lost) > 0 ? 1 : 0));
}

// An app hands nothing over for two seconds: its pipe is full, and nobody
// reads. Not a time that is asserted; it has long stood by then.
inline bool stands_still(const Chaos& chaos, const std::string& app) {
  return wait_until(
      [&] {
        const uint64_t before = chaos.handed(app);
        return !wait_until([&] { return chaos.handed(app) != before; }, 2s);
      },
      60s);
}

inline Millis since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() -
                                            then);
}

}  // namespace support
