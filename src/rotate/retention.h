#pragma once
// What is deleted of what is sealed, and why. For each stream (the segments of
// one owner) by count, age and size; then, over all, for the cap and for the
// room that is to be free: each time the oldest file of the app that takes
// most, which is the one furthest over its share, when apps that need less than
// an equal part leave the rest to the others. Live files count, and are never
// deleted. Pure; for the files of one file system.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "rotate/stock.h"

namespace rotate {

// Of one stream; what is absent does not limit.
struct Retain {
  std::optional<uint64_t> count;
  std::optional<std::chrono::milliseconds> age;
  std::optional<uint64_t> size;
};

struct Budget {
  uint64_t cap = 0;        // bytes that live and sealed files may take
  uint64_t keep_free = 0;  // bytes of the file system
};

// Functions that are empty say: no limit, nothing unshipped, no bytes.
struct Facts {
  base::Timestamp now;
  uint64_t free = 0;  // bytes free now
  uint64_t live = 0;  // bytes of live files, with the room for their growth
  std::function<Retain(const std::string& app)> retain;
  // Waits to be shipped: deleted only for the cap, when nothing else is left of
  // its app.
  std::function<bool(const Stored&)> unshipped;
  std::function<uint64_t(const std::string& app)> live_of;
  // How long what is left of a deleted app is kept, from its deletion on.
  std::chrono::milliseconds gone_age = std::chrono::days(30);
  // False while nobody knows which time is right (the clock was stepped by far
  // a moment ago): then nothing is deleted for its age.
  bool clock_is_right = true;
};

struct Removal {
  enum class Why { Count, Age, Size, Cap, Free };
  Stored file;
  Why why = Why::Count;
  std::string reason;      // in words
  bool unshipped = false;  // it should have been shipped first
};
std::string_view why_name(Removal::Why why);  // "count", "age", ...

// In the order in which they are to go. A time can't be believed that is before
// 2020 or after `now`: it never makes a file older than its neighbours by
// number, and where there are none, the file has no age.
std::vector<Removal> plan_retention(std::vector<Stored> stock,
                                    const Budget& budget, const Facts& facts);

// The same for people: how things are, and what goes next.
struct Outlook {
  struct Next {
    Stored file;
    Removal::Why why = Removal::Why::Cap;
    std::string reason;  // why, and when
    bool now = false;    // it is due
  };
  struct App {
    std::string app;
    bool gone = false;
    uint64_t files = 0;
    uint64_t stored = 0;  // bytes
    uint64_t live = 0;
    uint64_t share = 0;      // what of the cap it may take now
    uint64_t unshipped = 0;  // bytes that wait to be shipped
    std::optional<base::Timestamp> oldest;
    std::optional<Next> next;
  };
  uint64_t used = 0;  // bytes, with live ones
  Budget budget;
  uint64_t free = 0;
  std::vector<App> apps;  // who takes most comes first
};
Outlook explain_retention(std::vector<Stored> stock, const Budget& budget,
                          const Facts& facts);

}  // namespace rotate
