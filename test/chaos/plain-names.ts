import type { Db } from '../../shared/store/tables.ts';

/**
 * Names and texts without what depends on the moment: numbers of the ledger, times, and which of two equal files came
 * first.
 */
export const plainText = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\(delivery \d+\)/g, '(delivery)')
    .replace(/(device-enrolment-request\.[a-z]+)\.\d+\./g, '$1.<batch>.')
    .replace(/(device-enrolment-response\.[a-z]+)\.\d+-/g, '$1.<delivery>-')
    .replace(/^\d+-(\d+\.json)$/, '<delivery>-$1')
    .replace(/\/done\/\d{4}\/\d\d\/\d\d\//, '/done/')
    .replace(/\.pgp\.\d+/g, '.pgp')
    .replace(/\btwin-\d/g, 'twin');

/** What stands for a digest: files that we have sealed differ each time, so they are named by what was published. */
export type Published = (digest: string) => string;

export async function publishedIn(db: Db): Promise<Published> {
  const rows = await db
    .selectFrom('delivery')
    .select(['digest', 'name'])
    .where('direction', '=', 'out')
    .execute();
  const names = new Map(rows.map(({ digest, name }) => [digest, `published as ${plainText(name)}`]));
  return (digest) => names.get(digest) ?? digest;
}
