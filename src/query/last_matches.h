#pragma once
// The last matches of each app, by their places: for those that only reading
// forward can tell, as whole records are. Stands at the end of a row of stages
// that reads everything once; who reads again then knows where the first of
// them begins. Keeps places, not lines. Lives on the thread that reads.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "query/lines.h"

namespace query {

class LastMatches final : public LineSink {
 public:
  explicit LastMatches(uint64_t most) : most_(most) {}

  void line(const Origin& origin, const FoundLine& line) override;
  void event(const Origin&, const store::Event&) override {}
  void settle() override {}
  bool wants_more() const override { return true; }
  bool needs_others() const override { return false; }
  bool owes_context() const override { return false; }

  // Where the first of them begins in a history: behind all where it has none;
  // nullopt: no match of the app is left out.
  std::optional<HitPlace> first_of(const Origin& origin) const;

 private:
  struct Match {
    const Origin* origin = nullptr;
    HitPlace place;
  };
  struct App {
    std::deque<Match> last;
    bool left_out = false;  // others before them
  };

  uint64_t most_;
  std::map<std::string, App> apps_;
};

}  // namespace query
