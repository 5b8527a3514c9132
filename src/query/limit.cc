#include "query/limit.h"

namespace query {

void Limit::line(const Origin& origin, const FoundLine& line) {
  if (done()) return;
  FoundLine passed = line;
  if (left_ == 0) passed.match = false;
  if (passed.match) --left_;
  next_.line(origin, passed);
}

void Limit::event(const Origin& origin, const store::Event& event) {
  if (!done()) next_.event(origin, event);
}

}  // namespace query
