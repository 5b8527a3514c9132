#pragma once
// What is sealed of an app, in all directories its live files are in: how many
// bytes, how far it goes back, and its removal when the app is deleted with its
// logs. Live files are none of its business (flush.h, capture).

#include <sys/stat.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "store/catalog.h"
#include "store/segments.h"

namespace rotate {

// Bytes of segments and archives. A directory is read again only when it has
// changed, and a file's size asked once, for what is sealed keeps its size: so
// it may be asked for every row of a table. Lives on one thread.
class SealedBytes {
 public:
  SealedBytes(const base::Clock& clock, std::string log_dir)
      : clock_(clock), log_dir_(std::move(log_dir)) {}

  struct Sealed {
    uint64_t bytes = 0;
    // Of its oldest line, to the second; nullopt: nothing is sealed.
    std::optional<base::Timestamp> oldest;
    // Of what came from the live files of one instance, by number; from a file
    // that several write, for each of them.
    std::map<int, uint64_t> by_instance;
  };
  // Asks the disk once for each directory.
  Sealed of(const store::CatalogApp& app);
  // Of each, in their order: most of hundreds may have no directory at all.
  std::vector<Sealed> of(const std::vector<store::CatalogApp>& apps);

 private:
  using Source = std::pair<store::SegmentKind, int>;  // one live file
  struct Directory {
    struct ::timespec changed{};
    std::map<std::string, uint64_t> files;  // by path
    std::map<Source, uint64_t> bytes;
    std::optional<base::Timestamp> oldest;
  };
  using Names = std::set<std::string, std::less<>>;
  // `there`: the directories of log_dir_; null: not known.
  Sealed of(const store::CatalogApp& app, const Names* there);
  const Directory& look(const std::string& live_dir, const std::string& app,
                        const Names* there);

  const base::Clock& clock_;
  const std::string log_dir_;
  std::map<std::pair<std::string, std::string>, Directory> directories_;
};

// Removes what is sealed of these instances, but for what others write too; of
// all of them: everything the app has. `on_going` hears of each before it goes.
// Blocks on the disk.
base::Status remove_sealed(
    const std::string& log_dir, const store::CatalogApp& app,
    const std::set<int>& instances,
    const std::function<void(const store::Segment&)>& on_going = {});

}  // namespace rotate
