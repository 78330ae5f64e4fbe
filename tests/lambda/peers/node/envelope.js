// DingTalk's envelope: AES-256-CBC under a 43-character key, signed with SHA-1.
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";

const PAD_TO = 32;

export class Keys {
  constructor(token, aesKey) {
    this.token = token;
    this.key = Buffer.from(`${aesKey}=`, "base64");
  }

  // The message and whom it is addressed to; undefined where it is not to be believed.
  open({ signature, timestamp, nonce, encrypt }) {
    const expected = Buffer.from(this.sign(timestamp, nonce, encrypt));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const cipher = createDecipheriv("aes-256-cbc", this.key, this.key.subarray(0, 16)).setAutoPadding(false);
    const plain = Buffer.concat([cipher.update(encrypt, "base64"), cipher.final()]);
    const end = 20 + plain.readUInt32BE(16);
    const padding = plain[plain.length - 1];
    if (padding < 1 || padding > PAD_TO || end > plain.length - padding) return undefined;
    const owner = plain.toString("utf8", end, plain.length - padding);
    return { message: plain.toString("utf8", 20, end), owner };
  }

  seal(message, owner) {
    const body = Buffer.from(message);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    const plain = Buffer.concat([randomBytes(16), length, body, Buffer.from(owner)]);
    const padding = PAD_TO - (plain.length % PAD_TO);
    const cipher = createCipheriv("aes-256-cbc", this.key, this.key.subarray(0, 16)).setAutoPadding(false);
    const padded = Buffer.concat([plain, Buffer.alloc(padding, padding)]);
    const encrypt = Buffer.concat([cipher.update(padded), cipher.final()]).toString("base64");
    const [timeStamp, nonce] = [String(Date.now()), randomBytes(4).toString("hex")];
    return { msg_signature: this.sign(timeStamp, nonce, encrypt), timeStamp, nonce, encrypt };
  }

  sign(timestamp, nonce, encrypt) {
    const parts = [this.token, timestamp, nonce, encrypt].sort();
    return createHash("sha1").update(parts.join("")).digest("hex");
  }
}
