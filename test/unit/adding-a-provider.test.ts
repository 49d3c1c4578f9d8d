import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { providerOf } from '../../daemons/adaptor/provider.ts';
import { checkConfig } from '../../shared/runtime/config-check.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { mappingTable, toRow } from '../support/mapping-table.ts';
import { asked, csv, documentOf, enrolled, nothingEnrolled, orderOf, voidOf } from './configured/examples.ts';

/** What docs/adding-a-provider.md quotes, and what it says that commands and files hold. */

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/adding-a-provider.md', root), 'utf8');

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

describe('the partner that is a matter of settings', () => {
  const [whole = '', https = ''] = blocks('yaml');
  const [sheet = '', answer = ''] = blocks('csv');
  const format = formatWith(readYaml(whole).value);
  const order = orderOf(5001, [{ serialNumber: 'lk0001' }, { serialNumber: 'LK0002' }], {
    organisationId: 'L-77',
    orderDate: '2026-03-02T09:00:00Z',
  });
  const shipped = (order.deliveries ?? []).map((each) => ({ ...each, shipDate: '2026-03-03T16:00:00Z' }));
  const [request] = format.toRequests(
    documentOf([{ ...order, deliveries: shipped }]),
    nothingEnrolled,
  ).requests;
  if (!request) throw new Error('no request');
  const withOurId = (text: string) => text.replaceAll('tox4hf-2-1', request.transactionId);

  test('gets the sheet that the page shows', () => {
    expect(request.message.content.replaceAll('\r\n', '\n')).toBe(withOurId(sheet));
  });

  test('is understood as the page says', () => {
    const read = format.readAnswer({ content: csv(withOurId(answer)) }, 'request', asked(request));
    if (read.kind !== 'result') throw new Error(read.kind);
    const { orders } = format.toOutcomes(read.result, 'request', asked(request));
    expect(orders).toMatchObject([
      {
        devices: [
          { outcome: 'succeeded' },
          {
            outcome: 'failed',
            errors: [{ code: 'R2', message: expect.stringContaining('another account') }],
          },
        ],
      },
    ]);
  });

  test('gets a D for every device of a void', () => {
    const known = enrolled(5001, { 'D5001-1': 'LK0001' });
    const [taken] = format.toRequests(documentOf([voidOf(5001)]), known).requests;
    expect(taken?.message.content).toContain(`${taken?.transactionId};D;880011;5001;LK0001;\r\n`);
  });

  test('is called, with the settings for HTTPS', () => {
    const called = formatWith(merged(readYaml(whole).value, readYaml(https).value));
    expect(called.toRequests(documentOf([order]), nothingEnrolled).requests).toMatchObject([
      { message: { method: 'POST', path: '/sheets', mediaType: 'text/csv' } },
    ]);
    expect(called.toQuery(asked(request))).toMatchObject({ path: `/sheets/${request.transactionId}` });
  });
});

test('the table of settings is that of the schema', () => {
  const rows = page
    .split('\n')
    .filter((line) => /^\| `(request|acknowledgement|answer|query|errors)\b[^ ]*` /.test(line))
    .filter((line) => line.split(' | ').length === 5)
    .map((line) => toRow(line.slice(1, -1).split(' | ')));
  expect(rows).toEqual(mappingTable());
});

test('the example with code is quoted as it stands', () => {
  const folder = new URL('test/contract/example-provider/', root);
  const quoted = [
    ...page.matchAll(/^\[([\w-]+\.ts)\]\(\S+\/example-provider\/\1\):\n\n```ts\n(.*?)^```$/gms),
  ];
  const files = readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]);
  expect(new Map(quoted.map(([, name = '', text = '']) => [name, text]))).toEqual(
    new Map(files.map(([name = '', text = '']) => [name, text])),
  );
});

function formatWith(written: unknown) {
  const checked = checkConfig(written);
  if (!('config' in checked)) throw new Error(JSON.stringify(checked.findings));
  return providerOf(checked.config, 'larkfield').format;
}

/** The later settings in place of the earlier ones, group by group. */
function merged(earlier: unknown, later: unknown): unknown {
  const isGroup = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isGroup(earlier) || !isGroup(later)) return later;
  const changed = Object.entries(later).map(([name, value]) => [name, merged(earlier[name], value)] as const);
  return { ...earlier, ...Object.fromEntries(changed) };
}
