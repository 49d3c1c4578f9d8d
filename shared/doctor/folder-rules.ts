import { checksOf, type Check } from './check.ts';

/** Whether the folders let the product work, and keep others out. Pure. */

const { ok, warning, wrong } = checksOf('Spool');

/** Whoever the service runs as, and which groups it is in: as far as it is known. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A folder as stat(2) tells it. */
export interface FolderFacts {
  /** As the configuration or the layout calls it: `inboundDeviceEnrolment/in`. */
  readonly name: string;
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, with set-group-id: 0o2770. */
  readonly mode: number;
  /** What it is made with. */
  readonly madeWith: number;
  /** Who else writes there: partners into in/. */
  readonly isDropFolder: boolean;
}

const others = 0o007;
const othersMayWrite = 0o002;
const groupMayWrite = 0o020;
const setGroupId = 0o2000;

/** Owner and mode, of all the folders of an inbox or an outbox. */
export function ownerCheck(name: string, folders: readonly FolderFacts[], user: User): Check {
  const title = `${name}: owner and mode`;
  const described = ({ name: folder, uid, gid, mode }: FolderFacts) =>
    `${folder} belongs to ${uid}:${gid} and has mode ${octal(mode)}`;
  const foreign = folders.filter(({ uid, isDropFolder, mode }) =>
    isDropFolder ? uid !== user.uid && (mode & groupMayWrite) === 0 : uid !== user.uid,
  );
  if (foreign.length > 0) {
    return wrong(
      title,
      `${foreign.map(described).join('; ')}; the service is ${user.uid}.`,
      `Give it to the service: chown ${user.uid} ${foreign.map(({ path }) => path).join(' ')}`,
    );
  }
  const open = folders.filter(({ mode }) => (mode & others) !== 0);
  if (open.length > 0) {
    const commands = open.map(({ path, madeWith }) => `chmod ${octal(madeWith)} ${path}`).join(' && ');
    const say = open.some(({ mode }) => (mode & othersMayWrite) !== 0) ? wrong : warning;
    return say(title, `Everybody has a right there: ${open.map(described).join('; ')}.`, commands);
  }
  const tooOpen = folders.filter(
    ({ mode, madeWith }) => (mode & groupMayWrite) !== 0 && (madeWith & groupMayWrite) === 0,
  );
  if (tooOpen.length > 0) {
    const commands = tooOpen.map(({ path, madeWith }) => `chmod ${octal(madeWith)} ${path}`).join(' && ');
    return warning(title, `The group may write there: ${tooOpen.map(described).join('; ')}.`, commands);
  }
  return ok(title, describeDrop(folders, user));
}

function describeDrop(folders: readonly FolderFacts[], user: User): string {
  const drop = folders.find(({ isDropFolder }) => isDropFolder);
  if (!drop) return `${user.uid} alone may write there.`;
  if ((drop.mode & groupMayWrite) === 0) return `Only ${drop.uid} may drop files (mode ${octal(drop.mode)}).`;
  const inherited =
    (drop.mode & setGroupId) === 0
      ? 'a file has its sender’s group: senders need it as their own (spool/README.md)'
      : 'files have that group, whoever drops them';
  return `The group ${drop.gid} may drop files (mode ${octal(drop.mode)}); ${inherited}.`;
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
