// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "check.h"
#include "machine_facts.h"
#include "object_key.h"
#include "object_store.h"
#include "sha256.h"

using namespace guest;

namespace {

const AddCase hashes("sha256", [] {
  check(Sha256().finish_hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const std::size_t portion : {1UZ, 7UZ, 64UZ, 1000UZ}) {
    Sha256 hash;
    const std::string text(1000, 'a');
    for (std::size_t at = 0; at < text.size(); at += portion) hash.update(std::string_view(text).substr(at, portion));
    check(hash.finish_hex() == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
  }
});

const AddCase keys("object keys", [] {
  for (const char* good : {"a", "a/b", "...", "a b", "\xc3\xa4", "%", "a+", "a=", ".hidden", "a..b"})
    check(!key_fault(good));
  for (const char* bad : {"", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a/.", "\x01", "a\nb", "\xff"})
    check(key_fault(bad).has_value());
  check(key_fault(std::string(1025, 'a')) && key_fault(std::string(201, 'a')) && !key_fault(std::string(200, 'a')));
  check(key_to_path("a/b c/.d") == "a+/b%20c+/%2Ed=" && unescape_component("b%20c") == "b c");
});

const AddCase records("object records", [] {
  const ObjectRecord record{42, 1700000000, "abc", "text/plain; charset=x"};
  const auto got = decode_record(encode_record(record));
  check(got && got->size == 42 && got->modified == 1700000000 && got->etag == "abc" && got->type == record.type);
  check(!decode_record("") && !decode_record(std::string(512, 'x')) && encode_record(record).size() == 512);
});

void put(ObjectStore& store, const std::string& key) {
  std::string temporary;
  const Fd file = store.begin(temporary);
  check(static_cast<bool>(file) && ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()));
  const StoreResult result = store.commit(file, temporary, key, {key.size(), 1, "e", "t"}, false);
  check(result == StoreResult::created || result == StoreResult::replaced);
}

std::vector<std::string> list_all(const ObjectStore& store, const std::string& prefix, std::size_t limit) {
  std::vector<std::string> keys;
  for (ObjectList page{{}, true}; page.more;) {
    page = store.list(prefix, keys.empty() ? "" : keys.back(), limit);
    check(page.objects.size() <= limit);
    for (const ListedObject& object : page.objects) keys.push_back(object.key);
  }
  return keys;
}

const AddCase lists_in_the_order_of_keys("object lists", [] {
  char folder[] = "/tmp/nephele-objects-XXXXXX";
  check(::mkdtemp(folder) != nullptr);
  ObjectStore store(folder);
  check(store.prepare());
  std::set<std::string> keys = {"a",    "a-b", "a/b", "a0", "a/b/c",      "a/b-c",
                                "a/b/", "z",   "%",   "A",  "\xc3\xa4/x", "a.b/c"};
  keys.erase("a/b/");
  std::uint32_t seed = 5;
  for (int round = 0; round < 150; ++round) {
    std::string key;
    for (int part = 0; part < 3; ++part) {
      seed = seed * 1664525 + 1013904223;
      if (part > 0 && (seed >> 20) % 3 == 0) break;
      key += (part > 0 ? "/" : "") + std::string(1, static_cast<char>("ab-."[(seed >> 16) % 4])) + "x";
    }
    keys.insert(key);
  }
  for (const std::string& key : keys) put(store, key);
  for (const std::string prefix : {"", "a", "a/", "a/b", "ax/", "bx", "none", "-"})
    for (const std::size_t limit : {1UZ, 2UZ, 7UZ, 1000UZ}) {
      std::vector<std::string> wanted;
      std::ranges::copy_if(keys, std::back_inserter(wanted), [&](const auto& key) { return key.starts_with(prefix); });
      check(list_all(store, prefix, limit) == wanted);
    }
  for (const std::string& key : keys) check(store.remove(key) == StoreResult::removed);
  check(store.remove("a") == StoreResult::missing && list_all(store, "", 10).empty());
  check(::rmdir((std::string(folder) + "/keys").c_str()) == 0);  // every folder was pruned
  ::rmdir((std::string(folder) + "/new").c_str());
  ::rmdir(folder);
});

const AddCase reads_the_kernels_files("machine facts", [] {
  check(meminfo_kib("MemTotal:  94464 kB\nMemFree: 1 kB\n", "MemTotal") == 94464 && meminfo_kib("", "MemTotal") == 0);
  check(system_ram_bytes("00001000-0009fbff : System RAM\n00100000-07fdffff : System RAM\n  01000000-01ffffff : Kernel "
                         "code\nfeb00000-febfffff : PCI\n") == 0x9ec00 + 0x7ee0000);
  check(count_cpus("0-2,5") == 4 && count_cpus("0") == 1 && count_cpus("") == 0);
});

}  // namespace
