// The callback in Node. What Lambda's own runtime does is the loop at the end.
import http from "node:http";
import { callback } from "./callback.js";

const agent = new http.Agent({ keepAlive: true });
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${base}/${path}`, { method, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function run() {
  const handle = await callback();
  for (;;) {
    const { headers, text } = await call("GET", "next");
    const id = headers["lambda-runtime-aws-request-id"];
    try {
      await call("POST", `${id}/response`, JSON.stringify(await handle(JSON.parse(text))));
    } catch (error) {
      console.error(error.name);
      await call("POST", `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: "" }));
    }
  }
}

run();
