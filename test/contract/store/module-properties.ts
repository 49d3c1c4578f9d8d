import { expect, test } from '@jest/globals';

import { moduleProperties, readProperties, setProperty } from '../../../shared/store/module-properties.ts';
import { now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function modulePropertiesContract(store: StoreUnderTest): void {
  const name = 'device.enrolment.response.event.failure.code';
  const set = (property: string, value: string, who = 'pat') =>
    setProperty(store.db, property, value, who, now);

  test('what nobody has set has its default', async () => {
    const defaults = Object.entries(moduleProperties).map(([key, { fallback }]) => [key, fallback]);
    expect(await readProperties(store.db)).toEqual(Object.fromEntries(defaults));
  });

  test('the last value counts, at once and for every process, and the others stay', async () => {
    await set(name, 'OLD1', 'pat');
    await set(name, 'NEW1', 'sam');
    const other = await store.again();
    const properties = await readProperties(other);
    expect(properties[name]).toBe('NEW1');
    expect(properties['device.enrolment.response.event.success.code']).toBe('DEOK');
    const rows = await other.selectFrom('module_property').selectAll().execute();
    expect(rows).toEqual([{ name, value: 'NEW1', updated_at: now.toISOString(), updated_by: 'sam' }]);
  });

  test.each(['device.enrolment', '', 'toString', 'constructor', '__proto__'])(
    'there is no property "%s"',
    async (unknown) => {
      await expect(set(unknown, 'true')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );

  test.each([
    [name, 'deer'],
    [name, 'TOOLONG'],
    [name, ''],
    ['device.enrolment.response.event.success', 'yes'],
    ['device.enrolment.response.event.success', 'true\n'],
  ])('%s does not take "%s"', async (property, value) => {
    await expect(set(property, value)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await store.db.selectFrom('module_property').selectAll().execute()).toEqual([]);
  });
}
