// One template: what it is, and what can be done with it.

import { call } from "./bridge.js";
import { button, confirmed, copyOnClick, during, make, note, say } from "./show.js";
import { report } from "./report.js";
import { age, follow } from "./trial.js";

const TRIAL = "approval-bridge trial";

export class Card {
  /** `again` shows the list anew; `person` is in whose name to check and test, empty for the bridge's setting. */
  constructor({ again, person }) {
    Object.assign(this, { again, person });
    this.head = make("div.head");
    this.about = make("div");
    this.line = make("div.line", { role: "status" });
    this.report = make("div");
    this.trial = make("div");
    this.element = make("article.card", {}, this.head, this.about, this.line, this.report, this.trial);
    this.check = button("", say("Check", "检查"), () => this.look());
    this.test = button("main", say("Test", "测试"), () => this.tryOut());
    this.forget = button("quiet", say("Forget", "移除"), () => this.remove());
  }

  show(template, configured) {
    const { purpose, name, processCode, way, fills, generatedFrom, byVariable } = template;
    const isUnused = configured && purpose === "default" && processCode !== configured;
    const isOurs = Boolean(generatedFrom);
    const title = make("h3", {}, name);
    const facts = [
      purposeInWords(purpose),
      way === "source" ? say("Dataphin's approvers decide", "由 Dataphin 指定的审批人审批") : say("its own flow decides", "由模板自身流程审批"),
      isOurs ? say("generated", "官方模板") : say("your own", "自有模板"),
    ];
    // A test or a check of an unused default would be one of the template that is used instead.
    const actions = isUnused ? [this.forget] : [this.test, this.check, !byVariable && this.forget];
    this.template = template;
    this.head.replaceChildren(
      make("div", {}, title, make("p.facts", {}, facts.map((fact) => make("span", {}, fact)), name !== processCode && make("code", {}, processCode))),
      make("div.row", {}, actions));
    const variable = make("code", {}, "DINGTALK_PROCESS_CODE");
    const remark = isUnused
      ? note("skipped", variable, say(" names another template, which is used in place of this one: unset it to use this.", " 指定了另一个模板并优先使用；清除该变量后才会使用此模板。"))
      : configured === processCode && purpose === "default" && note("skipped", say("Chosen by ", "由此变量指定："), variable);
    this.about.replaceChildren(...[remark, fills.length > 0 && this.details(fills, processCode)].filter(Boolean));
    this.resume();
  }

  details(fills, processCode) {
    const copying = button("", say("Copy", "复制"));
    copyOnClick(copying, () => filters(processCode));
    return make("details", { open: this.about.querySelector("details")?.open ?? false },
      make("summary", {}, say("Fields and event filter", "字段与事件过滤")),
      mapping(fills),
      make("p.hint", {}, say("Filter of the event subscription, so that an approval costs one push:", "事件订阅的过滤规则（每次审批仅消耗一次推送）：")),
      make("pre", {}, filters(processCode)), copying);
  }

  order() {
    const user = this.person();
    return { for: worded(this.template.purpose), ...(user && { user }) };
  }

  look() {
    return during(this.check, this.line, say("Looking at its form and its flow", "正在检查表单与流程"), async () => {
      this.report.replaceChildren(report(await call("templates/check", this.order())));
    });
  }

  tryOut() {
    return this.run(() => call("templates/try", this.order()));
  }

  /** A test that was under way when the page was loaded anew. */
  resume() {
    const kept = sessionStorage.getItem(this.key());
    if (!kept || this.test.disabled) return;
    const { instance, began } = JSON.parse(kept);
    this.run(() => call(`templates/try/${encodeURIComponent(instance)}`), began);
  }

  /** `began`: when, if it has begun already. */
  async run(begin, began) {
    // A button that is off does not start a second one.
    this.test.disabled = true;
    let trial;
    const isRunning = await during(this.test, this.line, say("Starting an approval from you to yourself", "正在发起一条从您到您自己的审批"), async () => {
      trial = await begin();
    });
    if (isRunning) {
      this.test.disabled = true;
      began ??= Date.now() - age(trial);
      sessionStorage.setItem(this.key(), JSON.stringify({ instance: trial.instance, began }));
      await follow(this.trial, trial, began);
    }
    sessionStorage.removeItem(this.key());
    this.test.disabled = false;
  }

  key() {
    return `${TRIAL} ${location.pathname} ${worded(this.template.purpose)}`;
  }

  async remove() {
    const { name, purpose } = this.template;
    const question = [say(`Use “${name}” no more? It stays in DingTalk.`, `不再使用“${name}”？该模板仍保留在钉钉中。`)];
    if (!(await confirmed(question, say("Forget", "移除")))) return;
    await during(this.forget, this.line, say("Forgetting", "正在移除"), async () => {
      await call("templates/forget", { for: worded(purpose) });
      await this.again();
    });
  }
}

/** Purposes and contents are words, or a word with a text. */
export function worded(purpose) {
  return typeof purpose === "string" ? purpose : Object.entries(purpose)[0].join(":");
}

function purposeInWords(purpose) {
  if (purpose === "default") return say("all requests that have none of their own", "没有专用模板的所有请求");
  if (purpose === "quick-bi") return "Quick BI";
  if (purpose.type) return say(`requests of type ${purpose.type}`, `${purpose.type} 类型的请求`);
  return say(`requests with templateCode ${purpose.code}`, `templateCode 为 ${purpose.code} 的请求`);
}

/** What goes into which field. */
export function mapping(fills) {
  const content = ({ content }) => (typeof content === "string" ? make("code", {}, content) : `“${content.constant}”`);
  const rows = fills.map((fill) => make("tr", {}, make("th", { scope: "row" }, fill.label), make("td", {}, "← ", content(fill))));
  return make("table.mapping", {}, make("caption.heard", {}, say("What goes into which field", "字段内容")), make("tbody", {}, rows));
}

/** The filters of the event subscription with which an approval costs one push. */
function filters(processCode) {
  const events = ["finish", "terminate"];
  return events.map((event) => `/v1.0/event/bpms_instance_change/processCode/${processCode}/type/${event}`).join("\n");
}
