import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  KeyObject,
  sign,
  verify,
  webcrypto,
  type JsonWebKey,
} from 'node:crypto';

/**
 * WebCrypto, as the OpenPGP library finds it in a thread that does nothing else. Node's own hands every calculation to
 * its pool of threads and has the key checked anew each time, which costs as much as the calculation. Here those of
 * Curve25519, and of AES key wrap (RFC 3394), are made at once, by the same OpenSSL through node:crypto. Everything else
 * is Node's own.
 *
 * Imported before the library, which looks for it when it is loaded.
 */

/** A key, or the bytes of one, that was imported here. */
class OwnKey {
  readonly key: KeyObject | Uint8Array;

  constructor(key: KeyObject | Uint8Array) {
    this.key = key;
  }

  get object(): KeyObject {
    if (this.key instanceof KeyObject) return this.key;
    throw new DOMException('a key of another algorithm', 'InvalidAccessError');
  }

  get bytes(): Uint8Array {
    if (!(this.key instanceof KeyObject)) return this.key;
    throw new DOMException('a key of another algorithm', 'InvalidAccessError');
  }
}

type Algorithm = string | { readonly name: string; readonly public?: unknown };
const nameOf = (algorithm: Algorithm): string => (typeof algorithm === 'string' ? algorithm : algorithm.name);

const curves = ['X25519', 'Ed25519'];
/** Of bytes: the key of AES key wrap, and what is wrapped, for which the library says HMAC. */
const ofBytes = ['AES-KW', 'HMAC'];

/** Our keys and those of partners, used again and again: far more than there are in a key ring. */
const mostKept = 1000;
const kept = new Map<string, OwnKey>();

function importCurveKey(jwk: JsonWebKey): OwnKey {
  const { crv, x, d } = jwk;
  // The other half of a key exchange is of one message only.
  if (crv === 'X25519' && d === undefined)
    return new OwnKey(createPublicKey(pemOfX25519(x ?? '') ?? { key: jwk, format: 'jwk' }));
  const name = `${crv ?? ''} ${x ?? ''} ${d ?? ''}`;
  const known = kept.get(name);
  if (known) return known;
  const create = d === undefined ? createPublicKey : createPrivateKey;
  const key = new OwnKey(create({ key: jwk, format: 'jwk' }));
  if (kept.size >= mostKept) kept.clear();
  kept.set(name, key);
  return key;
}

/** Bytes of a public key of X25519 (RFC 7748, section 5). */
const x25519Bytes = 32;

/**
 * A public key as PEM: twelve bytes that are the same for all (RFC 8410, section 4), and its own. Of whatever is no text
 * Node finds out what it is by catching what is thrown when it is taken for a key: for a JWK four times.
 *
 * @returns undefined for bytes that are no such key, of which PEM would pass over those that are too many
 */
function pemOfX25519(x: string): string | undefined {
  const bytes = Buffer.from(x, 'base64url');
  if (bytes.length !== x25519Bytes) return undefined;
  return `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA${bytes.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}

const wrapCipher = (key: Uint8Array): string => `id-aes${key.length * 8}-wrap`;
const wrapStart = Buffer.alloc(8, 0xa6);

/** As the library asks for it; what is not for us is undefined. */
const own = {
  importKey: (format: string, data: unknown, algorithm: Algorithm) => {
    if (format === 'jwk' && curves.includes(nameOf(algorithm))) return importCurveKey(data as JsonWebKey);
    if (format === 'raw' && ofBytes.includes(nameOf(algorithm))) return new OwnKey(data as Uint8Array);
    return undefined;
  },
  exportKey: (format: string, key: unknown) => {
    if (!(key instanceof OwnKey)) return undefined;
    return format === 'jwk' ? key.object.export({ format: 'jwk' }) : key.bytes;
  },
  generateKey: (algorithm: Algorithm) => {
    if (nameOf(algorithm) !== 'X25519') return undefined;
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    return { privateKey: new OwnKey(privateKey), publicKey: new OwnKey(publicKey) };
  },
  deriveBits: (algorithm: Algorithm, key: unknown) => {
    const other = typeof algorithm === 'string' ? undefined : algorithm.public;
    if (!(key instanceof OwnKey) || !(other instanceof OwnKey)) return undefined;
    return diffieHellman({ privateKey: key.object, publicKey: other.object });
  },
  sign: (_: Algorithm, key: unknown, data: Uint8Array) =>
    key instanceof OwnKey ? sign(null, data, key.object) : undefined,
  verify: (_: Algorithm, key: unknown, signature: Uint8Array, data: Uint8Array) =>
    key instanceof OwnKey ? verify(null, data, key.object, signature) : undefined,
  wrapKey: (_: string, key: unknown, wrapping: unknown) => {
    if (!(key instanceof OwnKey) || !(wrapping instanceof OwnKey)) return undefined;
    const cipher = createCipheriv(wrapCipher(wrapping.bytes), createSecretKey(wrapping.bytes), wrapStart);
    return Buffer.concat([cipher.update(key.bytes), cipher.final()]);
  },
  unwrapKey: (_: string, wrapped: Uint8Array, wrapping: unknown) => {
    if (!(wrapping instanceof OwnKey) || !(wrapped instanceof Uint8Array)) return undefined;
    const cipher = createDecipheriv(wrapCipher(wrapping.bytes), createSecretKey(wrapping.bytes), wrapStart);
    try {
      return new OwnKey(Buffer.concat([cipher.update(wrapped), cipher.final()]));
    } catch (cause) {
      // The name by which the library knows that the wrapped key was altered.
      throw new DOMException('the wrapped key does not come out right', { name: 'OperationError', cause });
    }
  },
} satisfies Partial<Record<keyof webcrypto.SubtleCrypto, unknown>>;

type Call = (...given: unknown[]) => unknown;

const { subtle } = webcrypto;
const nodes = subtle as unknown as Readonly<Record<string, Call>>;
const ourCalls = own as Readonly<Record<string, Call | undefined>>;
// All of them: Node's answer only when they are asked of Node's own object.
const names = Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).filter(
  (name) => name !== 'constructor' && typeof nodes[name] === 'function',
);
const calls = names.map((name) => [
  name,
  // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown is to be the promise's
  async (...given: unknown[]) => ourCalls[name]?.(...given) ?? nodes[name]?.call(subtle, ...given),
]);
Object.defineProperty(globalThis.crypto, 'subtle', { value: Object.fromEntries(calls) });
