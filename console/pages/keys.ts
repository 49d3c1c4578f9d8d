import { html, type Html } from '../html.ts';
import type { Context, Page } from '../page.ts';
import { status, table, time } from '../parts.ts';
import { keyStanding, placesOf } from '../../shared/operator/key-rules.ts';
import { listKeys, type KeyInfo } from '../../shared/pgp/list-keys.ts';
import { keysFolder } from '../../shared/runtime/paths.ts';

/** Whose OpenPGP keys there are, until when, and for what; public parts only. */
export const keysPage: Page = {
  path: '/keys',
  title: 'Keys',
  menu: 'System Configuration',
  role: 'viewer',
  render: renderKeys,
};

async function renderKeys(context: Context): Promise<Html> {
  const keys = await listKeys(keysFolder(context.loaded), context.clock.now());
  return html`
    ${
      !keys.some((key) => key.party === 'own') &&
      html`<p class="warning">
        There is no key of our own: nothing can be opened or sealed. <code>enrol keys generate</code> makes
        one.
      </p>`
    }
    ${missingParties(context, keys)}
    ${table(
      'OpenPGP keys, by party',
      ['Party', 'Fingerprint', 'State', 'Use', 'Created (UTC)', 'Expires (UTC)', 'Algorithm', 'Name'],
      keys.map((key) => rowOf(context, key, keys)),
    )}
    <h2>Where the configuration names them</h2>
    ${placeTable(context, keys)}
    <p class="quiet">
      A partner’s fingerprint is compared by telephone before it is relied on. Keys are brought in with
      <code>enrol keys import</code>; processes take them up at their next start.
    </p>
  `;
}

const rowOf = ({ loaded, clock }: Context, key: KeyInfo, ring: readonly KeyInfo[]) => [
  key.party === 'own' ? 'own (ours)' : key.party,
  html`<span class="code">${key.fingerprint}</span>`,
  keyState(key, clock.now(), loaded.config.probes.keys),
  useOf(key, ring),
  time(key.created.toISOString()),
  key.expires === null ? 'never' : time(key.expires.toISOString()),
  key.algorithm,
  key.userIds.join(', '),
];

const placeTable = ({ loaded }: Context, keys: readonly KeyInfo[]): Html =>
  table(
    'Parties, and what their keys are for',
    ['Party', 'What for'],
    [...new Set(keys.map(({ party }) => party))].map((party) => {
      const places = placesOf(party, loaded.config);
      return [party, places.length === 0 ? html`<span class="quiet">nowhere</span>` : places.join(', ')];
    }),
  );

/** Whoever is named and has no key keeps a process from starting. */
function missingParties({ loaded: { config } }: Context, keys: readonly KeyInfo[]): Html | false {
  const inboxes = [
    ...Object.values(config.inboxes),
    ...Object.values(config.providers).map(({ inbox }) => inbox),
  ];
  const named = new Set([
    ...inboxes.flatMap(({ signedBy }) => signedBy),
    ...Object.values(config.outboxes).flatMap(({ encryptTo }) => encryptTo),
  ]);
  const missing = [...named].filter(
    (party) =>
      party !== 'own' && placesOf(party, config).length > 0 && !keys.some((key) => key.party === party),
  );
  return (
    missing.length > 0 &&
    html`<p class="warning">
      The configuration names ${missing.join(', ')}, and there is no key: <code>enrol keys import</code>, or
      take the party out of <code>signedBy</code> and <code>encryptTo</code>.
    </p>`
  );
}

function useOf(key: KeyInfo, ring: readonly KeyInfo[]): string {
  const uses = [key.canSign ? 'sign' : '', key.canEncrypt ? 'encrypt' : ''].filter(Boolean).join(' and ');
  const standing = keyStanding(key, ring);
  if (standing === 'retired') return 'retired: opens older files';
  return uses === '' ? 'none' : `${uses} (${standing})`;
}

interface Targets {
  readonly amberDays: number;
  readonly redDays: number;
}

function keyState({ revoked, expires, canSign, canEncrypt }: KeyInfo, now: Date, targets: Targets): Html {
  if (revoked) return status('error', 'revoked');
  const days = expires === null ? Infinity : (expires.getTime() - now.getTime()) / 86_400_000;
  if (days <= 0) return status('error', 'expired');
  if (!canSign && !canEncrypt) return status('error', 'cannot be used');
  if (days > targets.amberDays)
    return status('ok', days === Infinity ? 'good' : `good, ${Math.floor(days)} days left`);
  return status(days > targets.redDays ? 'warn' : 'error', `expires in ${Math.ceil(days)} day(s)`);
}
