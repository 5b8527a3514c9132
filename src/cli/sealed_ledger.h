#pragma once
// What became of each sealed file, as events tell, held against the files that
// there are: what nobody of ours deleted and is gone is missing. Numbers are
// never given twice, but one may be given in vain: only a file whose sealing
// was told is known to have been there. Where events don't reach back that far
// a number that is left out counts, as files go from the oldest on.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "rotate/flush.h"
#include "rotate/stock.h"
#include "store/events.h"

namespace cli {

// Files of one owner, by number, in a row.
struct MissingFiles {
  std::string app;
  store::SegmentKind kind = store::SegmentKind::Out;
  int instance = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  std::string place;  // of one whose name is known, its path; else where they
                      // were

  uint64_t count() const { return last - first + 1; }
  std::string words() const;  // "file 3 of out is missing"
};

// Looks up which directories are the same; blocking.
class SealedLedger {
 public:
  SealedLedger(const std::string& log_dir, const store::Catalog& catalog);
  // In the order of their times.
  void add(const store::Event& event);
  // Of those that are selected; `files`: all of them that there are.
  std::vector<MissingFiles> missing(
      const std::vector<rotate::Stored>& files,
      const rotate::SealedSelection& selection) const;

 private:
  // By directory, too: an app's files may have been elsewhere once, with
  // numbers of their own.
  using Owner = std::tuple<std::string, std::string, store::SegmentKind, int>;
  struct Told {
    std::string path;
    bool sealed = false;
    bool removed = false;
    // Everything up to it may have been taken, by what names no file.
    bool taken = false;
  };
  using Numbers = std::map<uint64_t, Told>;

  std::string name_of(const std::string& dir);
  Owner owner_of(const rotate::Stored& file) const;

  std::map<std::string, std::string> names_;  // of directories, as spelt
  std::map<std::pair<uint64_t, uint64_t>, std::string> by_inode_;
  std::map<std::string, bool> known_;  // names of those of the catalog
  std::map<Owner, Numbers> told_;
};

}  // namespace cli
