// The calls to the bridge, in the operator's name. Addresses are relative: the page may live under any prefix.

const LONGEST_CALL_MS = 100_000;
/** Two bridges under one host do not share a token. */
const TOKEN = `approval-bridge token ${location.pathname}`;

let onRefused = () => {};

/** Whoever is to know that the token is not, or no more, the right one. */
export function whenRefused(then) {
  onRefused = then;
}

/** What the bridge, or the way to it, said no with. */
class Refusal extends Error {
  constructor(status, { en, zh, code, reference }) {
    super(en);
    Object.assign(this, { status, en, zh: zh ?? en, code, reference });
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  keep: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

/** Calls the bridge; with an order, even an empty one, it is a POST. Throws a `Refusal`. */
export async function call(path, order) {
  const headers = { Authorization: `Bearer ${token.get() ?? ""}` };
  const request = { headers, cache: "no-store", signal: AbortSignal.timeout(LONGEST_CALL_MS) };
  if (order) {
    headers["Content-Type"] = "application/json";
    Object.assign(request, { method: "POST", body: JSON.stringify(order) });
  }
  let response;
  try {
    response = await fetch(`operator/${path}`, request);
  } catch {
    throw new Refusal(0, { en: "The bridge does not answer: is it running, and is this machine online?", zh: "审批桥没有应答：请确认审批桥正在运行，且本机网络正常。" });
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer;
  const refusal = new Refusal(response.status, answer?.message ? { ...answer, en: answer.message } : unreadable(response.status));
  if (refusal.status === 401) onRefused(refusal);
  throw refusal;
}

/** Whatever stands in front of the bridge answered, in its own words. */
function unreadable(status) {
  return {
    en: `HTTP ${status}, and not in the bridge's words: look at the proxy in front of the bridge.`,
    zh: `HTTP ${status}，应答并非来自审批桥：请检查审批桥前面的代理。`,
  };
}
