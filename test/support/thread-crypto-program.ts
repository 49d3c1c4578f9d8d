import type { webcrypto } from 'node:crypto';

/**
 * Makes the same calculations with Node's WebCrypto and with what the OpenPGP threads have in its place, and prints both
 * outcomes of each by its name: bytes as hex, yes or no, or the name of the error.
 */
type Subtle = webcrypto.SubtleCrypto;
type Outcome = ArrayBuffer | Uint8Array | boolean;

const nodes = crypto.subtle;
await import('../../shared/pgp/thread-crypto.ts');
const ours = crypto.subtle;

const jwkOf = (key: webcrypto.CryptoKey) => nodes.exportKey('jwk', key);
const pair = async (algorithm: 'Ed25519' | 'X25519', uses: webcrypto.KeyUsage[]) => {
  const { privateKey, publicKey } = (await nodes.generateKey(
    algorithm,
    true,
    uses,
  )) as webcrypto.CryptoKeyPair;
  return { secret: await jwkOf(privateKey), open: await jwkOf(publicKey) };
};
const signer = await pair('Ed25519', ['sign', 'verify']);
const mine = await pair('X25519', ['deriveBits']);
const theirs = await pair('X25519', ['deriveBits']);
const data = crypto.getRandomValues(new Uint8Array(300));
const altered = (bytes: ArrayBuffer) => new Uint8Array(bytes).with(3, 0x55);
/** A point of small order: every key exchange with it has the same outcome. */
const nowhere = { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32).toString('base64url') };

const sign = async (subtle: Subtle) =>
  subtle.sign('Ed25519', await subtle.importKey('jwk', signer.secret, 'Ed25519', false, ['sign']), data);
const signature = await sign(nodes);
const isSigned = async (subtle: Subtle, of: ArrayBuffer | Uint8Array, text = data) =>
  subtle.verify(
    'Ed25519',
    await subtle.importKey('jwk', signer.open, 'Ed25519', false, ['verify']),
    of,
    text,
  );

async function agree(
  subtle: Subtle,
  own: webcrypto.JsonWebKey,
  other: webcrypto.JsonWebKey,
): Promise<ArrayBuffer> {
  const [key, partner] = [
    await subtle.importKey('jwk', own, 'X25519', false, ['deriveBits']),
    await subtle.importKey('jwk', other, 'X25519', false, []),
  ];
  return subtle.deriveBits({ name: 'X25519', public: partner }, key, 256);
}

async function wrap(subtle: Subtle, size: number): Promise<ArrayBuffer> {
  const wrapping = await subtle.importKey('raw', data.subarray(0, size), 'AES-KW', false, ['wrapKey']);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const wrapped = await subtle.importKey('raw', data.subarray(40, 80), algorithm, true, ['sign']);
  return subtle.wrapKey('raw', wrapped, wrapping, 'AES-KW');
}
async function unwrap(subtle: Subtle, wrapped: ArrayBuffer | Uint8Array): Promise<ArrayBuffer> {
  const wrapping = await subtle.importKey('raw', data.subarray(0, 32), 'AES-KW', false, ['unwrapKey']);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.unwrapKey('raw', wrapped, wrapping, 'AES-KW', algorithm, true, ['sign']);
  return subtle.exportKey('raw', key);
}
const wrapped = await wrap(nodes, 32);

/** A new key of one, used by Node: both ends come to the same. */
async function withNewKey(subtle: Subtle): Promise<boolean> {
  const { privateKey, publicKey } = (await subtle.generateKey('X25519', true, [
    'deriveBits',
  ])) as webcrypto.CryptoKeyPair;
  const there = await agree(nodes, mine.secret, await subtle.exportKey('jwk', publicKey));
  const here = await agree(nodes, await subtle.exportKey('jwk', privateKey), mine.open);
  return Buffer.from(there).equals(Buffer.from(here));
}

const calculations: Readonly<Record<string, (subtle: Subtle) => Promise<Outcome>>> = {
  'a signature': sign,
  'a signature that is right': (subtle) => isSigned(subtle, signature),
  'a signature that was altered': (subtle) => isSigned(subtle, altered(signature)),
  'a signature of other data': (subtle) => isSigned(subtle, signature, altered(data.buffer)),
  'a signature that is too short': (subtle) => isSigned(subtle, signature.slice(1)),
  'a shared secret': (subtle) => agree(subtle, mine.secret, theirs.open),
  'the same from the other side': (subtle) => agree(subtle, theirs.secret, mine.open),
  'a new key': withNewKey,
  'a key wrapped with 128 bits': (subtle) => wrap(subtle, 16),
  'a key wrapped with 192 bits': (subtle) => wrap(subtle, 24),
  'a key wrapped with 256 bits': (subtle) => wrap(subtle, 32),
  'a key that is unwrapped': (subtle) => unwrap(subtle, new Uint8Array(wrapped)),
  'a wrapped key that was altered': (subtle) => unwrap(subtle, altered(wrapped)),
  'a wrapped key that is too short': (subtle) => unwrap(subtle, new Uint8Array(wrapped.slice(8))),
  'a digest, which is left to Node': (subtle) => subtle.digest('SHA-512', data),
};
/** Only that both refuse is the same: the names differ, and the library does not ask for them. */
const refusals: typeof calculations = {
  'a shared secret with a point of small order': (subtle) => agree(subtle, mine.secret, nowhere),
  'a public key that is too short': (subtle) =>
    agree(subtle, mine.secret, { ...theirs.open, x: theirs.open.x?.slice(4) ?? '' }),
  'a public key that is too long': (subtle) => {
    const x = Buffer.from(theirs.open.x ?? '', 'base64url');
    return agree(subtle, mine.secret, { ...theirs.open, x: Buffer.concat([x, x]).toString('base64url') });
  },
};

const outcome = async (calculate: Promise<Outcome>): Promise<string> => {
  try {
    const result = await calculate;
    return typeof result === 'boolean' ? String(result) : Buffer.from(result as Uint8Array).toString('hex');
  } catch (error) {
    return (error as Error).name;
  }
};
const both = async (calculate: (subtle: Subtle) => Promise<Outcome>) => [
  await outcome(calculate(nodes)),
  await outcome(calculate(ours)),
];
const found: Record<string, string[]> = {};
for (const [name, calculate] of Object.entries(calculations)) found[name] = await both(calculate);
const refused: Record<string, boolean> = {};
for (const [name, calculate] of Object.entries(refusals))
  refused[name] = (await both(calculate)).every((end) => end.endsWith('Error'));
process.stdout.write(JSON.stringify({ found, refused, differs: ours !== nodes }));
