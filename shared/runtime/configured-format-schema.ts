import { z } from 'zod';

/**
 * How a provider that this product does not know by name writes and reads: the mapping of a `configured` provider. A
 * closed language: values come from a list of sources or are constants, places are paths, statuses are words. It has no
 * expressions and no patterns, so that a mapping can be checked as a whole before it is used.
 */

/** What a field may hold, by what it belongs to. */
export const sources = {
  request: ['constant', 'transactionId'],
  order: ['orderId', 'orderNumber', 'purchaseOrderNumber', 'organisationId', 'orderDate', 'requestType'],
  device: [
    'deliveryNumber',
    'shipDate',
    'deviceId',
    'serialNumber',
    'imei',
    'imei2',
    'meid',
    'manufacturer',
    'model',
    'assetTag',
    'productId',
    'hardwareHash',
    'firstIdentifier',
  ],
} as const;

/** What a partner may name a device by in its answers. */
export const deviceKeys = ['deviceId', 'serialNumber', 'imei', 'imei2', 'meid', 'firstIdentifier'] as const;
/** What a partner that answers order by order may name an order by. */
export const orderKeys = ['orderId', 'orderNumber'] as const;

const separators = { json: '.', xml: '/' } as const;

/** A text of one form, and the same where it may be empty. */
const form = (pattern: RegExp, what: string) => ({
  needed: () => z.string().regex(pattern, what),
  optional: () =>
    z
      .string()
      .regex(new RegExp(`^$|${pattern.source}`, pattern.flags), `${what}; or nothing`)
      .default(''),
});
type Place = ReturnType<typeof form>;

const column = form(/^[^\p{Cc}]{1,100}$/u, 'the name of a column, 1 to 100 characters');
/** Without the names that JavaScript objects have by themselves: a document with them is refused when it is read. */
const property = form(
  /^(?:(?:^|\.)(?!(?:__proto__|constructor|prototype)(?:\.|$))[A-Za-z_$@][\w$@-]{0,63}){1,8}$/,
  'names of properties joined by dots, like result.status',
);
const element = form(
  /^[A-Za-z_][\w.-]{0,63}(\/[A-Za-z_][\w.-]{0,63}){0,7}$/,
  'names of elements joined by slashes, like Header/Status',
);
const elementOrAttribute = form(
  /^(@[A-Za-z_][\w.-]{0,63}|[A-Za-z_][\w.-]{0,63}(\/[A-Za-z_][\w.-]{0,63}){0,7}(\/@[A-Za-z_][\w.-]{0,63})?)$/,
  'names of elements joined by slashes, perhaps with an @attribute at the end',
);

const delimiter = () =>
  z.enum(['comma', 'semicolon', 'tab', 'pipe']).default('comma').describe('what stands between two columns');

const word = () => z.string().regex(/^[^\p{Cc}]{1,100}$/u, 'a word of 1 to 100 characters');
const words = () => z.array(word()).max(100);

const field = (place: Place) => ({
  name: place.needed().describe('column, path of elements (Header/Id) or path of properties (header.id)'),
  from: z
    .enum([...sources.request, ...sources.order, ...sources.device])
    .describe(
      'what is written there; constant: the text; firstIdentifier: the first of `identifiers` there is',
    ),
  text: z
    .string()
    .regex(/^[^\p{Cc}]{0,256}$/u, 'at most 256 characters in one line')
    .default('')
    .describe('from constant: the text'),
  required: z
    .boolean()
    .default(true)
    .describe('true: what has no such value is refused; false: the field is left out, a column left empty'),
  maxLength: z
    .number()
    .int()
    .min(1)
    .max(8192)
    .default(8192)
    .describe('characters; what has a longer value is refused, and nothing is ever cut'),
  date: z
    .enum(['iso', 'date', 'compact', 'compactDate'])
    .default('iso')
    .describe(
      'dates, in UTC. iso: 2026-05-04T08:00:00Z; date: 2026-05-04; compact: 20260504T080000Z; compactDate: 20260504',
    ),
});

const fields = <Field extends z.ZodType>(one: Field) => z.array(one).max(100);
const csvFields = fields(z.strictObject(field(column)));
const xmlFields = fields(z.strictObject(field(element)));
const jsonFields = fields(
  z.strictObject({
    ...field(property),
    number: z
      .boolean()
      .default(false)
      .describe('true: written as a number, for ids that are numbers at the partner; never for identifiers'),
  }),
);

/** Orders or devices of a document: where they stand, and what each has. */
const group = <Fields extends z.ZodType>(place: Place, own: Fields) =>
  z
    .strictObject({
      at: place
        .optional()
        .describe(
          'the repeated element or the list, like Orders/Order; empty: the document (or the order) holds just one, itself',
        ),
      fields: own.describe('what each of them has'),
    })
    .optional();

const requestType = () => word().optional();

const common = {
  types: z
    .strictObject({
      ORDER: requestType().describe('enrol these devices'),
      RETURN: requestType().describe('unenrol these devices'),
      VOID: requestType().describe('unenrol the whole order, which is named without devices'),
      OVERRIDE: requestType().describe('the devices of the order are these, in place of all earlier ones'),
    })
    .describe('the types of requests that the partner takes, each with its word; others are refused'),
  byDevice: z
    .array(z.enum(['VOID', 'OVERRIDE']))
    .max(2)
    .default([])
    .describe(
      'types that the partner does not take, and that are put as RETURN of the devices that we know as enrolled' +
        ' (OVERRIDE: with an ORDER of the new devices behind it)',
    ),
  key: z
    .enum([...deviceKeys, ...orderKeys])
    .describe('what the partner names a device by in its answers; an order, where it answers order by order'),
  identifiers: z
    .array(z.enum(['serialNumber', 'imei', 'imei2', 'meid']))
    .min(1)
    .max(4)
    .default(['serialNumber', 'imei', 'meid'])
    .describe('firstIdentifier: which is taken, in this order'),
  upperCase: z.boolean().default(false).describe('serial numbers are sent in upper case'),
  method: z.enum(['POST', 'PUT']).default('POST').describe('https: how requests are sent'),
  path: z
    .string()
    .regex(/^\/[\w.~!$&'()*+,;=:@%/?-]{0,500}$/, 'a path that begins with a slash, encoded')
    .default('/')
    .describe('https: where requests are sent, below https.url'),
};

const csvRequest = z.strictObject({
  kind: z.literal('csv').describe('a table'),
  ...common,
  rows: z.enum(['device', 'order']).default('device').describe('what has a row of its own'),
  delimiter: delimiter(),
  header: z.boolean().default(true).describe('the first row holds the names of the columns'),
  lineEnd: z.enum(['crlf', 'lf']).default('crlf').describe('how lines end'),
  fields: csvFields.min(1).describe('the columns, in their order'),
});

const xmlRequest = z.strictObject({
  kind: z.literal('xml').describe('an XML document'),
  ...common,
  root: element.needed().describe('name of the outermost element'),
  namespace: z
    .string()
    .regex(/^[^\s"<>&]{0,500}$/, 'a URI')
    .default('')
    .describe('of every element; empty: none'),
  fields: xmlFields.default([]).describe('what the document has once: constants and the transaction id'),
  orders: group(element, xmlFields).describe('the orders; left out where the document lists devices only'),
  devices: group(element, xmlFields).describe(
    'the devices: within each order, or of the document; left out where orders alone are named',
  ),
});

const jsonRequest = z.strictObject({
  kind: z.literal('json').describe('a JSON document'),
  ...common,
  fields: jsonFields.default([]).describe('what the document has once: constants and the transaction id'),
  orders: group(property, jsonFields).describe('the orders; left out where the document lists devices only'),
  devices: group(property, jsonFields).describe(
    'the devices: within each order, or of the document; left out where orders alone are named',
  ),
});

const namespaceOfAnswer = z
  .string()
  .max(500)
  .default('')
  .describe('elements of other namespaces are passed over; empty: the namespace does not matter');

const ids = (place: Place) => ({
  transactionId: place.optional().describe('our transaction id; empty: the answer does not have it'),
  providerTransactionId: place
    .optional()
    .describe("the partner's own id; empty: the answer does not have it"),
});

const errorPlaces = (place: Place) => ({
  code: place.optional().describe('code of the error; empty: none, the status word is the code'),
  text: place.optional().describe('text of the error; empty: none'),
});

const answerFields = (place: Place) => ({
  key: place.needed().describe('what names the device, or the order: request.key as it was sent'),
  status: place.needed().describe('its status, one of the words'),
  ...errorPlaces(place),
  words: z
    .strictObject({
      success: words().min(1).describe('done'),
      failure: words().default([]).describe('not done, and final'),
      pending: words().default([]).describe('not done yet'),
    })
    .describe(
      'what statuses mean, in any letter case; every other word settles nothing, and is never a success',
    ),
});

const whole = (place: Place) =>
  z
    .strictObject({
      status: place.optional().describe('one of the words; a success of the whole is none of its devices'),
      ...errorPlaces(place),
      ...ids(place),
    })
    .prefault({})
    .describe('what the document says of the whole request');

const xmlAnswer = z.strictObject({
  kind: z.literal('xml').describe('an XML document'),
  namespace: namespaceOfAnswer,
  records: elementOrAttribute
    .optional()
    .describe(
      'path of the element of each device or order, below the outermost; empty: the outermost itself',
    ),
  ...answerFields(elementOrAttribute),
  whole: whole(elementOrAttribute),
});

const jsonAnswer = z.strictObject({
  kind: z.literal('json').describe('a JSON document'),
  records: property
    .optional()
    .describe('path of the list of devices or orders, one may stand alone; empty: the document itself'),
  ...answerFields(property),
  whole: whole(property),
});

const csvAnswer = z.strictObject({
  kind: z.literal('csv').describe('a table with a header; columns that are not named here are passed over'),
  delimiter: delimiter(),
  ...answerFields(column),
  whole: z.strictObject(ids(column)).prefault({}).describe('columns that say the same in every row'),
});

const acknowledgement = (place: Place) => ({
  status: place.needed().describe('one of the words'),
  words: z
    .strictObject({
      accepted: words().min(1).describe('the partner has the request, and will say more'),
      refused: words().default([]).describe('the partner does not take the request; nothing of it is done'),
    })
    .describe('what the statuses mean, in any letter case'),
  ...errorPlaces(place),
  providerTransactionId: place.optional().describe("the partner's own id of the request; empty: none"),
});

export const mapping = z.strictObject({
  request: z.discriminatedUnion('kind', [csvRequest, xmlRequest, jsonRequest]).describe('what we send'),
  acknowledgement: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('empty').describe('https: an answer without a body') }),
      z.strictObject({
        kind: z.literal('csv').describe('a table of one row, with a header'),
        delimiter: delimiter(),
        ...acknowledgement(column),
      }),
      z.strictObject({
        kind: z.literal('xml').describe('an XML document'),
        namespace: namespaceOfAnswer,
        ...acknowledgement(elementOrAttribute),
      }),
      z.strictObject({ kind: z.literal('json').describe('a JSON document'), ...acknowledgement(property) }),
    ])
    .optional()
    .describe('how the partner says that it has a request, before its answer; left out: it does not'),
  answer: z
    .discriminatedUnion('kind', [csvAnswer, xmlAnswer, jsonAnswer])
    .describe('what the partner says of devices or orders, at once or later'),
  query: z
    .strictObject({
      method: z.enum(['GET', 'POST']).default('GET').describe('how it is asked, without a body'),
      path: z
        .string()
        .regex(/^\/[\w.~!$&'()*+,;=:@%/?{}-]{0,500}$/, 'a path that begins with a slash, encoded')
        .describe('below https.url; {transactionId} and {providerTransactionId} are put in'),
      notFound: words()
        .default([])
        .describe('error codes that say that the partner has no such request: it is sent again then'),
    })
    .optional()
    .describe('https: how the partner is asked for the answer; left out: it answers by itself'),
  errors: z
    .array(
      z.strictObject({
        code: word().describe('as the partner writes it'),
        class: z
          .enum(['auth', 'config', 'data', 'conflict', 'retry', 'pending', 'split'])
          .describe(
            'auth, config: our access or account is wrong, sending rests; data, conflict: the device fails;' +
              ' retry: sent again later; pending: no error yet; split: sent again in two halves',
          ),
        text: z
          .string()
          .regex(/^[^\p{Cc}]{1,300}$/u, 'one line of 1 to 300 characters')
          .describe('for operators, where the partner gives no text'),
      }),
    )
    .max(1000)
    .default([])
    .describe('error codes of the partner; a code that is not listed is of class data'),
});

export type FormatMapping = z.infer<typeof mapping>;
export type RequestMapping = FormatMapping['request'];
export type AnswerMapping = FormatMapping['answer'];
export type AcknowledgementMapping = NonNullable<FormatMapping['acknowledgement']>;
/** A column, element or property that is written. Only JSON has numbers. */
export type MappedField = Omit<z.infer<typeof jsonFields>[number], 'number'> & { readonly number?: boolean };

/** The fields of a request by what they belong to; null: the request does not list that. */
export interface Layout {
  readonly head: readonly MappedField[];
  readonly order: readonly MappedField[] | null;
  readonly device: readonly MappedField[] | null;
}

/** The same three levels for every kind. A row for each device holds what belongs to its order, too. */
export function layoutOf(request: RequestMapping): Layout {
  if (request.kind !== 'csv') {
    const { fields: head, orders, devices } = request;
    return { head, order: orders?.fields ?? null, device: devices?.fields ?? null };
  }
  return request.rows === 'order'
    ? { head: [], order: request.fields, device: null }
    : { head: [], order: null, device: request.fields };
}

/** Whether the partner answers order by order. */
export const isOrderKey = (key: RequestMapping['key']): key is (typeof orderKeys)[number] =>
  (orderKeys as readonly string[]).includes(key);

/** The names that a path is made of. A column is one name, whatever is in it. */
export const namesIn = (path: string, kind: RequestMapping['kind']): string[] =>
  path === '' ? [] : kind === 'csv' ? [path] : path.split(separators[kind]);
