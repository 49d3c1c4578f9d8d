import { Fault } from '../runtime/faults.ts';
import type { Db, Row } from './tables.ts';

/** Module properties: what CMP's people set while the system runs. A property that is not in the store has its default. */

/** A switch, or a word of that shape. */
type PropertyType =
  { readonly kind: 'yes or no' } | { readonly kind: 'word'; readonly pattern: RegExp; readonly says: string };

interface Property {
  readonly module: ModuleName;
  readonly description: string;
  readonly type: PropertyType;
  readonly fallback: string;
}

/** The leading part of a property's name -> what CMP calls that module, and when it looks at its properties. */
export const modules = {
  'device.enrolment.response': {
    title: 'Device Enrolment Response',
    takesEffect: 'at once: the job Device Enrolment Response looks at it anew with each order',
  },
  'sales.order.dispatch': {
    title: 'Sales Order Dispatch',
    takesEffect: 'at once: the job Sales Order Dispatch looks at it anew with each order',
  },
} as const;

export type ModuleName = keyof typeof modules;

const yesOrNo: PropertyType = { kind: 'yes or no' };
/** Published lengths of workflow event types and codes. */
const eventWord: PropertyType = {
  kind: 'word',
  pattern: /^[A-Z0-9]{3,4}$/,
  says: '3 or 4 capital letters and digits',
};

export const moduleProperties = {
  'device.enrolment.response.event.success': {
    module: 'device.enrolment.response',
    description: 'raise a workflow event when all devices of a request succeeded',
    type: yesOrNo,
    fallback: 'false',
  },
  'device.enrolment.response.event.failure': {
    module: 'device.enrolment.response',
    description:
      'raise a workflow event when a device failed or was not answered, with the provider’s messages',
    type: yesOrNo,
    fallback: 'true',
  },
  'device.enrolment.response.event.type': {
    module: 'device.enrolment.response',
    description: 'event type of both events',
    type: eventWord,
    fallback: 'DEP',
  },
  'device.enrolment.response.event.success.code': {
    module: 'device.enrolment.response',
    description: 'event code on success',
    type: eventWord,
    fallback: 'DEOK',
  },
  'device.enrolment.response.event.failure.code': {
    module: 'device.enrolment.response',
    description: 'event code on failure',
    type: eventWord,
    fallback: 'DEER',
  },
  'sales.order.dispatch.event.rejected.code': {
    module: 'sales.order.dispatch',
    description: 'event code when the warehouse rejects an order; the type is that of device enrolment',
    type: eventWord,
    fallback: 'SORJ',
  },
} as const satisfies Record<string, Property>;

export type PropertyName = keyof typeof moduleProperties;
export type Properties = Readonly<Record<PropertyName, string>>;

export const propertyNames = Object.keys(moduleProperties) as PropertyName[];

/** @throws Fault NOT_FOUND */
export function propertyNamed(name: string): Property & { readonly name: PropertyName } {
  if (!Object.hasOwn(moduleProperties, name)) {
    throw new Fault('NOT_FOUND', `there is no module property ${name}`);
  }
  return { ...moduleProperties[name as PropertyName], name: name as PropertyName };
}

/** What its value may be, in words: `true or false`. */
export const propertyType = (type: PropertyType): string =>
  type.kind === 'word' ? type.says : 'true or false';

/** Every property with its present value. */
export async function readProperties(db: Db): Promise<Properties> {
  const rows = await db.selectFrom('module_property').select(['name', 'value']).execute();
  const stored = new Map(rows.map((row) => [row.name, row.value]));
  const entries = propertyNames.map((name) => [name, stored.get(name) ?? moduleProperties[name].fallback]);
  return Object.fromEntries(entries) as Properties;
}

/** Properties that somebody has set, with who and when. */
export function propertiesSet(db: Db): Promise<Row<'module_property'>[]> {
  return db.selectFrom('module_property').selectAll().execute();
}

/** @throws Fault NOT_FOUND, BAD_INPUT */
export async function setProperty(
  db: Db,
  name: string,
  value: string,
  who: string,
  now: Date,
): Promise<void> {
  const { type } = propertyNamed(name);
  const isRight = type.kind === 'word' ? type.pattern.test(value) : value === 'true' || value === 'false';
  if (!isRight) throw new Fault('BAD_INPUT', `${name}: the value must be ${propertyType(type)}`);
  const row = { value, updated_at: now.toISOString(), updated_by: who };
  await db
    .insertInto('module_property')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

/** Its default applies again. @returns whether it was set */
export async function resetProperty(db: Db, name: PropertyName): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('module_property')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0;
}
