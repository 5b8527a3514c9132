// What comes over the control socket: frames, cut anywhere, and messages.

#include "control/codec.h"
#include "control/framing.h"
#include "fuzz/fuzzer.h"

namespace {

constexpr size_t kCap = 4096;

// Every payload, then how it ended, of a stream fed in pieces of `step`.
std::string read_all(std::string_view stream, size_t step) {
  control::FrameReader reader(kCap);
  std::string seen;
  for (size_t at = 0; at < stream.size(); at += step) {
    reader.feed(stream.substr(at, step));
    for (;;) {
      auto next = reader.next();
      if (!next) return seen + "|refused";
      if (!*next) break;
      fuzz::must((*next)->size() <= kCap, "a payload within the cap");
      seen += "|" + **next;
    }
  }
  return seen + (reader.in_frame() ? "|more" : "|end");
}

void check_messages(std::string_view payload) {
  if (const auto asked = control::decode_request(payload)) {
    const std::string text = control::encode(asked->request, asked->caller);
    const auto again = control::decode_request(text);
    fuzz::must(again.has_value(), "a request that was read can be written");
    fuzz::must(control::encode(again->request, again->caller) == text,
               "and read the same");
  }
  if (const auto reply = control::decode_reply(payload)) {
    const std::string text = control::encode(*reply);
    const auto again = control::decode_reply(text);
    fuzz::must(again.has_value(), "a reply that was read can be written");
    fuzz::must(control::encode(*again) == text, "and read the same");
  }
}

void check(std::string_view input) {
  check_messages(input);
  const std::string whole = read_all(input, input.size() + 1);
  fuzz::must(read_all(input, 1) == whole, "frames don't depend on pieces");
  fuzz::must(read_all(input, 7) == whole, "frames don't depend on pieces");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace control;
  std::vector<std::string> seeds;
  const Caller caller{"lodge start api"};
  StartRequest start;
  start.definitions = {R"({"name":"api","script":"/a.js","instances":2})"};
  start.known.targets = {"api"};
  for (const Request& request :
       {Request(PingRequest{}), Request(start),
        Request(StopRequest{{{"a", "b/1"}, {"c"}}}), Request(RestartRequest{}),
        Request(DeleteRequest{}), Request(ListRequest{}),
        Request(FlushRequest{}), Request(KillRequest{}),
        Request(UpdateRequest{.path = "/x"})})
    seeds.push_back(encode(request, caller));
  ListReply list;
  list.instances.emplace_back();
  OutcomesReply outcomes;
  outcomes.outcomes.emplace_back();
  for (const Reply& reply :
       {Reply(PingReply{}), Reply(list), Reply(outcomes), Reply(FlushReply{}),
        Reply(DoneReply{}), Reply(ErrorReply{"no", "hint", 2})})
    seeds.push_back(encode(reply));
  const size_t messages = seeds.size();
  for (size_t i = 0; i < messages; ++i)
    if (const auto frame = make_frame(seeds[i], kCap))
      seeds.push_back(*frame + *frame);
  return fuzz::run(argc, argv, seeds, check);
}
