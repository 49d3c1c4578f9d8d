import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { needs } from '../../shared/operator/key-need.ts';
import { keyStanding, useOf, type KeyStanding } from '../../shared/operator/key-rules.ts';
import { keyPlaces } from '../../shared/pgp/key-files.ts';
import type { KeyInfo } from '../../shared/pgp/list-keys.ts';

const now = new Date('2026-05-06T12:00:00Z');

/** A key of ours or of a partner, that has been made, and may have expired or been revoked. */
const someKey: fc.Arbitrary<KeyInfo> = fc
  .record({
    party: fc.constantFrom('own', 'warehouse'),
    place: fc.constantFrom(...keyPlaces),
    days: fc.integer({ min: -400, max: 400 }),
    age: fc.integer({ min: 1, max: 900 }),
    revoked: fc.boolean(),
    canSign: fc.boolean(),
    canEncrypt: fc.boolean(),
  })
  .map(({ party, place, days, age, revoked, canSign, canEncrypt }) => {
    const expires = new Date(now.getTime() + days * 86_400_000);
    const isGood = !revoked && expires > now;
    return {
      ...{ party, revoked, expires, fingerprint: 'f', userIds: [], algorithm: 'x' },
      place: party === 'own' ? place : 'in use',
      created: new Date(now.getTime() - age * 86_400_000),
      canSign: canSign && isGood,
      canEncrypt: canEncrypt && isGood,
    };
  });

test('of any keys: the newest of ours signs, and no other; what is revoked is never used', () => {
  fc.assert(
    fc.property(fc.array(someKey, { maxLength: 8 }), (ring) => {
      const stand = (key: KeyInfo) => keyStanding(key, ring, now);
      for (const key of ring) {
        if (key.revoked) expect(stand(key)).toBe('revoked');
        else if (key.place === 'retired') expect(stand(key)).toBe('retired');
        const isUsed = stand(key) === 'in use' || stand(key) === 'coming';
        if (isUsed) expect([key.canSign || key.canEncrypt, key.revoked]).toEqual([true, false]);
      }
      const ours = ring.filter(({ party, place }) => party === 'own' && place === 'in use');
      const signing = ours.filter((key) => key.canSign);
      const newest = signing.toSorted((a, b) => b.created.getTime() - a.created.getTime())[0];
      if (newest) expect(stand(newest)).toBe('in use');
      // One that signs, and where that one cannot be encrypted to, one more.
      expect(ours.filter((key) => stand(key) === 'in use').length).toBeLessThanOrEqual(2);
    }),
  );
});

const own: KeyInfo = {
  ...{ party: 'own', place: 'in use', fingerprint: 'a', userIds: [], algorithm: 'x' },
  ...{ created: new Date('2025-01-01'), expires: null, revoked: false, canSign: true, canEncrypt: true },
};
const older = { ...own, created: new Date('2024-01-01') };
const dead = { canSign: false, canEncrypt: false };
const yesterday = new Date(now.getTime() - 86_400_000);

test.each<[string, KeyInfo, readonly KeyInfo[], KeyStanding, string]>([
  ['ours', own, [own], 'in use', 'signs, opens'],
  ['ours that only signs', { ...own, canEncrypt: false }, [], 'retired', 'opens older files'],
  ['ours that is coming', { ...own, place: 'coming' }, [older], 'coming', 'opens; signs once activated'],
  ['ours beside one that is coming', older, [older, { ...own, place: 'coming' }], 'in use', 'signs, opens'],
  ['ours beside a newer one', older, [own, older], 'retired', 'opens older files'],
  ['ours, retired', { ...own, place: 'retired' }, [], 'retired', 'opens older files'],
  ['ours, retired and expired', { ...own, ...dead, place: 'retired' }, [], 'retired', 'opens older files'],
  ['ours, expired', { ...own, ...dead, expires: yesterday }, [], 'expired', 'opens older files'],
  ['ours, revoked', { ...own, ...dead, revoked: true, place: 'retired' }, [], 'revoked', 'opens older files'],
  ['a partner’s', { ...own, party: 'x' }, [], 'in use', 'signs, is sealed for'],
  ['a partner’s that only signs', { ...own, party: 'x', canEncrypt: false }, [], 'in use', 'signs'],
  ['a partner’s, too weak', { ...own, ...dead, party: 'x' }, [], 'of no use', 'none'],
  ['a partner’s, expired', { ...own, ...dead, party: 'x', expires: yesterday }, [], 'expired', 'none'],
  ['a partner’s, revoked', { ...own, ...dead, party: 'x', revoked: true }, [], 'revoked', 'none'],
])('%s', (_, key, ring, standing, use) => {
  expect(keyStanding(key, ring, now)).toBe(standing);
  expect(useOf(key, standing)).toBe(use);
});

test.each([
  ['for it alone', ['a'], true],
  ['for it and a stranger', ['a', 'x'], true],
  ['for it and another of ours', ['a', 'b'], false],
  ['for another of ours', ['b'], false],
  ['for nobody that is named', [null], true],
  ['for nobody that is named, and another of ours', [null, 'b'], false],
  ['no message', [], false],
])('a file %s needs the key: %s', (_, recipients, expected) => {
  expect(needs(recipients, new Set(['a']), new Set(['b']))).toBe(expected);
});
