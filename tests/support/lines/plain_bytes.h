#pragma once
// The bytes of a log file as `cat` and `zstd -dc` give them: by the library
// alone, so that what our own reader says can be held against it.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace support {

// `call` gets them in order, in pieces. A file that ends in `.zst` is
// decompressed; what is damaged is Errc::Invalid.
base::Status read_plain(const std::string& path,
                        const std::function<void(std::string_view)>& call);

}  // namespace support
