/** File names as senders choose them. They are data: never a path, never an identity. */

const allowed = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Whether a name, as its bytes stand in the folder, is one that we take. */
export function isAllowedName(bytes: Buffer): boolean {
  return allowed.test(bytes.toString('latin1'));
}

const hexMark = 'hex:';

/** A name for people and logs: one line of plain characters, whatever the bytes are; hex where they are not text. */
export function showName(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text) && !text.startsWith(hexMark)) return text;
  return hexMark + bytes.toString('hex');
}

/** The bytes of a name that `showName` showed. */
export function nameBytes(shown: string): Buffer {
  return shown.startsWith(hexMark)
    ? Buffer.from(shown.slice(hexMark.length), 'hex')
    : Buffer.from(shown, 'latin1');
}

/** The sender's name where it may be used in a path of ours. */
export const safeName = (shown: string): string => (allowed.test(shown) ? shown : 'unnamed');

/** Name of a claimed file in work/: the ledger's number makes it unique, the sender's name helps people. */
export const workName = (id: number, shown: string): string => `${id}__${safeName(shown)}`;

/** The ledger's number of a file in work/; undefined when it is no name of ours. */
export function idOfWorkName(name: string): number | undefined {
  const digits = /^(\d{1,15})__/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The sender's name of a file in work/, as far as it is known from there. */
export const senderName = (name: string): string => name.replace(/^\d{1,15}__/, '');

/** Name in tmp/ of a file, or of its companion, that is being taken out of in/. */
export const asideName = (id: number, companion: boolean): string =>
  companion ? `${id}.companion` : String(id);

/** What a name in tmp/ stands for; undefined when it is no name of ours. */
export function temporaryOf(name: string): { readonly id: number; readonly isDraft: boolean } | undefined {
  const [, digits, kind] = /^(\d{1,15})(\.companion|\.reason)?$/.exec(name) ?? [];
  return digits === undefined ? undefined : { id: Number(digits), isDraft: kind === '.reason' };
}

/** Name in tmp/ of a file that somebody is posting, with the number of the process that takes it in. */
export const uploadName = (worker: number, unique: string): string => `${worker}.upload-${unique}`;

/** The process that takes, or took, a posted file in under this name in tmp/; undefined when it is no such name. */
export function workerOfUpload(name: string): number | undefined {
  const digits = /^(\d{1,15})\.upload-[0-9a-f-]+$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Name of a publication's draft, beside its final name: readers ignore it. With the number of the process that writes it:
 * one that was stopped, and writes on when others have taken over, has no part in theirs.
 */
export const draftName = (id: number, worker: number, name: string): string => `.tmp-${id}.${worker}-${name}`;

/** The publication that a draft is of; undefined when it is no draft. */
export function draftOf(name: string): { readonly id: number; readonly name: string } | undefined {
  const [, digits, own] = /^\.tmp-(\d{1,15})(?:\.\d{1,15})?-(.+)$/.exec(name) ?? [];
  return digits === undefined || own === undefined ? undefined : { id: Number(digits), name: own };
}

/** What a reason file has behind the name of the file that it explains. */
export const reasonSuffix = '.reason.json';

/**
 * Names in done/, rejected/ or hold/, in the order in which they are tried: the sender's, then with the ledger's number
 * behind it, then counted on. None looks like a reason file, so that no reason ever takes the place of a sender's file.
 */
export const archiveNames = (id: number, shown: string): Generator<string, never> =>
  freeNames(id, safeName(shown));

/** The same for a name that is safe already. */
export function* freeNames(id: number, name: string): Generator<string, never> {
  if (!name.endsWith(reasonSuffix)) yield name;
  yield `${name}.${id}`;
  for (let count = 2; ; count++) yield `${name}.${id}.${count}`;
}

/** The name, or path, without the number that was put behind it where the name was taken. */
export const unnumbered = (name: string): string => name.replace(/(?<=[^/])\.\d+(\.\d+)?$/, '');
