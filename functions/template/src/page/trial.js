// A test: a real approval from the administrator to themselves, each leg of its way with its time while it runs.

import { call } from "./bridge.js";
import { button, failure, make, mark, note, prose, say, trouble } from "./show.js";
import { diagnoseInSight } from "./diagnosis.js";

const LOOK_EVERY_MS = 1000;
/** So many looks in a row may go wrong before the test is given up. */
const MOST_MISSES = 10;
const UNDER_WAY = "under-way";

const wait = (ms) => new Promise((then) => setTimeout(then, ms));

/** How long ago a trial began that has just been started. */
export function age(trial) {
  return Math.max(0, ...trial.legs.map((leg) => leg.afterMs ?? 0));
}

/** Shows a trial in `place` until it is over. `trial`: as the bridge told it last; `began`: in milliseconds of `Date`. */
export async function follow(place, trial, began) {
  const shown = new Shown(place, trial, began);
  let misses = 0;
  while (trial.standing === UNDER_WAY) {
    await wait(LOOK_EVERY_MS);
    try {
      trial = await call(`templates/try/${encodeURIComponent(trial.instance)}`);
      misses = 0;
      shown.update(trial);
    } catch (error) {
      misses += 1;
      shown.miss(error);
      if (error.status === 404 || misses >= MOST_MISSES) {
        shown.stop();
        return;
      }
    }
  }
}

/** The legs are all there from the beginning, so that nothing moves while they are done one by one. */
class Shown {
  constructor(place, trial, began) {
    this.began = began;
    this.rows = trial.legs.map((leg) => new Row(leg));
    this.heard = make("p.heard", { role: "status" });
    this.end = make("div.verdict", { role: "status" });
    place.replaceChildren(make("div.result", {},
      make("p.hint", {}, say("From and to ", "发起人与审批人："), make("code", {}, trial.person), " · ", make("code", {}, trial.instance)),
      make("ol.legs", {}, this.rows.map((row) => row.element)), this.heard, this.end));
    this.ticking = setInterval(() => this.tick(), 100);
    this.update(trial);
  }

  update(trial) {
    const { legs, standing } = trial;
    // The last leg follows from the others; those run side by side.
    const open = legs.filter((leg) => leg.afterMs === null && !leg.skipped);
    const ofOpen = (leg, place) => {
      if (standing !== UNDER_WAY) return leg === open[0] ? "failed" : "waiting";
      return place < legs.length - 1 || open.length === 1 ? "running" : "waiting";
    };
    legs.forEach((leg, place) => {
      const told = this.rows[place].update(leg, ofOpen(leg, place));
      if (told) this.heard.replaceChildren(...told.flat());
    });
    this.tick();
    if (standing !== UNDER_WAY) clearInterval(this.ticking);
    this.end.replaceChildren(...verdict(trial));
  }

  /** A look that went wrong; the next one may not. */
  miss(error) {
    this.end.replaceChildren(trouble(error));
  }

  stop() {
    clearInterval(this.ticking);
    this.rows.forEach((row) => row.giveUp());
  }

  tick() {
    const gone = Math.max(0, Date.now() - this.began);
    this.rows.forEach((row) => row.tick(gone));
  }
}

class Row {
  constructor(leg) {
    this.sign = make("span", {}, mark("waiting"));
    this.time = make("span.time", {});
    this.remark = make("span.remark", {});
    const words = make("span.leg", {}, make("span", { lang: "en" }, leg.name), make("span", { lang: "zh" }, leg.nameZh), this.remark);
    this.element = make("li.waiting", {}, this.sign, words, this.time);
    this.outcome = "waiting";
  }

  /** `ofOpen`: how it stands if it is neither done nor done without. Gives what there is to tell about a leg that has just ended. */
  update(leg, ofOpen) {
    const isDone = leg.afterMs !== null;
    const outcome = isDone ? "passed" : leg.skipped ? "skipped" : ofOpen;
    if (outcome === this.outcome) return undefined;
    this.set(outcome);
    if (isDone) this.time.textContent = `${(leg.afterMs / 1000).toFixed(3)} s`;
    if (leg.skipped) this.remark.replaceChildren(...say("not subscribed to, or not waited for", "未订阅或未等待"));
    return isDone || leg.skipped ? say(leg.name, leg.nameZh) : undefined;
  }

  tick(gone) {
    if (this.outcome === "running") this.time.textContent = `${(gone / 1000).toFixed(1)} s`;
  }

  giveUp() {
    if (this.outcome === "running") this.set("waiting");
  }

  set(outcome) {
    this.outcome = outcome;
    this.element.className = outcome;
    this.sign.replaceChildren(mark(outcome));
    this.time.textContent = "";
  }
}

function verdict({ standing, failures }) {
  if (standing === UNDER_WAY) return [];
  if (standing === "passed") {
    return [note("passed", say("The whole way works: DingTalk, the event subscription, the public callback.", "全程打通：钉钉、事件订阅、公网回调均正常。"))];
  }
  const causes = failures.map((why) => failure(prose(why)));
  return [...causes, button("", say("Run the diagnosis", "运行诊断"), diagnoseInSight)];
}
