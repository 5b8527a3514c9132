#pragma once
// A POST over https by libcurl, opened by name when it is first needed: who
// posts nothing, or over http alone, does not need it. Inside notify, post.cc's
// alone.

#include <string>
#include <string_view>

#include "base/result.h"

namespace notify {

// The status of the answer. Errc::NotFound when there is no libcurl.
base::Result<int> post_tls(const std::string& url, std::string_view body);

}  // namespace notify
