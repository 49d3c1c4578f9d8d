import { Fault } from '../runtime/faults.ts';
import { propertyNamed, readProperties, resetProperty, setProperty } from '../store/module-properties.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** Under this the audit has the history of a property. */
export const propertySubject = (name: string): string => `property ${name}`;

/** @throws Fault NOT_FOUND, BAD_INPUT */
export function setModuleProperty(db: Db, operator: Operator, name: string, value: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    const before: Partial<Record<string, string>> = await readProperties(trx);
    await setProperty(trx, name, value, operator.who, operator.now);
    await audit(trx, operator, {
      action: 'property.set',
      subject: propertySubject(name),
      before: { value: before[name] },
      after: { value },
    });
  });
}

/** Gives a property its default again. @throws Fault NOT_FOUND, NOT_ALLOWED when it has it already */
export function resetModuleProperty(db: Db, operator: Operator, name: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    const { name: known, fallback } = propertyNamed(name);
    const before = (await readProperties(trx))[known];
    if (!(await resetProperty(trx, known))) {
      throw new Fault('NOT_ALLOWED', `nobody has set ${known}: it has its default ${fallback}`);
    }
    await audit(trx, operator, {
      action: 'property.reset',
      subject: propertySubject(known),
      before: { value: before },
      after: { value: fallback },
    });
  });
}
