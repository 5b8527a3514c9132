#pragma once
// The bytes of one log, whatever file they lie in: a live file, a segment, or
// an archive, which is as if it had never been compressed. What the readers of
// lines (live_reader.h) read from. Offsets are bytes of the log as its writer
// wrote it. Blocking; lives on one thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/file_view.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace store {

class TimesReader;

struct Range {
  uint64_t begin = 0;  // a line begins here
  uint64_t end = 0;
  bool operator==(const Range&) const = default;
};

// What of a log can't be read any more, and what an index knows of it.
struct Damage {
  Range range;  // as large as is known; empty: it lay between what is there
  std::optional<base::Timestamp> first{}, last{};  // of its lines
  uint64_t lines = 0;                              // 0: not known
  bool operator==(const Damage&) const = default;
};

class Log {
 public:
  explicit Log(std::string name);
  virtual ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // At least one byte unless `offset` is at the end: then 0.
  virtual base::Result<size_t> read_at(std::span<char> into,
                                       uint64_t offset) = 0;
  // Now: a live file grows.
  virtual base::Result<uint64_t> size() = 0;

  // When the bytes of a log without stamps (times.h) were read; null for any
  // other, which bears its times itself.
  virtual TimesReader* times() = 0;

  // Offsets between which all lines with stamps in [since, until) lie, as far
  // as that is known without reading; nullopt: nothing is known.
  virtual std::optional<Range> find(std::optional<base::Timestamp> since,
                                    std::optional<base::Timestamp> until);
  // What the last failed read_at() could not give because it is damaged: what
  // lies before and behind can be read.
  virtual std::optional<Damage> damage() const { return std::nullopt; }

  // Whether less than was asked for is all there is: read_at() of others stops
  // where it likes.
  virtual bool reads_to_end() const { return false; }

  // The first `size` bytes where they lie, for who looks at all of them; null:
  // they are to be read. Borrows the log.
  virtual std::unique_ptr<base::FileView> view(uint64_t size, uint64_t window);

  // Gives buffers back; they are made again when needed.
  virtual void release_buffers() {}

  // The file's path, for errors.
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
};

// A file of lines as they are, live or sealed.
class FileLog final : public Log {
 public:
  // Borrows the descriptor.
  FileLog(int fd, std::string name);
  FileLog(base::UniqueFd fd, std::string name);
  ~FileLog() override;

  base::Result<size_t> read_at(std::span<char> into, uint64_t offset) override;
  base::Result<uint64_t> size() override;
  TimesReader* times() override;
  bool reads_to_end() const override { return true; }
  std::unique_ptr<base::FileView> view(uint64_t size, uint64_t window) override;
  void release_buffers() override;

 private:
  base::UniqueFd own_;
  const int fd_;
  std::unique_ptr<TimesReader> times_;
};

// For reading; never follows a link, never waits for a FIFO.
base::Result<base::UniqueFd> open_regular(const std::string& path);

// A file in a log directory, by its name: an archive when it ends in `.zst`.
// Errc::NotFound when it is not there.
base::Result<std::unique_ptr<Log>> open_log(const std::string& path);

}  // namespace store
