import type { KeyInfo } from '../pgp/list-keys.ts';
import type { Config, InboxConfig } from '../runtime/config-schema.ts';
import { postsResponses } from '../runtime/paths.ts';

/** What keys are used for, by where they lie, by what they are, and by the configuration. */

/**
 * `in use`: new files are made with it, or taken from it. `coming`: ours, which partners may use already. `retired`: ours,
 * which only opens files that were sealed for it before. `expired`, `revoked`: nothing new is made with it, nothing that
 * it signed is taken; ours still opens.
 */
export type KeyStanding = 'in use' | 'coming' | 'retired' | 'expired' | 'revoked' | 'of no use';

/** Partners may have several that count at once; of ours the newest is used. Pure. */
export function keyStanding(key: KeyInfo, ring: readonly KeyInfo[], now: Date): KeyStanding {
  if (key.revoked) return 'revoked';
  if (key.place === 'retired') return 'retired';
  if (!key.canSign && !key.canEncrypt) {
    return key.expires !== null && key.expires <= now ? 'expired' : 'of no use';
  }
  if (key.party !== 'own' || key.place === 'coming') return key.place;
  return isNewest(key, ring) ? 'in use' : 'retired';
}

/** Whether it is the newest of ours in use that can sign, or that can be encrypted to. */
function isNewest(key: KeyInfo, ring: readonly KeyInfo[]): boolean {
  const ours = ring
    .filter(({ party, place }) => party === 'own' && place === 'in use')
    .toSorted((a, b) => b.created.getTime() - a.created.getTime());
  return ours.find(({ canSign }) => canSign) === key || ours.find(({ canEncrypt }) => canEncrypt) === key;
}

/** What it is good for now, in words. Pure. */
export function useOf(key: KeyInfo, standing: KeyStanding): string {
  if (standing === 'of no use') return 'none';
  if (key.party === 'own' && standing !== 'in use' && standing !== 'coming') return 'opens older files';
  const [sign, encrypt] =
    key.party === 'own' ? (['signs', 'opens'] as const) : (['signs', 'is sealed for'] as const);
  if (standing === 'coming') return 'opens; signs once activated';
  const uses = [key.canSign ? sign : '', key.canEncrypt ? encrypt : ''].filter((use) => use !== '');
  return uses.length === 0 ? 'none' : uses.join(', ');
}

/** Where the configuration names a party: `signs for inbox …`, `opens outbox …`. Pure. */
export function placesOf(party: string, config: Config): string[] {
  const inboxes: [string, InboxConfig][] = [
    ...Object.entries(config.inboxes),
    ...Object.entries(config.providers).map(([id, { inbox }]): [string, InboxConfig] => [
      `provider ${id}`,
      inbox,
    ]),
  ];
  const opens = Object.entries(config.outboxes).filter(([, { encryptTo }]) => encryptTo.includes(party));
  return [
    ...inboxes.filter(([, inbox]) => countsFor(party, inbox)).map(([name]) => `signs for ${name}`),
    ...opens.map(([name]) => `opens ${name}${isPosted(name, config) ? ' (posted)' : ''}`),
    ...(party === 'own'
      ? inboxes.filter(([, inbox]) => isSealed(inbox)).map(([name]) => `opens what comes into ${name}`)
      : []),
  ];
}

const isSealed = ({ encryption }: InboxConfig): boolean => encryption === 'required';

const countsFor = (party: string, inbox: InboxConfig): boolean =>
  isSealed(inbox) && inbox.signature !== 'forbidden' && inbox.signedBy.includes(party);

const isPosted = (outbox: string, config: Config): boolean =>
  outbox === 'deviceEnrolmentResponse' && postsResponses(config);
