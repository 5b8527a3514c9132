#pragma once
// An archive as the log it was made of: reads decode one frame at a time, which
// is kept until another is asked for. What is damaged costs its own frame.

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "store/archive_reader.h"
#include "store/log.h"

namespace store {

class ArchiveLog final : public Log {
 public:
  ArchiveLog(ArchiveReader reader, std::string name);
  ~ArchiveLog() override;

  base::Result<size_t> read_at(std::span<char> into, uint64_t offset) override;
  base::Result<uint64_t> size() override { return reader_.size(); }
  TimesReader* times() override { return times_.get(); }
  std::optional<Range> find(std::optional<base::Timestamp> since,
                            std::optional<base::Timestamp> until) override;
  std::optional<Damage> damage() const override { return damage_; }
  void release_buffers() override;

  ArchiveReader& archive() { return reader_; }

 private:
  size_t frame_at(uint64_t offset) const;

  ArchiveReader reader_;
  std::unique_ptr<TimesReader> times_;
  std::string frame_;            // decoded
  std::optional<size_t> index_;  // which
  std::optional<Damage> damage_;
};

// Of a frame that could not be read.
Damage damage_of(const ArchiveFrame& frame);

// The archive at `path`; as open_log() opens it.
base::Result<ArchiveReader> open_archive(const std::string& path);

}  // namespace store
