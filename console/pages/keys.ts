import { html, type Html } from '../html.ts';
import type { Context, Page } from '../page.ts';
import { status, table, time } from '../parts.ts';
import { keyStanding, placesOf, useOf, type KeyStanding } from '../../shared/operator/key-rules.ts';
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
      <code>enrol keys import</code>, and ours are replaced with <code>enrol keys rotate</code>; processes
      take them up within some seconds, without a restart.
    </p>
  `;
}

function rowOf({ loaded, clock }: Context, key: KeyInfo, ring: readonly KeyInfo[]) {
  const now = clock.now();
  const standing = keyStanding(key, ring, now);
  return [
    key.party === 'own' ? 'own (ours)' : key.party,
    html`<span class="code">${key.fingerprint}</span>`,
    stateOf(key, standing, now, loaded.config.probes.keys),
    useOf(key, standing),
    time(key.created.toISOString()),
    key.expires === null ? 'never' : time(key.expires.toISOString()),
    key.algorithm,
    key.userIds.join(', '),
  ];
}

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

interface Targets {
  readonly amberDays: number;
  readonly redDays: number;
}

function stateOf({ expires }: KeyInfo, standing: KeyStanding, now: Date, targets: Targets): Html {
  if (standing === 'retired') return status('ok', standing);
  if (standing !== 'in use' && standing !== 'coming') return status('error', standing);
  const days = expires === null ? Infinity : (expires.getTime() - now.getTime()) / 86_400_000;
  if (days > targets.amberDays)
    return status('ok', days === Infinity ? standing : `${standing}, ${Math.floor(days)} days left`);
  return status(
    days > targets.redDays ? 'warn' : 'error',
    `${standing}, expires in ${Math.ceil(days)} day(s)`,
  );
}
