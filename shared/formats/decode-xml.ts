import { Fault } from '../runtime/faults.ts';
import { requireUtf8 } from './decode-text.ts';

const space = '[ \\t\\r\\n]';
const pseudoAttribute = (name: string, value: string): string =>
  `${space}+${name}${space}*=${space}*(?:"${value}"|'${value}')`;

/** XML 1.0, production 23. */
const declaration = new RegExp(
  `^<\\?xml${pseudoAttribute('version', '1\\.[0-9]+')}` +
    `(?:${pseudoAttribute('encoding', '([A-Za-z][A-Za-z0-9._-]*)')})?` +
    `(?:${pseudoAttribute('standalone', '(?:yes|no)')})?${space}*\\?>`,
);

/** Longer than any declaration. */
const declarationBytes = 1024;

/** The encodings that a document may declare. */
const decoders = new Map<string, (bytes: Buffer) => string>([
  [
    'utf-8',
    (bytes) => {
      requireUtf8(bytes);
      return bytes.toString().replace(/^\ufeff/, '');
    },
  ],
  [
    'us-ascii',
    (bytes) => {
      refuseBytes(bytes, 'US-ASCII', (byte) => byte > 0x7f);
      return bytes.toString('latin1');
    },
  ],
  [
    'iso-8859-1',
    (bytes) => {
      // Not by TextDecoder, to which ISO-8859-1 means Windows-1252. Senders make the same mistake, with these bytes.
      refuseBytes(bytes, 'ISO-8859-1', (byte) => byte >= 0x80 && byte <= 0x9f);
      return bytes.toString('latin1');
    },
  ],
]);

/**
 * Bytes of an XML document -> text, by the encoding that it declares; without a declaration UTF-8.
 *
 * @throws Fault ENCODING when the bytes are not what is declared, or that is none of UTF-8, US-ASCII and ISO-8859-1;
 *   XML_NOT_WELL_FORMED when the declaration cannot be read
 */
export function decodeXml(file: Uint8Array): string {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const marked = bytes.subarray(0, 3).equals(mark);
  const declared = declaredEncoding(bytes.subarray(marked ? 3 : 0).subarray(0, declarationBytes));
  const decode = decoders.get(declared.toLowerCase());
  if (!decode) {
    const known = [...decoders.keys()].join(', ');
    throw new Fault('ENCODING', `it declares the encoding ${declared.slice(0, 40)}; taken here: ${known}`);
  }
  if (marked && declared.toLowerCase() !== 'utf-8') {
    throw new Fault('ENCODING', `it declares ${declared}, and its byte-order mark says UTF-8`);
  }
  return decode(bytes);
}

const mark = Buffer.from('\ufeff');

/** @throws Fault XML_NOT_WELL_FORMED */
function declaredEncoding(start: Buffer): string {
  const text = start.toString('latin1');
  if (!/^<\?xml[ \t\r\n]/.test(text)) return 'utf-8';
  const found = declaration.exec(text);
  if (!found) throw new Fault('XML_NOT_WELL_FORMED', 'line 1: the XML declaration is not as it should be');
  return found[1] ?? found[2] ?? 'utf-8';
}

/** @throws Fault ENCODING */
function refuseBytes(bytes: Buffer, encoding: string, isStrange: (byte: number) => boolean): void {
  const offset = bytes.findIndex(isStrange);
  if (offset === -1) return;
  const byte = bytes
    .subarray(offset, offset + 1)
    .toString('hex')
    .toUpperCase();
  throw new Fault('ENCODING', `byte ${byte} at offset ${offset} is no character of ${encoding}`);
}
