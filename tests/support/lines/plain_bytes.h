#pragma once
// The bytes of a log file as `cat` and `zstd -dc` give them: by the library
// alone, so that what our own reader says can be held against it.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace support {

// `call` gets them in order, in pieces. A file that ends in `.zst` is
// decompressed, and read in place of one that was compressed meanwhile; what is
// damaged is Errc::Invalid.
base::Status read_plain(const std::string& path,
                        const std::function<void(std::string_view)>& call);

// All of them, as far as they can be read.
std::string plain_text(const std::string& path);

}  // namespace support
