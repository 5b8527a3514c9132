#pragma once
// Where everything of one user's Lodge lies. Paths only; make() creates the
// directories. See SPEC "Files" for what each holds.

#include <string>

#include "base/fs.h"
#include "base/result.h"

namespace base {

class Home {
 public:
  // `--home`, else $LODGE_HOME, else $HOME/.lodge, else the password
  // database's home; made absolute.
  static Result<Home> locate(const std::string& from_flag);
  explicit Home(std::string root) : root_(std::move(root)) {}

  // Creates root, logs/, logs/archive/, run/ (0700) and the file `id`.
  // Refuses a root that belongs to somebody else.
  Status make() const;

  const std::string& root() const { return root_; }
  // By --home: a place of which the caller thinks that it is there.
  bool is_named() const { return named_; }
  std::string path(std::string_view name) const {
    return fs::join(root_, name);
  }
  std::string socket() const { return path("lodge.sock"); }
  std::string diary() const { return path("lodge.log"); }
  std::string app_list() const { return path("apps.json"); }
  // Snapshots of the list, made by `save`; the directory comes with the first.
  std::string snapshots() const { return path("dump"); }
  std::string snapshot(std::string_view name) const {
    return fs::join(snapshots(), std::string(name) + ".json");
  }
  std::string logs() const { return path("logs"); }
  std::string run() const { return path("run"); }
  std::string run(std::string_view name) const { return fs::join(run(), name); }

 private:
  std::string root_;
  bool named_ = false;
};

}  // namespace base
