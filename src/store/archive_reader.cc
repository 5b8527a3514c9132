#include "store/archive_reader.h"

namespace store {

struct ArchiveReader::Parts {};

ArchiveReader::ArchiveReader(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

base::Result<ArchiveReader> ArchiveReader::open(base::UniqueFd,
                                                std::string name) {
  return base::fail(base::Errc::Invalid, name + ": archives can't be read yet");
}

}  // namespace store
