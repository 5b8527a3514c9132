#include "keeper/handover.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/fs.h"

namespace keeper {
namespace {

constexpr std::array<char, 8> kMagic = {'L', 'O', 'D', 'G', 'E', 'K', 'P', 'R'};
constexpr size_t kMaxSize = size_t{64} << 20;

struct HeadRecord {
  std::array<char, 8> magic = kMagic;
  uint16_t major = kMajor;
  uint16_t minor = kMinor;
  uint32_t head_size = sizeof(HeadRecord);
  uint32_t slot_size = 0;
  uint32_t slot_count = 0;
  int32_t lock = -1;
  int32_t listener = -1;
  int32_t channel = -1;
  int32_t previous = -1;
  int32_t daemon = 0;
  uint8_t daemon_is_child = 0;
  uint8_t in_sync = 0;
  uint8_t terminating = 0;
  uint8_t unused = 0;
  uint32_t updates = 0;
  uint32_t error_size = 0;  // text, after the head
  uint64_t limit_cur = 0;
  uint64_t limit_max = 0;
};

struct SlotRecord {
  uint64_t number = 0;
  int64_t ended_us = 0;
  uint32_t state = 0;
  int32_t pid = 0;
  int32_t status = 0;
  int32_t pidfd = -1;
  int32_t outcome = -1;
  int32_t failure_error = 0;
  int32_t failure_step = 0;
  uint32_t label_size = 0;  // text, after the record
  uint32_t fd_count = 0;    // FdRecords, after the label
  uint8_t adopted = 0;
  uint8_t status_known = 0;
  uint8_t spawn_untold = 0;
  uint8_t exit_untold = 0;
};

struct FdRecord {
  int32_t fd = -1;
  uint32_t role = 0;
};

template <class Record>
void put(std::string& block, const Record& record) {
  block.append(reinterpret_cast<const char*>(&record), sizeof record);
}

// A record that another version wrote in `size` bytes.
template <class Record>
bool take(std::string_view& rest, size_t size, Record& record) {
  if (rest.size() < size) return false;
  std::memcpy(static_cast<void*>(&record), rest.data(),
              std::min(size, sizeof record));
  rest.remove_prefix(size);
  return true;
}

bool take(std::string_view& rest, size_t size, std::string& text) {
  if (rest.size() < size) return false;
  text = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

struct ReadSlot {
  SlotRecord record;
  std::string label;
  std::vector<FdRecord> fds;
};

SlotRecord record_of(uint64_t number, const Slot& slot) {
  SlotRecord record;
  record.number = number;
  record.ended_us = slot.ended_us;
  record.state = static_cast<uint32_t>(slot.state);
  record.pid = slot.pid;
  record.status = slot.status;
  record.pidfd = slot.pidfd.get();
  record.outcome = slot.outcome.get();
  record.failure_error = slot.failure.error;
  record.failure_step = slot.failure.step;
  record.label_size = static_cast<uint32_t>(slot.label.size());
  record.fd_count = static_cast<uint32_t>(slot.fds.size());
  record.adopted = slot.adopted;
  record.status_known = slot.status_known;
  record.spawn_untold = slot.spawn_untold;
  record.exit_untold = slot.exit_untold;
  return record;
}

base::UniqueFd own(int fd) {
  if (fd < 0) return {};
  (void)base::fs::set_inheritable(fd, false);
  return base::UniqueFd(fd);
}

Slot slot_of(ReadSlot& read) {
  const SlotRecord& record = read.record;
  Slot slot;
  slot.state = static_cast<SlotState>(record.state);
  slot.pid = record.pid;
  slot.status = record.status;
  slot.ended_us = record.ended_us;
  slot.adopted = record.adopted != 0;
  slot.status_known = record.status_known != 0;
  slot.label = std::move(read.label);
  for (const auto& entry : read.fds)
    slot.fds.push_back({static_cast<Role>(entry.role), own(entry.fd)});
  slot.pidfd = own(record.pidfd);
  slot.outcome = own(record.outcome);
  slot.failure = {record.failure_error,
                  static_cast<ExecFailure::Step>(record.failure_step)};
  slot.spawn_untold = record.spawn_untold != 0;
  slot.exit_untold = record.exit_untold != 0;
  return slot;
}

std::vector<int> descriptors(const Holdings& holdings) {
  std::vector<int> all = {holdings.lock.get(), holdings.listener.get(),
                          holdings.channel.get(), holdings.previous.get()};
  for (const auto& [number, slot] : holdings.slots.all()) {
    for (const auto& entry : slot.fds) all.push_back(entry.fd.get());
    all.push_back(slot.pidfd.get());
    all.push_back(slot.outcome.get());
  }
  std::erase_if(all, [](int fd) { return fd < 0; });
  return all;
}

base::Error exec(const std::string& path, const base::Home& home,
                 const ResumeWord& word) {
  const std::string resume = print_resume(word);
  ::execl(path.c_str(), "lodge", "keeper", home.root().c_str(), resume.c_str(),
          nullptr);
  return base::fs::errno_error(errno, "exec", path);
}

}  // namespace

base::Result<base::UniqueFd> encode_handover(const Holdings& holdings) {
  HeadRecord head;
  head.slot_size = sizeof(SlotRecord);
  head.slot_count = static_cast<uint32_t>(holdings.slots.all().size());
  head.lock = holdings.lock.get();
  head.listener = holdings.listener.get();
  head.channel = holdings.channel.get();
  head.previous = holdings.previous.get();
  head.daemon = holdings.daemon;
  head.daemon_is_child = holdings.daemon_is_child;
  head.in_sync = holdings.in_sync;
  head.terminating = holdings.terminating;
  head.updates = holdings.updates;
  head.error_size = static_cast<uint32_t>(holdings.update_error.size());
  head.limit_cur = holdings.slots.child_limit().rlim_cur;
  head.limit_max = holdings.slots.child_limit().rlim_max;
  std::string block;
  put(block, head);
  block += holdings.update_error;
  for (const auto& [number, slot] : holdings.slots.all()) {
    put(block, record_of(number, slot));
    block += slot.label;
    for (const auto& entry : slot.fds)
      put(block, FdRecord{entry.fd.get(), static_cast<uint32_t>(entry.role)});
  }
  base::UniqueFd table(::memfd_create("lodge-keeper", MFD_CLOEXEC));
  if (!table)
    return base::fail(base::fs::errno_error(errno, "memfd_create", ""));
  auto written = base::fs::write_all(table.get(), block, "keeper table");
  if (!written) return base::fail(std::move(written.error()));
  return table;
}

base::Result<Holdings> decode_handover(int memfd) {
  const auto bad = [] {
    return base::fail(base::Errc::Invalid, "keeper table: damaged");
  };
  auto info = base::fs::fstat(memfd, "keeper table");
  if (!info) return base::fail(std::move(info.error()));
  const auto size = static_cast<size_t>(info->st_size);
  if (size > kMaxSize) return bad();
  std::string block(size, '\0');
  auto n = base::fs::pread(memfd, block, 0, "keeper table");
  if (!n || *n != size) return bad();
  std::string_view rest = block;
  HeadRecord head;
  head.head_size = 0;
  // Where the size stands does not change.
  constexpr size_t kFixed = offsetof(HeadRecord, slot_size);
  if (rest.size() < kFixed) return bad();
  std::memcpy(static_cast<void*>(&head), rest.data(), kFixed);
  if (head.magic != kMagic || head.head_size < kFixed) return bad();
  if (head.major != kMajor)
    return base::fail(base::Errc::Invalid,
                      "keeper table: version " + std::to_string(head.major) +
                          ", not " + std::to_string(kMajor),
                      "lodge kill, then lodge start");
  Holdings holdings;
  if (!take(rest, head.head_size, head) ||
      !take(rest, head.error_size, holdings.update_error))
    return bad();
  // All of it is read before any of it is owned: who can't read the table must
  // leave every descriptor to the one who can.
  std::vector<ReadSlot> slots;
  for (uint32_t i = 0; i < head.slot_count; ++i) {
    ReadSlot& slot = slots.emplace_back();
    if (!take(rest, head.slot_size, slot.record) ||
        !take(rest, slot.record.label_size, slot.label))
      return bad();
    for (uint32_t at = 0; at < slot.record.fd_count; ++at)
      if (!take(rest, sizeof(FdRecord), slot.fds.emplace_back())) return bad();
  }
  holdings.lock = own(head.lock);
  holdings.listener = own(head.listener);
  holdings.channel = own(head.channel);
  holdings.previous = own(head.previous);
  holdings.daemon = head.daemon;
  holdings.daemon_is_child = head.daemon_is_child != 0;
  holdings.in_sync = head.in_sync != 0;
  holdings.terminating = head.terminating != 0;
  holdings.updates = head.updates;
  holdings.slots = Slots(rlimit{head.limit_cur, head.limit_max});
  for (auto& slot : slots)
    holdings.slots.restore(slot.record.number, slot_of(slot));
  return holdings;
}

std::string print_resume(const ResumeWord& word) {
  const char* const how = word.how == Resume::Forward ? "--resume="
                          : word.how == Resume::Back  ? "--back="
                                                      : "--can-resume=";
  return how + std::to_string(word.table) + "," + std::to_string(word.previous);
}

base::Result<ResumeWord> parse_resume(std::string_view text) {
  for (const auto how : {Resume::Forward, Resume::Back, Resume::Check}) {
    ResumeWord word{how, -1, -1};
    std::string start = print_resume(word);
    start.erase(start.find('=') + 1);
    if (!text.starts_with(start)) continue;
    const char* const end = text.data() + text.size();
    const auto table =
        std::from_chars(text.data() + start.size(), end, word.table);
    if (table.ec != std::errc{} || table.ptr == end || *table.ptr != ',') break;
    const auto previous = std::from_chars(table.ptr + 1, end, word.previous);
    if (previous.ec != std::errc{} || previous.ptr != end) break;
    return word;
  }
  return base::fail(base::Errc::Invalid,
                    std::string(text) + ": not for you to say");
}

base::Error become(const std::string& path, const base::Home& home,
                   const Holdings& holdings) {
  auto table = encode_handover(holdings);
  if (!table) return std::move(table.error());
  auto taken = descriptors(holdings);
  taken.push_back(table->get());
  for (const int fd : taken) (void)base::fs::set_inheritable(fd, true);
  auto error = exec(path, home,
                    {Resume::Forward, table->get(), holdings.previous.get()});
  for (const int fd : taken) (void)base::fs::set_inheritable(fd, false);
  return error;
}

base::Error become_previous(const base::Home& home, const ResumeWord& word) {
  return exec("/proc/self/fd/" + std::to_string(word.previous), home,
              {Resume::Back, word.table, -1});
}

}  // namespace keeper
