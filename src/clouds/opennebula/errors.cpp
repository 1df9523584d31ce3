// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/errors.h"

#include <array>
#include <utility>

#include "base/json.h"
#include "http/failure.h"

namespace nephele::opennebula {

namespace {

constexpr std::size_t text_bytes_max = std::size_t{4} * 1024;  // stack traces of a web framework can be long

std::string shortened(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
  if (text.size() <= text_bytes_max) return std::string(text);
  auto end = text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  return std::string(text.substr(0, end)) + "...";
}

std::string display(std::string_view system) {
  return system == "oneflow" ? "OneFlow" : std::string(system);
}

Error error(Kind kind, std::string_view system, std::string_view call, std::string_view cause, std::string text,
            const std::string& sentence) {
  return Error(kind, display(system) + " " + sentence)
      .with("system", std::string(system))
      .with("call", std::string(call))
      .with("cause", std::string(cause))
      .with("text", std::move(text));
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The words of a OneFlow error: plain text, or from 6.10 on `{"message":"Internal server error","reason":"..."}`, of
/// which the reason says something.
std::string words_of(std::string_view body) {
  if (is_page(body)) return {};
  if (body.find_first_not_of(" \t\r\n") != std::string_view::npos && has(body.substr(0, 64), "{")) {
    if (const auto tree = json::parse(body); tree && tree->if_object() != nullptr) {
      for (const auto* const member : {"reason", "message"})
        if (const auto text = tree->text_at({member}); !text.empty()) return shortened(text);
      if (const auto text = tree->text_at({"error", "message"}); !text.empty()) return shortened(text);
    }
  }
  return shortened(body);
}

Kind kind_of_status(int status, std::string_view text) {
  switch (status) {
    case 400:
      return Kind::invalid;
    case 422:
      return Kind::over_quota;  // which is a 422 again where its status is passed on
    case 401:
      return has(text, "Not authorized") ? Kind::forbidden : Kind::unauthorized;
    case 403:
      return has(text, "authenticated") ? Kind::unauthorized : Kind::forbidden;
    case 404:
      return Kind::not_found;
    case 405:
    case 409:
      return Kind::conflict;
    case 423:
    case 429:
      return Kind::busy;
    case 504:
      return Kind::timeout;
    default:
      // Its answer for everything that the state of a service forbids.
      return has(text, "cannot be undeployed in state") || has(text, "cannot be recovered in state")
                 ? Kind::conflict
                 : Kind::unavailable;
  }
}

}  // namespace

Kind kind_of_code(std::int64_t code) noexcept {
  static constexpr std::array kinds{std::pair{OnedCode::authentication, Kind::unauthorized},
                                    std::pair{OnedCode::authorization, Kind::forbidden},
                                    std::pair{OnedCode::no_exists, Kind::not_found},
                                    std::pair{OnedCode::action, Kind::conflict},
                                    std::pair{OnedCode::xml_rpc_api, Kind::invalid},
                                    std::pair{OnedCode::internal, Kind::unavailable},
                                    std::pair{OnedCode::allocate, Kind::invalid},
                                    std::pair{OnedCode::locked, Kind::busy},
                                    std::pair{OnedCode::replication, Kind::unavailable}};
  for (const auto& [known, kind] : kinds)
    if (static_cast<std::int64_t>(known) == code) return kind;
  return Kind::unavailable;
}

Error oned_refused(std::string_view call, const xmlrpc::Answer& answer) {
  auto text = shortened(answer.message);
  Error out = error(kind_of_code(answer.code), "oned", call, "refused", text,
                    "refused " + std::string(call) + ": " + (text.empty() ? "it does not say why" : text));
  out.with("code", std::to_string(answer.code));
  if (answer.object) out.with("object", std::to_string(*answer.object));
  return out;
}

Error oned_fault(std::string_view call, const xmlrpc::Fault& fault) {
  auto text = shortened(fault.message);
  return error(Kind::unavailable, "oned", call, "fault", text,
               "does not understand " + std::string(call) + ": " + text + "; is it an OpenNebula of 6.8 or newer?")
      .with("code", std::to_string(fault.code));
}

Error oneflow_refused(std::string_view call, int status, std::string_view body) {
  auto text = words_of(body);
  const Kind kind = kind_of_status(status, text);
  // 502 and 503 come from what stands in front of it, when it is not there.
  const bool foreign = status < 400 || status == 502 || status == 503 || (is_page(body) && status != 500);
  return error(kind, "oneflow", call, foreign ? "http" : "refused", text,
               "answered " + std::string(call) + " with status " + std::to_string(status) +
                   (text.empty() ? "" : ": " + text))
      .with("http_status", std::to_string(status));
}

Error foreign_status(std::string_view system, std::string_view call, int status) {
  const Kind kind = status == 504 ? Kind::timeout : Kind::unavailable;
  return error(kind, system, call, "http", "",
               "answered " + std::string(call) + " with HTTP status " + std::to_string(status) +
                   "; check its address, and the proxy before it if there is one")
      .with("http_status", std::to_string(status));
}

Error unreadable(std::string_view system, std::string_view call, std::string_view why) {
  return error(Kind::unavailable, system, call, "garbage", "",
               "gave an answer to " + std::string(call) + " that cannot be read (" + std::string(why) +
                   "); check its address, and the proxy before it if there is one");
}

Error not_answered(std::string_view system, std::string_view call, const Error& failure) {
  const auto [cause, kind] = http::failure_of(failure);
  return error(kind, system, call, cause, "", "did not answer " + std::string(call) + ": " + failure.sentence());
}

bool is_page(std::string_view body) {
  const auto begin = body.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && body[begin] == '<';
}

}  // namespace nephele::opennebula
