import { z } from 'zod';

/** Settings that inboxes have in common, and the pieces that several parts of the schema use. */

export const partyName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens');
export const seconds = z.number().min(0).max(86_400);

interface InboxDefaults {
  readonly quietSeconds: number;
  readonly signedBy: string[];
  readonly duplicate?: 'content' | 'name and content';
}

const inboxFields = (defaults: InboxDefaults) => ({
  // Ten minutes at most: more would be milliseconds by mistake.
  quietSeconds: seconds
    .max(600)
    .default(defaults.quietSeconds)
    .describe('a file is taken when size, time and inode were unchanged for so long'),
  ignore: z
    .array(z.string().min(1))
    .default(['.*', '*.tmp', '*.part', '*.filepart', '*~'])
    .describe('names that are somebody’s work in progress and are left alone (* stands for any text)'),
  marker: z
    .string()
    .regex(/^(\.[A-Za-z0-9]{1,16})?$/, 'a dot with letters and digits behind it, like .ok, or nothing')
    .default('')
    .describe('like .ok: x.pgp is taken only when x.pgp.ok is there, empty or a manifest; empty: no markers'),
  markerSeconds: seconds
    .default(3600)
    .describe(
      'with a marker: a file without its marker, or a marker without its file, is reported after this',
    ),
  maxFileMegabytes: z
    .number()
    .positive()
    .max(2_000)
    .default(64)
    .describe('larger files are rejected unread; unpacked content may be 20 times as much'),
  duplicate: z
    .enum(['content', 'name and content'])
    .default(defaults.duplicate ?? 'content')
    .describe('what has to be the same for a file to be a duplicate, which is rejected'),
  encryption: z
    .enum(['required', 'none'])
    .default('required')
    .describe('required: OpenPGP only; none: plain files in the partner’s own format'),
  signature: z
    .enum(['required', 'optional', 'forbidden'])
    .default('required')
    .describe('whether the OpenPGP message must be signed'),
  signedBy: z
    .array(partyName)
    .default(defaults.signedBy)
    .describe('parties whose signature counts here: own, or partners of the key ring'),
});

export const inbox = (defaults: InboxDefaults) => z.strictObject(inboxFields(defaults)).prefault({});
