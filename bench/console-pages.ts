import { endpoints } from '../console/api/registry.ts';
import { pages } from '../console/pages/registry.ts';
import type { Landmarks } from './console-store.ts';

/** The pages that are asked for: each of the registry, and those that a large store makes heavy. */

export interface Asked {
  readonly name: string;
  readonly path: string;
  /** Without it a person who is signed in. */
  readonly as?: 'stranger' | 'program' | 'scraper';
}

/** Pages with what makes them heavy. */
export const heavyPages = (
  marks: Landmarks,
  { devices, files }: { devices: number; files: number },
): Asked[] => {
  const order = `/orders/${marks.largeOrder}`;
  const batch = `/interfaces/${marks.largeBatch}`;
  const middle = Math.ceil(files / 2);
  return [
    ['files, a deep page', `/files?state=all&before=${middle}`],
    ['files rejected', '/files?state=rejected'],
    ['files held in one inbox', '/files?state=held&folder=inboundSalesOrderDispatch'],
    ['files done in one inbox, deep', `/files?state=done&folder=inboundDeviceEnrolment&before=${middle}`],
    ['a rejected file', `/files/${marks.rejectedFile}`],
    ['devices enrolled', '/devices?status=Enrolled'],
    ['devices enrolled, a deep page', `/devices?status=Enrolled&before=${Math.ceil(devices / 2)}`],
    ['a device by its id', `/devices?q=DEV-${Math.ceil(devices / 3)}`],
    ['a device by IMEI', `/devices?q=${imeiOf(Math.ceil(devices / 3))}`],
    ['devices of an order', `/devices?q=${500_000_000 + Math.ceil(devices / 30)}`],
    ['devices of a large order', `/devices?q=${marks.largeOrder}`],
    ['devices of a purchase order', '/devices?q=PO-7'],
    ['devices of a large purchase order', '/devices?q=PO-LARGE'],
    ['nothing found', '/devices?q=nothing'],
    ['a device', `/devices/DEV-${Math.ceil(devices / 3)}`],
    ['a device with a long history', `/devices/${marks.oldDevice}`],
    ['an order', `/orders/${500_000_000 + Math.ceil(devices / 30)}`],
    ['a large order', order],
    ['a large order, a deep page', `${order}?before=${Math.ceil(devices / 2)}`],
    ['a large batch', batch],
    ['a large batch, its last items', `${batch}?after=${Math.max(1, Math.ceil(devices / 10) - 50)}`],
    ['a batch of many stages and files', `/interfaces/${marks.busyBatch}`],
    ['batches in error', '/interfaces?status=Error'],
    ['batches of one interface in error', '/interfaces?type=Sales+Order+Dispatch&status=Error'],
    ['a job', '/jobs/deviceEnrolmentRequest'],
    ['a job, a deep page', '/jobs/deviceEnrolmentRequest?before=100'],
    ['every request', '/requests?state=all'],
    ['requests finished, a deep page', `/requests?state=finished&before=${Math.ceil(devices / 50)}`],
    ['events of a large order', `/events?order=${marks.largeOrder}`],
    ['audit of a person', '/audit?who=user+3'],
    ['audit of an action', '/audit?action=order.void'],
    ['audit of a person and an action', '/audit?who=user+3&action=order.void'],
    ['audit of an order', `/audit?subject=order+${marks.largeOrder}`],
    ['the loader', '/daemons/loader'],
    ['the adaptor', '/daemons/adaptor'],
  ].map(([name = '', path = '']) => ({ name, path }));
};

const imeiOf = (n: number): string => String(350_000_000_000_000 + ((n * 104_729) % 999_999_999));

/** What programs ask for: each list of the API, and what a large store makes heavy; and the metrics. */
export const forPrograms = (marks: Landmarks): Asked[] => [
  ...endpoints
    .filter(({ method, path }) => method === 'GET' && !path.includes(':') && !searches.includes(path))
    .map(({ path }) => program(path)),
  ...[
    `/devices/${marks.oldDevice}`,
    `/devices?q=${marks.largeOrder}`,
    '/devices?status=Enrolled',
    '/orders?q=PO-7',
    `/orders/${marks.largeOrder}`,
    `/orders/${marks.largeOrder}/devices`,
    `/batches/${marks.largeBatch}`,
    `/batches/${marks.largeBatch}/items`,
    `/batches/${marks.busyBatch}`,
    `/files/${marks.rejectedFile}`,
    '/jobs/deviceEnrolmentRequest/runs',
  ].map(program),
  { name: 'metrics', path: '/metrics', as: 'scraper' },
];

/** They have to be told what for. */
const searches = ['/devices', '/orders'];

const program = (path: string): Asked => ({ name: 'API', path: `/api/v1${path}`, as: 'program' });

/** Pages of the registry whose path is whole. */
export const plainPages: readonly Asked[] = pages
  .filter(({ path }) => !path.includes(':'))
  .map(({ path, title }) => ({ name: title, path }));

/**
 * Of every other page of the registry one, as the pages that were read link to it.
 *
 * @param links addresses that were found
 */
export function linkedPages(links: ReadonlySet<string>): { found: Asked[]; missing: string[] } {
  const found: Asked[] = [];
  const missing: string[] = [];
  for (const { path, title } of pages.filter((page) => page.path.includes(':'))) {
    const pattern = new RegExp(`^${path.replace(/:\w+/g, '[^/?#]+')}$`);
    const link = [...links].find((each) => pattern.test(each.replace(/[?#].*$/, '')));
    if (link === undefined) missing.push(path);
    else found.push({ name: title, path: link.replace(/#.*$/, '') });
  }
  return { found, missing };
}
