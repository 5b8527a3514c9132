#pragma once
// Whether the log files that an app is to have are free to be its own. One path
// has one owner: two apps, or two streams or instances that nobody wanted
// merged, never meet in one file. Looks at the file system; any thread.

#include <memory>
#include <span>
#include <vector>

#include "base/home.h"
#include "base/result.h"
#include "config/app_spec.h"
#include "store/catalog.h"

namespace daemon_ {

// An app with the numbers of its instances.
struct AppFiles {
  const config::AppSpec* spec = nullptr;
  std::vector<int> numbers;
};

// The instances that an app will have by `spec`: of those `there`, in order,
// and then the lowest numbers that are free.
AppFiles app_files(const config::AppSpec& spec, std::span<const int> there);

// What is claimed so far. Blocks on the disk for a moment.
class FileClaims {
 public:
  // `catalog` and `home` outlive it.
  FileClaims(const std::vector<AppFiles>& others, const store::Catalog& catalog,
             const base::Home& home);
  ~FileClaims();
  FileClaims(const FileClaims&) = delete;
  FileClaims& operator=(const FileClaims&) = delete;

  // Whether `app` may have its files beside those that are claimed; then they
  // are claimed too. Errc::Exists: a file is somebody else's. Errc::Invalid:
  // its settings make no sense. Both say the way out.
  base::Status add(const AppFiles& app);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace daemon_
