import { expect, test } from '@jest/globals';

import { faultFields } from '../../../shared/runtime/events.ts';
import { Fault, toFault } from '../../../shared/runtime/faults.ts';

test('a fault is logged with its code, class, detail and action', () => {
  expect(faultFields(new Fault('NO_SPACE', 'var/enrol.db'))).toEqual({
    code: 'NO_SPACE',
    class: 'environment',
    detail: 'var/enrol.db',
    action: 'Make room; work resumes by itself.',
  });
});

test('O05: a bug is logged with the stack of what was thrown first', () => {
  function brokenPlace(): never {
    throw new TypeError('x is not a function');
  }
  let thrown: unknown;
  try {
    brokenPlace();
  } catch (error) {
    thrown = error;
  }
  const fields = faultFields(toFault(thrown));
  expect(fields).toMatchObject({ code: 'BUG', class: 'bug', detail: 'x is not a function' });
  expect(fields.stack).toContain('brokenPlace');
});
