// SPDX-License-Identifier: Apache-2.0
#include "http/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "http/reply.h"

namespace nephele::http {

namespace {

bool is_name(const std::string& text, bool colons) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void append_escaped(std::string& out, const std::string& text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quotes && c == '"')) out += '\\';
      out += c;
    }
  }
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> text{};
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  }
}

void append_labels(std::string& out, const Labels& labels, const std::string* bound) {
  if (labels.empty() && bound == nullptr) return;
  char separator = '{';
  for (const auto& [name, value] : labels) {
    out += std::exchange(separator, ',');
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  if (bound != nullptr) {
    out += std::exchange(separator, ',');
    out.append("le=\"").append(*bound).append("\"");
  }
  out += '}';
}

}  // namespace

Histogram::Histogram(std::span<const double> upper_bounds)
    : bounds_(upper_bounds.begin(), upper_bounds.end()), buckets_(upper_bounds.size() + 1) {
  if (!std::ranges::is_sorted(bounds_)) throw std::logic_error("the bounds of a histogram rise");
}

void Histogram::observe(double value) noexcept {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot shot;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    shot.count += buckets_[i].load(std::memory_order_relaxed);
    if (i < bounds_.size()) shot.cumulative.emplace_back(bounds_[i], shot.count);
  }
  shot.sum = sum_.load(std::memory_order_relaxed);
  return shot;
}

struct Metrics::Series {
  Labels labels;
  std::variant<std::monostate, std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>,
               std::function<double()>>
      value;

  void write(std::string& out, const std::string& name) const {
    if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&value)) return write(out, name, **histogram);
    out += name;
    append_labels(out, labels, nullptr);
    out += ' ';
    if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&value)) {
      append_number(out, (*counter)->value());
    } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&value)) {
      append_value(out, (*gauge)->value());
    } else if (const auto* read = std::get_if<std::function<double()>>(&value)) {
      append_value(out, (*read)());
    }
    out += '\n';
  }

  void write(std::string& out, const std::string& name, const Histogram& histogram) const {
    const auto shot = histogram.snapshot();
    const auto row = [&](const char* suffix, const std::string* bound) {
      out.append(name).append(suffix);
      append_labels(out, labels, bound);
      out += ' ';
    };
    std::string bound;
    for (const auto& [upper, count] : shot.cumulative) {
      bound.clear();
      append_value(bound, upper);
      row("_bucket", &bound);
      append_number(out, count);
      out += '\n';
    }
    bound = "+Inf";
    row("_bucket", &bound);
    append_number(out, shot.count);
    out += '\n';
    row("_sum", nullptr);
    append_value(out, shot.sum);
    out += '\n';
    row("_count", nullptr);
    append_number(out, shot.count);
    out += '\n';
  }
};

struct Metrics::Family {
  std::string name, help;
  std::string_view type;
  std::vector<std::unique_ptr<Series>> series;
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Series& Metrics::series(const std::string& name, const std::string& help, const char* type, Labels labels) {
  if (!is_name(name, true)) throw std::logic_error("no metric can be called " + name);
  for (const auto& [label, value] : labels)
    if (!is_name(label, false)) throw std::logic_error("no label can be called " + label);
  auto family = std::ranges::find(families_, name, [](const auto& f) -> const std::string& { return f->name; });
  if (family == families_.end()) {
    families_.push_back(std::make_unique<Family>(Family{name, help, type, {}}));
    family = std::prev(families_.end());
  }
  if ((*family)->type != type) throw std::logic_error(name + " is a " + std::string((*family)->type) + " already");
  auto& all = (*family)->series;
  const auto found = std::ranges::find(all, labels, [](const auto& s) -> const Labels& { return s->labels; });
  if (found != all.end()) return **found;
  return *all.emplace_back(std::make_unique<Series>(Series{std::move(labels), {}}));
}

Counter& Metrics::counter(const std::string& name, const std::string& help, Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& value = series(name, help, "counter", std::move(labels)).value;
  if (value.index() == 0) value = std::make_unique<Counter>();
  return *std::get<std::unique_ptr<Counter>>(value);
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& value = series(name, help, "gauge", std::move(labels)).value;
  if (value.index() == 0) value = std::make_unique<Gauge>();
  return *std::get<std::unique_ptr<Gauge>>(value);
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, std::span<const double> upper_bounds,
                              Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& value = series(name, help, "histogram", std::move(labels)).value;
  if (value.index() == 0) value = std::make_unique<Histogram>(upper_bounds);
  return *std::get<std::unique_ptr<Histogram>>(value);
}

void Metrics::counter_read(const std::string& name, const std::string& help, std::function<double()> read,
                           Labels labels) {
  const std::lock_guard lock(mutex_);
  series(name, help, "counter", std::move(labels)).value = std::move(read);
}

void Metrics::gauge_read(const std::string& name, const std::string& help, std::function<double()> read,
                         Labels labels) {
  const std::lock_guard lock(mutex_);
  series(name, help, "gauge", std::move(labels)).value = std::move(read);
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& family : families_) {
    out.append("# HELP ").append(family->name).append(" ");
    append_escaped(out, family->help, false);
    out.append("\n# TYPE ").append(family->name).append(" ").append(family->type).append("\n");
    for (const auto& one : family->series) one->write(out, family->name);
  }
  return out;
}

Response Metrics::response() const {
  Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = text();
  return response;
}

void add_server_metrics(Metrics& metrics, const ServerMetrics& server, const std::string& listener) {
  const auto read = [](const auto& number) { return [&number] { return static_cast<double>(number.load()); }; };
  const Labels labels{{"listener", listener}};
  const auto with_class = [&](const char* name) { return Labels{{"listener", listener}, {"class", name}}; };
  metrics.counter_read("http_connections_total", "connections accepted", read(server.connections_accepted), labels);
  metrics.gauge_read("http_connections", "connections open now", read(server.connections_open), labels);
  metrics.counter_read("http_requests_total", "requests that reached the router", read(server.requests), labels);
  metrics.counter_read("http_refused_total", "requests refused before the router", read(server.bad_requests), labels);
  const std::string help = "answers sent, by class of status";
  metrics.counter_read("http_responses_total", help, read(server.responses_2xx), with_class("2xx"));
  metrics.counter_read("http_responses_total", help, read(server.responses_4xx), with_class("4xx"));
  metrics.counter_read("http_responses_total", help, read(server.responses_5xx), with_class("5xx"));
  metrics.counter_read("http_responses_total", help, read(server.responses_other), with_class("other"));
  metrics.counter_read(
      "http_request_seconds_total", "time between header and answer, of all requests together",
      [&number = server.request_microseconds] { return static_cast<double>(number.load()) / 1e6; }, labels);
}

}  // namespace nephele::http
