/**
 * The OpenPGP library. Everything takes it from here, and not from the package, because of how it has to be loaded.
 *
 * The library unpacks with `DecompressionStream` where there is one when it is loaded, else with JavaScript of its own.
 * Node's refuses bytes behind the end of a compressed stream (since nodejs/node#58316), and exactly there Sequoia puts
 * the padding that hides the length of its messages: `sq encrypt` does so by default. The library's own code passes over
 * the padding, which is inside the encrypted and authenticated data.
 */
const { DecompressionStream: native } = globalThis;
Reflect.deleteProperty(globalThis, 'DecompressionStream');
const library = await import('openpgp');
globalThis.DecompressionStream = native;

export const {
  armor,
  config,
  createMessage,
  decrypt,
  decryptKey,
  encrypt,
  encryptKey,
  encryptSessionKey,
  enums,
  generateKey,
  readKeys,
  readMessage,
  readPrivateKey,
  revokeKey,
  sign,
} = library;
