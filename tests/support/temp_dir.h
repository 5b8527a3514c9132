#pragma once
// A directory that is gone, with all in it, at the end of the test. Short
// paths ($TMPDIR, else /tmp): unix sockets are made in them.

#include <string>
#include <string_view>

namespace support {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const;
  // Writes `contents` to `name` and returns its path.
  std::string write(std::string_view name, std::string_view contents,
                    unsigned mode = 0644) const;

 private:
  std::string path_;
};

// Where such directories are in memory, if there is such a place: for tests
// that sync a lot, and don't ask what that costs.
const char* in_memory();

// The whole file, empty when it is missing.
std::string slurp(const std::string& path);

}  // namespace support
