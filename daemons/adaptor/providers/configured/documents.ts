import {
  layoutOf,
  namesIn,
  type MappedField,
  type RequestMapping,
} from '../../../../shared/runtime/configured-format-schema.ts';

/** What a request says of an order: values in the order of the fields. A level that is not listed has none. */
export interface OrderValues {
  readonly values: readonly string[];
  readonly devices: readonly (readonly string[])[];
}

/** A document of JSON, or of XML where elements that repeat are a list. */
export interface Tree {
  [name: string]: string | number | Tree | Tree[];
}

type TreeRequest = Exclude<RequestMapping, { kind: 'csv' }>;

/** The document of a request in JSON or XML. What has no value is left out. */
export function toTree(request: TreeRequest, transactionId: string, orders: readonly OrderValues[]): Tree {
  const { head, order: ofOrder, device: ofDevice } = layoutOf(request);
  const document: Tree = {};
  const put = (into: Tree, fields: readonly MappedField[], values: readonly string[]) =>
    fields.forEach((field, index) => {
      const value = field.from === 'transactionId' ? transactionId : (values[index] ?? '');
      if (value !== '') putAt(into, namesIn(field.name, request.kind), field.number ? Number(value) : value);
    });
  const devicesInto = (into: Tree, devices: OrderValues['devices']) => {
    if (ofDevice === null || devices.length === 0) return;
    fill(into, namesIn(request.devices?.at ?? '', request.kind), devices, (item, values) =>
      put(item, ofDevice, values),
    );
  };
  put(
    document,
    head,
    head.map(({ text }) => text),
  );
  if (ofOrder === null) {
    devicesInto(
      document,
      orders.flatMap(({ devices }) => devices),
    );
    return document;
  }
  fill(document, namesIn(request.orders?.at ?? '', request.kind), orders, (item, { values, devices }) => {
    put(item, ofOrder, values);
    devicesInto(item, devices);
  });
  return document;
}

/** Writes items as a list at a path; without a path there is one, and it is the document itself. */
function fill<Item>(
  into: Tree,
  path: string[],
  items: readonly Item[],
  write: (into: Tree, item: Item) => void,
): void {
  const trees = items.map((item) => {
    const tree = path.length === 0 ? into : {};
    write(tree, item);
    return tree;
  });
  if (path.length > 0) putAt(into, path, trees);
}

function putAt(tree: Tree, [name = '', ...deeper]: readonly string[], value: Tree[string]): void {
  if (deeper.length === 0) {
    tree[name] = value;
    return;
  }
  const inner = tree[name] ?? {};
  tree[name] = inner;
  // The check of the configuration sees to it that nothing stands within a text.
  putAt(inner as Tree, deeper, value);
}
