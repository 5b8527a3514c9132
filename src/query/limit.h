#pragma once
// `-m`: so many matches and no more, over all streams of the flow; a record
// that matches as a whole is one, and is shown to its end. The context behind
// the last one is still shown, and in it further matches are context, as with
// grep. Stands before Context.

#include <cstdint>

#include "query/lines.h"

namespace query {

class Limit final : public LineSink {
 public:
  Limit(LineSink& next, uint64_t matches) : next_(next), left_(matches) {}

  void line(const Origin& origin, const FoundLine& line) override;
  // Those that come when all is shown are left out: they are after the end.
  void event(const Origin& origin, const store::Event& event) override;
  void settle() override { next_.settle(); }
  bool wants_more() const override { return next_.wants_more() && !done(); }
  bool needs_others() const override { return next_.needs_others(); }
  bool owes_context() const override { return next_.owes_context(); }

 private:
  bool done() const { return left_ == 0 && !next_.owes_context(); }

  LineSink& next_;
  uint64_t left_;
  bool taking_ = false;  // the match that we are in
};

}  // namespace query
