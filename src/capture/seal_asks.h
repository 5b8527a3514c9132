#pragma once
// Who has asked for a live file to be sealed, and under what condition. Pure:
// holds no file and reads no clock. One per sink, on the capture thread.
//
// Nobody waits for a line that does not end: after kPatience they are told that
// it is pending, and the file is *owed* a seal.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "capture/requests.h"

namespace capture {

class SealAsks {
 public:
  static constexpr base::Millis kPatience{1000};
  using Done = std::function<void(Sealed)>;

  explicit SealAsks(std::string path) : path_(std::move(path)) {}

  void add(std::optional<base::Timestamp> begun_before, Done done,
           base::MonoTime now);
  // The file is to be sealed. To be asked after judge().
  bool wanted() const { return waiting() || owed_.has_value(); }
  // Somebody is to be answered.
  bool waiting() const { return !asks_.empty(); }

  // The file is so large, and its first line so old (nobody knows: old enough):
  // who asked for something else is answered.
  void judge(uint64_t size, std::optional<base::Timestamp> begun);
  // Answers whoever has waited for long enough.
  void expire(base::MonoTime now);
  // Answers all; nothing is owed any more.
  void answer(Sealed::Outcome outcome, const std::string& segment = {},
              uint64_t bytes = 0, std::optional<base::Error> error = {});

  // When expire() has something to do.
  std::optional<base::MonoTime> deadline() const;

 private:
  struct Ask {
    base::Timestamp begun_before;
    Done done;
    base::MonoTime deadline;
  };
  template <class Which>
  std::vector<Ask> take(Which&& which);

  const std::string path_;
  std::vector<Ask> asks_;                // in order of their deadlines
  std::optional<base::Timestamp> owed_;  // if begun before that
};

}  // namespace capture
