import { parse } from 'csv-parse/sync';

import { readXml } from '../../../../shared/formats/read-xml.ts';
import type { XmlElement } from '../../../../shared/formats/xml-element.ts';
import {
  isOrderKey,
  layoutOf,
  namesIn,
  type MappedField,
  type RequestMapping,
} from '../../../../shared/runtime/configured-format-schema.ts';
import type { AskedRequest, ProviderMessage, ProviderRequest, RequestedOrder } from '../provider-format.ts';
import type { Tree } from './documents.ts';
import { delimiters, writeCsv, type TableRequest } from './write-csv.ts';
import { messageOf, writeDocument } from './write-message.ts';

/**
 * Two requests in place of one. The store keeps what was sent and not what it was made from: so the halves are made
 * by leaving out the rows, elements or objects of the other half.
 */
export function halve(
  request: RequestMapping,
  asked: AskedRequest,
  ids: readonly [string, string],
): readonly [ProviderRequest, ProviderRequest] | null {
  const parts = partsOf(request, asked.orders);
  if (!parts) return null;
  const half = (orders: readonly RequestedOrder[], transactionId: string): ProviderRequest => ({
    transactionId,
    message: only(request, asked.message, keysOf(request, orders), transactionId),
    orders,
  });
  return [half(parts[0], ids[0]), half(parts[1], ids[1])];
}

type Orders = readonly RequestedOrder[];

/** Between two orders, or within the only one. */
function partsOf(request: RequestMapping, orders: Orders): [Orders, Orders] | null {
  const middle = Math.ceil(orders.length / 2);
  if (orders.length > 1) return [orders.slice(0, middle), orders.slice(middle)];
  const [order] = orders;
  // The second part of an override would take the place of the first.
  const isWhole = order?.requestType === 'OVERRIDE' && request.types.OVERRIDE !== undefined;
  if (!order || order.devices.length < 2 || isOrderKey(request.key) || isWhole) return null;
  const half = Math.ceil(order.devices.length / 2);
  return [
    [{ ...order, devices: order.devices.slice(0, half) }],
    [{ ...order, devices: order.devices.slice(half) }],
  ];
}

const keysOf = ({ key }: RequestMapping, orders: Orders): ReadonlySet<string> =>
  new Set(
    orders.flatMap(({ orderNumber, devices }) =>
      isOrderKey(key) ? [orderNumber] : devices.map(({ providerDeviceId }) => providerDeviceId),
    ),
  );

function only(
  request: RequestMapping,
  { content }: ProviderMessage,
  keys: ReadonlySet<string>,
  transactionId: string,
): ProviderMessage {
  if (request.kind === 'csv') return messageOf(request, onlyRows(request, content, keys, transactionId));
  const document =
    request.kind === 'json' ? (JSON.parse(content) as Tree) : toTree(readXml(Buffer.from(content)));
  return messageOf(request, writeDocument(request, onlyItems(request, document, keys, transactionId)));
}

function onlyRows(
  request: TableRequest,
  content: string,
  keys: ReadonlySet<string>,
  transactionId: string,
): string {
  const rows = parse(content, {
    delimiter: delimiters[request.delimiter],
    record_delimiter: request.lineEnd === 'lf' ? '\n' : '\r\n',
    from: request.header ? 2 : 1,
  });
  const at = request.fields.findIndex(({ from }) => from === request.key);
  return writeCsv(
    request,
    rows
      .filter((row) => keys.has(row[at] ?? ''))
      .map((row) =>
        row.map((value, index) => (request.fields[index]?.from === 'transactionId' ? transactionId : value)),
      ),
  );
}

type TreeRequest = Exclude<RequestMapping, { kind: 'csv' }>;

function onlyItems(
  request: TreeRequest,
  document: Tree,
  keys: ReadonlySet<string>,
  transactionId: string,
): Tree {
  const { head, order, device } = layoutOf(request);
  const { kind } = request;
  const orderAt = namesIn(request.orders?.at ?? '', kind);
  const deviceAt = namesIn(request.devices?.at ?? '', kind);
  const rename = (tree: Tree, fields: readonly MappedField[] | null): Tree =>
    (fields ?? [])
      .filter(({ from }) => from === 'transactionId')
      .reduce((renamed, { name }) => replaced(renamed, namesIn(name, kind), () => transactionId), tree);
  const devices = (tree: Tree): Tree =>
    device === null
      ? tree
      : replaced(tree, deviceAt, (list) =>
          listOf(list)
            .filter((one) => isOrderKey(request.key) || keys.has(keyOf(request, device, one)))
            .map((one) => rename(one, device)),
        );
  const whole = rename(document, head);
  if (order === null) return devices(whole);
  return replaced(whole, orderAt, (list) =>
    listOf(list)
      .filter((one) => isKept(request, order, device, one, keys))
      .map((one) => rename(devices(one), order)),
  );
}

function isKept(
  request: TreeRequest,
  order: readonly MappedField[],
  device: readonly MappedField[] | null,
  tree: Tree,
  keys: ReadonlySet<string>,
): boolean {
  if (isOrderKey(request.key)) return keys.has(keyOf(request, order, tree));
  const list = listOf(valueAt(tree, namesIn(request.devices?.at ?? '', request.kind)));
  return list.some((one) => keys.has(keyOf(request, device ?? [], one)));
}

function keyOf({ key, kind }: TreeRequest, fields: readonly MappedField[], tree: Tree): string {
  const name = fields.find(({ from }) => from === key)?.name ?? '';
  const value = valueAt(tree, namesIn(name, kind));
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

type Value = Tree[string];

const valueAt = (tree: Value | undefined, path: readonly string[]): Value | undefined =>
  path.reduce<Value | undefined>((at, name) => (isTree(at) ? at[name] : undefined), tree);

const isTree = (value: Value | undefined): value is Tree =>
  typeof value === 'object' && !Array.isArray(value);

/** One thing is a list, too: XML does not tell. */
const listOf = (value: Value | undefined): Tree[] =>
  Array.isArray(value) ? value : isTree(value) ? [value] : [];

/** A copy with another value at a path; without a path the document is the only one of its list. */
function replaced(tree: Tree, path: readonly string[], change: (value: Value | undefined) => Value): Tree {
  const [name, ...deeper] = path;
  if (name === undefined) {
    const value = change(tree);
    return Array.isArray(value) ? (value[0] ?? {}) : isTree(value) ? value : tree;
  }
  const at = tree[name];
  return { ...tree, [name]: deeper.length === 0 || !isTree(at) ? change(at) : replaced(at, deeper, change) };
}

/** Of a document that we wrote: no attributes, and texts only in elements that have nothing else. */
function toTree({ children }: XmlElement): Tree {
  const byName = [...Map.groupBy(children, ({ name }) => name)];
  return Object.fromEntries(
    byName.map(([name, found]) => {
      const values = found.map((one) => (one.children.length > 0 ? toTree(one) : one.text));
      return [name, values.length === 1 ? (values[0] ?? '') : values.filter(isTree)] as const;
    }),
  );
}
