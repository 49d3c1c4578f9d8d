import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  comparable,
  identifierIn,
  nameOf,
} from '../../../daemons/adaptor/providers/google-zero-touch/device-reference.ts';

const text = fc.string({ unit: fc.constantFrom('/', '%', '2', 'F', '5', ':', ' ', 'ä', '\n', 'x') });

test('the identifiers can be made from a name again, whatever they hold', () => {
  fc.assert(
    fc.property(fc.record({ serialNumber: text, manufacturer: text, model: text }), (identifier) => {
      fc.pre(identifier.serialNumber !== '');
      expect(identifierIn(nameOf(identifier) ?? '')).toEqual(identifier);
    }),
  );
});

test('two sets of identifiers have the same name only if they are the same', () => {
  const set = fc.record({ serialNumber: text, manufacturer: text, model: text });
  fc.assert(
    fc.property(set, set, (a, b) => {
      fc.pre(a.serialNumber !== '' && b.serialNumber !== '');
      expect(nameOf(a) === nameOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test.each([
  [{ imei: '001017000000011', serialNumber: 'S' }, 'imei:001017000000011'],
  [{ imei: '', meid: 'A0000012345678' }, 'meid:A0000012345678'],
  [{ manufacturer: 'Google', model: 'Pixel Tablet' }, undefined],
  [{}, undefined],
])('%j is %j', (identifier, name) => {
  expect(nameOf(identifier)).toBe(name);
});

test.each(['', 'F2LZK1ABC', 'imei:', 'record:11'])('%j is no name of ours', (name) => {
  expect(identifierIn(name)).toBeUndefined();
});

test.each([
  ['imei:001017000000011', 'imei:00101700000001', true],
  ['imei:001017000000011', 'imei:001017000000029', false],
  ['meid:a0000012345678', 'meid:A0000012345678', true],
  ['serial:Zx8/Google/Pixel', 'serial:Zx8/GOOGLE/pixel', true],
  ['serial:Zx8/Google/Pixel', 'serial:ZX8/Google/Pixel', false],
  ['serial:a/b/c', 'serial:a%2Fb/c/', false],
  ['imei:00101700000001', 'meid:00101700000001', false],
])('%s and %s are one device: %j', (a, b, same) => {
  expect(comparable(a) === comparable(b)).toBe(same);
});
