// How things are shown. Whatever comes from elsewhere goes in as text and is never read as markup.

/** An element: `make("p.hint", { title: "…" }, child, "text")`. */
export function make(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = Object.assign(document.createElement(tag), properties);
  if (classes.length > 0) element.className = classes.join(" ");
  element.append(...children.flat(2).filter(Boolean));
  return element;
}

/** Both languages; the style shows the chosen one. */
export function say(en, zh) {
  return [make("span.en", {}, en), make("span.zh", {}, zh)];
}

/** Both languages one under the other, for what must be found in a console of either. */
export function both(en, zh) {
  return make("div.both", {}, make("div", { lang: "en" }, prose(en)), make("div", { lang: "zh" }, prose(zh)));
}

/** A sentence of the bridge's, with what it sets `apart` and *in the console's words*. */
export function prose(text) {
  return String(text).split(/(`[^`]+`|(?<![*\w])\*(?![*\s])[^*]+\*(?!\*))/).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.length > 2 && /^\*[^*]/.test(part)) return make("em", {}, part.slice(1, -1));
    return part;
  });
}

/** A button that says what it does in both languages. */
export function button(kind, words, onclick) {
  return make(kind ? `button.${kind}` : "button", { type: "button", onclick }, words);
}

const MARKS = {
  passed: ["✓", "passed", "通过"],
  warned: ["!", "could be safer", "可加固"],
  failed: ["✗", "failed", "失败"],
  skipped: ["–", "skipped", "未检查"],
  running: ["◌", "under way", "进行中"],
  waiting: ["·", "not yet", "未开始"],
};

/** A sign for the eye with a word for whoever hears the page. */
export function mark(outcome) {
  const [sign, en, zh] = MARKS[outcome] ?? MARKS.skipped;
  const heard = make("span.heard", {}, say(en, zh));
  return make(`span.mark.${outcome}`, {}, make("span", { ariaHidden: "true" }, sign), heard);
}

/** `340 ms`, `1.24 s`. */
export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** A sentence in one outcome's colour; `words` as `make` takes children. */
export function note(outcome, ...words) {
  return make(`p.note.${outcome}`, {}, mark(outcome), make("span", {}, words));
}

/** Why something does not work, and what to do. */
export function failure(...words) {
  return make("p.note.failed.cause", {}, mark("failed"), make("span", {}, words));
}

/** What went wrong, with all that helps to find it in the log. */
export function trouble(error) {
  const { en = String(error), zh = en, code, reference } = error;
  const words = en === zh ? prose(en) : say(en, zh);
  const traces = [!en.includes(code) && code, reference && [say("reference ", "参考号 "), reference]].filter(Boolean);
  return failure(words, traces.flatMap((trace) => [" ", make("code", {}, trace)]));
}

/** Does `work` while its button is off and its line shows a running clock; gives whether it went well. */
export async function during(button, line, words, work) {
  const began = performance.now();
  const clock = make("span.clock", { ariaHidden: "true" });
  const tick = () => { clock.textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`; };
  tick();
  const ticking = setInterval(tick, 100);
  button.disabled = true;
  line.replaceChildren(make("p.note.running", {}, mark("running"), make("span", {}, words, " ", clock)));
  try {
    const result = await work();
    line.replaceChildren(...[result].flat().filter(Boolean));
    return true;
  } catch (error) {
    line.replaceChildren(trouble(error));
    return false;
  } finally {
    clearInterval(ticking);
    button.disabled = false;
  }
}

/** Copies a text; plain http knows only the old way. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea.heard", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** A button that copies, and says for a moment that it did. */
export function copyOnClick(button, text) {
  button.onclick = async () => {
    await copy(text());
    if (button.classList.contains("copied")) return;
    const words = [...button.childNodes];
    button.classList.add("copied");
    button.style.minWidth = `${button.offsetWidth}px`;
    button.replaceChildren(...say("Copied", "已复制"));
    setTimeout(() => {
      button.replaceChildren(...words);
      button.classList.remove("copied");
    }, 1500);
  };
}

/** Asks before what cannot be undone by a click. */
export function confirmed(question, yes) {
  const dialog = document.getElementById("question");
  document.getElementById("question-text").replaceChildren(...question.flat());
  document.getElementById("question-yes").replaceChildren(...yes.flat());
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
