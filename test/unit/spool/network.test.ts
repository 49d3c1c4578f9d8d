import { expect, test } from '@jest/globals';

import { hastyNetwork } from '../../../shared/spool/network.ts';

test.each([
  ['NFS', 0x6969],
  ['CIFS', 0xff534d42],
  ['CIFS', 0xff534d42 - 2 ** 32],
  ['SMB2', 0xfe534d42],
  ['SMB', 0x517b],
])('A13: on %s (%i) the quiet time must exceed what its clients remember', (name, type) => {
  expect(hastyNetwork(type, 2)).toBe(name);
  expect(hastyNetwork(type, 59.9)).toBe(name);
  expect(hastyNetwork(type, 60)).toBeUndefined();
  expect(hastyNetwork(type, 600)).toBeUndefined();
});

test.each([
  ['ext4', 0xef53],
  ['tmpfs', 0x1021994],
  ['xfs', 0x58465342],
])('A13: on %s any quiet time will do', (_, type) => {
  expect(hastyNetwork(type, 0)).toBeUndefined();
});
