import { html, type Html } from './html.ts';
import { withQuery } from './links.ts';
import type { PageRequest } from './page.ts';
import type { KeyPage } from '../shared/store/key-page.ts';

/** Long lists are shown page by page, by key: a list may grow while somebody reads it, and no page costs more. */

export const rowsPerPage = 50;

/** What is fetched for a page: one row more than is shown tells whether there are others behind it. */
export const fetched = rowsPerPage + 1;

/** The page of a list, newest first, that `?before=N` asks for. @throws Fault BAD_INPUT */
export const keyPage = (request: PageRequest, name = 'before'): KeyPage => ({
  before: request.query.optionalNumber(name),
  limit: fetched,
});

/** What of the fetched rows is shown. */
export const shownRows = <T>(found: readonly T[]): readonly T[] => found.slice(0, rowsPerPage);

export interface PagerLinks {
  /** Field of the query that holds the key. */
  readonly name?: string;
  /** What is paged, where a page has several lists. */
  readonly of?: string;
  /** The rest of the query, which stays. */
  readonly keep?: Readonly<Record<string, string | number | undefined>>;
  /** Key of the last row shown, if there are others behind it. */
  readonly next: string | number | undefined;
  /** Of a list that is not read newest first. */
  readonly words?: { readonly first: string; readonly next: string };
}

/** Links to the first and the next page of a list; nothing where one page holds it all. */
export function pager(
  request: PageRequest,
  { name = 'before', of = 'list', keep = {}, next, words }: PagerLinks,
): Html {
  const { first, next: further } = words ?? { first: 'Newest', next: 'Older' };
  const begun = request.query.optional(name) !== undefined;
  if (!begun && next === undefined) return html``;
  return html`
    <nav class="pager" aria-label="${`Pages of the ${of}`}">
      ${begun && html`<a href="${withQuery(request.path, keep)}">${first}</a>`}
      ${
        next !== undefined &&
        html`<a href="${withQuery(request.path, { ...keep, [name]: next })}">${further}</a>`
      }
    </nav>
  `;
}

/** Key of the last row shown, if more were found than are shown. */
export const nextKey = <T, K extends string | number>(
  found: readonly T[],
  keyOf: (row: T) => K,
): K | undefined => {
  const last = found[rowsPerPage - 1];
  return found.length > rowsPerPage && last !== undefined ? keyOf(last) : undefined;
};

/** Links of a list whose rows have a number. */
export const newestFirst = (
  request: PageRequest,
  found: readonly { readonly id: number }[],
  keep: PagerLinks['keep'] = {},
): Html => pager(request, { keep, next: nextKey(found, (row) => row.id) });
