import type { Finding, SettingPath } from './config-rules.ts';
import {
  isOrderKey,
  layoutOf,
  namesIn,
  sources,
  type FormatMapping,
  type MappedField,
  type RequestMapping,
} from './configured-format-schema.ts';

/**
 * What the schema cannot say of a mapping: what contradicts itself, or could never work. Pure.
 *
 * @param path of the mapping
 */
export function mappingFindings(path: SettingPath, mapping: FormatMapping): Finding[] {
  const request = [...path, 'request'];
  return [
    ...typeFindings(request, mapping.request),
    ...levelFindings(request, mapping.request),
    ...keyFindings(request, mapping.request),
    ...knownDeviceFindings(request, mapping.request),
    ...groupsOf(request, mapping.request).flatMap((group) => fieldFindings(group)),
    ...nameFindings(request, mapping.request),
    ...answerFindings(path, mapping),
    ...queryFindings(path, mapping),
    ...errorFindings(path, mapping),
  ];
}

function typeFindings(path: SettingPath, { types, byDevice, key }: RequestMapping): Finding[] {
  const findings: Finding[] = [];
  const taken = Object.values(types).filter((word) => word !== undefined);
  if (taken.length === 0) findings.push({ path: [...path, 'types'], message: 'names no type of request' });
  if (types.VOID !== undefined && !isOrderKey(key)) {
    findings.push({
      path: [...path, 'types', 'VOID'],
      message:
        'names no devices, and key is that of a device: write byDevice: [VOID], or the key of an order',
    });
  }
  if (byDevice.length === 0) return findings;
  const at = [...path, 'byDevice'];
  if (isOrderKey(key)) findings.push({ path: at, message: 'needs a key of devices' });
  if (types.ORDER === undefined || types.RETURN === undefined) {
    findings.push({ path: at, message: 'needs ORDER and RETURN among the types' });
  }
  if (byDevice.some((type) => types[type] !== undefined)) {
    findings.push({
      path: at,
      message: 'has a type that stands among the types, too: the partner takes it or not',
    });
  }
  return findings;
}

/** A group of fields, and what may stand there. */
interface Group {
  readonly path: SettingPath;
  readonly fields: readonly MappedField[];
  readonly allowed: readonly string[];
  readonly of: string;
}

const ofRequest: readonly string[] = sources.request;
const ofOrder: readonly string[] = [...sources.request, ...sources.order];
const ofDevice: readonly string[] = [...ofOrder, ...sources.device];

function groupsOf(path: SettingPath, request: RequestMapping): Group[] {
  const { head, order, device } = layoutOf(request);
  const isTable = request.kind === 'csv';
  const at = (group: string) => (isTable ? [...path, 'fields'] : [...path, group, 'fields']);
  return [
    { path: [...path, 'fields'], fields: head, allowed: ofRequest, of: 'the whole request' },
    { path: at('orders'), fields: order ?? [], allowed: ofOrder, of: 'an order' },
    { path: at('devices'), fields: device ?? [], allowed: ofDevice, of: 'a device' },
  ];
}

function fieldFindings({ path, fields, allowed, of }: Group): Finding[] {
  return fields.flatMap((field, index) => {
    const at = [...path, String(index)];
    const findings: Finding[] = [];
    if (!allowed.includes(field.from)) {
      findings.push({ path: [...at, 'from'], message: `belongs to something else than ${of}` });
    }
    if ((field.from === 'constant') !== (field.text !== '')) {
      findings.push({ path: [...at, 'text'], message: 'belongs to from: constant, and is needed there' });
    }
    if (field.number === true && !numbers.includes(field.from)) {
      findings.push({ path: [...at, 'number'], message: `is only for ${numbers.join(', ')}` });
    }
    return findings;
  });
}

/** What is a number at partners. An identifier of a device is none: it may begin with a zero. */
const numbers: readonly string[] = ['orderId', 'orderNumber', 'organisationId', 'constant'];

/** These stand at the whole request: what the schema refused within it may be what is missed here. */
function levelFindings(path: SettingPath, request: RequestMapping): Finding[] {
  const { order, device } = layoutOf(request);
  return (order ?? device) ? [] : [{ path, message: 'lists neither orders nor devices: it would be empty' }];
}

/** What is not sent cannot come back. */
function keyFindings(path: SettingPath, request: RequestMapping): Finding[] {
  const { order, device } = layoutOf(request);
  const { key } = request;
  const [what, fields] = isOrderKey(key)
    ? (['orders', order ?? device] as const)
    : (['devices', device] as const);
  if (fields?.some(({ from }) => from === key)) return [];
  const message = `no field of ${what} is from ${key}, so that no answer could name one of them by it`;
  if (fields) return [{ path: [...path, 'key'], message }];
  return (order ?? device) ? [{ path, message }] : [];
}

/** Of devices that an earlier request enrolled, only our id and the key are remembered. */
function knownDeviceFindings(path: SettingPath, request: RequestMapping): Finding[] {
  if (request.byDevice.length === 0) return [];
  const table = request.kind === 'csv';
  return (layoutOf(request).device ?? []).flatMap(({ from, required }, index) => {
    const remembered = from === request.key || from === 'deviceId' || ofOrder.includes(from);
    if (!required || remembered) return [];
    return [
      {
        path: [...path, ...(table ? [] : ['devices']), 'fields', String(index), 'required'],
        message:
          'must be false: byDevice lists devices that were enrolled earlier, of which only deviceId and the key are known',
      },
    ];
  });
}

/** Two things at one place, or one within what is a text. */
function nameFindings(path: SettingPath, request: RequestMapping): Finding[] {
  if (request.kind === 'csv') return clashes([...path, 'fields'], namesOf(request.fields, 'csv'));
  const { kind, fields, orders, devices } = request;
  const own = namesOf(fields, kind);
  const ofOrders = [...namesOf(orders?.fields ?? [], kind)];
  const ofDevices = namesOf(devices?.fields ?? [], kind);
  const orderAt = namesIn(orders?.at ?? '', kind);
  const deviceAt = namesIn(devices?.at ?? '', kind);
  const inDevice = deviceAt.length === 0 ? ofDevices : [deviceAt];
  const within = orders ? [...ofOrders, ...(devices ? inDevice : [])] : [];
  const below = orders ? (orderAt.length === 0 ? within : [orderAt]) : devices ? inDevice : [];
  return [
    ...clashes([...path, 'fields'], [...own, ...below]),
    ...(orderAt.length > 0 ? clashes([...path, 'orders', 'fields'], within) : []),
    ...(deviceAt.length > 0 ? clashes([...path, 'devices', 'fields'], ofDevices) : []),
  ];
}

const namesOf = (fields: readonly MappedField[], kind: RequestMapping['kind']): string[][] =>
  fields.map(({ name }) => namesIn(name, kind));

function clashes(path: SettingPath, places: readonly (readonly string[])[]): Finding[] {
  const clash = places.some((place, index) =>
    places.some((other, at) => at !== index && other.every((name, depth) => name === place[depth])),
  );
  return clash
    ? [{ path, message: 'two of them stand at the same place, or one within the text of another' }]
    : [];
}

function answerFindings(path: SettingPath, { answer, acknowledgement }: FormatMapping): Finding[] {
  const { success, failure, pending } = answer.words;
  const findings = wordFindings([...path, 'answer', 'words'], [success, failure, pending]);
  if (!acknowledgement || acknowledgement.kind === 'empty') return findings;
  const { accepted, refused } = acknowledgement.words;
  return [...findings, ...wordFindings([...path, 'acknowledgement', 'words'], [accepted, refused])];
}

function wordFindings(path: SettingPath, lists: readonly (readonly string[])[]): Finding[] {
  const all = lists.flatMap((list) => [...new Set(list.map((word) => word.trim().toLowerCase()))]);
  const twice = all.find((word, index) => all.indexOf(word) !== index);
  return twice === undefined
    ? []
    : [{ path, message: 'a word has two meanings (letter case does not count)' }];
}

/** Between braces: what may be put into the path of a query. */
export const placeholders = ['transactionId', 'providerTransactionId'] as const;

function queryFindings(path: SettingPath, { query, acknowledgement, answer }: FormatMapping): Finding[] {
  if (!query) return [];
  const at = [...path, 'query', 'path'];
  const used = placeholders.filter((name) => query.path.includes(`{${name}}`));
  const rest = placeholders.reduce((text, name) => text.replaceAll(`{${name}}`, ''), query.path);
  if (/[{}]/.test(rest)) {
    return [
      {
        path: at,
        message: 'may have {transactionId} and {providerTransactionId} in it, and no other braces',
      },
    ];
  }
  if (used.length === 0) {
    return [
      { path: at, message: 'needs {transactionId} or {providerTransactionId}: it would ask about nothing' },
    ];
  }
  const acknowledged =
    acknowledgement !== undefined &&
    acknowledgement.kind !== 'empty' &&
    acknowledgement.providerTransactionId !== '';
  if (!used.includes('providerTransactionId') || acknowledged || answer.whole.providerTransactionId !== '')
    return [];
  return [
    {
      path: at,
      message:
        'has {providerTransactionId}, and no providerTransactionId of acknowledgement or answer.whole says it',
    },
  ];
}

function errorFindings(path: SettingPath, { errors }: FormatMapping): Finding[] {
  const codes = errors.map(({ code }) => code.trim());
  return codes.flatMap((code, index) =>
    codes.indexOf(code) === index
      ? []
      : [{ path: [...path, 'errors', String(index), 'code'], message: 'stands twice in the list' }],
  );
}
