// The report of a check: the template's flow as it would run, what is wrong with it, and where to mend that.

import { both, make, mark, note, prose, say } from "./show.js";

export function report({ template, nodes, problems, remarks }) {
  return make("div.result", {},
    verdict(problems),
    problems.map(problem),
    nodes.length > 0 && [flow(template.way), make("ol.nodes", {}, nodes.map(node))],
    remarks.map((remark) => note("skipped", prose(remark))));
}

function verdict(problems) {
  if (problems.length === 0) {
    return note("passed", say("Approvals can be made from it. Press Test to walk the whole way once.", "可用于发起审批。点“测试”走通一次全程。"));
  }
  return note("failed", say(`Approvals cannot be made from it as it is: ${problems.length} to mend.`, `目前无法用于审批：有 ${problems.length} 处需要修复。`));
}

function problem({ what, code, mendEn, mendZh }) {
  return make("div.problem", {},
    make("p.cause", {}, prose(what), " ", make("code", {}, code)),
    make("div.mend", {}, make("strong", {}, say("Mend it here", "修复位置")), both(mendEn, mendZh)));
}

function flow(way) {
  const words = way === "source"
    ? say("Its own flow, in whose place Dataphin's approvers decide", "模板自身流程（由 Dataphin 指定的审批人替代）")
    : say("Its flow", "审批流程");
  return make("h4", {}, words);
}

function node({ name, kind, supported, people }) {
  return make("li", {},
    mark(supported ? "passed" : "skipped"),
    make("span", {}, make("strong", {}, name), " ", kind, people.length > 0 && make("span.people", {}, people.join("、"))));
}
