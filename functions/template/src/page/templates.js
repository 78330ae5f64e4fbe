// The templates: which there are, and how one comes to be there.

import { call } from "./bridge.js";
import { Card, mapping, worded } from "./card.js";
import { during, make, note, say } from "./show.js";

const PERSON = "approval-bridge person";
const KINDS = {
  AUTH: "permission 权限",
  PUBLISH: "publish 发布",
  CODE_REVIEW: "code review 代码评审",
  BIZ_PLANNING: "business planning 业务规划",
  STANDARD_APPROVAL: "standard review 标准审批",
  DEFAULT: "approval 审批",
};
const CODE = "code:";

const at = (id) => document.getElementById(id);
/** Each template's place in the page, by what it is for and its code: what runs there goes on when the list is shown anew. */
const cards = new Map();

export function startTemplates() {
  for (const select of document.querySelectorAll("select.for")) {
    const kinds = Object.entries(KINDS).map(([kind, words]) => [`type:${kind}`, `${kind} · ${words}`]);
    const purposes = [["default", "All requests 所有请求"], ...kinds, ["quick-bi", "Quick BI"]];
    select.append(...purposes.map(([value, words]) => make("option", { value }, words)));
  }
  at("adopt-for").append(make("option", { value: CODE }, "templateCode …"));
  at("adopt-for").onchange = () => {
    at("adopt-code-field").hidden = at("adopt-for").value !== CODE;
    at("adopt-code").required = at("adopt-for").value === CODE;
  };
  at("person").value = localStorage.getItem(PERSON) ?? "";
  at("person").onchange = () => localStorage.setItem(PERSON, person());
  at("generate").onsubmit = generate;
  at("adopt").onsubmit = adopt;
}

/** The templates that the bridge uses, and the operator's own choice, which goes before the default. */
export function showTemplates({ configured, templates }) {
  const chosen = configured && !templates.some((template) => isChosen(template, configured));
  const all = chosen ? [byHand(configured, templates), ...templates] : templates;
  const shown = all.map((template) => {
    const key = `${worded(template.purpose)} ${template.processCode}`;
    const card = cards.get(key) ?? new Card({ again, person });
    cards.set(key, card);
    card.show(template, configured);
    return card.element;
  });
  const none = make("p.card.hint", {}, say("None yet: generate the official one above.", "尚无模板：请在上方一键生成官方模板。"));
  at("templates").replaceChildren(...(shown.length > 0 ? shown : [none]));
}

const isChosen = (template, configured) => template.purpose === "default" && template.processCode === configured;

/** `DINGTALK_PROCESS_CODE` names one that the bridge may know for other requests, or not at all. */
function byHand(processCode, templates) {
  const known = templates.find((template) => template.processCode === processCode);
  return { ...(known ?? { name: processCode, processCode, way: "source", fills: [] }), purpose: "default", byVariable: true };
}

const person = () => at("person").value.trim();

async function again() {
  showTemplates(await call("templates"));
}

const MAKINGS = {
  created: ["Made: ", "已创建："],
  updated: ["Brought up to date: ", "已更新："],
  adopted: ["Found by its name, and taken up: ", "已按名称找到并采用："],
  unchanged: ["As it should be: ", "无需改动："],
};

async function generate(event) {
  event.preventDefault();
  const order = { for: at("generate-for").value };
  await during(event.submitter, at("generate-line"), say("Generating", "正在生成"), async () => {
    const { template, making } = await call("templates/generate", order);
    await again();
    return note("passed", say(...(MAKINGS[making] ?? ["", ""])), template.name);
  });
}

async function adopt(event) {
  event.preventDefault();
  const purpose = at("adopt-for").value === CODE ? CODE + at("adopt-code").value.trim() : at("adopt-for").value;
  const way = at("adopt").elements.way.value;
  await during(event.submitter, at("adopt-line"), say("Adopting", "正在采用"), async () => {
    const fields = settings(at("adopt-fields").value);
    const template = await call("templates/adopt", { template: at("adopt-template").value, for: purpose, way, fields });
    await again();
    return [note("passed", say("Adopted: ", "已采用："), template.name), mapping(template.fills)];
  });
}

/** `label=content`, one a line. */
function settings(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => {
    const end = line.indexOf("=");
    if (end < 1) throw { en: `Write “${line}” as label=content.`, zh: `请将“${line}”写成 字段名=内容。` };
    return [line.slice(0, end).trim(), line.slice(end + 1).trim()];
  }));
}
