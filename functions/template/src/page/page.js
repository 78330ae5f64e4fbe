// The page: who is in, and in which language.

import { call, token, whenRefused } from "./bridge.js";
import { during, say, trouble } from "./show.js";
import { startDiagnosis } from "./diagnosis.js";
import { showTemplates, startTemplates } from "./templates.js";

const LANGUAGE = "approval-bridge language";
const REFUSED = "approval-bridge refused";
const [outside, inside, signOut, form, field, line] =
  ["outside", "inside", "sign-out", "sign-in", "token", "token-error"].map((id) => document.getElementById(id));

function speak(language) {
  document.documentElement.lang = language;
}

document.getElementById("language").onclick = () => {
  const other = document.documentElement.lang === "en" ? "zh" : "en";
  localStorage.setItem(LANGUAGE, other);
  speak(other);
};

/** A header cannot hold anything else, so it cannot be the token. */
const POSSIBLE = /^[\x21-\x7e]+$/;

/** Takes the token out of the address, so that it is neither seen nor copied along. */
function tokenOfAddress() {
  // In a token, a plus is a plus.
  const given = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("token");
  if (given === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return given.trim();
}

async function signIn(text) {
  if (!POSSIBLE.test(text)) throw wrong;
  token.keep(text);
  const book = await call("templates");
  field.value = "";
  show(true);
  showTemplates(book);
  inside.focus({ preventScroll: true });
}

const wrong = {
  en: "This is not the bridge's token: compare it with BRIDGE_OPERATOR_TOKEN. After a change there `bridge serve` must be restarted; on AWS it counts after some minutes.",
  zh: "令牌不正确：请与 BRIDGE_OPERATOR_TOKEN 核对；修改后需重启 `bridge serve`；在 AWS 上几分钟后生效。",
};

function show(isIn) {
  inside.hidden = signOut.hidden = !isIn;
  outside.hidden = isIn;
  if (!isIn) field.focus();
}

/** Loads the page anew: nothing that was shown stays in it. */
function leave(refused) {
  token.forget();
  if (refused) sessionStorage.setItem(REFUSED, "yes");
  location.reload();
}

async function enter(text) {
  const button = form.querySelector("button");
  await during(button, line, say("Signing in", "正在登录"), async () => {
    try {
      await signIn(text);
    } catch (error) {
      token.forget();
      show(false);
      if (error.status === 401) throw wrong;
      // Not the token's fault: one more click tries again.
      field.value = text;
      throw error;
    }
  });
}

form.onsubmit = (event) => {
  event.preventDefault();
  enter(field.value.trim());
};
signOut.onclick = () => leave(false);
whenRefused(() => { if (!inside.hidden) leave(true); });
addEventListener("hashchange", () => {
  const given = tokenOfAddress();
  if (given !== undefined) enter(given);
});

speak(localStorage.getItem(LANGUAGE) ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
startDiagnosis();
startTemplates();
const known = tokenOfAddress() ?? token.get();
if (known) enter(known);
else show(false);
if (sessionStorage.getItem(REFUSED)) line.replaceChildren(trouble(wrong));
sessionStorage.removeItem(REFUSED);
