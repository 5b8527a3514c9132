// What a child may write, formatted in every way: nothing of it may be lost,
// and no cut, room or processor may change what comes out.

#include "capture/formatter.h"
#include "capture/line_stamping.h"
#include "fuzz/fuzzer.h"
#include "store/line.h"

namespace {

using capture::Formatter;
using capture::SinkOptions;

constexpr base::Timestamp kTime{1'795'256'102'123'456};

std::string format(Formatter& formatter, std::string_view bytes, size_t room) {
  std::string all;
  std::vector<char> out(room);
  bool mid_line = false;
  while (!bytes.empty()) {
    const auto done = formatter.format(bytes, kTime, mid_line, out);
    fuzz::must(done.consumed > 0, "there is always room for a bit more");
    fuzz::must(done.written <= room, "within the room");
    all.append(out.data(), done.written);
    bytes.remove_prefix(done.consumed);
  }
  return all;
}

std::string unstamped(std::string_view bytes) {
  std::string raw;
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const auto line = store::parse_line(bytes.substr(0, newline));
    fuzz::must(line.time == kTime, "every line has its stamp");
    raw.append(line.lead).append(line.text);
    if (newline == bytes.npos) break;
    raw += '\n';
    bytes.remove_prefix(newline + 1);
  }
  return raw;
}

Formatter make(SinkOptions::Stamp stamp, bool treat) {
  SinkOptions options;
  options.stamp = stamp;
  options.strip_ansi = treat;
  if (treat) options.redact = {"secret", "[0-9]{2,}", "x*"};
  return std::move(*Formatter::make(options));
}

void check(std::string_view input) {
  using Stamp = SinkOptions::Stamp;
  for (const Stamp stamp : {Stamp::Prefix, Stamp::Json}) {
    auto plain = make(stamp, false);
    fuzz::must(unstamped(format(plain, input, Formatter::kLeastRoom)) == input,
               "without stamps the bytes are the child's");
    auto treated = make(stamp, true);
    auto treated_alone = make(Stamp::None, true);
    fuzz::must(unstamped(format(treated, input, Formatter::kLeastRoom)) ==
                   format(treated_alone, input, Formatter::kLeastRoom),
               "the stamp changes nothing in the line");
  }
  const std::string prefix = base::format_stamp(kTime) + " ";
  auto plain = make(Stamp::Prefix, false);
  const std::string wanted = format(plain, input, 29 * input.size() + 1);
  for (const auto simd : {capture::Simd::Plain, capture::Simd::Sse2,
                          capture::Simd::Avx2, capture::Simd::Neon}) {
    if (!capture::is_supported(simd)) continue;
    std::string all;
    bool mid_line = false;
    const size_t cut = input.size() / 3;
    for (const auto part : {input.substr(0, cut), input.substr(cut)}) {
      std::vector<char> out(29 * part.size());
      const auto done = capture::stamp_lines(part, prefix, mid_line, out, simd);
      fuzz::must(done.consumed == part.size(), "there is room for all");
      all.append(out.data(), done.written);
    }
    fuzz::must(all == wanted, "every processor gives the same");
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string many;
  for (int i = 0; i < 40; ++i)
    many += std::string(static_cast<size_t>(i * i % 90), 'a') + "\n";
  return fuzz::run(
      argc, argv,
      {"GET / 200 3ms\nGET /x 404 1ms\n", "{\"a\":1,\"secret\":\"12\"}\n{}\n",
       "\x1b[31mred\x1b[0m secret\n\x1b]0;title\atext\n\x1bPdata\x1b\\\n",
       "{\"@lodge\":\"2026-11-21T10:15:02.123456Z\",\"a\":1}\n",
       "2026-11-21T10:15:02.123456Z forged\n\n\n", many, many + many + many},
      check);
}
