import { Fault } from '../runtime/faults.ts';
import type { Db, Row } from './tables.ts';

/** Module properties: what CMP's people set while the system runs. A property that is not in the store has its default. */

interface Property {
  readonly description: string;
  readonly fallback: string;
  readonly pattern: RegExp;
}

const yesOrNo = /^(true|false)$/;
/** Published lengths of workflow event types and codes. */
const eventWord = /^[A-Z0-9]{3,4}$/;

export const moduleProperties = {
  'device.enrolment.response.event.success': {
    description: 'raise a workflow event when all devices of a request succeeded',
    fallback: 'false',
    pattern: yesOrNo,
  },
  'device.enrolment.response.event.failure': {
    description:
      'raise a workflow event when a device failed or was not answered, with the provider’s messages',
    fallback: 'true',
    pattern: yesOrNo,
  },
  'device.enrolment.response.event.type': {
    description: 'event type of both events',
    fallback: 'DEP',
    pattern: eventWord,
  },
  'device.enrolment.response.event.success.code': {
    description: 'event code on success',
    fallback: 'DEOK',
    pattern: eventWord,
  },
  'device.enrolment.response.event.failure.code': {
    description: 'event code on failure',
    fallback: 'DEER',
    pattern: eventWord,
  },
  'sales.order.dispatch.event.rejected.code': {
    description: 'event code when the warehouse rejects an order; the type is that of device enrolment',
    fallback: 'SORJ',
    pattern: eventWord,
  },
} as const satisfies Record<string, Property>;

export type PropertyName = keyof typeof moduleProperties;
export type Properties = Readonly<Record<PropertyName, string>>;

/** Every property with its present value. */
export async function readProperties(db: Db): Promise<Properties> {
  const rows = await db.selectFrom('module_property').select(['name', 'value']).execute();
  const stored = new Map(rows.map((row) => [row.name, row.value]));
  const entries = Object.entries(moduleProperties).map(([name, property]) => [
    name,
    stored.get(name) ?? property.fallback,
  ]);
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
  if (!Object.hasOwn(moduleProperties, name))
    throw new Fault('NOT_FOUND', `there is no module property ${name}`);
  const { pattern } = moduleProperties[name as PropertyName];
  if (!pattern.test(value)) throw new Fault('BAD_INPUT', `${name}: the value must match ${pattern.source}`);
  const row = { value, updated_at: now.toISOString(), updated_by: who };
  await db
    .insertInto('module_property')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}
