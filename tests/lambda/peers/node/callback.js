// DingTalk reports: verify, commit, acknowledge. Everything that can be made once is made before the first request.
import { randomBytes } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Keys } from "./envelope.js";

const env = process.env;
const RESULTS = { agree: "agreed", refuse: "refused" };
const client = new DynamoDBClient({ endpoint: env.BRIDGE_DYNAMODB_ENDPOINT });
const table = DynamoDBDocumentClient.from(client);

export async function callback() {
  const secrets = new SecretsManagerClient();
  const [secret] = await Promise.all([
    secrets.send(new GetSecretValueCommand({ SecretId: env.BRIDGE_SECRET_ID })),
    load("warm-up"), // Connects.
  ]);
  const { DINGTALK_CALLBACK_TOKEN, DINGTALK_CALLBACK_AES_KEY } = JSON.parse(secret.SecretString);
  const keys = new Keys(DINGTALK_CALLBACK_TOKEN, DINGTALK_CALLBACK_AES_KEY);
  const owners = [env.DINGTALK_APP_KEY, env.DINGTALK_CORP_ID];
  return async (event) => {
    const opened = open(keys, event);
    if (!opened || !owners.includes(opened.owner)) return answer(403, { code: "not-accepted" });
    const { type, result, processInstanceId, finishTime } = JSON.parse(opened.message);
    if (type === "finish") await commit(processInstanceId, RESULTS[result] ?? "finished", finishTime);
    return answer(200, keys.seal("success", opened.owner));
  };
}

function open(keys, { rawQueryString, body, isBase64Encoded }) {
  const query = new URLSearchParams(rawQueryString);
  const [signature, timestamp, nonce] = ["msg_signature", "timestamp", "nonce"].map((name) => query.get(name));
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  try {
    return keys.open({ signature, timestamp, nonce, encrypt: JSON.parse(text).encrypt });
  } catch {
    return undefined;
  }
}

async function load(pk) {
  const got = await table.send(new GetCommand({ TableName: env.BRIDGE_TABLE, Key: { pk }, ConsistentRead: true }));
  return got.Item;
}

// Writes what was reported into the approval that the instance belongs to, if it is still pending.
async function commit(instance, result, finishTime) {
  const owner = await load(`I#${instance}`);
  if (!owner?.approval) return;
  const pk = `A#${owner.approval}`;
  for (;;) {
    const item = await load(pk);
    if (!item?.state.pending) return;
    const ms = Date.now();
    const now = new Date(ms).toISOString();
    const hint = { result, finished_at: new Date(finishTime).toISOString(), received_at: now };
    const change = new UpdateCommand({
      TableName: env.BRIDGE_TABLE,
      Key: { pk },
      UpdateExpression:
        "SET #commit = :commit, #version = :next, updated_at = :ms, due_at = :ms, #record.#version = :next, " +
        "#record.updated_at = :now, #record.#timeline.#entries = list_append(#record.#timeline.#entries, :entry), " +
        "#state.pending.reading = :reading",
      ConditionExpression: "#version = :version AND attribute_exists(#state.pending)",
      ExpressionAttributeNames: {
        "#commit": "commit", "#version": "version", "#record": "record", "#timeline": "timeline",
        "#entries": "entries", "#state": "state",
      },
      ExpressionAttributeValues: {
        ":commit": randomBytes(8).toString("hex"), ":version": item.version, ":next": item.version + 1,
        ":ms": ms, ":now": now, ":entry": [{ at: now, what: { "end-reported": { result } } }],
        ":reading": { at: now, attempts: 0, hint },
      },
    });
    try {
      return await table.send(change);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error; // Otherwise someone was first.
    }
  }
}

function answer(statusCode, body) {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
