// Stands for the one function of `node:crypto` that a script uses: a key pair of the curve P-384, in PEM.
//
// The key is made of the random bytes that the operator granted, as every id is.

import { mapHashToField, getMinHashLength } from "@noble/curves/abstract/modular.js";
import { weierstrass } from "@noble/curves/abstract/weierstrass.js";

/** P-384, as SEC 2 has it. The package's own draws random bytes when it is evaluated, which only hooks can. */
const CURVE = {
  p: BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"),
  n: BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
  h: BigInt(1),
  a: BigInt("0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc"),
  b: BigInt("0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"),
  Gx: BigInt("0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
  Gy: BigInt("0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
};
const Point = weierstrass(CURVE, {
  // They would hide a key from whoever watches it in use often; here it is used once, where nobody watches.
  randomBytes() {
    throw new Error("no random bytes are drawn to blind a key");
  },
});
// Multiples of the base point, which are everybody's: with this file preloaded they are part of the component.
Point.BASE.precompute(4, false);

/** A PKCS #8 key of P-384 in DER, but for the private key and for the point that is the public one. */
const BEFORE_PRIVATE = "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b0201010430";
const BEFORE_POINT = "a164036200";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function generateKeyPair(type, { namedCurve, privateKeyEncoding }, done) {
  if (type !== "ec" || namedCurve !== "secp384r1" || privateKeyEncoding.type !== "pkcs8") {
    throw new Error(`no key of ${type} ${namedCurve} is made here`);
  }
  const seed = crypto.getRandomValues(new Uint8Array(getMinHashLength(CURVE.n)));
  const secretKey = mapHashToField(seed, CURVE.n);
  const point = Point.BASE.multiply(Point.Fn.fromBytes(secretKey)).toBytes(false);
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
