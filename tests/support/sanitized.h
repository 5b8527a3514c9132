#pragma once
// Whether a sanitizer watches: it makes everything several times slower and
// larger, and looks for other faults than the count of rounds finds.

namespace support {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace support
