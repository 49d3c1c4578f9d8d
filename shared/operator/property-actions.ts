import { readProperties, setProperty } from '../store/module-properties.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** @throws Fault NOT_FOUND, BAD_INPUT */
export function setModuleProperty(db: Db, operator: Operator, name: string, value: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    const before: Partial<Record<string, string>> = await readProperties(trx);
    await setProperty(trx, name, value, operator.who, operator.now);
    await audit(trx, operator, {
      action: 'property.set',
      subject: `property ${name}`,
      before: { value: before[name] },
      after: { value },
    });
  });
}
