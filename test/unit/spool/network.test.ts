import { expect, test } from '@jest/globals';

import { fileServer, quietSecondsOn } from '../../../shared/spool/network.ts';

test.each([
  ['NFS', 0x6969],
  ['CIFS', 0xff534d42],
  ['CIFS', 0xff534d42 - 2 ** 32],
  ['SMB2', 0xfe534d42],
  ['SMB', 0x517b],
])('A13: on %s (%i) files are quiet for longer than its clients remember', (name, type) => {
  expect(fileServer(type)).toBe(name);
  expect(quietSecondsOn(type, 0.2)).toBe(61);
  expect(quietSecondsOn(type, 61)).toBe(61);
  expect(quietSecondsOn(type, 600)).toBe(600);
});

test('A13: where files get their names when they are complete, nothing is waited for', () => {
  expect(quietSecondsOn(0x6969, 0)).toBe(0);
});

test.each([
  ['ext4', 0xef53],
  ['tmpfs', 0x1021994],
  ['xfs', 0x58465342],
])('A13: on %s the setting holds', (_, type) => {
  expect(fileServer(type)).toBeUndefined();
  expect(quietSecondsOn(type, 0)).toBe(0);
  expect(quietSecondsOn(type, 2)).toBe(2);
});
