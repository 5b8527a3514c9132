#include "store/archive_writer.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/fs.h"
#include "store/archive_facts.h"
#include "store/archive_filter.h"
#include "store/archive_index.h"
#include "store/archive_input.h"
#include "store/archive_reader.h"
#include "store/grams.h"
#include "store/zstd_frames.h"

namespace store {
namespace {

using base::Errc;

constexpr int kHighestLevel = 19;
// What of an archive's index is neither filter nor grows with frames.
constexpr double kFixedIndex = 160;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class Writer {
 public:
  Writer(FrameInput& input, FrameFacts& facts, int to,
         const std::string& to_name, const ArchiveOptions& options)
      : input_(input),
        facts_(facts),
        to_(to),
        to_name_(to_name),
        options_(options),
        filter_(std::clamp(options.index_density, 0.0, 16.0)),
        context_(ZSTD_createCCtx()) {}

  base::Status begin(std::vector<TimeEntry> times, bool stamped) {
    index_.stream = options_.stream;
    index_.stamped = stamped;
    if (!times.empty())
      times_size_ = static_cast<double>(encode_times(times).size());
    index_.times = std::move(times);
    const auto set = [&](ZSTD_cParameter name, int value) {
      return ZSTD_isError(
                 ZSTD_CCtx_setParameter(context_.get(), name, value)) == 0;
    };
    if (set(ZSTD_c_compressionLevel, options_.level) &&
        set(ZSTD_c_contentSizeFlag, 1) && set(ZSTD_c_checksumFlag, 1))
      return {};
    return base::fail(Errc::Invalid, to_name_ + ": zstd refuses its settings");
  }

  base::Status frame(const FrameBytes& bytes) {
    ArchiveFrame frame;
    frame.offset = stored_;
    frame.begin = bytes.begin;
    frame.size = bytes.text.size();
    facts_.collect(bytes,
                   options_.index_density > 0 ? &filter_.next_frame() : nullptr,
                   frame);
    const size_t bound = ZSTD_compressBound(bytes.text.size());
    if (packed_.size() < bound) packed_.resize(bound);
    const size_t size =
        ZSTD_compress2(context_.get(), packed_.data(), packed_.size(),
                       bytes.text.data(), bytes.text.size());
    if (ZSTD_isError(size) != 0)
      return base::fail(Errc::Io, to_name_ + ": zstd: " +
                                      std::string(ZSTD_getErrorName(size)));
    const auto packed = std::string_view(packed_).substr(0, size);
    if (auto put = base::fs::write_all(to_, packed, to_name_); !put) return put;
    frame.stored = size;
    frame.sum = frame_sum(packed);
    stored_ += size;
    group_stored_ += size;
    group_raw_ += frame.size;
    lines_ += frame.lines;
    index_.frames.push_back(frame);
    if (filter_.frames() >= input_.frames_in_group()) close_group();
    return {};
  }

  base::Result<ArchiveResult> end() {
    if (filter_.frames() > 0) close_group();
    if (rows_.empty()) index_.groups.clear();
    std::string tail = encode_meta(index_);
    IndexFooter footer;
    const uint64_t size = rows_.size() + tail.size() + kIndexFooter;
    // Sizes are 32 bits in a skippable frame: what does not fit is the filter
    // of a segment of some 300 GiB.
    if (size > UINT32_MAX)
      return base::fail(Errc::Invalid, to_name_ + ": too large an index");
    footer.index_size = static_cast<uint32_t>(size);
    footer.meta_size = static_cast<uint32_t>(tail.size());
    footer.data_size = stored_;
    footer.meta_sum = checksum(tail);
    tail += encode_footer(footer);
    tail += encode_seek_table(index_.frames, size + kSkippableHeader);
    const std::string head = skippable_header(kIndexMagic, size);
    for (const std::string_view part :
         {std::string_view(head), std::string_view(rows_),
          std::string_view(tail)})
      if (auto put = base::fs::write_all(to_, part, to_name_); !put)
        return base::fail(std::move(put.error()));
    ArchiveResult result;
    result.raw = input_.position();
    result.index = kSkippableHeader + rows_.size() + tail.size();
    result.stored = stored_ + result.index;
    result.lines = lines_;
    result.frames = index_.frames.size();
    return result;
  }

 private:
  void close_group() {
    const double share = std::clamp(options_.index_share, 0.0, 1000.0);
    const double of_times = times_size_ * static_cast<double>(group_raw_) /
                            std::max(1.0, input_.expected());
    const double budget =
        share * static_cast<double>(group_stored_) -
        static_cast<double>(filter_.frames() * (kFrameRecord + kSeekEntry)) -
        of_times - (index_.groups.empty() ? kFixedIndex : 0);
    index_.groups.push_back(filter_.close(rows_, budget));
    group_stored_ = group_raw_ = 0;
  }

  FrameInput& input_;
  FrameFacts& facts_;
  int to_;
  const std::string& to_name_;
  const ArchiveOptions& options_;
  FilterBuilder filter_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  ArchiveIndex index_;
  std::string rows_;
  std::string packed_;
  double times_size_ = 0;
  uint64_t stored_ = 0;
  uint64_t lines_ = 0;
  uint64_t group_stored_ = 0;
  uint64_t group_raw_ = 0;
};

// Those that are of use. Only so many are read back: where there are more, some
// stand for more than one.
std::vector<TimeEntry> sound_times(std::span<const TimeEntry> times) {
  std::vector<TimeEntry> sound;
  const size_t step = times.size() / kMostTimes + 1;
  for (size_t i = 0; i < times.size(); i += step)
    if (sound.empty() || times[i].offset > sound.back().offset)
      sound.push_back(times[i]);
  return sound;
}

}  // namespace

base::Result<ArchiveResult> write_archive(
    int segment, const std::string& name, bool stamped,
    std::span<const TimeEntry> times, base::UniqueFd& to,
    const std::string& to_name, const ArchiveOptions& options,
    const std::function<bool()>& keep_going) {
  if (options.level < 1 || options.level > kHighestLevel)
    return base::fail(Errc::Invalid, to_name + ": zstd has levels from 1 to " +
                                         std::to_string(kHighestLevel));
  auto input = FrameInput::open(segment, name, options);
  if (!input) return base::fail(std::move(input.error()));
  const auto sound = sound_times(times);
  FrameFacts facts(stamped, sound);
  Writer writer(*input, facts, to.get(), to_name, options);
  if (auto begun = writer.begin(sound, stamped); !begun)
    return base::fail(std::move(begun.error()));
  for (;;) {
    if (keep_going && !keep_going())
      return base::fail(Errc::Unavailable, to_name + ": stopped");
    auto bytes = input->next();
    if (!bytes) return base::fail(std::move(bytes.error()));
    if (bytes->text.empty()) return writer.end();
    if (auto put = writer.frame(*bytes); !put)
      return base::fail(std::move(put.error()));
  }
}

}  // namespace store
