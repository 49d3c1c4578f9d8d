import type { KeyInfo } from '../pgp/list-keys.ts';
import type { Config, InboxConfig } from '../runtime/config-schema.ts';
import { postsResponses } from '../runtime/paths.ts';

/** What keys are used for, by the configuration. */

/** `current`: new files are made with it. `retired`: ours, which only opens files that were sealed for it before. */
export type KeyStanding = 'current' | 'retired' | 'of no use';

/** Partners may have several that count at once; of ours the newest is used. Pure. */
export function keyStanding(key: KeyInfo, ring: readonly KeyInfo[]): KeyStanding {
  if (key.party !== 'own') return key.canSign || key.canEncrypt ? 'current' : 'of no use';
  const ours = ring
    .filter(({ party }) => party === 'own')
    .toSorted((a, b) => b.created.getTime() - a.created.getTime());
  const isUsed =
    ours.find(({ canSign }) => canSign) === key || ours.find(({ canEncrypt }) => canEncrypt) === key;
  return isUsed ? 'current' : 'retired';
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
