#pragma once
// Hyperscan (Debian's libhyperscan5), loaded when it is first asked for and
// only where it is installed: it is large, and most commands don't need it. It
// only ever says where to look, and RE2 decides; but what it does not report is
// not looked at. So a library that misses matches in a short trial is not used:
// Vectorscan 5.4.9 is one, which goes by the same name. One thread each.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace query {

class Hyperscan {
 public:
  // Null when it is not there, or does not know the pattern. ^ and $ are those
  // of lines; texts must be ASCII.
  static std::unique_ptr<Hyperscan> compile(const std::string& expression);
  ~Hyperscan();

  // Calls `on_end` with the end of each match, ascending, until it answers
  // false. False: not all of the text was scanned.
  bool scan(std::string_view text, const std::function<bool(size_t)>& on_end);

 private:
  struct Library;
  Hyperscan(const Library& library, void* database, void* scratch)
      : library_(library), database_(database), scratch_(scratch) {}

  const Library& library_;
  void* database_;
  void* scratch_;
};

}  // namespace query
