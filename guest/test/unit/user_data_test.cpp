// SPDX-License-Identifier: Apache-2.0
#include "user_data.h"

#include "check.h"

using namespace guest;

namespace {

const AddCase decodes("user data, Base64", [] {
  check(decode_base64("").value().empty() && decode_base64("Zg==").value() == "f" &&
        decode_base64("Zm8=").value() == "fo");
  check(decode_base64("Zm9v\nYmFy").value() == "foobar" && decode_base64("+/+/").value() == "\xfb\xff\xbf");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Z*==", "===="}) check(!decode_base64(wrong));
});

const AddCase runs_scripts_only("user data, scripts", [] {
  check(user_data_script("IyEvYmluL3NoCg==").value() == "#!/bin/sh\n");
  check(!user_data_script("RnJvbSBtZQ==") && !user_data_script("") && !user_data_script("#!/bin/sh"));
});

}  // namespace
