import { join } from 'node:path';

import { inboxOf } from '../daemon/inboxes.ts';
import { ownKeyIds } from '../pgp/list-keys.ts';
import { formOf } from '../pgp/open-stream.ts';
import type { Protection } from '../pgp/envelope.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import { keysFolder, spoolFolder } from '../runtime/paths.ts';
import { markOf } from '../spool/files.ts';
import { reasonSuffix } from '../spool/names.ts';
import { OpenedFile } from '../spool/received-file.ts';
import { recordAudit } from '../store/audit.ts';
import { findDelivery, type Delivery } from '../store/deliveries.ts';
import type { Db } from '../store/tables.ts';
import type { Operator } from './operator.ts';
import { visibleText } from './visible-text.ts';

/** What may be shown of a file: the beginning of a plain one, and of a sealed one the envelope, never the content. */

/** What is shown of a text at most. */
export const previewBytes = 16 * 1024;

export interface Preview {
  readonly file: number;
  readonly name: string;
  readonly content: TextPreview | EnvelopePreview | NoPreview;
  /** The reason file beside a refused file. */
  readonly reason: string | null;
}

interface TextPreview {
  readonly kind: 'text';
  /** Bytes that are not UTF-8 stand there as `\xFF`. */
  readonly text: string;
  /** How many bytes are not UTF-8. */
  readonly damaged: number;
  /** Bytes of the whole. */
  readonly size: number;
  /** Whether there is more than is shown. */
  readonly cut: boolean;
}

interface EnvelopePreview {
  readonly kind: 'sealed';
  readonly protection: Protection;
  readonly size: number;
  readonly recipients: readonly Recipient[];
}

export interface Recipient {
  /** Null: the sender has hidden it. */
  readonly keyId: string | null;
  readonly ours: boolean;
}

interface NoPreview {
  readonly kind: 'nothing';
  readonly why: string;
}

/**
 * A look into a file, which is written into the audit.
 *
 * @throws Fault NOT_FOUND, KEY_UNREADABLE, SPOOL_…
 */
export async function previewFile(
  loaded: LoadedConfig,
  db: Db,
  { who, now }: Pick<Operator, 'who' | 'now'>,
  id: number,
): Promise<Preview> {
  const row = await findDelivery(db, id);
  if (!row) throw new Fault('NOT_FOUND', `there is no file ${id}`);
  const content = await contentOf(loaded, row);
  const reason = await reasonOf(loaded, row);
  const seen = {
    action: 'file.preview',
    subject: `file ${id}`,
    before: null,
    after: { shown: content.kind },
  };
  await recordAudit(db, { ...seen, who, reason: null }, now);
  return { file: id, name: row.name, content, reason };
}

async function contentOf(loaded: LoadedConfig, row: Delivery): Promise<Preview['content']> {
  const plain = isPlain(loaded, row);
  if (row.content !== null) {
    if (plain) return textOf(Buffer.from(row.content));
    return nothing('It is not sealed yet, and its content is not shown.');
  }
  if (row.place === null) return nothing('It is not known to lie anywhere.');
  const path = join(spoolFolder(loaded), row.place);
  try {
    return plain ? await textIn(path) : await envelopeIn(loaded, path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return nothing(`It does not lie at ${row.place} any more.`);
    const fault = toFault(thrown);
    if (fault.class !== 'permanent') throw fault;
    return nothing(fault.message);
  }
}

const nothing = (why: string): NoPreview => ({ kind: 'nothing', why });

/** Files in a provider's own format. What was meant to be sealed, and is not, may hold what nobody was to see. */
function isPlain({ config }: LoadedConfig, { direction, purpose, folder }: Delivery): boolean {
  if (direction === 'out') return purpose === 'provider-request' || purpose === 'provider-query';
  try {
    return inboxOf(config, folder).encryption === 'none';
  } catch (thrown) {
    if (toFault(thrown).code === 'NOT_FOUND') return false; // The configuration has the inbox no longer.
    throw thrown;
  }
}

async function textIn(path: string): Promise<TextPreview> {
  await using file = await OpenedFile.open(path, Number.MAX_SAFE_INTEGER);
  const size = (await markOf(path))?.size;
  if (size === 0) return textOf(Buffer.alloc(0));
  const first: IteratorResult<Uint8Array, void> = await file.pieces().next();
  return textOf(first.value ?? Buffer.alloc(0), size);
}

function textOf(bytes: Uint8Array, size = bytes.length): TextPreview {
  return { kind: 'text', ...visibleText(bytes, previewBytes), size, cut: size > previewBytes };
}

/** @throws Fault TOO_LARGE, NOT_ENCRYPTED, PGP_… */
async function envelopeIn(loaded: LoadedConfig, path: string): Promise<EnvelopePreview> {
  await using file = await OpenedFile.open(path, largestEnvelope);
  const { size } = await file.inspect();
  const { protection, recipients } = await formOf(() => file.pieces());
  const own = await ownKeyIds(keysFolder(loaded));
  return {
    kind: 'sealed',
    protection,
    size,
    recipients: recipients.map((keyId) => ({ keyId, ours: keyId !== null && own.has(keyId) })),
  };
}

/** The whole of a message is read to tell its form. In bytes. */
const largestEnvelope = 256 * 1024 * 1024;

async function reasonOf(loaded: LoadedConfig, { place }: Delivery): Promise<string | null> {
  if (place === null) return null;
  try {
    return (await textIn(join(spoolFolder(loaded), place + reasonSuffix))).text;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
