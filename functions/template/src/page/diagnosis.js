// The diagnosis: every check by its name, what it proved, or the cause and where to fix it.

import { call } from "./bridge.js";
import { both, copyOnClick, during, duration, make, mark, note, prose, say } from "./show.js";

const SIGNS = { passed: "✓", warned: "!", failed: "✗", skipped: "–" };
const [run, copying, line, place] =
  ["diagnose", "diagnosis-copy", "diagnosis-line", "diagnosis"].map((id) => document.getElementById(id));

let text = "";

export function startDiagnosis() {
  run.onclick = diagnose;
  copyOnClick(copying, () => text);
}

/** Runs it where the person can see it: after a test that failed, it says why. */
export function diagnoseInSight() {
  run.scrollIntoView({ block: "center" });
  run.focus({ preventScroll: true });
  if (!run.disabled) diagnose();
}

async function diagnose() {
  // What was found before stays until there is something newer: the page does not jump.
  place.classList.add("old");
  const worked = await during(run, line, say("Looking at everything", "正在检查"), async () => {
    const began = performance.now();
    const { findings } = await call("doctor").catch(noneIfNotThereYet);
    if (!findings) return notThereYet();
    const took = performance.now() - began;
    const sorted = [...findings].sort((one, other) => weight(other) - weight(one));
    place.replaceChildren(table(sorted));
    text = asText(sorted, took);
    copying.hidden = false;
    return summary(findings, took);
  });
  if (!worked) {
    place.replaceChildren();
    copying.hidden = true;
  }
  place.classList.remove("old");
}

/** What failed goes first, then what could be safer. */
const weight = ({ outcome }) => ({ failed: 2, warned: 1 })[outcome] ?? 0;

/** A bridge that is older than its diagnosis. */
function noneIfNotThereYet(error) {
  if (error.code !== "not-found") throw error;
  return {};
}

function notThereYet() {
  return note("skipped", say(
    "This bridge has no diagnosis yet; a newer version does. Until then, Test Connection in Dataphin makes the first checks, and Test below walks the whole way.",
    "当前版本的审批桥尚无诊断功能，请升级。在此之前，可使用 Dataphin 的“测试连接”做基本检查，并用下方的“测试”走通全程。",
  ));
}

function counts(findings) {
  const count = (outcome) => findings.filter((finding) => finding.outcome === outcome).length;
  return [count("failed"), count("warned"), count("passed"), count("skipped")];
}

function summary(findings, took) {
  const [failed, warned, passed, skipped] = counts(findings);
  const en = `${warned ? `${warned} to make safer, ` : ""}${passed} passed, ${skipped} skipped, in ${duration(took)}`;
  const zh = `${warned ? `${warned} 项可加固，` : ""}${passed} 项通过，${skipped} 项未检查，用时 ${duration(took)}`;
  if (failed === 0) return note("passed", say(`Nothing failed: ${en}`, `全部正常：${zh}`));
  return note("failed", say(`${failed} failed, ${en}`, `${failed} 项失败，${zh}`));
}

function table(findings) {
  const head = [
    make("th", { scope: "col" }, make("span.heard", {}, say("Outcome", "结果"))),
    make("th", { scope: "col" }, say("Check", "检查项")),
    make("th", { scope: "col" }, say("What was found", "结论")),
    make("th.time", { scope: "col" }, say("Time", "用时")),
  ];
  return make("table.checks", {}, make("thead", {}, make("tr", {}, head)), make("tbody", {}, findings.map(row)));
}

function row(finding) {
  const { name, variable, outcome, tookMs } = finding;
  return make(`tr.${SIGNS[outcome] ? outcome : "skipped"}`, {},
    make("td", {}, mark(outcome)),
    make("th", { scope: "row" }, say(name.en, name.zh), variable && make("code", {}, variable)),
    make("td", {}, found(finding)),
    make("td.time", {}, duration(tookMs)));
}

function found({ outcome, proved, why, cause, mend, code }) {
  const words = cause ?? proved ?? why;
  const text = words ? say(prose(words.en), prose(words.zh)) : "";
  if (!cause) return text;
  return [
    make("p.cause", {}, text, code && [" ", make("code", {}, code)]),
    mend && make("div.mend", {}, make("strong", {}, say("Fix it here", "修复位置")), both(mend.en, mend.zh)),
  ];
}

/** For a ticket or a chat. */
function asText(findings, took) {
  const [failed, warned, passed, skipped] = counts(findings);
  const head = `Approval Bridge diagnosis, ${new Date().toISOString()}: ${failed} failed, ${warned} to make safer, ${passed} passed, ${skipped} skipped, ${duration(took)}`;
  const lines = findings.flatMap(({ id, name, variable, outcome, proved, why, cause, mend, code, tookMs }) => [
    `${SIGNS[outcome] ?? outcome} ${name.en} ${name.zh}${variable ? ` ${variable}` : ""} [${id}] ${duration(tookMs)}`,
    ...[cause ?? proved ?? why, code && { en: `code: ${code}` }, mend]
      .flatMap((words) => [words?.en, words?.zh]).filter(Boolean).map((text) => `    ${text}`),
  ]);
  return [head, ...lines, ""].join("\n");
}
