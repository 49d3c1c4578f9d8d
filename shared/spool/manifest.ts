import { Fault } from '../runtime/faults.ts';

/** What the sender says of a file in the companion beside it. Each part may be left out. */
export interface Manifest {
  /** Bytes as sent. */
  readonly size?: number | undefined;
  /** SHA-256 of the bytes as sent, hex, small letters. */
  readonly sha256?: string | undefined;
  /** Number of records in the file. */
  readonly records?: number | undefined;
}

/** A line of sha256sum; the name may be left out. */
const digestLine = /^([0-9a-f]{64})(?: [ *](.+))?$/i;

/**
 * Reads a companion: empty text is a mere marker; else lines in the style of sha256sum, one of which is about the file
 * of this name, or a JSON object with size, sha256 and records.
 *
 * @throws Fault MANIFEST_MISMATCH when it is neither: then nobody knows what the sender meant
 */
export function parseManifest(content: string | null, name: string): Manifest {
  if (content === null) throw new Fault('MANIFEST_MISMATCH', 'the manifest is no file of text, or too long');
  const text = content.trim();
  if (text === '') return {};
  return text.startsWith('{') ? fromJson(text) : fromLines(text.split('\n'), name);
}

function fromLines(lines: readonly string[], name: string): Manifest {
  const parsed = lines.map((line) => digestLine.exec(line.trimEnd()));
  if (parsed.includes(null)) throw unreadable('it has lines that are not those of sha256sum');
  const own = parsed.find((line) => line?.[2] === undefined || line[2] === name);
  if (!own) throw new Fault('MANIFEST_MISMATCH', 'the manifest has no line about this file');
  return { sha256: own[1]?.toLowerCase() };
}

function fromJson(text: string): Manifest {
  let value: Partial<Record<keyof Manifest, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw unreadable('it is not valid JSON'); // Without the parser's words, which quote the text.
  }
  const { size, sha256, records } = value;
  if (size === undefined && sha256 === undefined && records === undefined)
    throw unreadable('it says neither size nor sha256 nor records');
  return {
    size: wholeNumber('size', size),
    sha256: digest(sha256),
    records: wholeNumber('records', records),
  };
}

function wholeNumber(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw unreadable(`its ${key} is not a whole number`);
}

function digest(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw unreadable('its sha256 is not 64 hexadecimal digits');
}

const unreadable = (why: string): Fault =>
  new Fault('MANIFEST_MISMATCH', `the manifest cannot be read: ${why}`);

/** @throws Fault MANIFEST_MISMATCH when the bytes that came are not those that were sent */
export function checkManifest(
  manifest: Manifest,
  received: { readonly size: number; readonly digest: string },
): void {
  const { size, sha256 } = manifest;
  if (size !== undefined && size !== received.size) {
    throw new Fault('MANIFEST_MISMATCH', `the manifest says ${size} bytes, the file has ${received.size}`);
  }
  if (sha256 !== undefined && sha256 !== received.digest) {
    throw new Fault(
      'MANIFEST_MISMATCH',
      `the manifest says SHA-256 ${sha256}, the file has ${received.digest}`,
    );
  }
}

/** @throws Fault MANIFEST_MISMATCH when the file holds another number of records than was sent */
export function checkRecords({ records }: Manifest, found: number | undefined): void {
  if (records === undefined || found === undefined || records === found) return;
  throw new Fault('MANIFEST_MISMATCH', `the manifest says ${records} record(s), the file has ${found}`);
}
