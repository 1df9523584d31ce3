// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "identity/pages/html.h"

/// What all pages look like, and the headers that each leaves with.
namespace nephele::identity::pages {

struct Message {
  enum class Level : std::uint8_t { info, success, warning, error };
  Level level = Level::info;
  Html text;
};

struct Page {
  std::string title;
  Html content;
  std::vector<Message> messages = {};
  int status = 200;
  /// Whose box against bots is on the page: the origins that it may load scripts and frames from. Nothing else widens
  /// what a page may load.
  std::vector<std::string> box_origins = {};
  /// Where the page leads by itself, at once.
  std::string onward = {};
};

/// What stands around a page.
struct Frame {
  std::string site;        ///< name of the cloud
  std::string signed_in;   ///< name of who looks at it; empty: nobody, as far as is known
  Html sign_out = {};      ///< the form for it
  bool has_terms = false;  ///< then the footer leads to them
  std::string support = {};
  std::vector<std::string> footer = {};  ///< what the site adds to it
  bool sign_up = true;                   ///< visitors are shown the way to an account
};

http::Response page_response(const Page& page, const Frame& frame);
/// 303, never cached. `to` is checked by the caller: a path of ours.
http::Response redirect(const std::string& to);
/// The one style sheet; 304 to who has it already.
http::Response style_sheet(const http::Request& request);

}  // namespace nephele::identity::pages
