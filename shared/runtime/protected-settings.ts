import type { SettingPath } from './config-rules.ts';

/**
 * Settings that nobody changes from a browser: whoever steals a session of the console must not lead our files, keys or
 * secrets elsewhere. They go by names and not by a list, so that a new setting of such a name is protected by itself.
 */

interface Protection {
  readonly covers: (path: SettingPath) => boolean;
  readonly reason: string;
}

const under =
  (...groups: readonly string[]) =>
  ([first]: SettingPath): boolean =>
    first !== undefined && groups.includes(first);

/** The last key of the path, or the last word in it: `tokenUrl` ends with `url`. */
const ending =
  (...words: readonly string[]) =>
  (path: SettingPath): boolean => {
    const key = path.at(-1) ?? '';
    return words.includes(key) || words.includes((/[A-Z][a-z]*$/.exec(key)?.[0] ?? '').toLowerCase());
  };

const protections: readonly Protection[] = [
  { covers: under('keys'), reason: 'it leads to our keys and their passphrase' },
  { covers: under('store'), reason: 'it leads to the store' },
  { covers: under('console'), reason: 'it decides who reaches this console, and for how long' },
  { covers: under('metrics'), reason: 'it decides who reaches our processes' },
  { covers: under('retention'), reason: 'it decides which files and rows are deleted for good' },
  { covers: ending('file'), reason: 'it leads to a file of the machine, often to a secret' },
  { covers: ending('folder', 'folders'), reason: 'it decides into which folder of the machine is written' },
  {
    covers: ending(
      'url',
      'address',
      'addresses',
      'host',
      'server',
      'port',
      'proxy',
      'from',
      'recipients',
      'webhook',
    ),
    reason: 'it leads to another machine or person',
  },
  { covers: ending('transport'), reason: 'it decides on which way files leave us' },
  {
    covers: ending('encryptTo', 'encryption', 'signature', 'signedBy'),
    reason: 'it decides who can read files, and whose files count',
  },
  {
    covers: ending('authentication', 'tokenHeader', 'clientId', 'scope', 'user', 'tls'),
    reason: 'it decides how a secret of ours is used',
  },
  {
    covers: (path) => path.includes('mail') || path.includes('webhook'),
    reason: 'it decides to whom we write, and how the password for that is used',
  },
  {
    covers: (path) => path.includes('mapping'),
    reason: 'it decides what is written into the files of a provider; it is tried out before it is used',
  },
];

/** Why a setting is changed on the machine only; undefined where the console may do it. Pure. */
export const protectionOf = (path: SettingPath): string | undefined =>
  protections.find(({ covers }) => covers(path))?.reason;
