import { html, type Html } from '../html.ts';
import type { Context, Page } from '../page.ts';
import { status, table, time } from '../parts.ts';
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

async function renderKeys({ loaded, clock }: Context): Promise<Html> {
  const now = clock.now();
  const keys = await listKeys(keysFolder(loaded), now);
  return html`
    ${
      !keys.some((key) => key.party === 'own') &&
      html`<p class="warning">
        There is no key of our own: nothing can be opened or sealed. <code>enrol keys generate</code> makes
        one.
      </p>`
    }
    ${table(
      'OpenPGP keys, by party',
      ['Party', 'Fingerprint', 'Use', 'State', 'Expires (UTC)', 'Algorithm', 'Name'],
      keys.map((key) => [
        key.party === 'own' ? 'own (ours)' : key.party,
        html`<span class="code">${key.fingerprint}</span>`,
        useOf(key),
        keyState(key, now),
        key.expires === null ? 'never' : time(key.expires.toISOString()),
        key.algorithm,
        key.userIds.join(', '),
      ]),
    )}
    <p class="quiet">
      A partner’s fingerprint is compared by telephone before it is relied on. Keys are brought in with
      <code>enrol keys import</code>.
    </p>
  `;
}

const useOf = ({ canSign, canEncrypt }: KeyInfo): string =>
  [canSign ? 'sign' : '', canEncrypt ? 'encrypt' : ''].filter(Boolean).join(' and ') || 'none';

const soonDays = 30;

function keyState({ revoked, expires, canSign, canEncrypt }: KeyInfo, now: Date): Html {
  if (revoked) return status('error', 'revoked');
  const days = expires === null ? Infinity : (expires.getTime() - now.getTime()) / 86_400_000;
  if (days <= 0) return status('error', 'expired');
  if (!canSign && !canEncrypt) return status('error', 'cannot be used');
  return days <= soonDays ? status('warn', `expires in ${Math.ceil(days)} day(s)`) : status('ok', 'good');
}
