// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace nephele::identity::pages {

/// Light and dark by the reader's wish; one column on a phone.
inline constexpr std::string_view style = R"css(:root {
  --ink: #1c2430; --soft: #566173; --ground: #f5f7fa; --sheet: #fff; --line: #d5dce6; --strong: #1f5fbf;
  --on-strong: #fff; --good: #1a7f45; --warn: #8a5a00; --bad: #b3261e;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8ecf2; --soft: #a3aec0; --ground: #12161d; --sheet: #1b212b; --line: #343d4c; --strong: #8ab4f8;
    --on-strong: #10151c; --good: #6ccb93; --warn: #f0c36d; --bad: #f2a29c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; color: var(--ink); background: var(--ground);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
a { color: var(--strong); }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--sheet); padding: .5rem; }
header {
  display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .75rem 1.25rem;
  background: var(--sheet); border-bottom: 1px solid var(--line);
}
.brand { font-weight: 700; font-size: 1.15rem; text-decoration: none; color: var(--ink); }
nav { flex: 1; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; list-style: none; margin: 0; padding: 0; }
nav .who { margin-left: auto; color: var(--soft); overflow-wrap: anywhere; }
nav form { margin: 0; padding: 0; border: 0; background: none; max-width: none; }
nav button { padding: .3rem .7rem; }
main { flex: 1; width: 100%; max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
form, .card {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; padding: 1.25rem; margin: 0 0 1rem;
}
form { max-width: 30rem; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
.cards .card { margin: 0; }
.field { margin: 0 0 1rem; }
.field label { display: block; font-weight: 600; margin-bottom: .25rem; }
.field.check label { display: inline; font-weight: 400; margin-left: .4rem; }
.field textarea, .field input:not([type=checkbox]) {
  width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--line); border-radius: .4rem;
}
.field select {
  width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--line); border-radius: .4rem;
}
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); }
td form { display: inline-block; border: 0; padding: 0; margin: 0 .3rem 0 0; background: none; }
.field input[aria-invalid] { border-color: var(--bad); }
.hint { color: var(--soft); margin: .25rem 0 0; font-size: .92rem; }
.problem { color: var(--bad); margin: .25rem 0 0; font-size: .95rem; }
button {
  font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 1px solid var(--strong); border-radius: .4rem;
  color: var(--on-strong); background: var(--strong); cursor: pointer;
}
button.quiet { color: var(--strong); background: none; }
.message { padding: .75rem 1rem; border-left: .3rem solid var(--strong); background: var(--sheet); border-radius: .3rem; }
.message.success { border-color: var(--good); }
.message.warning { border-color: var(--warn); }
.message.error { border-color: var(--bad); }
.message form { display: inline; padding: 0; margin: 0 0 0 .5rem; border: 0; background: none; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .3rem 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
pre {
  overflow-x: auto; background: var(--sheet); border: 1px solid var(--line); border-radius: .4rem; padding: .9rem;
  font: .92rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
}
footer {
  display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 1rem 1.25rem; color: var(--soft);
  border-top: 1px solid var(--line); font-size: .92rem;
}
)css";

}  // namespace nephele::identity::pages
