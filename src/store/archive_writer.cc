#include "store/archive_writer.h"

namespace store {

base::Result<ArchiveResult> write_archive(int, const std::string& name, bool,
                                          std::span<const TimeEntry>,
                                          base::UniqueFd&, const std::string&,
                                          const ArchiveOptions&,
                                          const std::function<bool()>&) {
  return base::fail(base::Errc::Invalid,
                    name + ": archives can't be written yet");
}

}  // namespace store
