// Stands for the one function of `node:crypto` that a script uses: a key pair of the curve P-384, in PEM.
//
// The key is made of the random bytes that the operator granted, as every id is.

import { p384 } from "@noble/curves/nist.js";

/** A PKCS #8 key of P-384 in DER, but for the private key and for the point that is the public one. */
const BEFORE_PRIVATE = "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b0201010430";
const BEFORE_POINT = "a164036200";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Tables that many keys would be made with take longer to fill than the one or two keys do that are made.
p384.Point.BASE.precompute(1);

export function generateKeyPair(type, { namedCurve, privateKeyEncoding }, done) {
  if (type !== "ec" || namedCurve !== "secp384r1" || privateKeyEncoding.type !== "pkcs8") {
    throw new Error(`no key of ${type} ${namedCurve} is made here`);
  }
  const secretKey = p384.utils.randomSecretKey();
  const point = p384.getPublicKey(secretKey, false);
  const der = [...fromHex(BEFORE_PRIVATE), ...secretKey, ...fromHex(BEFORE_POINT), ...point];
  done(null, { privateKey: pem("PRIVATE KEY", der) });
}

function fromHex(digits) {
  return digits.match(/../g).map((byte) => Number.parseInt(byte, 16));
}

function pem(label, bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [one, two = 0, three = 0] = bytes.slice(at, at + 3);
    const digits = [18, 12, 6, 0].map((bits) => BASE64[(((one << 16) | (two << 8) | three) >> bits) & 63]);
    text += digits.join("").slice(0, Math.min(bytes.length - at, 3) + 1).padEnd(4, "=");
  }
  return `-----BEGIN ${label}-----\n${text.match(/.{1,64}/g).join("\n")}\n-----END ${label}-----\n`;
}
