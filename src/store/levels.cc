#include "store/levels.h"
namespace store {
Level detect_level(std::string_view) {
  return Level::Unknown;
}
Level detect_level(const Line& line) {
  return detect_level(line.text);
}
}  // namespace store
