import type { Room } from '../daemon/room.ts';
import { keyStanding } from '../operator/key-rules.ts';
import type { KeyInfo } from '../pgp/list-keys.ts';
import type { ProbeConfig } from '../runtime/probe-schema.ts';
import { gauge, stated, unmeasured } from './gauge-rules.ts';
import type { Measured } from './measured.ts';
import type { Reading } from './probe.ts';

/** Whether there is room, and what proves who we are lasts. Pure. */
export const placeReadings = (measured: Measured, targets: ProbeConfig, now: Date): Reading[] => [
  ...standingReadings(measured, targets, now),
  notices(measured),
];

/** What is known without the store. */
export type Standing = Pick<Measured, 'rooms' | 'keys' | 'certificates'>;

/** The same of what is known without the store. */
export const standingReadings = (measured: Standing, targets: ProbeConfig, now: Date): Reading[] => [
  ...disks(measured, targets),
  ...keys(measured, targets, now),
  ...certificates(measured, targets, now),
];

function disks({ rooms }: Standing, { disk }: ProbeConfig): Reading[] {
  const described = { kind: 'disk', subject: '', unit: 'MB', link: '/#disks' } as const;
  if ('problem' in rooms) return [unmeasured(described, 'The room on the disks', rooms.problem)];
  return rooms.value.map((room) =>
    gauge({ ...described, subject: room.folder, sentence: roomText(room) }, room.freeMegabytes, {
      worse: 'below',
      amber: Math.max(disk.amberMegabytes, room.reserveMegabytes),
      red: room.reserveMegabytes,
    }),
  );
}

const roomText = ({ folder, freeMegabytes: free, reserveMegabytes: reserve }: Room): string =>
  free < reserve
    ? `The disk of ${folder} is too full: ${free} MB free, ${reserve} MB are kept in reserve. Nothing new is taken in until there is room.`
    : `The disk of ${folder} has ${free} MB free; below ${reserve} MB nothing new is taken in.`;

const day = 86_400_000;
/** Shown for what does not expire. */
const never = 36_500;

const daysLeft = (ends: Date | null, now: Date): number =>
  ends === null ? never : (ends.getTime() - now.getTime()) / day;

function keys({ keys: ring }: Standing, { keys: targets }: ProbeConfig, now: Date): Reading[] {
  const described = { kind: 'key', subject: '', unit: 'days left', link: '/keys' } as const;
  if ('problem' in ring) return [unmeasured(described, 'The key ring', ring.problem)];
  const target = { worse: 'below', amber: targets.amberDays, red: targets.redDays } as const;
  return ring.value.map((key) => {
    const days = daysLeft(key.expires, now);
    const name = `${key.party} ${key.fingerprint.slice(-16).toUpperCase()}`;
    const whose = key.party === 'own' ? `Our key ${name.slice(4)}` : `The key ${name}`;
    const of = (sentence: string) => ({ ...described, subject: name, sentence: `${whose} ${sentence}` });
    if (key.place === 'retired') {
      return stated(of('is retired: it opens older files.'), days, 'green', 'a newer key is there');
    }
    if (isReplaced(key, ring.value)) {
      return stated(of('has been replaced by a newer one.'), days, 'green', 'a newer key is there');
    }
    if (key.revoked) return stated(of('is revoked: get a new one.'), days, 'red', 'not revoked');
    const next = keyStanding(key, ring.value, now) === 'in use' ? nextStep(key, ring.value) : '';
    return gauge(of(`${expiryText(days, key.expires)}${days < target.amber ? next : ''}`), days, target);
  });
}

/** What is done about a key that expires. */
function nextStep({ party }: KeyInfo, ring: readonly KeyInfo[]): string {
  if (party !== 'own') return ` Ask ${party} for the next one.`;
  return ring.some(({ place }) => place === 'coming')
    ? ' The next one is coming: when partners have it, enrol keys rotate --activate.'
    : ' The next one: enrol keys rotate.';
}

/** The newer key of the party can do what this one did, and lasts longer. */
const isReplaced = (key: KeyInfo, ring: readonly KeyInfo[]): boolean =>
  ring.some(
    (other) =>
      other.party === key.party &&
      other.place === 'in use' &&
      other.created > key.created &&
      !other.revoked &&
      other.canSign &&
      other.canEncrypt &&
      daysLeft(other.expires, key.created) > daysLeft(key.expires, key.created),
  );

function expiryText(days: number, ends: Date | null): string {
  if (ends === null) return 'does not expire.';
  const on = ends.toISOString().slice(0, 10);
  if (days <= 0) return `has expired on ${on}: get a new one.`;
  return `expires in ${Math.floor(days)} day(s), on ${on}.`;
}

function certificates(measured: Standing, { certificates: targets }: ProbeConfig, now: Date): Reading[] {
  const target = { worse: 'below', amber: targets.amberDays, red: targets.redDays } as const;
  return measured.certificates.map(({ setting, ends }) => {
    const link = '/configuration';
    const described = { kind: 'certificate', subject: setting, unit: 'days left', link } as const;
    if ('problem' in ends) return unmeasured(described, `The certificate of ${setting}`, ends.problem);
    const days = daysLeft(ends.value, now);
    const sentence = `The certificate of ${setting} ${expiryText(days, ends.value)}`;
    return gauge({ ...described, sentence }, days, target);
  });
}

function notices({ failedNotices: count }: Measured): Reading {
  const described = {
    kind: 'notices',
    subject: '',
    unit: 'notices',
    link: '/probes#notices',
    sentence:
      count === 0
        ? 'No notice was given up in the last 24 hours.'
        : `${count} notice(s) could not be sent in the last 24 hours.`,
  } as const;
  return stated(described, count, count === 0 ? 'green' : 'amber', 'below 1 notices');
}
